"""The records of a recipe: their order, their keys, and what a query may read."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from shoptune.errors import ShoptuneError
from shoptune.teach.config import TeacherRecipe
from shoptune.teach.records import Tables, open_records
from tests.publishing import make
from tests.teach.shop import RECIPE

FILE = Path("names.yaml")


def _records(tables: Tables, limit: int | None = None, **changes: Any) -> list[dict[str, Any]]:
    recipe = TeacherRecipe.model_validate({**RECIPE, **changes})
    with open_records(recipe, FILE, tables) as records:
        found = [dict(record) for batch in records.batches(2, limit) for record in batch]
        assert records.count(limit) == len(found)
    return found


def test_the_order_depends_on_keys_alone(tables: Path) -> None:
    expected = sorted("abcd", key=lambda sku: hashlib.md5(sku.encode(), usedforsecurity=False).hexdigest())
    assert [record["sku"] for record in _records(Tables([tables]))] == expected
    shuffled = "SELECT sku, title FROM products ORDER BY title DESC"
    assert [record["sku"] for record in _records(Tables([tables]), 3, records=shuffled)] == expected[:3]


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"key": ["type"], "records": "FROM products"}, "key: two records have the key (kettle|hose); add columns to"),
        ({"key": ["ean"]}, "key: records have no column 'ean'; they have sku, title"),
        ({"personal_data": ["text"]}, "personal_data: records have no column 'text'; they have sku, title"),
        (
            {"checks": [{"name": "verbatim", "field": "name", "within": "text"}]},
            "checks.verbatim: records have no column 'text'",
        ),
        ({"records": "SELECT * FROM reviews"}, "records: Catalog Error: Table with name reviews does not exist!"),
        ({"records": "FROM read_text('/etc/hostname')"}, "records: Permission Error: "),
        ({"records": "FROM read_csv('*.csv')"}, "records: Permission Error: "),
        ({"records": "SELECT FROM WHERE"}, "records: Parser Error: "),
    ],
)
def test_a_query_that_cannot_be_used_is_one_line(changes: dict[str, Any], problem: str, tables: Path) -> None:
    with pytest.raises(ShoptuneError, match=rf"^names.yaml: {problem}") as raised:
        _records(Tables([tables]), **changes)
    assert len(raised.value.problems) == 1


def test_a_folder_without_tables_and_a_table_given_twice(tables: Path, tmp_path: Path) -> None:
    with pytest.raises(ShoptuneError, match="--tables: contains no tables; choose an artifact of"):
        _records(Tables([tmp_path]))
    with pytest.raises(ShoptuneError, match="pass each table only once"):
        _records(Tables([tables, tables]))


def test_rows_and_the_tables_of_another_teacher(tables: Path, tmp_path: Path) -> None:
    from shoptune.artifacts.manifest import Request

    def rows(folder: Path) -> None:
        pq.write_table(pa.table({"row_id": ["1", "2"]}), folder / "train-00000-of-00001.parquet")
        pq.write_table(pa.table({"row_id": ["3"]}), folder / "validation-00000-of-00001.parquet")

    def names(folder: Path) -> None:
        columns = {"sku": ["a"], "name": ["kettle"]}
        provenance = {"teacher_model": ["m"], "prompt_version": ["1"], "answer_digest": ["2"]}
        pq.write_table(pa.table(columns | provenance), folder / "table.parquet")

    make(Request("data", {}, {}), tmp_path / "rows", rows)
    make(Request("teach", {"table": "names"}, {}), tmp_path / "names", names)
    artifacts = Tables([tables, tmp_path / "rows", tmp_path / "names"])
    found = _records(artifacts, records="SELECT row_id, split FROM rows", key=["row_id"])
    assert sorted((record["row_id"], record["split"]) for record in found) == [
        ("1", "train"),
        ("2", "train"),
        ("3", "validation"),
    ]
    joined = _records(artifacts, records="SELECT sku, title, name FROM products JOIN teacher.names USING (sku)")
    assert joined == [{"sku": "a", "title": "Red kettle, 2 l", "name": "kettle"}]


def test_tasks_of_the_data_recipes() -> None:
    query = "SELECT task, kind, prompts FROM tasks"
    found = {record["task"]: record for record in _records(Tables(), records=query, key=["task"])}
    assert found["esci_query_generation"]["kind"] == "generation"
    assert len(found["esci_query_generation"]["prompts"]) >= 8
    recipe = TeacherRecipe.model_validate({**RECIPE, "records": query, "key": ["task"]})
    assert "recipes/esci.yaml" in Tables().inputs(recipe)
    assert Tables().inputs(TeacherRecipe.model_validate(RECIPE)) == {}


def test_keys_keep_their_types(tmp_path: Path) -> None:
    recipe = TeacherRecipe.model_validate({**RECIPE, "records": "SELECT 1::BIGINT AS sku, 'x' AS title"})
    with open_records(recipe, FILE, Tables()) as records:
        assert records.key_types() == {"sku": pa.int64()}
