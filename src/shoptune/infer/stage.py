"""The infer stage: from a checkpoint and questions to predictions.jsonl."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from shlex import quote

from shoptune.artifacts.manifest import Request
from shoptune.checkpoints.checkpoint import Checkpoint, locate
from shoptune.infer import journal
from shoptune.infer.engine import Engine
from shoptune.infer.exemplars import Solved, dynamic_exemplars
from shoptune.infer.journal import Batch
from shoptune.infer.prepare import cache_friendly_order
from shoptune.infer.profile import Profile, load_profile
from shoptune.infer.timing import FILE as TIMING
from shoptune.infer.timing import summarize_timing
from shoptune.runtime.environments import go_offline
from shoptune.runtime.progress import bar
from shoptune.runtime.redirection import redirect_output
from shoptune.shopbench.classify import task_type_of
from shoptune.shopbench.questions import Question, load_questions
from shoptune.stage import Stage, environment

PREDICTIONS = "predictions.jsonl"
_JOURNAL = "journal.jsonl"
_LOG = "vllm.log"


@dataclass(frozen=True)
class Arguments:
    """What the command line gives.

    Attributes:
        file: the inference profile.
        model: folder or hub id of the checkpoint.
        questions: a file in the development format.
        overrides: `key.path=value` texts.
    """

    file: Path
    model: str
    questions: Path
    overrides: Sequence[str] = ()


@dataclass(frozen=True)
class Job:
    """How to run the engine, over which checkpoint, on which questions."""

    profile: Profile
    checkpoint: Checkpoint
    questions: Path
    file: Path


def load(arguments: Arguments) -> Job:
    """Read the profile and locate the checkpoint.

    Raises:
        ShoptuneError: the profile is faulty, or the checkpoint is missing or holds no safetensors weights.
    """
    profile = load_profile(arguments.file, arguments.overrides)
    checkpoint = Checkpoint(locate(arguments.model, arguments.file, "--model"))
    _ = checkpoint.shards  # refused here, before vLLM starts
    return Job(profile, checkpoint, arguments.questions, arguments.file)


def request(job: Job) -> Request:
    """What the predictions are made from."""
    inputs = {"model": job.checkpoint.path, "questions": job.questions, **job.profile.prompting.inputs}
    return Request("infer", job.profile.model_dump(mode="json"), inputs)


def write(job: Job, directory: Path) -> Mapping[str, str]:
    """Answer every question and write the predictions in question order.

    Answers are kept in a journal batch by batch, from which an interrupted run resumes.

    Raises:
        ShoptuneError: the questions are malformed, or one is too long.
    """
    go_offline()
    asked = load_questions(job.questions)
    journal_file = directory / _JOURNAL
    predictions = _answer_all(asked, job.checkpoint, job.profile, journal_file)
    lines = [
        json.dumps({"input_field": question.input_field, "prediction": prediction}, ensure_ascii=False) + "\n"
        for question, prediction in zip(asked, predictions, strict=True)
    ]
    (directory / PREDICTIONS).write_text("".join(lines), encoding="utf-8")
    times = json.dumps(_timing(journal.read(journal_file)), indent=2) + "\n"
    (directory / TIMING).write_text(times, encoding="utf-8")
    journal_file.unlink()
    return {}


def next_command(job: Job, out: Path) -> str:
    """Score the predictions."""
    predictions, questions = quote(str(out / PREDICTIONS)), quote(str(job.questions))
    return f"shoptune evaluate {predictions} --questions {questions} --out DIR"


INFER: Stage[Arguments, Job] = Stage(
    "infer", load, request, write, next_command, environment=environment("infer"), resumes=True
)


def _answer_all(questions: Sequence[Question], checkpoint: Checkpoint, profile: Profile, file: Path) -> list[str]:
    """Answer in the order that the prefix cache likes, and give the answers in question order."""
    asked = [(question.input_field, question.is_multiple_choice) for question in questions]
    order = cache_friendly_order(asked)
    waiting = iter([asked[number] for number in order])
    solved = [_solved(batch.answers, waiting) for batch in journal.read(file)]
    done = sum(map(len, solved))
    with bar("infer", len(order)) as progress, redirect_output(file.with_name(_LOG)):
        progress.advance(done)
        engine = Engine(checkpoint.path, profile) if done < len(order) else None
        while engine and (batch := list(itertools.islice(waiting, profile.batch_size))):
            dynamic = dynamic_exemplars(profile.prompting.dynamic, solved)
            since = time.perf_counter()
            answers = engine.answer(batch, dynamic=dynamic)
            journal.append(file, Batch(answers, engine.timings, time.perf_counter() - since))
            solved.append(_solved(answers, iter(batch)))
            progress.advance(len(batch))
    answered = [entry.answer for batch in solved for entry in batch]
    by_number = dict(zip(order, answered, strict=True))
    return [by_number[number] for number in range(len(order))]


def _solved(answers: Sequence[str], asked: Iterator[tuple[str, bool]]) -> list[Solved]:
    """The next questions with the model's answers to them."""
    pairs = zip(answers, asked, strict=False)
    return [Solved(text, task_type_of(text, is_multiple_choice=choice), answer) for answer, (text, choice) in pairs]


def _timing(batches: Sequence[Batch]) -> dict[str, float]:
    costs = [cost for batch in batches for cost in batch.costs]
    return summarize_timing(costs, sum(batch.seconds for batch in batches))
