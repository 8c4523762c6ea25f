"""A text in a proposed `--set` is read back as the same text."""

from __future__ import annotations

import shlex
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoptune.config import apply_overrides
from shoptune.config.yaml_loader import as_yaml


@pytest.mark.parametrize("text", ["runs/demo/adapter-a", "/data/x_1.5", "org/name"])
def test_an_ordinary_path_stays_as_it_is(text: str) -> None:
    assert as_yaml(text) == text


@pytest.mark.parametrize(
    "text", ["1", "no", "null", "1.5", "a, b", "a: b", "[x]", "#x", "my runs", "it's", "über", "~"]
)
def test_what_yaml_reads_otherwise_is_quoted(text: str) -> None:
    values: dict[str, Any] = {}
    apply_overrides(values, [f"base={as_yaml(text)}", f"adapters=[{{path: {as_yaml(text)}}}]"])
    assert values == {"base": text, "adapters": [{"path": text}]}


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="\ufeff\u2028\u2029")))
def test_any_text_is_read_back(text: str) -> None:
    (word,) = shlex.split(shlex.quote(f"adapters=[{{path: {as_yaml(text)}}}]"))
    assert apply_overrides({}, [word]) == {"adapters": [{"path": text}]}
