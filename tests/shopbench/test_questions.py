"""Reading development files, good and bad."""

import json
from pathlib import Path

import pytest

from shoptune.errors import ShoptuneError
from shoptune.shopbench.questions import load_questions, write_questions

GOOD = {
    "input_field": "Which?\n0. a\n1. b\nAnswer: ",
    "output_field": 1,
    "task_type": "multiple-choice",
    "task_name": "task2",
    "metric": "accuracy",
    "is_multiple_choice": True,
    "track": "amazon-kdd-cup-24-shopping-knowledge-reasoning",
}


def _file(tmp_path: Path, *lines: object) -> Path:
    file = tmp_path / "questions.json"
    file.write_text("".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines))
    return file


def test_questions_are_written_as_they_were_read(tmp_path: Path) -> None:
    questions = load_questions(_file(tmp_path, GOOD, "", GOOD | {"task_name": "ザ"}))
    write_questions(tmp_path / "again.json", questions)
    assert load_questions(tmp_path / "again.json") == questions
    assert questions[1].task_name == "ザ"
    assert questions[0].track.number == 2


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("{not json", "line 2: Expecting property name"),
        ("[1]", "line 2: is not a JSON object"),
        ({key: value for key, value in GOOD.items() if key != "metric"}, "line 2: lacks 'metric'"),
        (GOOD | {"metric": "acuracy"}, "metric 'acuracy' is unknown (did you mean 'accuracy'?)"),
        (GOOD | {"metric": "ndcg"}, "metric 'ndcg' does not fit a question of type 'multiple-choice'"),
        (GOOD | {"output_field": "1"}, "'output_field' '1' is not an answer to a question of type 'multiple-choice'"),
        (GOOD | {"output_field": True}, "is not an answer"),
        (GOOD | {"task_type": "retrieval", "metric": "hit rate@3", "output_field": []}, "[] is not an answer"),
        (GOOD | {"input_field": None}, "'input_field' is not a string"),
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, line: object, problem: str) -> None:
    with pytest.raises(ShoptuneError) as caught:
        load_questions(_file(tmp_path, GOOD, line))
    assert problem in str(caught.value)


def test_all_bad_lines_are_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(ShoptuneError) as caught:
        load_questions(_file(tmp_path, "x", GOOD, "y"))
    assert [problem.where for problem in caught.value.problems] == ["line 1", "line 3"]


def test_missing_and_empty_files_are_errors(tmp_path: Path) -> None:
    with pytest.raises(ShoptuneError, match="no such file"):
        load_questions(tmp_path / "none.json")
    with pytest.raises(ShoptuneError, match="holds no question"):
        load_questions(_file(tmp_path))
