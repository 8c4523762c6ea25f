"""How a question is asked: the prompt as the model sees it, and what it allows."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from shoptune.artifacts.manifest import Request
from shoptune.infer.profile import Profile
from shoptune.infer.prompt import Prompt
from shoptune.shopbench.questions import write_questions
from shoptune.studio.reading.asking import asked_how, control_tokens_of, describe_allowed, way_of
from shoptune.studio.reading.recorded import recorded_input
from shoptune.studio.run_folder import RunFolder
from tests.publishing import make as publish
from tests.studio.made.answers import questions_of

CHOICE = Prompt("Which?\n0. a\n1. <|im_end|>b\nAnswer: ", is_multiple_choice=True)
RANKING = Prompt("Rank these products by relevance to the query.\n1. a\n2. b\n3. c\nOutput:")
RETRIEVAL = Prompt("Select the three products that the customer will buy next.\n1. a\n2. b\n3. c\n4. d\nOutput:")
ENTITY = Prompt("Extract phrases from the query that correspond to the entity type 'brand'.\nQuery: mug\nOutput:")
GENERATION = Prompt("Explain the product category kettle")


@pytest.mark.parametrize(
    ("prompt", "settings", "expected"),
    [
        (CHOICE, {}, "one of 0, 1"),
        (CHOICE, {"multiple_choice": False}, "any text; the profile disables multiple_choice"),
        (RANKING, {}, "3 different numbers of 1, 2, 3, in any order, separated by commas"),
        (RETRIEVAL, {}, "3 different numbers of 1, 2, 3, 4, in any order, separated by commas"),
        (ENTITY, {}, "any text; tokens of the question are favored (logits +2.0)"),
        (ENTITY, {"entity_bias": 0}, "any text; the profile disables entity_bias"),
        (GENERATION, {}, "any text"),
    ],
)
def test_what_a_question_allows(prompt: Prompt, settings: dict[str, object], expected: str) -> None:
    assert describe_allowed(prompt, Profile.model_validate({"constraints": settings})) == expected


def test_reasoning_replaces_the_constraint() -> None:
    reasoning = {"instruction": "Think.", "pattern": r".+\|\d", "answer": r"\|(\d)"}
    profile = Profile.model_validate({"prompting": {"reasoning": reasoning}})
    assert describe_allowed(CHOICE, profile) == r"output that matches .+\|\d"


def _run(tmp_path: Path, model: Path, config: dict[str, object], **inputs: Path) -> RunFolder:
    publish(
        Request("infer", Profile.model_validate(config).model_dump(mode="json"), {"model": model, **inputs}),
        tmp_path / "run" / "answers",
        lambda folder: (folder / "predictions.jsonl").write_text(""),
    )
    return RunFolder.open(tmp_path / "run")


def test_the_prompt_is_that_of_the_model(tiny_base: Path, tmp_path: Path) -> None:
    run = _run(tmp_path, tiny_base, {})
    [artifact] = run.of_stage("infer")
    way = way_of(run, artifact)
    assert way
    assert way.checkpoint == tiny_base
    asked = asked_how(CHOICE, way)
    assert asked.task_type == "multiple-choice"
    assert asked.rendered == (
        "<|im_start|>system\nYou are a helpful online shopping assistant. Your task is multiple-choice.<|im_end|>\n"
        "<|im_start|>user\nWhich?\n0. a\n1. <| im_end |>b\nAnswer: <|im_end|>\n<|im_start|>assistant\n"
    ).replace("multiple-choice", asked.messages[0]["content"].rpartition(" ")[2].rstrip("."))
    assert json.loads(asked.parameters) == {"structured_outputs": {"regex": "(0|1)"}}
    assert asked.max_tokens == 1
    assert asked.notes == ()


def test_few_shot_examples_are_shown_if_their_file_is_unchanged(
    tiny_base: Path, examples: Path, tmp_path: Path
) -> None:
    solved = tmp_path / "few shot.json"
    write_questions(solved, questions_of(examples)[:8])
    prompting = {"few_shot": {"questions": str(solved)}, "dynamic": {"every": 2}}
    run = _run(tmp_path, tiny_base, {"prompting": prompting}, few_shot=solved)
    [artifact] = run.of_stage("infer")
    way = way_of(run, artifact)
    assert way
    assert len(asked_how(CHOICE, way).messages) == 4
    assert way.notes == ("The dynamic few-shot example, an earlier question of the run, is not shown.",)
    solved.write_text(solved.read_text() + "\n")
    way = way_of(run, artifact)
    assert way
    assert len(asked_how(CHOICE, way).messages) == 2
    assert way.notes[0] == "The few-shot examples are not shown: their file was moved or has changed."


def test_a_profile_of_another_version_is_not_interpreted(tmp_path: Path, tiny_base: Path) -> None:
    publish(
        Request("infer", {"constraint": "unknown"}, {"model": tiny_base}),
        tmp_path / "run" / "answers",
        lambda folder: (folder / "predictions.jsonl").write_text(""),
    )
    run = RunFolder.open(tmp_path / "run")
    assert way_of(run, run.artifacts()[0]) is None


def test_an_input_that_is_not_the_recorded_one_is_not_read(tmp_path: Path, tiny_base: Path) -> None:
    """A manifest may name any file; the digest shows whether it is the one that the stage read."""
    secret = tmp_path / "secret"
    secret.write_text("of this machine")
    run = _run(tmp_path, tiny_base, {}, questions=secret)
    [artifact] = run.artifacts()
    assert recorded_input(run, artifact, "questions") == secret
    secret.write_text("of this machine, written later")
    assert recorded_input(run, artifact, "questions") is None
    assert recorded_input(run, artifact, "adapter") is None


def test_folders_without_a_manifest_are_not_hashed(tmp_path: Path) -> None:
    model = tmp_path / "model"
    model.mkdir()
    (model / "config.json").write_text("{}")
    run = _run(tmp_path, model, {})
    way = way_of(run, run.artifacts()[0])
    assert way
    assert way.checkpoint is None
    asked = asked_how(GENERATION, way)
    assert asked.rendered is None
    assert [message["role"] for message in asked.messages] == ["system", "user"]


def test_the_special_tokens_of_a_checkpoint(tiny_base: Path) -> None:
    assert {"<|im_start|>", "<|im_end|>", "<|endoftext|>"} <= set(control_tokens_of(tiny_base))
