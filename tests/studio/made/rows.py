"""Rows of a mixture, one of them with a script tag in a product title, and an adapter that was trained on them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pyarrow.parquet as pq

from shoptune.artifacts.manifest import Request
from shoptune.shopbench.questions import Question
from shoptune.shopbench.rows import Row, to_table
from shoptune.shopbench.vocabulary import Metric, TaskType, Track
from tests.publishing import make as publish

SCRIPT = "Soap <script>window.broken = 1</script><img src=x onerror='window.broken = 1'>"
ROWS = [(SCRIPT, "en"), ("Kissen aus Wolle", "de"), ("Oreiller en laine", "fr")]
_STATISTICS = {
    "rows": 3,
    "by_split": {"train": 3},
    "by_source": {"reviews2023": 3},
    "by_language": {"de": 1, "en": 1, "fr": 1},
    "by_task_type": {"multiple-choice": 3},
    "by_task": {f"category_{language}": {"wanted": 1, "made": 1} for _, language in ROWS},
    "word_overlap": {"category_en": 0.25},
    "filters": {"drop_profanity": 1, "near_duplicates": None},
    "drops": {"reviews2023": {"category_en": {"profanity": 1, "duplicate: the same question": 4}}},
}
_DROPPED = {"source": "reviews2023", "task": "category_en", "reason": "profanity", "key": "1", "sample": SCRIPT}


def make(run: Path, examples: Path) -> None:
    """Publish `data-a` with three rows, and `adapter-a`, whose tokenizer shows the tokens of the rows."""

    def fill(folder: Path) -> None:
        rows = [_row(title, language) for title, language in ROWS]
        pq.write_table(to_table(rows), folder / "train-00000-of-00001.parquet")
        (folder / "stats.json").write_text(json.dumps(_STATISTICS))
        (folder / "rejects.jsonl").write_text(json.dumps(_DROPPED) + "\n")

    def train(folder: Path) -> None:
        for name in ("tokenizer.json", "tokenizer_config.json"):
            shutil.copy(examples / "tiny_base" / name, folder)

    recipes = {"category_en": {"like": "task2"}}
    publish(Request("data", {"mixture": {}, "recipes": recipes}, {}), run / "data-a", fill)
    publish(Request("train", {}, {"rows": run / "data-a"}), run / "adapter-a", train)


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
