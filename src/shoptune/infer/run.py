"""The infer stage: from a checkpoint and questions to predictions.jsonl."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Sequence
from pathlib import Path

from shoptune.artifact import Artifact, Build, Request, make
from shoptune.capture import printing_to
from shoptune.checkpoint import Checkpoint, locate
from shoptune.envs import go_offline
from shoptune.infer import timing
from shoptune.infer.engine import Engine
from shoptune.infer.prepare import cache_friendly_order
from shoptune.infer.profile import Profile
from shoptune.progress import bar
from shoptune.shopbench.questions import Question, load_questions

PREDICTIONS = "predictions.jsonl"
_JOURNAL = "journal.jsonl"
_TIMES = "times.jsonl"
_LOG = "vllm.log"


def request(profile: Profile, model: Path, questions: Path) -> Request:
    """What the predictions are made from."""
    return Request("infer", profile.model_dump(mode="json"), {"model": model, "questions": questions})


def run(profile: Profile, file: Path, model: str, questions: Path, out: Path, *, force: bool = False) -> Artifact:
    """Answer every question and write the predictions in question order.

    Answers are kept in a journal batch by batch, so that an interrupted run goes on where it stopped.

    Args:
        profile: how to run the engine.
        file: where the profile was read from, for errors.
        model: folder or hub id of the checkpoint.
        questions: a file in the development format.
        out: the artifact's directory.
        force: answer again even when the artifact is up to date.

    Raises:
        ShoptuneError: the checkpoint or the questions are not as they must be.
    """
    checkpoint = Checkpoint(locate(model, file, "--model"))
    asked = load_questions(questions)
    _ = checkpoint.shards  # refused here, before vLLM starts

    def write(build: Build) -> None:
        go_offline()
        predictions = _answer_all(asked, checkpoint, profile, build.directory / _JOURNAL)
        lines = [
            json.dumps({"input_field": question.input_field, "prediction": prediction}, ensure_ascii=False) + "\n"
            for question, prediction in zip(asked, predictions, strict=True)
        ]
        (build.directory / PREDICTIONS).write_text("".join(lines), encoding="utf-8")
        costs, seconds = timing.read(build.directory / _TIMES)
        times = json.dumps(timing.summarize_timing(costs, seconds), indent=2) + "\n"
        (build.directory / timing.FILE).write_text(times, encoding="utf-8")
        for leftover in (_JOURNAL, _TIMES):
            (build.directory / leftover).unlink()

    return make(request(profile, checkpoint.path, questions), out, write, force=force, resume=True)


def _answer_all(questions: Sequence[Question], checkpoint: Checkpoint, profile: Profile, journal: Path) -> list[str]:
    """Answer in the order that the prefix cache likes, and give the answers in question order."""
    asked = [(question.input_field, question.is_multiple_choice) for question in questions]
    order = cache_friendly_order(asked)
    answered = _read_journal(journal)
    log = journal.with_name(_LOG)
    with journal.open("a", encoding="utf-8") as file, bar("infer", len(order)) as progress, printing_to(log):
        progress.advance(len(answered))
        engine = Engine(checkpoint.path, profile) if len(answered) < len(order) else None
        while engine and len(answered) < len(order):
            batch = [asked[number] for number in order[len(answered) : len(answered) + profile.batch_size]]
            since = time.perf_counter()
            answers = engine.answer(batch)
            timing.append(journal.with_name(_TIMES), engine.timings, time.perf_counter() - since)
            file.write("".join(json.dumps(answer, ensure_ascii=False) + "\n" for answer in answers))
            file.flush()
            os.fsync(file.fileno())
            answered += answers
            progress.advance(len(batch))
    by_number = dict(zip(order, answered, strict=True))
    return [by_number[number] for number in range(len(order))]


def _read_journal(journal: Path) -> list[str]:
    """The answers that an interrupted run saved; a last line that was cut short is dropped from the file too."""
    if not journal.is_file():
        journal.touch()
        return []
    whole = journal.read_text(encoding="utf-8", errors="replace").rpartition("\n")[0]
    answers: list[str] = [json.loads(line) for line in whole.split("\n") if line]
    journal.write_text("".join(json.dumps(answer, ensure_ascii=False) + "\n" for answer in answers), encoding="utf-8")
    return answers
