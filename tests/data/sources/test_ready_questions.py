"""Questions that other teams wrote, and ATOMIC's events: their forms become tables."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from shoptune.errors import ShoptuneError
from tests.data.sources.reading import read_source

SAMPLE = Path(__file__).parents[3].parent / "shared" / "data" / "ecguide"


@pytest.fixture
def database() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        yield connection


def test_answers_of_every_form_are_read(database: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    (tmp_path / "raw" / "ecguide" / "MCQ").mkdir(parents=True)
    rows = [
        {"input_field": "Which?\n0. a\n1. b\nAnswer: ", "output_field": 1, "task_type": "multiple-choice"},
        {"input_field": "Which?\n0. c\n1. d\nAnswer:", "output_field": "0", "task_type": "multiple-choice"},
        {"input_field": "Same?", "output_field": "yes", "task_type": "multiple-choice", "metric": "bool"},
        {"input_field": "Which of them?\nOutput: ", "output_field": [3, 9], "task_type": "retrieval"},
        {"input_field": "Entity?", "output_field": ["steel", "9.5 oz"], "task_type": "named_entity_recognition"},
        {"input_field": "Entities?", "output_field": "['kids\" cup', 'red']", "task_type": "NER"},
        {"input_field": "Title?", "output_field": "a title", "task_type": "generation", "metric": "BLEU"},
        {"input_field": "", "output_field": "nothing", "task_type": "generation"},
    ]
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    (tmp_path / "raw" / "ecguide" / "MCQ" / "SAP.jsonl").write_text(lines + lines)
    read_source("ecguide", database, tmp_path / "raw", tmp_path)
    read = database.execute(
        "SELECT question, task_type, metric, choice, numbers, entities FROM ecguide ORDER BY question"
    ).fetchall()
    assert read == [
        ("Entities?", "ner", None, None, None, ['kids" cup', "red"]),
        ("Entity?", "named-entity-recognition", None, None, None, ["steel", "9.5 oz"]),
        ("Same?", "multiple-choice", "bool", None, None, None),
        ("Title?", "generation", "bleu", None, None, None),
        ("Which of them?", "retrieval", None, None, [3, 9], ["3", "9"]),
        ("Which?\n0. a\n1. b", "multiple-choice", None, 1, [1], None),
        ("Which?\n0. c\n1. d", "multiple-choice", None, 0, [0], None),
    ]


def test_instruction_data_in_other_files_is_read(database: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    folder = tmp_path / "raw" / "eshopinstruct"
    folder.mkdir(parents=True)
    row = {"instruction": "Name its category.", "input": "red kettle", "output": "kettle"}
    pq.write_table(pa.Table.from_pylist([row]), folder / "train.parquet")
    (folder / "more.json").write_text(json.dumps([{**row, "input": "", "task_type": "Generation"}]))
    read_source("eshopinstruct", database, tmp_path / "raw", tmp_path)
    assert database.execute("SELECT question, answer, task_type FROM eshopinstruct ORDER BY ALL").fetchall() == [
        ("Name its category.", "kettle", "generation"),
        ("Name its category.\nred kettle", "kettle", None),
    ]


def test_real_ec_guide(database: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    if not SAMPLE.exists():
        pytest.skip("the real data are not here: shared/data/ecguide")
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / "ecguide").symlink_to(SAMPLE)
    read_source("ecguide", database, tmp_path / "raw", tmp_path)
    rows = [json.loads(line) for file in sorted(SAMPLE.glob("*.jsonl")) for line in file.open(encoding="utf-8")]
    different = {(row["input_field"], str(row["output_field"]), row["task_type"]) for row in rows}
    counted = database.execute("SELECT task_type, count(*) FROM ecguide GROUP BY ALL").fetchall()
    assert dict(counted) == dict(Counter(task_type.replace("_", "-") for _, _, task_type in different))
    unread = """SELECT count(*) FROM ecguide WHERE
        (task_type = 'multiple-choice' AND choice IS NULL AND answer NOT IN ('yes', 'no'))
        OR (task_type = 'retrieval' AND numbers IS NULL) OR (task_type LIKE 'named%' AND entities IS NULL)"""
    assert database.execute(unread).fetchone() == (0,)


def test_atomic_without_what_annotators_did_not_find(database: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    folder = tmp_path / "raw" / "atomic"
    folder.mkdir(parents=True)
    (folder / "train.tsv").write_text(
        "PersonX wears a blazer\txReact\tdignified\n"
        "PersonX wears a blazer\txReact\tnone\n"
        "PersonX wears a blazer\txReact\tdignified \n"
        'PersonX says "hello"\txEffect\tis heard\n'
        "PersonX wears a hat\n"
    )
    (folder / "test.tsv").write_text("PersonX wears a scarf\txReact\twarm\n")
    reader = read_source("atomic", database, tmp_path / "raw", tmp_path)
    assert database.execute("SELECT head, relation, tail FROM atomic ORDER BY ALL").fetchall() == [
        ('PersonX says "hello"', "xEffect", "is heard"),
        ("PersonX wears a blazer", "xReact", "dignified"),
    ]
    assert [record.line for record in reader.malformed] == [5]
    assert sum(reader.missing.values()) == 1  # test.tsv


def test_the_test_split_of_atomic_alone_is_refused(database: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    folder = tmp_path / "raw" / "atomic"
    folder.mkdir(parents=True)
    (folder / "test.tsv").write_text("PersonX wears a scarf\txReact\twarm\n")
    with pytest.raises(ShoptuneError, match="splits alone"):
        read_source("atomic", database, tmp_path / "raw", tmp_path)
