"""Teacher recipes: what is refused, and what a prompt version depends on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from shoptune.config import load
from shoptune.errors import ShoptuneError
from shoptune.teach.backends.local import Local
from shoptune.teach.config import TeacherRecipe
from tests.teach.shop import RECIPE

TEXT = {"type": "string"}
LISTED = {"type": "object", "properties": {"names": {"type": "array", "items": TEXT}, "lang": TEXT}}


def _load(tmp_path: Path, changes: dict[str, Any], *overrides: str) -> TeacherRecipe:
    file = tmp_path / "names.yaml"
    file.write_text(yaml.safe_dump({**RECIPE, **changes}, sort_keys=False))
    return load(file, TeacherRecipe, overrides)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"answer": {"type": "string"}}, "answer: must be the schema of an object"),
        ({"prompt": "{{ title"}, "prompt: is not a valid template: line 1: "),
        ({"prompts": "x"}, "prompts: unknown key; did you mean 'prompt'?"),
        ({"key": []}, "key: tuple should have at least 1 item"),
        ({"key": ["name"]}, "the table would have two columns 'name'; rename one"),
        ({"key": ["teacher_model"]}, "the table would have two columns 'teacher_model'"),
        (
            {"checks": [{"name": "verbatm", "field": "name", "within": "title"}]},
            "checks[0]: no such name: 'verbatm'; did you mean",
        ),
        ({"checks": [{"name": "verbatim", "field": "nam", "within": "title"}]}, "check 'verbatim' reads 'nam', but"),
        ({"backend": {"kind": "opnai"}}, "backend: no such backend: 'opnai'; did you mean 'openai'?"),
        ({"backend": {"kind": "openai"}}, "backend.url: is missing"),
        ({"backend": {"kind": "openai", "url": "u", "api_key": "x"}}, "backend.api_key: unknown key"),
        ({"backend": {"kind": "openai", "url": "u", "time_out_seconds": 1}}, "did you mean 'timeout_seconds'?"),
        ({"checks": [{"name": "verbatim", "field": "name", "within": "a", "word": 1}]}, "did you mean 'words'?"),
        ({"sampling": {"samples": 2}}, "samples above 1 need a temperature above 0"),
        ({"each": {"field": "name"}}, "each.field: 'name' is not a list"),
        ({"answer": LISTED, "each": {"field": "names"}}, "each.column is missing"),
    ],
)
def test_a_mistake_is_one_line(changes: dict[str, Any], problem: str, tmp_path: Path) -> None:
    with pytest.raises(ShoptuneError) as raised:
        _load(tmp_path, changes)
    assert len(raised.value.problems) == 1
    assert problem in str(raised.value)


def test_the_columns_of_a_list(tmp_path: Path) -> None:
    recipe = _load(tmp_path, {"answer": LISTED, "each": {"field": "names", "column": "name"}})
    assert list(recipe.columns) == ["name", "lang"]
    assert recipe.is_numbered


def test_the_backend_is_local_unless_another_kind_is_chosen(tmp_path: Path) -> None:
    assert _load(tmp_path, {}).backend == Local()
    assert _load(tmp_path, {}, "backend.price.input=2").backend.price.of(500_000, 7) == 1.0
    assert _load(tmp_path, {}, "backend={kind: openai, url: x}").backend.kind == "openai"


def test_the_prompt_version_depends_on_the_prompt_the_answer_and_the_checks(tmp_path: Path) -> None:
    check = {"name": "verbatim", "field": "name", "within": "title"}
    version = _load(tmp_path, {}).prompt_version
    same = [{"licence": "MIT"}, {"sampling": {"max_tokens": 9}}, {"records": "FROM products"}, {"max_failed": 0.5}]
    other = [{"prompt": "{{ quoted(sku) }}"}, {"system": "Hi."}, {"answer": LISTED}, {"checks": [check]}]
    assert {_load(tmp_path, change).prompt_version for change in same} == {version}
    assert len({version, *(_load(tmp_path, change).prompt_version for change in other)}) == 5
