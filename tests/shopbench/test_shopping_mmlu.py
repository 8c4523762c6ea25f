"""Shopping MMLU's files become questions in the development format, and malformed rows are reported."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from shoptune.errors import ShoptuneError
from shoptune.shopbench.questions import load_questions, write_questions
from shoptune.shopbench.shopping_mmlu import read_shopping_mmlu
from shoptune.shopbench.vocabulary import Metric, TaskType, Track

OPTIONS = "Which?\n0. kettle\n1. sock\n2. lamp\n3. mug\nAnswer: "


def _row(text: str, answer: Any, task_type: str, metric: str, task: str = "task") -> dict[str, Any]:
    fields = {"input_field": text, "output_field": answer, "task_name": task}
    return fields | {"task_type": task_type, "metric": metric}


CHOICE = _row(OPTIONS, 2, "multiple-choice", "accuracy")
RATING = _row("Rate it from 1 to 5.", "5", "multiple-choice", "accuracy", "rating")
ENTITY = _row("Query: red kettle", ["red"], "named_entity_recognition", "micro f1", "entities")
RANKING = _row("Rank.\n1. a\n2. b", [1, 0.1], "ranking", "ndcg", "ranking")
TITLE = _row("Translate: kettle", "Kessel", "generation", "jp-bleu", "titles")


def _write(folder: Path, **skills: list[dict[str, Any] | str]) -> Path:
    (folder / "skills").mkdir(parents=True)
    for name, rows in skills.items():
        lines = [row if isinstance(row, str) else json.dumps(row, ensure_ascii=False) for row in rows]
        (folder / "skills" / f"{name}.json").write_text("\n".join(lines) + "\n", encoding="utf-8-sig")
    return folder


def test_skills_become_tracks(tmp_path: Path) -> None:
    folder = _write(
        tmp_path / "data",
        skill1_concept=[CHOICE, ENTITY],
        skill2_reasoning=[RATING],
        skill3_behavior=[RANKING],
        skill4_multilingual=[TITLE],
    )
    questions, odd = read_shopping_mmlu(folder)
    assert odd == []
    assert [question.track for question in questions] == [
        *(Track.CONCEPTS, Track.CONCEPTS, Track.REASONING, Track.BEHAVIOR, Track.MULTILINGUAL)
    ]
    assert [question.is_multiple_choice for question in questions] == [True, False, True, False, False]
    assert [question.output_field for question in questions] == [2, ["red"], 5, [1, 0.1], "Kessel"]
    assert questions[4].metric is Metric.JP_BLEU
    write_questions(tmp_path / "questions.json", questions)
    assert load_questions(tmp_path / "questions.json") == questions


def test_answers_may_be_printed(tmp_path: Path) -> None:
    rows = [
        _row("Select.\n1. a\n2. b", "[1, 2]", "Retrieval", "hit rate@3"),
        _row("Query: red", "['red']", "NER", "micro f1"),
        _row(OPTIONS, 3.0, "multiple choice", "Accuracy"),
    ]
    questions, odd = read_shopping_mmlu(_write(tmp_path, skill1_concept=rows))
    assert [question.output_field for question in questions] == [[1, 2], ["red"], 3]
    assert questions[1].task_type is TaskType.NAMED_ENTITY_RECOGNITION
    assert odd == []


def test_malformed_rows_are_reported(tmp_path: Path) -> None:
    rows = [
        *(CHOICE, CHOICE, "{broken", TITLE | {"task_type": "essay"}, TITLE | {"metric": "ndcg"}),
        *(
            CHOICE | {"input_field": "Which?\n0. a\n1. b\n2. c"},
            CHOICE | {"input_field": OPTIONS + "!", "output_field": 7},
        ),
    ]
    questions, odd = read_shopping_mmlu(_write(tmp_path, skill1_concept=rows))
    assert len(questions) == 4
    assert [(problem.where, problem.remedy) for problem in odd] == [
        *(("line 2", "kept"), ("line 3", "left out"), ("line 4", "left out"), ("line 5", "left out")),
        *(("line 6", "kept"), ("line 7", "kept")),
    ]
    assert "repeats the question of skill1_concept.json line 1" in odd[0].what
    assert odd[2].what == "task_type 'essay' is unknown"
    assert odd[4].what == "lists 3 options, not 4"
    assert odd[5].what == "the answer 7 is not among the options"


def test_unusual_multiple_choice_questions_of_single_tasks_are_reported(tmp_path: Path) -> None:
    folder = _write(tmp_path, skill1_concept=[CHOICE])
    (folder / "multiple_choice").mkdir()
    with (folder / "multiple_choice" / "some_dataset.csv").open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["question", "choices", "answer"])
        writer.writerows([["a", "['x', 'y', 'z', 'w']", 0], ["b\nc", "['x']", 0], ["d", "x, y", 1], ["rating", "", 5]])
    _, odd = read_shopping_mmlu(folder)
    assert [(problem.where, problem.what) for problem in odd] == [
        ("row 2", "has 1 choices, not 4"),
        ("row 3", "choices are not a list"),
    ]


@pytest.mark.parametrize(
    ("skills", "problem"),
    [
        ({}, "skills: there is no skills/"),
        ({"skill1_concept": ["{"]}, "no line holds a question"),
        ({"skill5_other": [CHOICE]}, "the file's name contains no skill"),
    ],
)
def test_a_file_without_benchmark_questions_is_an_error(tmp_path: Path, skills: Any, problem: str) -> None:
    with pytest.raises(ShoptuneError, match=problem):
        read_shopping_mmlu(_write(tmp_path, **skills))
