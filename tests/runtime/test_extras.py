"""A missing library is a one-line error that names the extra."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import sys

import pytest

from shoptune.runtime.extras import missing_library


@pytest.mark.parametrize(
    ("module", "command", "extra"),
    [
        ("duckdb", "data", "data"),
        ("sentence_transformers.models", "evaluate", "evaluate"),
        ("numpy", "report", "report"),
        ("torch", "merge", "merge"),
        ("optuna", "sweep", "search"),
        ("yaml", "data", None),
        ("nothing_of_ours", "data", None),
    ],
)
def test_the_extra_is_that_of_the_command(
    module: str, command: str, extra: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    extras = {"data": ["duckdb", "numpy"], "dev": ["optuna"], "evaluate": ["sentence-transformers"]}
    extras |= {"merge": ["torch"], "report": ["numpy"], "search": ["optuna"], "train": ["torch"]}
    declared = [f"{name}>=1; extra == '{each}'" for each, names in extras.items() for name in names]
    monkeypatch.setattr(importlib.metadata, "requires", lambda _: ["pyyaml>=6.0", *declared])
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    monkeypatch.setattr(sys, "argv", ["shoptune", "--quiet", command, "x.yaml"])
    problem = missing_library(ModuleNotFoundError(name=module))
    expected = f"is not installed; run: pip install 'shoptune[{extra}]'"
    assert (None if problem is None else str(problem).partition(": ")[2]) == (expected if extra else None)


def test_a_library_that_is_installed_is_another_problem() -> None:
    assert missing_library(ModuleNotFoundError(name="numpy.nothing")) is None
