"""The answers of a run's models: pairs, intervals, conditions, and pages of 20,000 questions."""

from __future__ import annotations

import csv
import io
import json
import shutil
import time
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoptune.artifacts.manifest import Request
from shoptune.errors import ShoptuneError
from shoptune.report.collect import collect
from shoptune.shopbench.summary import question_id
from shoptune.studio.address import Address
from shoptune.studio.reading.answers import Comparison, comparison_of
from shoptune.studio.reading.answers_csv import csv_of, neutral
from shoptune.studio.reading.answers_selection import AnswersSelection, Order, Outcome
from shoptune.studio.reading.scored import scored_models
from shoptune.studio.run_folder import RunFolder
from tests.publishing import make as publish
from tests.studio.made.answers import FORMULA, MODELS, SCRIPT, make, questions_of

BOTH = AnswersSelection("base", ("merged",))


@pytest.fixture(scope="module")
def run(examples: Path, tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    folder = tmp_path_factory.mktemp("answers") / "run"
    make(folder, examples)
    return RunFolder.open(folder)


@pytest.fixture(scope="module")
def comparison(run: RunFolder) -> Comparison:
    return comparison_of(run)


def test_the_models_of_a_run(run: RunFolder) -> None:
    models = scored_models(run)
    assert [model.name for model in models] == list(MODELS)
    assert [model.answers and model.answers.name for model in models] == [f"answers/{name}" for name in MODELS]


@pytest.mark.parametrize(("model", "baseline"), [("merged", "base"), ("awq", "merged"), ("base", "awq")])
def test_the_interval_of_all_questions_is_the_reports(
    model: str, baseline: str, run: RunFolder, comparison: Comparison
) -> None:
    versus = comparison.versus(model, AnswersSelection(baseline, (model,)))
    assert versus.difference == collect(run.root).difference(model, baseline)


def test_wins_losses_and_ties_are_those_of_the_answers(comparison: Comparison, examples: Path) -> None:
    last = len(questions_of(examples)) - 1
    losses = len([number for number in range(last) if number % 7 == 0]) + 1  # the last question: base is right
    wins = len([number for number in range(last) if number % 3 == 1 and number % 7])
    versus = comparison.versus("merged", BOTH)
    assert (versus.wins, versus.losses, versus.ties) == (wins, losses, last + 1 - wins - losses)
    for outcome, count in {Outcome.WON: wins, Outcome.LOST: losses, Outcome.TIED: versus.ties}.items():
        selection = AnswersSelection("base", ("merged",), outcome=outcome)
        assert comparison.total(selection) == count
        found = comparison.versus("merged", selection)
        assert {Outcome.WON: found.wins, Outcome.LOST: found.losses, Outcome.TIED: found.ties}[outcome] == count


def test_groups_add_up(comparison: Comparison) -> None:
    whole = comparison.versus("merged", BOTH)
    for parameter, counts in comparison.groups.items():
        groups = comparison.by_group(BOTH, parameter)
        assert {name: group.wins + group.losses + group.ties for name, group in groups.items()} == counts
        assert sum(group.wins for group in groups.values()) == whole.wins
        assert sum(group.losses for group in groups.values()) == whole.losses


def test_pages_cover_the_selection_once(comparison: Comparison) -> None:
    for order in Order:
        selection = AnswersSelection("base", ("merged",), task_types=("multiple-choice", "ranking"), order=order)
        total = comparison.total(selection)
        rows = [row for offset in range(0, total, 7) for row in comparison.page(selection, offset, 7)]
        assert len(rows) == len({row.key for row in rows}) == total > 7
        assert {row.task_type for row in rows} == {"multiple-choice", "ranking"}
        differences = [row.difference("merged", "base") for row in rows]
        if order is Order.WORST:
            assert differences == sorted(differences)
        if order is Order.BEST:
            assert differences == sorted(differences, reverse=True)


def test_text_is_searched_in_questions_and_answers(comparison: Comparison) -> None:
    """A text in a search is a value: neither SQL nor a pattern."""
    for text in ("<SCRIPT>window", "hyperlink", "mug"):
        [row] = comparison.page(AnswersSelection("base", ("merged",), text=text), 0, 10)
        assert SCRIPT in (row.text or "")
        assert row.answers["merged"].prediction == FORMULA
        assert row.answers["merged"].raw == f"Answer: {FORMULA}"
    assert comparison.total(AnswersSelection("base", ("awq",), text="hyperlink")) == 0  # the model is not shown
    for text in ("%", "' OR 1 = 1 --", "mu_"):
        assert comparison.total(AnswersSelection("base", ("merged",), text=text)) == 0


def test_a_question_has_its_reference(comparison: Comparison, examples: Path) -> None:
    rows = comparison.page(BOTH, 0, 1000)
    assert [row.text for row in rows] == [question.input_field for question in questions_of(examples)]
    assert rows[-1].reference == "Mug"
    assert comparison.row(rows[3].key, BOTH) == rows[3]
    assert comparison.row("unknown", BOTH) is None


def test_models_scored_on_different_questions(run: RunFolder, tmp_path: Path) -> None:
    """The scores of a model without the first question, and without the artifact of its answers."""
    shutil.copytree(run.root, tmp_path / "run")
    scores = json.loads((tmp_path / "run" / "scores" / "merged" / "scores.json").read_text())
    del scores["per_question"][0]
    publish(
        Request("evaluate", {}, {}),
        tmp_path / "run" / "scores" / "other",
        lambda out: (out / "scores.json").write_text(json.dumps(scores)),
    )
    moved = RunFolder.open(tmp_path / "run")
    comparison = comparison_of(moved)
    selection = AnswersSelection("base", ("other",))
    assert comparison.versus("other", selection).difference == collect(moved.root).difference("other", "base")
    first, second = comparison.page(selection, 0, 2)
    assert (first.answers["other"].score, first.difference("other", "base")) == (None, None)
    assert second.answers["other"].prediction is None
    assert second.difference("other", "base") is not None
    without = AnswersSelection("other", ("other",))  # a question that no shown model was scored on is not shown
    assert comparison.total(without) == comparison.total(selection) - 1


def test_malformed_scores_are_a_one_line_error(run: RunFolder, tmp_path: Path) -> None:
    shutil.copytree(run.root, tmp_path / "run")
    (tmp_path / "run" / "scores" / "awq" / "scores.json").write_text('{"per_question": [{"task_name": "a"}]}')
    with pytest.raises(ShoptuneError, match=r"scores\.json: is malformed: KeyError\('task_type'\); run `shoptune ev"):
        comparison_of(RunFolder.open(tmp_path / "run"))


def test_a_changed_file_of_questions_is_not_shown(examples: Path, tmp_path: Path) -> None:
    make(tmp_path / "run", examples)
    with (tmp_path / "run" / "questions.json").open("a") as file:
        file.write(json.dumps({"input_field": "secret", "output_field": "x", "task_type": "generation"}) + "\n")
    rows = comparison_of(RunFolder.open(tmp_path / "run")).page(BOTH, 0, 1000)
    assert {row.reference for row in rows} == {None}
    assert all(row.text and row.answers["base"].prediction for row in rows)  # of the predictions


def test_a_run_that_was_moved_has_its_questions(run: RunFolder, tmp_path: Path) -> None:
    shutil.copytree(run.root, tmp_path / "elsewhere" / "run")
    moved = comparison_of(RunFolder.open(tmp_path / "elsewhere" / "run"))
    assert moved.page(BOTH, 0, 1000) == comparison_of(run).page(BOTH, 0, 1000)


def test_scores_that_are_made_again_are_read_again(run: RunFolder, tmp_path: Path) -> None:
    shutil.copytree(run.root, tmp_path / "run")
    run = RunFolder.open(tmp_path / "run")
    before = comparison_of(run)
    assert comparison_of(run) is before
    shutil.rmtree(tmp_path / "run" / "scores" / "awq")
    assert list(comparison_of(run).models) == ["base", "merged"]


def _address(**parameters: str) -> Address:
    return Address("/answers", parameters)


def test_a_selection_survives_its_address(comparison: Comparison) -> None:
    selection = AnswersSelection(
        "awq", ("merged", "base"), ("ranking",), tasks=("entities_in_markup",), outcome=Outcome.LOST, text="a & b",
        order=Order.WORST,
    )  # fmt: skip
    assert (
        AnswersSelection.of(_address(**selection.parameters), list(comparison.models), comparison.groups) == selection
    )


@given(st.dictionaries(st.sampled_from([*BOTH.parameters, "key"]), st.text()))
def test_any_address_is_a_selection(parameters: Mapping[str, str]) -> None:
    groups = {"task_types": {"ranking": 1}, "tracks": {}, "tasks": {}}
    selection = AnswersSelection.of(_address(**parameters), list(MODELS), groups)
    assert selection.baseline in MODELS
    assert selection.models
    assert selection.baseline not in selection.models
    assert {*selection.models} <= {*MODELS}
    assert selection.outcome in {"", *Outcome}


def test_the_csv_has_the_selection_and_no_formula(comparison: Comparison) -> None:
    selection = AnswersSelection("base", ("merged", "awq"), outcome=Outcome.LOST)
    rows = list(csv.DictReader(io.StringIO(csv_of(comparison, selection).decode("utf-8-sig"))))
    assert len(rows) == comparison.total(selection)
    assert rows[-1]["merged prediction"] == f"'{FORMULA}"
    assert rows[-1]["reference"] == "Mug"
    assert rows[-1]["merged difference"] == "-1"
    assert SCRIPT in rows[-1]["question"]
    assert list(rows[0])[5:9] == ["base prediction", "base raw", "base score", "merged prediction"]


@given(st.text())
def test_no_cell_begins_a_formula(text: str) -> None:
    assert not neutral(text).startswith(("=", "+", "-", "@", "\t", "\r"))
    assert neutral(text).removeprefix("'") == text.removeprefix("'")


QUESTIONS = 20_000


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """Two models on 20,000 questions of 600 characters; scores.json as `shoptune evaluate` writes it."""
    folder = tmp_path_factory.mktemp("large") / "run"
    texts = [f"Question {number}: {'about a product, ' * 36}\n0. yes\n1. no\n" for number in range(QUESTIONS)]
    folder.mkdir()
    with (folder / "questions.json").open("w") as file:
        for number, text in enumerate(texts):
            question = {"input_field": text, "output_field": 1, "task_type": "multiple-choice", "metric": "accuracy"}
            file.write(json.dumps(question | {"task_name": f"task {number % 50}", "is_multiple_choice": True}) + "\n")
    for share, name in ((3, "base"), (2, "merged")):
        entries = [
            {
                "question": question_id(text), "task_name": f"task {number % 50}", "task_type": "multiple-choice",
                "track": "amazon-kdd-cup-24-all-around", "score": float(number % share == 0), "parse_failure": False,
            }
            for number, text in enumerate(texts)
        ]  # fmt: skip
        for file_name, key in (("predictions.jsonl", "prediction"), ("raw.jsonl", "raw")):
            lines = [json.dumps({"input_field": text, key: str(number % share)}) for number, text in enumerate(texts)]
            (folder / file_name).write_text("\n".join(lines))
        staged = [folder / "predictions.jsonl", folder / "raw.jsonl"]
        publish(
            Request("infer", {"name": name}, {"questions": folder / "questions.json"}),
            folder / "answers" / name,
            lambda out, staged=staged: [file.rename(out / file.name) for file in staged],
        )
        inputs = {
            "predictions": folder / "answers" / name / "predictions.jsonl",
            "questions": folder / "questions.json",
        }
        content = json.dumps({"overall": {}, "per_question": entries}, indent=2)
        publish(
            Request("evaluate", {}, inputs),
            folder / "scores" / name,
            lambda out, content=content: (out / "scores.json").write_text(content),
        )
    return RunFolder.open(folder)


@pytest.mark.slow
def test_twenty_thousand_questions(large: RunFolder) -> None:
    since = time.process_time()
    comparison = comparison_of(large)
    loaded = time.process_time() - since
    assert comparison.total(BOTH) == QUESTIONS
    since = time.process_time()
    versus = comparison.versus("merged", BOTH)
    compared = time.process_time() - since
    assert (versus.wins, versus.losses, versus.ties) == (6666, 3333, 10001)
    since = time.process_time()
    rows = comparison.page(AnswersSelection("base", ("merged",), text="QUESTION 1999", order=Order.BEST), 5, 25)
    paged = time.process_time() - since
    assert len(rows) == 6  # 1999 and 19990 to 19999, less the first five
    assert rows[0].reference == "1"
    assert paged < 1
    assert loaded + compared < 20
