"""Raw files become tables once; the same files give the same bytes."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from shoptune.data import ingest_stage
from shoptune.data.executor import executor
from shoptune.data.ingest_stage import INGEST, Arguments, load
from shoptune.data.tables.ingest import Partition, Reading, ingest, ingest_partition
from shoptune.data.tables.source_tables import SourceTables
from shoptune.errors import ShoptuneError
from shoptune.stage import run
from tests.conftest import ROOT

RAW = ROOT / "examples" / "raw"


def _bytes(folder: Path) -> dict[str, bytes]:
    files = sorted(file for file in folder.rglob("*") if file.is_file() and file.name != "manifest.json")
    return {str(file.relative_to(folder)): file.read_bytes() for file in files}


@pytest.mark.slow
def test_tables_are_the_same_whatever_the_number_of_workers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(INGEST, load(Arguments(RAW, workers=1)), tmp_path / "one")
    monkeypatch.setattr(ingest_stage, "_SMALL", 0)
    run(INGEST, load(Arguments(RAW, workers=2)), tmp_path / "two")
    one = _bytes(tmp_path / "one")
    assert one == _bytes(tmp_path / "two")
    assert "reviews2023/reviews/Pet_Supplies.parquet" in one
    assert "esci/esci_products/esci-us.parquet" in one
    assert all(not name.startswith(".") for name in one)


def test_partitions_that_an_interrupted_run_finished_are_kept(tmp_path: Path) -> None:
    file = tmp_path / "alpaca" / "a.json"
    file.parent.mkdir()
    file.write_text(json.dumps([{"instruction": "a", "input": "", "output": "b"}]))
    partition = Partition("alpaca", "alpaca", file.parent, [file], tmp_path / "tables" / "alpaca")
    first = ingest_partition(Reading(), partition)
    assert first.tables["alpaca"].rows == 1
    file.unlink()  # so that reading it again would fail
    assert ingest_partition(Reading(), partition) == first


def _review(parent_asin: str, user_id: str = "U1") -> str:
    return json.dumps({"parent_asin": parent_asin, "user_id": user_id, "rating": 5.0, "text": parent_asin}) + "\n"


def test_partitions_add_up(tmp_path: Path) -> None:
    raw = tmp_path / "reviews2023"
    raw.mkdir()
    for category, products in (("Toys", "ab"), ("Baby", "c")):
        (raw / f"{category}.jsonl").write_text("".join(map(_review, f"{products}x")) + "broken\n")
        lines = [json.dumps({"parent_asin": product, "title": product}) + "\n" for product in products]
        (raw / f"meta_{category}.jsonl").write_text("".join(lines))
    with executor("local", workers=1) as here:
        found = ingest({"reviews2023": raw}, tmp_path / "tables", Reading(), here)["reviews2023"]
    assert found == SourceTables.load(tmp_path / "tables" / "reviews2023")
    assert {name: table.rows for name, table in found.tables.items()} == {
        "reviews": 5,
        "review_keyphrases": 2,  # a row of nulls for each category
        "reviews_products": 3,
    }
    assert found.missing["reviews of products that are not listed"] == 2
    assert [(Path(m.file).name, m.line) for m in found.malformed] == [("Baby.jsonl", 3), ("Toys.jsonl", 4)]


def test_a_source_without_records_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "alpaca").mkdir()
    (tmp_path / "alpaca" / "a.json").write_text('[{"instruction": "no output"}]')
    with (
        pytest.raises(
            ShoptuneError,
            match=r"alpaca: no record of table 'alpaca' could be read \(.*a\.json: line 1: lacks output\)",
        ),
        executor("local", workers=1) as here,
    ):
        ingest({"alpaca": tmp_path / "alpaca"}, tmp_path / "tables", Reading(), here)


def test_sources_are_named(tmp_path: Path) -> None:
    with pytest.raises(ShoptuneError, match=r"--source: alpacca: no such source; did you mean 'alpaca'\?"):
        load(Arguments(RAW, ["alpacca"]))
    with pytest.raises(ShoptuneError, match="contains none of the sources' folders"):
        load(Arguments(tmp_path))
    shutil.copytree(RAW / "alpaca", tmp_path / "alpaca")
    assert list(load(Arguments(tmp_path)).folders) == ["alpaca"]


def test_real_files_are_read_whole(reviews2023: Path, tmp_path: Path) -> None:
    (tmp_path / "reviews2023").mkdir()
    for category in ("Amazon_Fashion_1008", "Patio_Lawn_and_Garden_100"):
        for name in (f"{category}.jsonl", f"meta_{category}.jsonl"):
            (tmp_path / "reviews2023" / name).symlink_to(reviews2023 / name)
    with executor("local", workers=1) as here:
        found = ingest({"reviews2023": tmp_path / "reviews2023"}, tmp_path / "tables", Reading(), here)["reviews2023"]
    assert (found.tables["reviews"].rows, found.tables["reviews_products"].rows) == (1108, 1108)
    assert not found.malformed
    # Fashion's reviews are those of its products, joined on parent_asin; Patio's are of others.
    assert found.missing["reviews of products that are not listed"] == 100


def test_all_git_lfs_pointers_are_reported_together(tmp_path: Path) -> None:
    names = ("Toys.jsonl", "meta_Toys.jsonl", "Baby.jsonl")
    (tmp_path / "reviews2023").mkdir()
    for name in names:
        (tmp_path / "reviews2023" / name).write_text("version https://git-lfs.github.com/spec/v1\n")
    with pytest.raises(ShoptuneError) as raised, executor("local", workers=1) as here:
        ingest({"reviews2023": tmp_path / "reviews2023"}, tmp_path / "tables", Reading(), here)
    assert sorted(Path(problem.file).name for problem in raised.value.problems) == sorted(names)
