"""More questions about the shop, to compare ways of quantizing."""

from __future__ import annotations

from pathlib import Path

from examples.make_grid_questions import main
from shoptune.shopbench.questions import load_questions


def test_there_are_over_a_thousand_that_no_other_file_has(tmp_path: Path, examples: Path) -> None:
    main(tmp_path / "more.json")
    made = [question.input_field for question in load_questions(tmp_path / "more.json")]
    others = {
        question.input_field for file in (examples / "questions").glob("*.json") for question in load_questions(file)
    }
    assert len(set(made)) == len(made) > 1000
    assert not others & set(made)
    main(tmp_path / "again.json")
    assert (tmp_path / "again.json").read_bytes() == (tmp_path / "more.json").read_bytes()
