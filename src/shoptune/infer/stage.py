"""The infer stage: answers questions with a checkpoint and writes predictions.jsonl and raw.jsonl."""

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
from shoptune.errors import ShoptuneError
from shoptune.infer import journal
from shoptune.infer.checks import check_checkpoint, with_adapters
from shoptune.infer.engine import Engine
from shoptune.infer.few_shot.dynamic import dynamic_examples
from shoptune.infer.few_shot.example import FewShotExample
from shoptune.infer.journal import Batch
from shoptune.infer.prepare import cache_friendly_order
from shoptune.infer.profile import Profile, load_profile
from shoptune.infer.prompt import Completion, Prompt
from shoptune.infer.timing import FILE as TIMING
from shoptune.infer.timing import summarize_timing
from shoptune.runtime.environments import go_offline
from shoptune.runtime.progress import bar
from shoptune.runtime.redirection import redirect_output
from shoptune.shopbench.questions import Asked, load_asked, load_questions
from shoptune.stage import Stage, environment

PREDICTIONS = "predictions.jsonl"
RAW = "raw.jsonl"
_JOURNAL = "journal.jsonl"
_LOG = "vllm.log"


@dataclass(frozen=True)
class Arguments:
    """The arguments of `shoptune infer`.

    Attributes:
        file: path of the inference profile.
        model: folder or Hub id of the checkpoint.
        questions: a file in the development format.
        adapter: folder or Hub id of an adapter, or None.
        overrides: `key.path=value` strings from `--set`.
    """

    file: Path
    model: str
    questions: Path
    adapter: str | None = None
    overrides: Sequence[str] = ()


@dataclass(frozen=True)
class Job:
    """The profile, the checkpoint, the adapter and the questions of a run."""

    profile: Profile
    checkpoint: Checkpoint
    questions: Path
    file: Path
    adapter: Path | None = None


def load(arguments: Arguments) -> Job:
    """Read the profile and locate the checkpoint.

    Raises:
        ShoptuneError: the profile or the questions are invalid, or vLLM cannot run the model or the adapter with it.
    """
    profile, adapter = load_profile(arguments.file, arguments.overrides), None
    checkpoint = Checkpoint(locate(arguments.model, arguments.file, "--model"))
    if arguments.adapter:
        adapter = locate(arguments.adapter, arguments.file, "--adapter")
        profile = with_adapters(profile, [adapter])
    check_checkpoint(profile, arguments.file, checkpoint)
    load_asked(arguments.questions)  # before vLLM is imported
    return Job(profile, checkpoint, arguments.questions, arguments.file, adapter)


def request(job: Job) -> Request:
    """List everything that determines the predictions."""
    inputs = {"model": job.checkpoint.path, "questions": job.questions, **job.profile.prompting.inputs}
    if job.adapter:
        inputs["adapter"] = job.adapter
    return Request("infer", job.profile.model_dump(mode="json"), inputs)


def write(job: Job, directory: Path) -> Mapping[str, str]:
    """Answer every question, and write the predictions and the raw outputs in question order.

    The answers of each batch are saved in a journal, from which an interrupted run resumes.

    Raises:
        ShoptuneError: the questions are malformed, or one of them is too long.
    """
    go_offline()
    asked = load_asked(job.questions)
    journal_file = directory / _JOURNAL
    _answer_all(asked, job, journal_file)
    batches = journal.read(journal_file)
    completions = _in_question_order(asked, batches)
    _write_lines(directory / PREDICTIONS, "prediction", asked, [completion.text for completion in completions])
    _write_lines(directory / RAW, "raw", asked, [completion.raw for completion in completions])
    times = json.dumps(_timing(batches), indent=2) + "\n"
    (directory / TIMING).write_text(times, encoding="utf-8")
    journal_file.unlink()
    return {}


def next_command(job: Job, out: Path) -> str:
    """Return the command that scores the predictions, or a hint to read them if the questions have no references."""
    predictions, questions = quote(str(out / PREDICTIONS)), quote(str(job.questions))
    try:
        load_questions(job.questions)
    except ShoptuneError:  # questions without references can be answered, but not scored
        return f"read {predictions}"
    return f"shoptune evaluate {predictions} --questions {questions} --out DIR"


INFER: Stage[Arguments, Job] = Stage(
    "infer", load, request, write, next_command, environment=environment("infer"), resumes=True
)


def _answer_all(questions: Sequence[Asked], job: Job, file: Path) -> None:
    """Answer the questions in an order in which prompts share prefixes, and save the answers in the journal."""
    profile, asked = job.profile, [Prompt.of(question) for question in questions]
    order = cache_friendly_order(asked)
    waiting = iter([asked[number] for number in order])
    answered = [_answered(batch.completions, waiting) for batch in journal.read(file)]
    done = sum(map(len, answered))
    with bar("infer", len(order)) as progress, redirect_output(file.with_name(_LOG)):
        progress.advance(done)
        engine = Engine(job.checkpoint.path, profile) if done < len(order) else None
        while engine and (batch := list(itertools.islice(waiting, profile.batch_size))):
            dynamic = dynamic_examples(profile.prompting.dynamic, answered)
            since = time.perf_counter()
            completions = engine.answer(batch, job.adapter, dynamic)
            journal.append(file, Batch(completions, time.perf_counter() - since))
            answered.append(_answered(completions, iter(batch)))
            progress.advance(len(batch))


def _in_question_order(questions: Sequence[Asked], batches: Sequence[Batch]) -> list[Completion]:
    """Return the journal's completions in question order."""
    order = cache_friendly_order([Prompt.of(question) for question in questions])
    completions = [completion for batch in batches for completion in batch.completions]
    by_number = dict(zip(order, completions, strict=True))
    return [by_number[number] for number in range(len(order))]


def _write_lines(file: Path, name: str, questions: Sequence[Asked], values: Sequence[str | None]) -> None:
    """Write a JSON line per question, with its text and a value."""
    lines = [
        json.dumps({"input_field": question.input_field, name: value}, ensure_ascii=False) + "\n"
        for question, value in zip(questions, values, strict=True)
    ]
    file.write_text("".join(lines), encoding="utf-8")


def _answered(completions: Sequence[Completion], prompts: Iterator[Prompt]) -> list[FewShotExample]:
    """Pair the completions with the next questions."""
    pairs = zip(completions, prompts, strict=False)
    return [FewShotExample(prompt.text, prompt.task_type, completion.text) for completion, prompt in pairs]


def _timing(batches: Sequence[Batch]) -> dict[str, float]:
    usages = [completion.usage for batch in batches for completion in batch.completions]
    return summarize_timing(usages, sum(batch.seconds for batch in batches))
