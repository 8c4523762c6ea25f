"""Rows from real samples ask for as many answers as they have, show no missing value, and give nothing away."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from shoptune.data.filters.options import options_of
from shoptune.data.recipe import load_tasks
from shoptune.data.stage import DATA, Arguments, load
from shoptune.shopbench.questions import Question
from shoptune.shopbench.rows import to_questions
from shoptune.stage import run
from tests.data import real
from tests.data.counts import asked_for
from tests.sharing import make_once

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT.parent / "shared" / "data"
TASKS = load_tasks(ROOT / "data_recipes")


@pytest.fixture(scope="module")
def built(shared_folder: Path) -> Path:
    """A build of every task on the samples, up to 60 rows each."""
    if not SAMPLES.exists():
        pytest.skip("the real data are not here: shared/data")
    return make_once(shared_folder / "real-rows", _build, shared_folder / "real-rows-state") / "out"


def _build(folder: Path) -> None:
    real.make(SAMPLES, folder / "raw")
    recipes = folder / "recipes"
    (recipes / "mixtures").mkdir(parents=True)
    for file in (ROOT / "data_recipes").glob("*.yaml"):
        (recipes / file.name).symlink_to(file)
    mixture = recipes / "mixtures" / "all.yaml"
    wanted = dict.fromkeys(TASKS, 60)
    mixture.write_text(
        f"tasks: {json.dumps(wanted)}\nwhen_short: shrink\nmax_rejected: 1.0\nvalidation_fraction: 0.1\nworkers: 1\n"
        f"decontaminate_against: [{SAMPLES / 'shopbench' / 'development.json'}]\n"
    )
    run(DATA, load(Arguments(mixture, folder / "raw", ())), folder / "out")


def _tables(built: Path, split: str) -> Iterator[Any]:
    for file in sorted(built.glob(f"{split}-*.parquet")):
        yield pq.read_table(file)


@pytest.fixture(scope="module")
def questions(built: Path) -> list[Question]:
    return [
        question
        for split in ("train", "validation")
        for table in _tables(built, split)
        for question in to_questions(table)
    ]


def test_prompts_ask_for_as_many_answers_as_there_are(questions: list[Question]) -> None:
    lists = [
        question
        for question in questions
        if isinstance(question.output_field, list)
        and question.task_type.value == "retrieval"
        and TASKS[question.task_name].source != "ecguide"  # which may ask for all that are right
    ]
    assert len(lists) > 100
    wrong = [q.input_field for q in lists if asked_for(q.input_field) != {len(q.output_field)}]  # type: ignore[arg-type]
    assert not wrong, wrong[:3]


def test_the_right_option_is_listed(questions: list[Question]) -> None:
    choices = [(q, options_of(q.input_field)) for q in questions if q.task_type.value == "multiple-choice"]
    assert len([options for _, options in choices if options]) > 500
    assert not [q.input_field for q, options in choices if options and int(str(q.output_field)) not in options]


def test_no_row_shows_a_missing_value(questions: list[Question]) -> None:
    assert not [
        q.input_field for q in questions if re.search(r"\bNone\b product|a\(n\) (?:None|nan|null)\b", q.input_field)
    ]


def test_no_row_holds_markup_of_players_and_shops(questions: list[Question]) -> None:
    marks = re.compile(r"\[\[(?:VIDEOID|ASIN)|The media could not be loaded|<br ?/?>|&#\d+;|&quot;")
    assert not [q.input_field for q in questions if marks.search(q.input_field)]


def test_words_alone_do_not_give_answers_away(built: Path) -> None:
    stats = json.loads((built / "stats.json").read_text())
    limits = {name: TASKS[name].recipe.word_overlap for name in stats["word_overlap"]}
    assert {name: score for name, score in stats["word_overlap"].items() if score > max(0.5, limits[name] or 1)} == {}
    # Only tasks like task5, whose own development questions score 0.81, may score more than a half.
    above = {name for name, score in stats["word_overlap"].items() if score > 0.5}
    assert {TASKS[name].recipe.like for name in above} <= {"task5"}


def test_stars_are_balanced(questions: list[Question]) -> None:
    stars = [q.output_field for q in questions if q.task_name == "review_rating"]
    assert len(stars) == 60
    assert set(stars) == {1, 2, 3, 4, 5}
    assert max(map(stars.count, stars)) <= 0.4 * len(stars)


def test_splits_share_no_group(built: Path) -> None:
    train, validation = (
        {group for table in _tables(built, split) for group in table["group_id"].to_pylist()}
        for split in ("train", "validation")
    )
    assert train
    assert validation
    assert not train & validation


def test_keyphrases_stand_in_the_review(questions: list[Question]) -> None:
    found = [q for q in questions if q.task_name == "review_keyphrase"]
    assert len(found) == 60
    assert all(str(q.output_field) in q.input_field for q in found)


def test_quantities_stand_in_the_title_or_cannot_be_inferred(questions: list[Question]) -> None:
    found = [q for q in questions if q.task_name == "review_quantity_inference"]
    options = [dict(re.findall(r"^(\d)\. (.+)$", q.input_field, re.MULTILINE))[str(q.output_field)] for q in found]
    unknown = options.count("It cannot be inferred.")
    assert len(found) > 30
    assert 0.3 * len(found) < unknown < 0.7 * len(found)
    assert all("It cannot be inferred." in q.input_field for q in found)


def test_queries_name_entities_of_many_types(questions: list[Question]) -> None:
    found = [q for q in questions if q.task_name == "esci_query_attribute_entity"]
    types = ("audience", "composition", "product type", "size")
    assert len(found) > 40
    assert {kind for kind in types for q in found if kind in q.input_field} == set(types)
    assert all(str(entity) in q.input_field for q in found for entity in q.output_field)  # type: ignore[union-attr]


def test_questions_of_another_team_keep_their_words(questions: list[Question]) -> None:
    lines = (SAMPLES / "ecguide" / "MCQ_SAP.jsonl").read_text(encoding="utf-8").splitlines()
    theirs = {json.loads(line)["input_field"].split("\n")[0].strip() for line in lines}
    ours = [q.input_field for q in questions if q.task_name == "ecguide_choice"]
    assert len(ours) > 30
    assert sum(any(first in text for first in theirs) for text in ours) > 10
