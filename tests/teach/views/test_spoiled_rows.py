from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from shoptune.config import load
from shoptune.errors import ShoptuneError
from shoptune.shopbench.answers import answer_text
from shoptune.shopbench.parsers import parse
from shoptune.shopbench.scoring import score
from shoptune.teach.config import TeacherRecipe
from shoptune.teach.records import Tables, open_records
from shoptune.teach.views.spoiled_rows import wrong_answer
from tests.teach.rows_artifact import rows, write_rows

_RECIPE = """
table: judge
records: SELECT * FROM spoiled_rows
key: [row_id]
system: Judge.
prompt: "{{ quoted(answer) }}"
answer: {type: object, properties: {correctness: {type: integer}}}
"""


def _spoiled(tmp_path: Path, folder: Path) -> list[dict[str, Any]]:
    file = tmp_path / "judge.yaml"
    file.write_text(_RECIPE, encoding="utf-8")
    with open_records(load(file, TeacherRecipe), file, Tables([folder])) as records:
        return [dict(record) for record in next(records.batches(1000, None))]


def test_every_row_gets_an_answer_that_scores_less_in_the_form_of_its_task(tmp_path: Path) -> None:
    of_id = {f"{row.row_id}/spoiled": row.question for row in rows()}
    found = _spoiled(tmp_path, write_rows(tmp_path / "rows"))
    assert {record["row_id"] for record in found} == set(of_id)
    for record in found:
        question = of_id[record["row_id"]]
        right = answer_text(question.task_type, question.output_field)
        assert record["answer"] != right
        assert score(question, record["answer"]).score < score(question, right).score == 1
        assert not score(question, record["answer"]).parse_failure
        assert parse(question.task_type, record["answer"]) is not None
    assert found == _spoiled(tmp_path, tmp_path / "rows"), "another run draws the same answers"


def _row(kind: str, text: str, reference: Any) -> dict[str, str]:
    output = reference if isinstance(reference, str) else json.dumps(reference)
    return {"row_id": "a", "task_type": kind, "input_field": text, "output_field": output}


@pytest.mark.parametrize(
    ("row", "others", "wrong"),
    [
        (_row("multiple-choice", "0. a\n1. b\nAnswer: ", 0), [], {"1"}),
        (_row("multiple-choice", "Rate from 1 to 5.\nAnswer: ", 4), [], {"1", "2"}),  # 3 and 5 may be right
        (_row("multiple-choice", "Rate from 1 to 5.\nAnswer: ", 3), [], {"1", "5"}),
        (_row("retrieval", "1. a\n2. b\n3. c\n4. d\nOutput: ", [2]), [], {"1,3,4"}),
        (_row("retrieval", "1. a\n2. b\n3. c\n4. d\nOutput: ", [2, 3]), [], {None}),
        (_row("ranking", "1. a\n2. b\n3. c\n4. d\n5. e\nOutput: ", [1, 0.1, 0, 0.01, 1]), [], {"3,4,2,1,5"}),
        (_row("ranking", "1. a\n2. b\n3. c\n4. d\n5. e\nOutput: ", [1, 1, 1, 1, 1]), [], {None}),
        (_row("named_entity_recognition", "asus mug", ["asus"]), ["Asus", "acme, asus", "acme"], {"acme"}),
        (_row("generation", "Why?", "Warm"), ["warm", "Cold"], {"Cold"}),
        (_row("generation", "Why?", "Warm"), [" WARM "], {None}),
    ],
)
def test_wrong_answers(row: dict[str, str], others: list[str], wrong: set[str | None]) -> None:
    found = {wrong_answer({**row, "row_id": str(number)}, others) for number in range(30)}
    assert found == wrong


def test_without_rows_the_error_says_what_to_pass(tmp_path: Path) -> None:
    with pytest.raises(ShoptuneError, match="no rows; pass an artifact of `shoptune data build`"):
        _spoiled(tmp_path, _ingested(tmp_path))


def _ingested(tmp_path: Path) -> Path:
    """An artifact of `data ingest` without tables."""
    source = tmp_path / "tables" / "mmlu"
    source.mkdir(parents=True)
    empty: dict[str, Any] = {"tables": {}, "views": {}, "macros": {}, "missing": {}}
    (source / "tables.json").write_text(json.dumps(empty), encoding="utf-8")
    (source / "malformed.jsonl").write_text("", encoding="utf-8")
    return source.parent
