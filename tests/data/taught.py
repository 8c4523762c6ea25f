"""A teacher's tables, made by hand in the form that `shoptune teach` writes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from shoptune.artifacts.manifest import Request
from shoptune.data import sources
from shoptune.data.recipe import load_tasks
from shoptune.data.tables.raw_database import open_raw
from shoptune.data.tables.teacher import TABLE_FILE
from tests.publishing import make

MODEL = "teacher-72b"
LICENCE = "outputs may not train competing models"
_ROOT = Path(__file__).parents[2]

CONCEPTS = {
    "kettle": "A pot with a spout and a handle in which water is boiled.",
    "colander": "A bowl with holes that lets the water run off pasta or vegetables.",
    "dimmable": "Said of a lamp whose brightness can be turned down step by step.",
    "inseam": "The length of a trouser leg along its inner seam, by which trousers are sold.",
    "thing": None,
}
NAMES = {
    ("home", "sofa"): ["couch", "settee"],
    ("home", "faucet"): ["tap"],
    ("home", "wardrobe"): ["armoire", "closet"],
    ("home", "curtains"): ["drapes"],
    ("kitchen", "stove"): ["cooker", "gas stove"],
    ("kitchen", "frying pan"): ["skillet"],
    ("kitchen", "pitcher"): ["jug"],
}
_QUESTIONS = [
    ("Noodles, 3 oz (Pack of 12)", "twelve packs of 3 ounces weigh 36 ounces together", ["15 ounce", "36 ounce"]),
    ("Napkins, 200 Count (Pack of 2)", "two packs of 200 napkins hold 400 napkins", ["202 count", "400 count"]),
    ("Soap, 4 oz (Pack of 6)", "six bars of 4 ounces each weigh 24 ounces", ["10 ounce", "24 ounce"]),
]


def table(folder: Path, name: str, records: Sequence[dict[str, Any]], licence: str = LICENCE) -> Path:
    """Publish a table with the columns of `records` and those of a teacher's answers."""
    full = [
        {"teacher_model": MODEL, "prompt_version": f"{name}-1", "answer_digest": _digest(name, record), **record}
        for record in records
    ]
    request = Request("teach", {"table": name, "licence": licence}, {})
    make(request, folder / name, lambda directory: pq.write_table(pa.Table.from_pylist(full), directory / TABLE_FILE))
    return folder / name


def make_all(folder: Path) -> list[Path]:
    """Every table that a shipped task reads, about the made-up shop and about nothing in particular."""
    concepts = [{"concept": concept, "explanation": text} for concept, text in CONCEPTS.items()]
    names = [
        {"department": department, "concept": concept, "name": name}
        for (department, concept), others in NAMES.items()
        for name in others
    ]
    return [
        table(folder, "concepts", concepts),
        table(folder, "normalization", names),
        table(folder, "rationales", rationales()),
        table(folder, "review_aspects", aspects()),
    ]


def rationales() -> list[dict[str, Any]]:
    """Questions with a teacher's reasoning; the last one's answer is another, the one before is not in the form."""
    records = [
        {
            "row_id": f"row{number}",
            "question": f"How much is in '{title}'?\n0. {options[0]}\n1. {options[1]}\nAnswer: ",
            "answer": "1",
            "rationale": f"{reason}|1",
        }
        for number, (title, reason, options) in enumerate(_QUESTIONS)
    ]
    return [
        *records,
        records[0] | {"row_id": "row8", "rationale": "36"},
        records[1] | {"row_id": "row9", "answer": "0"},
    ]


def aspects() -> list[dict[str, Any]]:
    """Aspects of the shop's reviews with phrases of theirs: what the rule finds stands in for a teacher's answers."""
    tasks = [task for task in load_tasks(_ROOT / "data_recipes").values() if task.source == "reviews2023"][:1]
    with TemporaryDirectory() as scratch:
        database = open_raw(tasks, sources.folders(tasks, _ROOT / "examples" / "raw"), Path(scratch))
        found = database.connection.sql("""
            SELECT key, aspect, CASE WHEN praises THEN 'positive' ELSE 'negative' END AS sentiment,
                   min(phrase) AS keyphrase
            FROM review_keyphrases WHERE praises IS NOT NULL GROUP BY ALL ORDER BY ALL""")
        records: list[dict[str, Any]] = found.to_arrow_table().to_pylist()
        database.connection.close()
    return records


def _digest(name: str, record: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps([name, record]).encode()).hexdigest()[:16]
