"""Every section of docs/extending.md works as written."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.docs.worked_examples import files, run, sections

PAGE = ROOT / "docs" / "extending.md"

pytestmark = pytest.mark.slow  # each example runs in a process of its own


@pytest.mark.parametrize("title", sections(PAGE))
def test_the_worked_example_of_a_section_works(title: str, root: Path, tmp_path: Path) -> None:
    shown = files(sections(PAGE)[title])
    assert any(path.startswith("tests/") for path in shown), "a section shows at least one test"
    assert any(not path.startswith("tests/") for path in shown), "and what it tests"
    finished = run(shown, root, tmp_path)
    assert finished.returncode == 0, finished.stdout


def test_a_wrong_example_fails(root: Path, tmp_path: Path) -> None:
    shown = files("```python\n# tests/test_wrong.py\ndef test_wrong() -> None:\n    assert False\n```\n")
    assert run(shown, root, tmp_path).returncode == 1
