"""Builds with a teacher's tables: what they add, where the rows came from, and what is absent without them."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from rich.console import Console

from shoptune.artifacts.publish import Artifact
from shoptune.data import listing, sources
from shoptune.data.filters.reasons import JUDGE
from shoptune.data.recipe import load_tasks
from shoptune.data.stage import DATA, Arguments, load
from shoptune.data.tables.raw_database import open_raw
from shoptune.errors import ShoptuneError
from shoptune.export.lineage import lineage_of
from shoptune.shopbench.provenance import PROVENANCE
from shoptune.shopbench.rows import SCHEMA
from shoptune.stage import run
from tests.data.taught import LICENCE, MODEL, make_all, rationales, table

ROOT = Path(__file__).parents[2]
RAW = ROOT / "examples" / "raw"
TASKS = {
    "review_category_generation": 20,
    "review_rating": 20,
    "teacher_rationale": 3,
    "teacher_concept_explanation": 2,
}


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return {folder.name: folder for folder in make_all(tmp_path_factory.mktemp("tables"))}


@pytest.fixture
def mixture(tmp_path: Path) -> Path:
    path = tmp_path / "m.yaml"
    path.write_text(
        f"tasks: {json.dumps(TASKS)}\nworkers: 1\nmax_rejected: 0.9\nnear_duplicates_across_tasks: null\n"
        "teacher: [rationales, concepts, product_types, phrasings, judge]\n"
    )
    return path


def _build(mixture: Path, out: Path, *changes: str, teacher: list[Path] | None = None) -> Artifact:
    arguments = Arguments(mixture, RAW, changes, recipes=ROOT / "data_recipes", teacher=teacher or [])
    return run(DATA, load(arguments), out)


def _rows(out: Path) -> list[dict[str, Any]]:
    return [row for file in sorted(out.glob("train-*.parquet")) for row in pq.read_table(file).to_pylist()]


def _stats(out: Path) -> dict[str, Any]:
    stats: dict[str, Any] = json.loads((out / "stats.json").read_text())
    return stats


def test_tasks_without_their_table_are_absent_and_everything_else_is_as_without_a_teacher(
    mixture: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _build(mixture, tmp_path / "rows")
    said = capsys.readouterr().err
    assert (
        "data: no teacher's table concepts, rationales, so 2 of 4 tasks are absent: teacher_rationale, "
        "teacher_concept_explanation" in said
    )
    stats = _stats(tmp_path / "rows")
    assert stats["absent_tables"] == {"teacher_rationale": ["rationales"], "teacher_concept_explanation": ["concepts"]}
    assert "teacher" not in stats
    assert pq.read_schema(next((tmp_path / "rows").glob("train-*"))).equals(SCHEMA)
    plain = tmp_path / "plain.yaml"
    plain.write_text(mixture.read_text().replace("teacher:", "# teacher:"))
    _build(plain, tmp_path / "plain", "tasks={review_category_generation: 20, review_rating: 20}")
    assert _rows(tmp_path / "plain") == _rows(tmp_path / "rows")
    assert {"absent_tables", "teacher"} & _stats(tmp_path / "plain").keys() == set()
    listing.print_stats(tmp_path / "rows")
    assert "absent: teacher_rationale needs the teacher's table rationales" in capsys.readouterr().out


def test_rows_name_the_answer_that_they_were_made_with(mixture: Path, tables: dict[str, Path], tmp_path: Path) -> None:
    given = [tables["rationales"], tables["concepts"]]
    _build(mixture, tmp_path / "rows", teacher=given)
    rows = _rows(tmp_path / "rows")
    assert Counter(row["task_name"] for row in rows) == TASKS
    expected = {
        record["question"].strip(): (record["answer_digest"], record["rationale"])
        for record in pq.read_table(tables["rationales"] / "table.parquet").to_pylist()[:3]
    }
    for row in rows:
        provenance = tuple(row[name] for name in PROVENANCE)
        if row["task_name"] == "teacher_rationale":
            question, _, instruction = row["input_field"].rpartition("\n")
            digest, rationale = expected[question]
            assert instruction.startswith("Give a brief reason")
            assert provenance == (MODEL, "rationales-1", digest)
            assert row["messages"][-1]["content"] == rationale
            assert rationale.endswith(f"|{row['output_field']}")
        elif row["task_name"] == "teacher_concept_explanation":
            assert provenance[:2] == (MODEL, "concepts-1")
        else:
            assert provenance == (None, None, None)
    assert _stats(tmp_path / "rows")["teacher"] == {
        "rows": 5,
        "share": round(5 / 45, 4),
        "tables": [
            {
                "name": name,
                "licence": LICENCE,
                "answers": [{"teacher_model": MODEL, "prompt_version": f"{name}-1", "rows": count}],
            }
            for name, count in (("concepts", 2), ("rationales", 3))
        ],
    }
    steps = {step.name: (step.stage, step.path) for step in lineage_of(tmp_path / "rows")}
    assert steps["teacher/concepts"] == ("teach", str(tables["concepts"]))
    again = _build(mixture, tmp_path / "rows", teacher=given)
    assert not again.rebuilt


def test_product_types_take_precedence_and_the_rows_say_so(mixture: Path, tmp_path: Path) -> None:
    tasks = [load_tasks(ROOT / "data_recipes")[name] for name in ("review_category_generation", "review_rating")]
    database = open_raw(tasks, sources.folders(tasks, RAW), tmp_path / "scratch")
    known = database.connection.sql("""
        SELECT parent_asin, title, product_type FROM reviews_products JOIN (SELECT DISTINCT parent_asin FROM reviews)
        USING (parent_asin) WHERE product_type <> '' ORDER BY parent_asin""").fetchall()
    database.connection.close()
    asked = [{"parent_asin": asin, "product_type": "gizmo"} for asin, _, _ in known[:40]]
    asked += [{"parent_asin": known[40][0], "product_type": None}]
    types = table(tmp_path, "product_types", asked)
    digests = {
        record["parent_asin"]: record["answer_digest"] for record in pq.read_table(types / "table.parquet").to_pylist()
    }
    (tmp_path / "all.yaml").write_text(mixture.read_text().replace("20", "400"))
    changes = ["when_short=shrink", "near_duplicates=null", "limit_word_overlap=false"]
    _build(tmp_path / "all.yaml", tmp_path / "plain", *changes)
    _build(tmp_path / "all.yaml", tmp_path / "rows", *changes, teacher=[types])
    titles = {title: asin for asin, title, _ in known}
    rows = [row for row in _rows(tmp_path / "rows") if row["task_name"] == "review_rating"]
    gizmos = [row for row in rows if "gizmo" in row["input_field"]]
    assert len(gizmos) > 20
    assert all(row["teacher_model"] == MODEL and row["answer_digest"] in digests.values() for row in gizmos)
    # The others are about products that the teacher was not asked about, or their phrasing does not name the type.
    assert {row["answer_digest"] is None for row in rows if row not in gizmos} == {True, False}
    listed = [row for row in _rows(tmp_path / "rows") if row["task_name"] == "review_category_generation"]
    asins = [next((asin for title, asin in titles.items() if title in row["input_field"]), None) for row in listed]
    found = [(asin, row) for asin, row in zip(asins, listed, strict=True) if asin]
    assert len(found) > 20
    for asin, row in found:
        assert asin != known[40][0]  # the teacher says that it has no type
        assert row["answer_digest"] == digests.get(asin)
        assert (row["teacher_model"] is None) == (asin not in digests)
    assert not any("gizmo" in row["input_field"] for row in _rows(tmp_path / "plain"))


def test_phrasings_are_added_to_those_of_a_task(mixture: Path, tmp_path: Path) -> None:
    text = "How would this customer rate the {{ product_type }}, from 1 to 5 stars?\n{{ review }}\nAnswer: "
    added = table(tmp_path, "phrasings", [
        {"task": "review_rating", "language": "en", "phrasing": text},
        {"task": "review_rating", "language": "de", "phrasing": text.replace("How", "Wie")},
        {"task": "of_another_mixture", "language": "en", "phrasing": text},
    ])  # fmt: skip
    _build(mixture, tmp_path / "rows", "tasks={review_rating: 80}", teacher=[added])
    rows = _rows(tmp_path / "rows")
    taught = [row for row in rows if row["teacher_model"]]
    assert taught
    assert {row["input_field"].startswith("How would this customer rate the ") for row in taught} == {True}
    assert len({row["answer_digest"] for row in taught}) == 1
    others = [row["input_field"] for row in rows if row not in taught]
    assert not [text for text in others if text.startswith(("How would this", "Wie"))]
    broken = table(tmp_path / "broken", "phrasings", [
        {"task": "review_rating", "language": "en", "phrasing": "{{ review"}
    ])  # fmt: skip
    with pytest.raises(ShoptuneError, match=r"phrasing of review_rating: is not a valid template: .*; remove the row"):
        _build(mixture, tmp_path / "no", teacher=[broken])


def test_the_judge_drops_rows_by_their_ids(mixture: Path, tmp_path: Path) -> None:
    _build(mixture, tmp_path / "rows", "tasks={review_rating: 20}")
    ids = [row["row_id"] for row in _rows(tmp_path / "rows")]
    scores = [(4, 3), (3, 3), (5, 1), (1, 1), (5, 2), (5, 5)]
    records = [
        {"row_id": row, "spoiled": False, "correctness": correctness, "difficulty": difficulty}
        for row, (correctness, difficulty) in zip(ids, scores, strict=False)
    ]
    records.append({"row_id": ids[0], "spoiled": True, "correctness": 1, "difficulty": 3})  # a wrong answer on purpose
    judge = table(tmp_path, "judge", records)
    changes = ["tasks={review_rating: 20}", "judge={min_correctness: 4, min_difficulty: 2}"]
    _build(mixture, tmp_path / "judged", *changes, teacher=[judge])
    kept = [row["row_id"] for row in _rows(tmp_path / "judged")]
    assert len(kept) == 20  # other records take the places of those that were dropped
    assert set(ids) - set(kept) == {ids[1], ids[2], ids[3]}
    stats = _stats(tmp_path / "judged")
    assert stats["filters"]["judge"] == 3
    assert stats["drops"]["reviews2023"]["review_rating"][JUDGE] == 3
    assert "judge" not in _stats(tmp_path / "rows")["filters"]
    with pytest.raises(ShoptuneError, match="judge needs the teacher's table: add judge to `teacher`"):
        _build(mixture, tmp_path / "no", "judge={min_correctness: 4}", "teacher=[]")


@pytest.mark.parametrize(
    ("changes", "given", "problem"),
    [
        (
            ["tasks.teacher_rationale=5"],
            [],
            r"m\.yaml: tasks\.teacher_rationale: needs the teacher's table rationales; pass --teacher DIR, a folder",
        ),
        (
            [],
            ["normalization"],
            r"m\.yaml: teacher: the table 'normalization' in .* is not taken by the mixture; add it: --set teacher=\[",
        ),
        ([], ["concepts", "concepts"], r"--teacher: .*: is a second table 'concepts', after .*; pass only one of them"),
        ([], ["no-such-folder"], r"--teacher: no folder '.*/no-such-folder'; create it first with `shoptune teach`"),
        ([], ["."], r"contains no teacher's table; choose a folder written by `shoptune teach`"),
    ],
)
def test_problems_of_the_teachers_tables(
    mixture: Path, tables: dict[str, Path], tmp_path: Path, changes: list[str], given: list[str], problem: str
) -> None:
    with pytest.raises(ShoptuneError, match=problem):
        _build(mixture, tmp_path / "rows", *changes, teacher=[tables.get(name, tmp_path / name) for name in given])


def test_a_table_needs_the_columns_of_its_name(mixture: Path, tmp_path: Path) -> None:
    folder = table(tmp_path, "concepts", [{"concept": "kettle"}])
    with pytest.raises(
        ShoptuneError, match=r"table\.parquet: the table 'concepts' has no column explanation; add them"
    ):
        _build(mixture, tmp_path / "rows", teacher=[folder])


def test_a_rationale_must_end_with_the_answer(tmp_path: Path) -> None:
    wrong = [record | {"rationale": "it is the second of them, so|1"} for record in rationales()[:1]]
    for recipe in ("teacher_rationales.yaml",):
        shutil.copy(ROOT / "data_recipes" / recipe, tmp_path)
    recipe = tmp_path / "teacher_rationales.yaml"
    recipe.write_text(recipe.read_text().replace("CAST(answer AS INTEGER) AS choice", "0 AS choice"))
    mixture = tmp_path / "m.yaml"
    mixture.write_text("tasks: {teacher_rationale: 1}\nteacher: [rationales]\nwhen_short: shrink\nmax_rejected: 1\n")
    arguments = Arguments(mixture, teacher=[table(tmp_path, "rationales", [*wrong, *wrong])])
    with pytest.raises(ShoptuneError, match="not a single row could be made"):
        run(DATA, load(arguments), tmp_path / "rows")


def test_a_preview_shows_the_reasoning(
    tables: dict[str, Path], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "Console", lambda: Console(width=200))
    recipe = ROOT / "data_recipes" / "teacher_rationales.yaml"
    listing.print_preview(recipe, "teacher_rationale", RAW, 3, [tables["rationales"]])
    assert "two packs of 200 napkins hold 400 napkins|1" in capsys.readouterr().out
    with pytest.raises(ShoptuneError, match=r"teacher_rationale: needs the teacher's table rationales; pass --teacher"):
        listing.print_preview(recipe, "teacher_rationale", RAW, 3)
