from __future__ import annotations

import json
from pathlib import Path

import pytest

from shoptune.config import load
from shoptune.errors import ShoptuneError
from shoptune.teach.checks._phrasings import questions
from shoptune.teach.config import TeacherRecipe
from shoptune.teach.records import Tables, open_records
from shoptune.teach.views import views_named
from tests.teach.rows_artifact import write_rows
from tests.teach.shipped import FOLDER

FILE = FOLDER / "phrasings.yaml"


def test_a_query_that_names_a_view_gets_it() -> None:
    assert views_named("SELECT * FROM phrasings JOIN spoiled_rows") == ["phrasings", "spoiled_rows"]
    assert views_named("SELECT phrasings_of FROM rows") == []


def test_there_is_a_record_per_task_and_language_with_samples_that_can_be_rendered(shop_tasks: Path) -> None:
    with open_records(load(FILE, TeacherRecipe), FILE, Tables([shop_tasks])) as records:
        found = next(records.batches(1000, None))
    assert {(each["task"], each["language"]) for each in found} >= {
        ("mmlu_general", "en"),
        ("m2_author", "en"),
        ("m2_author", "ja"),
    }
    assert not [each for each in found if each["task"].startswith("review_")], "its source is not ingested"
    for record in found:
        assert 1 <= len(json.loads(record["samples"])) <= 3
        assert record["recipe"].startswith("{")
        assert len(record["seeds"]) == len(set(record["seeds"]))
        first = questions(record["seeds"][0], record)
        assert len(first) == len(json.loads(record["samples"]))


def test_without_a_source_the_error_says_what_to_pass(tmp_path: Path) -> None:
    rows = write_rows(tmp_path / "rows")
    with (
        pytest.raises(
            ShoptuneError, match="no source of a task is ingested; pass an artifact of `shoptune data ingest`"
        ),
        open_records(load(FILE, TeacherRecipe), FILE, Tables([rows])),
    ):
        pass
