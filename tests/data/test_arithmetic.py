"""Numbers in questions are exact: the answers for a few titles, worked out by hand."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from shoptune.data.recipe import load_tasks
from shoptune.data.tables.database import records
from shoptune.data.tables.raw_database import open_raw

TASKS = load_tasks(Path(__file__).parents[2] / "data_recipes")
PRODUCTS = [
    {"title": "Noodles, 9.24 oz (Pack of 6)", "price": 66.49},
    {"title": "Napkins, 200 Count (Pack of 2)", "price": "$1.25"},
    {"title": "Soap, 33.8 Fl. Oz", "price": None},
    {"title": "Cable, 6.6 Feet (Pack of 1)", "price": "1.10"},
    {"title": "Tacks, 1,500 count, 2-inch (Pack of 3)", "price": "$1,299.99"},
    {"title": "Napkins, 250 Count (Pack of 4)", "price": "from 12.99"},
    {"title": "Soap, 24 packs of 40", "price": "€15,50"},
]


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("raw") / "reviews2023"
    folder.mkdir()
    lines = [
        json.dumps({"parent_asin": str(number), "categories": ["Home", "things"], **product})
        for number, product in enumerate(PRODUCTS)
    ]
    (folder / "meta_Home.jsonl").write_text("\n".join(lines))
    (folder / "Home.jsonl").write_text(json.dumps({"rating": 5.0, "text": "x", "parent_asin": "1"}))
    return folder.parent


def _records(task: str, raw: Path) -> Mapping[str, dict[str, Any]]:
    with TemporaryDirectory() as scratch:
        database = open_raw([TASKS[task]], {"reviews2023": raw / "reviews2023"}, Path(scratch))
        batches = list(records(database, TASKS[task], seed=0, most=100))
        database.connection.close()
    found = {record["key"]: record for batch in batches for record in batch.to_pylist()}
    assert all(record["answer"] not in record["distractors"] for record in found.values())
    return found


def _answers(task: str, raw: Path) -> dict[str, str]:
    return {key: record["answer"] for key, record in _records(task, raw).items()}


def test_a_pack_weighs_its_pieces(raw: Path) -> None:
    assert _answers("review_pack_weight", raw) == {"0": "55.44 ounce"}  # 9.24 x 6


def test_a_pack_counts_its_pieces(raw: Path) -> None:
    # 200 x 2, 250 x 4 and 24 x 40. The tacks have no product type that is known.
    assert _answers("review_pack_count", raw) == {"1": "400 count", "5": "1000 count", "6": "960 count"}


def test_packs_of_packs_multiply(raw: Path) -> None:
    found = _records("review_pack_order", raw)
    assert all(2 <= record["times"] <= 9 for record in found.values())
    for key, pieces in {"0": 6, "1": 400, "4": 4500, "5": 1000, "6": 960}.items():
        (record,) = (record for name, record in found.items() if name.startswith(f"{key}/"))
        assert record["answer"] == f"{pieces * record['times']} pieces"


def test_units_are_converted_exactly(raw: Path) -> None:
    assert _answers("review_unit_conversion", raw) == {
        "0/ounces/grams": "262 grams",  # 9.24 x 28.349523125 = 261.949...
        "0/ounces/pounds": "0.5775 pounds",  # 9.24 / 16
        "2/fluid ounces/milliliters": "1000 milliliters",  # 33.8 x 29.5735295625 = 999.585...
        "3/feet/inches": "79.2 inches",  # 6.6 x 12
        "3/feet/centimeters": "201.168 centimeters",  # 6.6 x 30.48
        "4/inches/centimeters": "5.08 centimeters",  # 2 x 2.54
    }


def test_a_price_is_shared_and_rounded_half_up(raw: Path) -> None:
    # 6649 / 6 = 1108.17 cents; 129999 cents are more than is asked for; 125 / 400 is less than two cents. Prices that
    # begin with "from", and those in euros, are not asked for.
    assert _answers("review_unit_price", raw) == {"0": "$11.08"}
