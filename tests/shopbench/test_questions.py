"""Reading valid and malformed development files."""

import json
from pathlib import Path

import pytest

from shoptune.errors import ShoptuneError
from shoptune.shopbench.questions import load_asked, load_questions, write_questions

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
        ({"input_field": "Explain"}, "line 2: lacks 'output_field', the reference that answers are scored against"),
        (
            {"input_field": "Explain", "output_field": "x"},
            "line 2: lacks 'metric' (for a question of type 'generation': ",
        ),
        (GOOD | {"is_multiple_choice": "maybe"}, "'is_multiple_choice' 'maybe' is neither true nor false"),
        (GOOD | {"metric": "acuracy"}, "metric 'acuracy' is unknown (did you mean 'accuracy'?)"),
        (GOOD | {"metric": "ndcg"}, "metric 'ndcg' does not fit a question of type 'multiple-choice'"),
        (GOOD | {"output_field": "b"}, "'output_field' 'b' is not an answer to a question of type 'multiple-choice'"),
        (GOOD | {"output_field": True}, "is not an answer"),
        (GOOD | {"task_type": "retrieval", "metric": "hit rate@3", "output_field": []}, "[] is not an answer"),
        (GOOD | {"input_field": None}, "'input_field' is not a string"),
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, line: object, problem: str) -> None:
    with pytest.raises(ShoptuneError) as caught:
        load_questions(_file(tmp_path, GOOD, line))
    assert problem in str(caught.value)


def test_all_bad_lines_are_reported_together(tmp_path: Path) -> None:
    with pytest.raises(ShoptuneError) as caught:
        load_questions(_file(tmp_path, "x", GOOD, "y"))
    assert [problem.where for problem in caught.value.problems] == ["line 1", "line 3"]


def test_missing_and_empty_files_are_errors(tmp_path: Path) -> None:
    with pytest.raises(ShoptuneError, match="no such file"):
        load_questions(tmp_path / "none.json")
    with pytest.raises(ShoptuneError, match="contains no questions"):
        load_questions(_file(tmp_path))


def test_a_reference_may_be_written_as_json(tmp_path: Path) -> None:
    retrieval = GOOD | {"task_type": "retrieval", "metric": "hit rate@3", "output_field": "[1, 2]"}
    first, second = load_questions(_file(tmp_path, GOOD | {"output_field": "1"}, retrieval))
    assert first.output_field == 1
    assert second.output_field == [1, 2]
    without_brackets = [retrieval | {"output_field": text} for text in ("2, 1", "3")]
    assert [q.output_field for q in load_questions(_file(tmp_path, *without_brackets))] == [[2, 1], [3]]


def test_fields_that_can_be_guessed_are_optional(tmp_path: Path) -> None:
    (question,) = load_questions(_file(tmp_path, {"input_field": GOOD["input_field"], "output_field": 1}))
    assert (question.task_type, question.metric, question.is_multiple_choice) == ("multiple-choice", "accuracy", True)
    assert question.task_name == "multiple-choice"
    assert question.track.number == 5


def test_a_question_to_be_answered_needs_its_text_only(tmp_path: Path) -> None:
    ranking = "Rank the items by relevance.\nQuery: pan\nItems:\n1. pan\n2. cup\n3. lid\n4. pot\n5. bag\nOutput: "
    asked = load_asked(_file(tmp_path, *({"input_field": text} for text in (GOOD["input_field"], ranking, "Explain"))))
    assert [question.task_type for question in asked] == ["multiple-choice", "ranking", "generation"]
    assert [question.is_multiple_choice for question in asked] == [True, False, False]
    with pytest.raises(ShoptuneError, match="lacks 'output_field'"):
        load_questions(tmp_path / "questions.json")


@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_arrays_csv_and_byte_order_marks_are_read(tmp_path: Path, mark: str) -> None:
    expected = load_questions(_file(tmp_path, GOOD))
    (tmp_path / "array.json").write_text(mark + json.dumps([GOOD], indent=1))
    (tmp_path / "lines.json").write_text(mark + json.dumps(GOOD))
    cells = ",".join('"' + str(value) + '"' for value in GOOD.values())
    (tmp_path / "table.csv").write_text(f"{mark}{','.join(GOOD)}\n{cells}\n")
    for name in ("array.json", "lines.json", "table.csv"):
        assert load_questions(tmp_path / name) == expected


def test_an_empty_cell_is_a_missing_field(tmp_path: Path) -> None:
    (tmp_path / "q.csv").write_text('input_field,output_field,metric\nExplain,"Pots, and pans",\n')
    with pytest.raises(ShoptuneError, match="line 2: lacks 'metric'"):
        load_questions(tmp_path / "q.csv")
