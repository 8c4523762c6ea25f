"""A small data set of every task type, as `shoptune data build` writes it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from shoptune.shopbench.questions import Question
from shoptune.shopbench.rows import Row, to_table
from shoptune.shopbench.vocabulary import Metric, TaskType, Track

_LIST = "\n".join(f"{number}. Acme {thing}" for number, thing in enumerate(("Mug", "Kettle", "Bowl", "Tea", "Pan"), 1))
_REASONING, _CONCEPTS = (
    "amazon-kdd-cup-24-shopping-knowledge-reasoning",
    "amazon-kdd-cup-24-understanding-shopping-concepts",
)
_BEHAVIOR = "amazon-kdd-cup-24-user-behavior-alignment"
_PACK = "The product 'Acme Tea, {0} Count (Pack of 2)' appears on e-commerce website. How many bags are there?\n"


def _row(task: str, kind: str, metric: str, track: str, text: str, reference: Any) -> Row:
    choice = kind == "multiple-choice"
    question = Question(text, reference, TaskType(kind), task, Metric(metric), choice, Track(track))
    return Row(question, "reviews2023", "en")


def rows() -> list[Row]:
    """Two rows of each of six tasks."""
    return [
        row
        for n in (1, 2)
        for row in (
            _row(
                "review_pack_count",
                "multiple-choice",
                "accuracy",
                _REASONING,
                _PACK.format(20 * n) + f"0. {20 * n} count\n1. {40 * n} count\n2. {20 * n + 2} count\nAnswer: ",
                1,
            ),
            _row(
                "review_rating",
                "multiple-choice",
                "accuracy",
                _BEHAVIOR,
                f"Rate this review from 1 (very negative) to 5 (very positive).\nReview: Great {n}\nAnswer: ",
                5,
            ),
            _row("m2_also_viewed", "retrieval", "hit rate@3", _BEHAVIOR, f"Select after {n}\n{_LIST}\nOutput: ", [2]),
            _row("ranking", "ranking", "ndcg", _BEHAVIOR, f"Rank for {n}\n{_LIST}\nOutput: ", [1, 0.1, 0, 0.01, 1]),
            _row(
                "esci_query_entity",
                "named_entity_recognition",
                "micro f1",
                _CONCEPTS,
                f"Entity type: brand\nQuery: acme{n} kettle\nOutput: ",
                [f"acme{n}"],
            ),
            _row(
                "review_keyphrase",
                "generation",
                "rougel",
                _CONCEPTS,
                f"Extract ONE keyphrase.\nReview: It is warm {n}\nOutput: ",
                f"warm {n}",
            ),
        )
    ]


def write_rows(folder: Path) -> Path:
    """Write the rows as an artifact."""
    folder.mkdir()
    pq.write_table(to_table(rows()), folder / "train-00000-of-00001.parquet")
    (folder / "manifest.json").write_text(json.dumps({"stage": "data", "outputs": {}}), encoding="utf-8")
    return folder
