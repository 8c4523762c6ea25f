"""Paths in the proposed next command are quoted for the shell and for YAML."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from shoptune.config import apply_overrides
from shoptune.data.stage import next_command as after_data
from shoptune.merge.stage import next_command as after_merge
from shoptune.train.stage import next_command as after_train
from tests.cli.parsing import parse

NAMES = ["runs/demo/x", "my runs/a, b", "1", "it's: [new]", "null", "größe"]


def _trained(adapter: str) -> Any:
    return SimpleNamespace(config=SimpleNamespace(axolotl={"adapter": adapter}, base_model="a base, 2"))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("stage", "job", "given", "expected"),
    [
        (after_data, None, {"datasets": [{}]}, lambda out: {"datasets": [{"path": out}]}),
        (after_train, _trained("lora"), {}, lambda out: {"base": "a base, 2", "adapters": [{"path": out}]}),
        (after_train, _trained(""), {}, lambda out: {"model": out}),
        (
            after_merge,
            SimpleNamespace(form=SimpleNamespace(as_adapter=True)),
            {},
            lambda out: {"adapters": [{"path": out}]},
        ),
        (after_merge, SimpleNamespace(form=SimpleNamespace(as_adapter=False)), {}, lambda out: {"model": out}),
    ],
)
def test_a_path_arrives_as_it_is(
    name: str, stage: Callable[[Any, Path], str], job: Any, given: Any, expected: Callable[[str], Any]
) -> None:
    line = stage(job, Path(name))
    _, parameters = parse(line)
    assert apply_overrides({**given}, parameters["overrides"]) == expected(name), shlex.split(line)
