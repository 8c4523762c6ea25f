"""Rows of a mixture, one of them with a script tag in a product title."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq

from shoptune.artifacts.manifest import Request
from shoptune.shopbench.questions import Question
from shoptune.shopbench.rows import Row, to_table
from shoptune.shopbench.vocabulary import Metric, TaskType, Track
from tests.publishing import make as publish

SCRIPT = "Soap <script>window.broken = 1</script><img src=x onerror='window.broken = 1'>"


def make(run: Path, examples: Path) -> None:
    """Publish `data-a` with three rows."""
    rows = [_row(SCRIPT, "en"), _row("Kissen aus Wolle", "de"), _row("Oreiller en laine", "fr")]

    def fill(folder: Path) -> None:
        pq.write_table(to_table(rows), folder / "train-00000-of-00001.parquet")

    publish(Request("data", {"mixture": {}}, {}), run / "data-a", fill)


def _row(title: str, language: str) -> Row:
    question = Question(
        input_field=f"Which category does this product belong to?\nProduct: {title}\n0. Bath\n1. Bedding\nAnswer:",
        output_field=1,
        task_type=TaskType("multiple-choice"),
        task_name=f"category_{language}",
        metric=Metric.ACCURACY,
        is_multiple_choice=True,
        track=Track("amazon-kdd-cup-24-understanding-shopping-concepts"),
    )
    return Row(question, "reviews2023", language)
