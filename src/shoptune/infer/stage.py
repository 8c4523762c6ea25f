"""The infer stage: answers questions with a checkpoint and writes predictions.jsonl and raw.jsonl."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from shlex import quote

from shoptune.artifacts.manifest import Request
from shoptune.checkpoints.checkpoint import Checkpoint, locate
from shoptune.errors import ShoptuneError, fail
from shoptune.infer import journal
from shoptune.infer.answering import Answering, EngineName
from shoptune.infer.batches import Batches
from shoptune.infer.checks import check_checkpoint, with_adapters
from shoptune.infer.journal import Batch
from shoptune.infer.profile import Profile, load_profile
from shoptune.infer.prompt import Prompt
from shoptune.infer.timing import FILE as TIMING
from shoptune.infer.timing import busy_seconds, summarize_timing
from shoptune.runtime.environments import go_offline
from shoptune.runtime.progress import bar
from shoptune.runtime.ray_cluster import require_ray
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
        engine: `local` for an engine in this process, `ray` for replicas on a Ray cluster.
        replicas: the number of replicas with `ray`, or None for the default of `EnginePool`.
    """

    file: Path
    model: str
    questions: Path
    adapter: str | None = None
    overrides: Sequence[str] = ()
    engine: EngineName = "local"
    replicas: int | None = None


@dataclass(frozen=True)
class Job:
    """The profile, the checkpoint, the adapter and the questions of a run, and where it runs."""

    profile: Profile
    checkpoint: Checkpoint
    questions: Path
    file: Path
    adapter: Path | None = None
    engine: EngineName = "local"
    replicas: int | None = None

    @property
    def answering(self) -> Answering:
        """The engine or the replicas that answer the questions."""
        return Answering(self.checkpoint.path, self.profile, self.adapter, self.engine, self.replicas)


def load(arguments: Arguments) -> Job:
    """Read the profile and locate the checkpoint.

    Raises:
        ShoptuneError: the profile or the questions are invalid, vLLM cannot run the model or the adapter with it, or
            it cannot be run where the arguments say.
    """
    profile, adapter = load_profile(arguments.file, arguments.overrides), None
    _check_engine(arguments, profile)
    checkpoint = Checkpoint(locate(arguments.model, arguments.file, "--model"))
    if arguments.adapter:
        adapter = locate(arguments.adapter, arguments.file, "--adapter")
        profile = with_adapters(profile, [adapter])
    check_checkpoint(profile, arguments.file, checkpoint)
    load_asked(arguments.questions)  # before vLLM is imported
    return Job(profile, checkpoint, arguments.questions, arguments.file, adapter, arguments.engine, arguments.replicas)


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
    batches = Batches([Prompt.of(question) for question in asked], job.profile.batch_size)
    answered = _answer_all(batches, job, journal_file)
    completions = batches.in_question_order(answered)
    _write_lines(directory / PREDICTIONS, "prediction", asked, [completion.text for completion in completions])
    _write_lines(directory / RAW, "raw", asked, [completion.raw for completion in completions])
    times = json.dumps(_timing(answered.values()), indent=2) + "\n"
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


def require(job: Job, _directory: Path) -> None:
    """Check that Ray is installed, if the job needs it.

    Raises:
        ShoptuneError: it is not.
    """
    if job.engine == "ray":
        require_ray()


INFER: Stage[Arguments, Job] = Stage(
    "infer", load, request, write, next_command, environment=environment("infer"), require=require, resumes=True
)


def _check_engine(arguments: Arguments, profile: Profile) -> None:
    if arguments.engine == "local" and arguments.replicas is not None:
        what = "needs --engine ray; the local engine is a single one"
        raise fail("--replicas", str(arguments.replicas), what, "add --engine ray, or leave it out")
    if arguments.engine == "ray" and profile.prompting.dynamic:
        what = (
            "cannot be used with --engine ray: an example comes from an earlier batch, but replicas answer side by side"
        )
        raise fail(arguments.file, "prompting.dynamic", what, "use --engine local, or --set prompting.dynamic=null")


def _answer_all(batches: Batches, job: Job, file: Path) -> dict[int, Batch]:
    """Answer the batches that are not in the journal and save them there; returns all batches by number."""
    answered = journal.read(file)
    total = sum(len(batches[number]) for number in range(len(batches)))
    with bar("infer", total) as progress, redirect_output(file.with_name(_LOG)):
        progress.advance(sum(len(batch.completions) for batch in answered.values()))
        for batch in job.answering.answer(batches, answered):
            journal.append(file, batch)
            answered[batch.number] = batch
            progress.advance(len(batch.completions))
    return answered


def _write_lines(file: Path, name: str, questions: Sequence[Asked], values: Sequence[str | None]) -> None:
    """Write a JSON line per question, with its text and a value."""
    lines = [
        json.dumps({"input_field": question.input_field, name: value}, ensure_ascii=False) + "\n"
        for question, value in zip(questions, values, strict=True)
    ]
    file.write_text("".join(lines), encoding="utf-8")


def _timing(batches: Collection[Batch]) -> dict[str, float]:
    usages = [completion.usage for batch in batches for completion in batch.completions]
    return summarize_timing(usages, busy_seconds((batch.started, batch.seconds) for batch in batches))
