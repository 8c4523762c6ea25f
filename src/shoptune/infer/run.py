"""The infer stage: from a checkpoint and questions to predictions.jsonl."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from shoptune.artifacts.manifest import Request
from shoptune.artifacts.publish import Artifact, Build, make
from shoptune.checkpoints.checkpoint import Checkpoint, locate
from shoptune.infer import journal
from shoptune.infer.engine import Engine
from shoptune.infer.few_shot.dynamic import dynamic_examples
from shoptune.infer.few_shot.example import FewShotExample
from shoptune.infer.journal import Batch
from shoptune.infer.prepare import cache_friendly_order
from shoptune.infer.profile import Profile
from shoptune.infer.prompt import Completion, Prompt
from shoptune.infer.timing import FILE as TIMING
from shoptune.infer.timing import summarize_timing
from shoptune.runtime.environments import go_offline
from shoptune.runtime.progress import bar
from shoptune.runtime.redirection import redirect_output
from shoptune.shopbench.questions import Question, load_questions

PREDICTIONS = "predictions.jsonl"
_JOURNAL = "journal.jsonl"
_LOG = "vllm.log"


def request(profile: Profile, model: Path, questions: Path) -> Request:
    """What the predictions are made from."""
    inputs = {"model": model, "questions": questions, **profile.prompting.inputs}
    return Request("infer", profile.model_dump(mode="json"), inputs)


def run(profile: Profile, file: Path, model: str, questions: Path, out: Path, *, force: bool = False) -> Artifact:
    """Answer every question and write the predictions in question order.

    Answers are kept in a journal batch by batch, so that an interrupted run resumes after its last finished batch.

    Args:
        profile: how to run the engine.
        file: where the profile was read from, for errors.
        model: folder or hub id of the checkpoint.
        questions: a file in the development format.
        out: the artifact's directory.
        force: answer again even when the artifact is up to date.

    Raises:
        ShoptuneError: the checkpoint or the questions are malformed, or a question is too long.
    """
    checkpoint = Checkpoint(locate(model, file, "--model"))
    asked = load_questions(questions)
    _ = checkpoint.shards  # refused here, before vLLM starts

    def write(build: Build) -> None:
        go_offline()
        file = build.directory / _JOURNAL
        predictions = _answer_all(asked, checkpoint, profile, file)
        lines = [
            json.dumps({"input_field": question.input_field, "prediction": prediction}, ensure_ascii=False) + "\n"
            for question, prediction in zip(asked, predictions, strict=True)
        ]
        (build.directory / PREDICTIONS).write_text("".join(lines), encoding="utf-8")
        times = json.dumps(_timing(journal.read(file)), indent=2) + "\n"
        (build.directory / TIMING).write_text(times, encoding="utf-8")
        file.unlink()

    return make(request(profile, checkpoint.path, questions), out, write, force=force, resume=True)


def _answer_all(questions: Sequence[Question], checkpoint: Checkpoint, profile: Profile, file: Path) -> list[str]:
    """Answer the questions in an order in which prompts share prefixes; the answers are in question order."""
    asked = [Prompt.of(question) for question in questions]
    order = cache_friendly_order(asked)
    waiting = iter([asked[number] for number in order])
    answered = [_answered(batch.completions, waiting) for batch in journal.read(file)]
    done = sum(map(len, answered))
    with bar("infer", len(order)) as progress, redirect_output(file.with_name(_LOG)):
        progress.advance(done)
        engine = Engine(checkpoint.path, profile) if done < len(order) else None
        while engine and (batch := list(itertools.islice(waiting, profile.batch_size))):
            dynamic = dynamic_examples(profile.prompting.dynamic, answered)
            since = time.perf_counter()
            completions = engine.answer(batch, dynamic=dynamic)
            journal.append(file, Batch(completions, time.perf_counter() - since))
            answered.append(_answered(completions, iter(batch)))
            progress.advance(len(batch))
    answers = [example.answer for batch in answered for example in batch]
    by_number = dict(zip(order, answers, strict=True))
    return [by_number[number] for number in range(len(order))]


def _answered(completions: Sequence[Completion], prompts: Iterator[Prompt]) -> list[FewShotExample]:
    """The next questions with the model's answers to them."""
    pairs = zip(completions, prompts, strict=False)
    return [FewShotExample(prompt.text, prompt.task_type, completion.text) for completion, prompt in pairs]


def _timing(batches: Sequence[Batch]) -> dict[str, float]:
    usages = [completion.usage for batch in batches for completion in batch.completions]
    return summarize_timing(usages, sum(batch.seconds for batch in batches))
