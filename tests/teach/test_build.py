"""From a teacher to rows: a table that the stage wrote, through a build, to the card of the data set."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from shoptune.data import ingest_stage
from shoptune.data.ingest_stage import INGEST
from shoptune.data.stage import DATA, Arguments
from shoptune.data.stage import load as load_build
from shoptune.export.hub.stage import HUB, Job
from shoptune.export.lineage import lineage_of
from shoptune.stage import run
from shoptune.teach import stage
from shoptune.teach.stage import TEACH, Options
from tests.teach.stand_in import Response, serving

ROOT = Path(__file__).parents[2]
RECIPE = ROOT / "data_recipes" / "teacher" / "product_types.yaml"


def _kettle(_number: int, _body: dict[str, Any]) -> Response:
    return Response({"product_type": "kettle"})


@pytest.mark.slow
def test_rows_are_made_with_a_table_that_the_stage_wrote(tmp_path: Path) -> None:
    tables, table, rows = tmp_path / "tables", tmp_path / "table", tmp_path / "rows"
    ingest = ingest_stage.Arguments(ROOT / "examples" / "raw", ["reviews2023"], workers=1)
    run(INGEST, ingest_stage.load(ingest), tables)
    with serving(_kettle) as endpoint:
        backend = f"backend={{kind: openai, url: {endpoint.url}, max_retries: 0}}"
        asked = stage.Arguments(
            RECIPE, [tables], "big", Options(50, tmp_path / "cache"), [backend, "licence=Apache-2.0"]
        )
        run(TEACH, stage.load(asked), table)
    taught = {row["parent_asin"]: row for row in pq.read_table(table / "table.parquet").to_pylist()}
    assert len(taught) == 50
    mixture = tmp_path / "m.yaml"
    mixture.write_text(
        "tasks: {review_category_generation: 500}\nwhen_short: shrink\nteacher: [product_types]\nworkers: 1\n"
    )
    run(DATA, load_build(Arguments(mixture, tables=tables, recipes=ROOT / "data_recipes", teacher=[table])), rows)
    made = [row for file in rows.glob("train-*") for row in pq.read_table(file).to_pylist()]
    kettles = [row for row in made if row["teacher_model"]]
    assert 20 < len(kettles) < len(made)
    assert {row["output_field"] for row in kettles} == {"kettle"}
    assert {row["answer_digest"] for row in kettles} <= {row["answer_digest"] for row in taught.values()}
    (version,) = {row["prompt_version"] for row in taught.values()}
    stats = json.loads((rows / "stats.json").read_text())["teacher"]
    answers = [{"teacher_model": "big", "prompt_version": version, "rows": len(kettles)}]
    assert stats["tables"] == [{"name": "product_types", "licence": "Apache-2.0", "answers": answers}]
    stages = {step.name: step.stage for step in lineage_of(rows)}
    assert stages["teacher/product_types"] == "teach"
    run(HUB, Job(rows, "me/rows"), tmp_path / "hub")
    card = (tmp_path / "hub" / "README.md").read_text()
    assert f"| product_types | big | {version} | {len(kettles)} | Apache-2.0 |" in card


def _low_for_one_star(_number: int, body: dict[str, Any]) -> Response:
    """A judge that finds the answer 1 wrong, and everything else right."""
    given = [line for line in str(body["messages"][-1]["content"]).splitlines() if line.isdigit()][-1]
    own, score = ("2", 1) if given == "1" else (given, 5)
    return Response({"own_answer": own, "reason": "The words say so.", "correctness": score, "difficulty": 2})


def test_rows_are_dropped_by_the_scores_that_the_stage_wrote(tmp_path: Path) -> None:
    mixture = tmp_path / "m.yaml"
    mixture.write_text("tasks: {review_rating: 30}\nteacher: [judge]\nworkers: 1\nvalidation_fraction: 0.1\n")
    raw, recipes = ROOT / "examples" / "raw", ROOT / "data_recipes"
    run(DATA, load_build(Arguments(mixture, raw, recipes=recipes)), tmp_path / "before")
    with serving(_low_for_one_star) as endpoint:
        backend = f"backend={{kind: openai, url: {endpoint.url}, max_retries: 0}}"
        judge = RECIPE.with_name("judge.yaml")
        asked = stage.Arguments(judge, [tmp_path / "before"], "big", Options(None, tmp_path / "cache"), [backend])
        run(TEACH, stage.load(asked), tmp_path / "judge")
    changes = ["judge={min_correctness: 4}", "when_short=shrink"]
    run(
        DATA,
        load_build(Arguments(mixture, raw, changes, recipes=recipes, teacher=[tmp_path / "judge"])),
        tmp_path / "after",
    )
    before, after = (
        {
            row["row_id"]: row["output_field"]
            for file in (tmp_path / name).glob("*.parquet")
            for row in pq.read_table(file).to_pylist()
        }
        for name in ("before", "after")
    )
    wrong = {row for row, answer in before.items() if answer == "1"}
    assert wrong
    assert set(before) - set(after) == wrong
    assert json.loads((tmp_path / "after" / "stats.json").read_text())["filters"]["judge"] == len(wrong)
