"""Rows as the page shows them."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from shoptune.shopbench.rows import SCHEMA
from shoptune.studio.reading.rows import (
    PAGE_ROWS,
    RowFilter,
    baselines,
    choices,
    dropped_samples,
    drops_of,
    page_of_rows,
    rows_table,
    statistics_of,
    trained_row,
)
from shoptune.studio.run_folder import RunFolder
from shoptune.studio.tables import Table
from tests.studio.made import large
from tests.studio.made.rows import SCRIPT


@pytest.fixture(scope="module")
def run(studio_run: Path) -> RunFolder:
    return RunFolder.open(studio_run)


def _table(run: RunFolder, name: str) -> Table:
    artifact = run.artifact(name)
    assert artifact is not None
    table = rows_table(run, artifact)
    assert table is not None
    return table


@pytest.mark.parametrize(
    ("chosen", "languages"),
    [
        (RowFilter(), {"en", "de", "fr"}),
        (RowFilter(values={"language": "de", "task_name": ""}), {"de"}),
        (RowFilter(text="LAINE"), {"fr"}),
        (RowFilter(text="100%"), set()),
        (RowFilter(shortest=100), {"en"}),
        (RowFilter(longest=99), {"de", "fr"}),
        (RowFilter(split="validation"), set()),
    ],
)
def test_filters(run: RunFolder, chosen: RowFilter, languages: set[str]) -> None:
    page = page_of_rows(_table(run, "data-a"), chosen, 1)
    assert {row["language"] for row in page.rows} == languages
    assert page.total == len(languages)


def test_the_trained_part_is_the_answer_and_the_token_that_ends_it(run: RunFolder) -> None:
    table = _table(run, "data-a")
    row_id = page_of_rows(table, RowFilter(text="script"), 1).rows[0]["row_id"]
    row = trained_row(run, table, row_id)
    assert row is not None
    assert row.tokenizer == "adapter-a"
    assert row.sample.masked.endswith("Answer:<|im_end|>\n<|im_start|>assistant\n")
    assert SCRIPT in row.sample.masked
    assert row.trained_tokens == ("1", "<|im_end|>")
    assert row.masked_tokens is not None
    assert row.masked_tokens > 40
    assert trained_row(run, table, "absent") is None


def test_a_large_build_is_read_page_by_page(run: RunFolder) -> None:
    table = _table(run, "data-large")
    assert pq.read_schema(table.files[0]).names == SCHEMA.names
    last = page_of_rows(table, RowFilter(), large.ROWS // PAGE_ROWS)
    assert [row["row_id"] for row in last.rows] == [f"row-{n}" for n in range(large.ROWS - PAGE_ROWS, large.ROWS)]
    assert last.total == large.ROWS
    assert choices(table)["language"] == {"en": 33_334, "de": 33_333, "fr": 33_333}
    assert page_of_rows(table, RowFilter(text="product 4242 "), 1).total == 1


def test_drops_and_baselines(run: RunFolder) -> None:
    artifact = run.artifact("data-a")
    assert artifact is not None
    statistics = statistics_of(run, artifact)
    assert drops_of(statistics) == [
        ("reviews2023", "category_en", "duplicate: the same question", 4),
        ("reviews2023", "category_en", "profanity", 1),
    ]
    assert dropped_samples(run, artifact, "", 1).total == 1
    assert dropped_samples(run, artifact, "category_de", 1).total == 0
    scores = {"by_task": {"task2": {"score": 0.5}}}
    assert baselines(statistics, artifact, scores)[:2] == [
        ["category_en", "1", "0.250", "task2", "0.500"],
        ["category_de", "1", "", "", ""],
    ]
