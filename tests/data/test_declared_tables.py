"""Recipes that declare their tables: your own files become rows without writing Python."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from shoptune.data.mixture import load_mixture
from shoptune.data.recipe import load_tasks
from shoptune.data.sources import folders
from shoptune.data.stage import DATA, Arguments, load
from shoptune.data.tables.database import records
from shoptune.data.tables.raw_database import open_raw
from shoptune.data.tables.source_tables import SourceTables
from shoptune.errors import ShoptuneError
from shoptune.stage import run

RECIPE = """\
source: tables
tables:
{tables}
tasks:
  - name: shop_brand
    kind: generation
    metric: rougel
    track: understanding-shopping-concepts
    like: none
    records: |
      {query}
    prompts: ["Which brand makes {{{{ title }}}}?\\nOutput: "]
"""
PRODUCTS = "SELECT sku AS key, title, brand AS answer FROM products"


def _recipe(folder: Path, tables: str, query: str = PRODUCTS) -> Path:
    file = folder / "shop.yaml"
    file.write_text(RECIPE.format(tables=tables, query=query))
    return file


def _read(folder: Path, tables: str, query: str) -> tuple[list[dict[str, Any]], SourceTables]:
    """The records of a query, and the malformed records found in the files."""
    _recipe(folder, tables, query)
    task = load_tasks(folder)["shop_brand"]
    scratch = folder / "scratch"
    database = open_raw([task], folders([task], None), scratch)
    found = [record for batch in records(database, task, seed=0, most=100) for record in batch.to_pylist()]
    database.connection.close()
    return sorted(found, key=lambda record: str(record["key"])), SourceTables.load(scratch / "tables-shop")


def _zstd(text: bytes) -> bytes:
    return bytes(pa.compress(text, codec="zstd", asbytes=True))


LINES = b'{"sku": 1, "price": 2.5, "tags": ["a"]}\n{"sku": 2, "price": 3.5, "tags": []}\n'
CONTENTS: Mapping[str, bytes] = {
    "p.csv": b"sku,price\n1,2.5\n2,3.5\n",
    "p.tsv": b"sku\tprice\n1\t2.5\n2\t3.5\n",
    "semicolons.csv": b"price;sku\n2.5;1\n3.5;2\n",
    "bom.csv": b"\xef\xbb\xbfsku,price\n1,2.5\n2,3.5\n",
    "p.csv.gz": gzip.compress(b"sku,price\n1,2.5\n2,3.5\n"),
    "p.csv.zst": _zstd(b"sku,price\n1,2.5\n2,3.5\n"),
    "p.jsonl": LINES,
    "p.ndjson": LINES,
    "lines.json": LINES,
    "bom.jsonl": b"\xef\xbb\xbf" + LINES,
    "p.jsonl.gz": gzip.compress(LINES),
    "p.jsonl.zst": _zstd(LINES),
    "array.json": b'[{"sku": 1, "price": 2.5}, {"sku": 2, "price": 3.5}]',
    "array.json.gz": gzip.compress(b'[{"sku": 1, "price": 2.5}, {"sku": 2, "price": 3.5}]'),
}


@pytest.mark.parametrize("name", CONTENTS)
def test_every_format_is_read_with_types(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(CONTENTS[name])
    query = "SELECT sku AS key, price, typeof(price) = 'DOUBLE' AS typed FROM products"
    found, tables = _read(tmp_path, f"  products: {name}", query)
    assert found == [{"key": 1, "price": 2.5, "typed": True}, {"key": 2, "price": 3.5, "typed": True}]
    assert not tables.malformed


def test_files_of_several_shapes_are_one_table_by_column_name(tmp_path: Path) -> None:
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "a.csv").write_text("sku,price\n1,2.5\n")
    (tmp_path / "parts" / "b.csv").write_text("price,sku,color\n3.5,2,red\n")
    pq.write_table(pa.table({"sku": [3], "price": [4.5]}), tmp_path / "parts" / "c.parquet")
    found, _ = _read(tmp_path, "  products: parts/*", "SELECT sku AS key, price, color FROM products")
    assert [tuple(record.values()) for record in found] == [(1, 2.5, None), (2, 3.5, "red"), (3, 4.5, None)]


def test_malformed_records_are_set_aside_with_their_line(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("sku,price\n1,2.5\n2,3.5,4,5\n3,4.5\n")
    (tmp_path / "b.jsonl.gz").write_bytes(gzip.compress(b'{"sku": 1}\nnot JSON\n{"sku": 2}\n'))
    (tmp_path / "c.json").write_text('[{"sku": 1},\n {"sku": oops},\n {"sku": 3}]')
    found, tables = _read(
        tmp_path,
        "  products: a.csv\n  lines: b.jsonl.gz\n  arrays: [c.json]",
        "SELECT sku AS key FROM products UNION ALL SELECT 10 + sku FROM lines UNION ALL SELECT 20 + sku FROM arrays",
    )
    assert [record["key"] for record in found] == [1, 11, 12, 21, 23, 3]
    assert sorted((Path(bad.file).name, bad.line) for bad in tables.malformed) == [
        ("a.csv", 3),
        ("b.jsonl.gz", 2),
        ("c.json", 2),
    ]


def test_a_file_that_is_cut_short_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    whole = gzip.compress(
        "".join(json.dumps({"sku": n, "x": f"{n * 7919 % 1000}"}) + "\n" for n in range(2000)).encode()
    )
    (tmp_path / "a.jsonl.gz").write_bytes(whole[: len(whole) // 2])
    _, tables = _read(tmp_path, "  products: a.jsonl.gz", "SELECT sku AS key FROM products")
    assert 100 < tables.tables["products"].rows < 2000
    assert {Path(bad.file).name for bad in tables.malformed} == {"a.jsonl.gz"}
    assert "cut short" in tables.malformed[0].reason


def test_types_may_be_declared(tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_text("sku,price\n001,2\n002,3\n")
    tables = "  products: {files: p.csv, columns: {sku: VARCHAR}, sample_by: sku}"
    found, ingested = _read(tmp_path, tables, "SELECT sku AS key, typeof(price) AS price FROM products")
    assert found == [{"key": "001", "price": "BIGINT"}, {"key": "002", "price": "BIGINT"}]
    assert ingested.tables["products"].sample_by == "sku"


@pytest.mark.parametrize(
    ("tables", "message"),
    [
        ("  products: absent.csv", "tables.products: no file matches 'absent.csv'"),
        ("  products: notes.txt", "notes.txt is in a format that is not known; valid: .csv"),
        ("  products: {files: p.csv, columns: {skuu: VARCHAR}}", "no file has the column 'skuu'; valid: price, sku"),
        ("  products: {files: p.csv, columns: {sku: TEXTT}}", "columns.sku: 'TEXTT' is not a type of DuckDB"),
        ("  products: twice.csv", "twice.csv: line 1: two columns are named 'A'"),
    ],
)
def test_a_wrong_declaration_is_a_one_line_error(tmp_path: Path, tables: str, message: str) -> None:
    (tmp_path / "p.csv").write_text("sku,price\n001,2\n")
    (tmp_path / "notes.txt").write_text("x")
    (tmp_path / "twice.csv").write_text("A,a\n1,2\n")
    with pytest.raises(ShoptuneError) as caught:
        _read(tmp_path, tables, "SELECT sku AS key FROM products")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_source_with_tables_needs_them(tmp_path: Path) -> None:
    _recipe(tmp_path, "  {}")
    with pytest.raises(ShoptuneError, match="need each other"):
        load_tasks(tmp_path)


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A folder with the user's data, and a recipe and a mixture next to it."""
    folder = tmp_path / "shop"
    folder.mkdir()
    brands = ["Acme", "Borealis", "Corvid"]
    lines = [f"P{n},red kettle number {n} for {n * 7} people,{brands[n % 3]}" for n in range(30)]
    (folder / "products.csv").write_text("sku,title,brand\n" + "\n".join(lines) + "\n")
    _recipe(folder, "  products: products.csv")
    (folder / "mixture.yaml").write_text("tasks: {shop_brand: 12}\nworkers: 1\nnear_duplicates: null\n")
    return folder


def test_own_files_become_rows(shop: Path, tmp_path: Path) -> None:
    artifact = run(DATA, load(Arguments(shop / "mixture.yaml")), tmp_path / "rows")
    rows = [row for file in (tmp_path / "rows").glob("train-*.parquet") for row in pq.read_table(file).to_pylist()]
    assert len(rows) == 12
    assert {row["source"] for row in rows} == {"tables-shop"}
    assert {row["output_field"] for row in rows} <= {"Acme", "Borealis", "Corvid"}
    assert artifact.rebuilt
    assert not run(DATA, load(Arguments(shop / "mixture.yaml")), tmp_path / "rows").rebuilt
    with (shop / "products.csv").open("a") as file:
        file.write("P99,blue kettle,Dorado\n")
    assert run(DATA, load(Arguments(shop / "mixture.yaml")), tmp_path / "rows").rebuilt


def test_a_malformed_line_does_not_hide_the_format(tmp_path: Path) -> None:
    """DuckDB cannot sniff such a file; types are inferred from its other lines."""
    (tmp_path / "p.csv").write_text('sku,price,name\n01,2.5,pot\n02,3.5,"pan, large"\n03,"4\n')
    rows, tables = _read(tmp_path, "  p: p.csv", "SELECT sku AS key, price, name AS answer FROM p")
    assert rows == [
        {"key": "01", "price": 2.5, "answer": "pot"},
        {"key": "02", "price": 3.5, "answer": "pan, large"},
    ]
    (malformed,) = tables.malformed
    assert (Path(malformed.file).name, malformed.line) == ("p.csv", 4)


def test_recipes_may_be_anywhere(shop: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere" / "mixture.yaml"
    elsewhere.parent.mkdir()
    elsewhere.write_text((shop / "mixture.yaml").read_text())
    assert list(load_mixture(elsewhere, recipes=shop).tasks) == ["shop_brand"]
    with pytest.raises(ShoptuneError, match="--recipes"):
        load_mixture(elsewhere)


def test_paths_are_relative_to_the_yaml_first(shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (shop / "held_out.json").write_text("")
    (tmp_path / "here.json").write_text("")
    text = (shop / "mixture.yaml").read_text() + "decontaminate_against: [held_out.json, here.json]\n"
    (shop / "mixture.yaml").write_text(text)
    plan = load_mixture(Path("shop/mixture.yaml"))
    assert plan.questions == [Path("shop/held_out.json"), Path("here.json")]


def test_two_recipes_may_not_declare_the_same_table(shop: Path, tmp_path: Path) -> None:
    text = (shop / "shop.yaml").read_text().replace("shop_brand", "other_brand")
    (shop / "other.yaml").write_text(text)
    (shop / "mixture.yaml").write_text("tasks: {shop_brand: 2, other_brand: 2}\nworkers: 1\nnear_duplicates: null\n")
    with pytest.raises(ShoptuneError, match="another source has a table named 'products'"):
        run(DATA, load(Arguments(shop / "mixture.yaml")), tmp_path / "rows")


@pytest.mark.parametrize(
    "query",
    [
        "SELECT sku AS key, 'a' AS title, 'b' AS answer FROM read_csv('{file}')",
        "SELECT sku AS key, 'a' AS title, 'b' AS answer FROM '{file}'",
        "SELECT content AS key, 'a' AS title, 'b' AS answer FROM read_text('{file}')",
        "SELECT file AS key, 'a' AS title, 'b' AS answer FROM glob('{file}')",
    ],
)
@pytest.mark.parametrize("in_view", [False, True])
def test_sql_that_reads_other_files_is_refused(shop: Path, tmp_path: Path, query: str, in_view: bool) -> None:
    other = tmp_path / "other.csv"
    other.write_text("sku\n1\n")
    query = query.format(file=other)
    file = _recipe(shop, "  products: products.csv", "SELECT * FROM mine" if in_view else query)
    if in_view:
        file.write_text(file.read_text().replace("tasks:", f"views:\n  mine: |\n    {query}\ntasks:"))
    with pytest.raises(ShoptuneError, match="reads a file that is not an input") as caught:
        run(DATA, load(Arguments(shop / "mixture.yaml")), tmp_path / "rows")
    assert str(caught.value).startswith(str(file))


def test_other_configs_may_lie_beside_a_recipe(shop: Path) -> None:
    (shop / "merge.yaml").write_text("base: x\nadapters: [y]\n")
    assert list(load_tasks(shop)) == ["shop_brand"]
    (shop / "invalid.yaml").write_text("sorce: tables\ntasks: [{name: x}]\n")
    with pytest.raises(ShoptuneError, match="sorce: unknown key; did you mean 'source'"):
        load_tasks(shop)
