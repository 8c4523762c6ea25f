"""Checks of a submission's behavior when it answers questions: network, files, answers, time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from shoptune.errors import Problem
from shoptune.export.answering.defaults import is_readable
from shoptune.export.check.asking import Batch, Group, Run
from shoptune.export.check.hostile import HostileQuestion
from shoptune.export.check.result import Result
from shoptune.export.limits import BATCH_SIZE, SECONDS_PER_QUESTION
from shoptune.shopbench.classify import task_type_of
from shoptune.shopbench.questions import Question
from shoptune.shopbench.vocabulary import TaskType

_SHOWN = 60
_LISTED = 5
_LAST_LINE = -1


@dataclass(frozen=True)
class Plan:
    """The groups of questions in the order in which they are asked.

    Attributes:
        groups: development questions by task type, as the evaluator groups them, then hostile ones by flag.
        texts: the task type and the text of each question, group by group; the type of hostile ones is guessed.
        scored: the number of groups of development questions.
    """

    groups: Sequence[Group]
    texts: Sequence[Sequence[tuple[TaskType, str]]]
    scored: int


def plan(questions: Sequence[Question], hostile: Sequence[HostileQuestion]) -> Plan:
    """Group questions as the evaluator does; batches of adversarial questions have all sizes from 1 to 16."""
    groups: list[Group] = []
    texts: list[list[tuple[TaskType, str]]] = []
    for task_type in sorted({question.task_type for question in questions}):
        members = [question.input_field for question in questions if question.task_type is task_type]
        groups.append(Group(task_type is TaskType.MULTIPLE_CHOICE, members))
        texts.append([(task_type, text) for text in members])
    scored = len(groups)
    for flag in (True, False):
        members = [question.text for question in hostile if question.is_multiple_choice is flag]
        groups.append(Group(flag, members, range(1, BATCH_SIZE + 1)))
        texts.append([(task_type_of(text, is_multiple_choice=flag), text) for text in members])
    return Plan(groups, texts, scored)


def check_network(folder: Path, run: Run) -> Result:
    """Check that nothing tries to connect to other machines, and that the import works without a network."""
    problems = [
        Problem(
            folder, "", f"tries to reach {host}, but the evaluator has no network", "include what it would download"
        )
        for host in run.connected
    ]
    how = "in a network namespace" if run.network == "namespace" else "connections traced; no namespace is permitted"
    if run.error:
        lines = [line for line in run.error.strip().splitlines() if line.strip()]
        remedy = "correct models/user_config.py, or export again"
        problems.append(
            Problem(folder / "models" / "user_config.py", "", f"does not start: {lines[_LAST_LINE]}", remedy)
        )
    return Result("network", f"started in {run.start:.1f} s, {how}", problems)


def check_reads(folder: Path, run: Run) -> Result:
    """Check that the submission reads only its own files, and imports its own copy of shoptune."""
    problems = [
        Problem(path, "", "is opened by the submission, but is outside of it", "copy it into the submission")
        for path in run.opened
    ]
    own = run.package is None or Path(run.package).resolve().is_relative_to(folder.resolve())
    if not own:
        problems.append(
            Problem(str(run.package), "", "is imported instead of the copy in the submission", "export again")
        )
    return Result("reads", f"{len(run.opened)} files outside the submission", problems)


def check_answers(folder: Path, run: Run, asked: Plan) -> Result:
    """Check that every question has an answer that the benchmark can parse."""
    problems = [
        Problem(folder, "get_batch_size", f"returns {size!r}", f"return a number from 1 to {BATCH_SIZE}")
        for size in {repr(size): size for size in run.batch_sizes}.values()
        if not (isinstance(size, int) and 1 <= size <= BATCH_SIZE)
    ]
    count = 0
    for number, batch in _with_positions(run.batches):
        expected = asked.texts[batch.group][number : number + batch.size]
        found = list(_faults(folder, batch, expected))
        is_whole = isinstance(batch.answers, list) and len(batch.answers) == batch.size
        count += batch.size - len(found) if is_whole else 0
        problems += found
    total = sum(len(texts) for texts in asked.texts)
    if not run.error and not problems and count < total:
        problems.append(Problem(folder, "", f"{total - count} questions were not asked", "see the errors above"))
    hidden = len(problems) - _LISTED
    notes = [f"{hidden} more answers with problems"] if hidden > 0 else []
    return Result("answers", f"{count} of {total} readable", problems[:_LISTED], notes)


def check_time(folder: Path, run: Run, seconds_per_question: float = SECONDS_PER_QUESTION) -> Result:
    """Check that no batch takes longer than the evaluator allows, in seconds per question."""
    problems = []
    for batch in run.batches:
        limit = seconds_per_question * batch.size
        if batch.seconds > limit:
            what = f"a batch of {batch.size} took {batch.seconds:.1f} s, the limit is {limit:.1f} s"
            problems.append(
                Problem(folder, "", what, "lower max_tokens, or check the time limits in models/limits.json")
            )
    full = [batch.seconds for batch in run.batches if batch.size == BATCH_SIZE]
    summary = (
        f"batches of {BATCH_SIZE}: median {median(full):.2f} s, slowest {max(full):.2f} s" if full else "no full batch"
    )
    return Result("time", summary, problems[:_LISTED])


def answers_of(run: Run, asked: Plan) -> Iterator[tuple[str, str]]:
    """Yield the development questions with their answers; a question without one has an empty answer."""
    for number, batch in _with_positions(run.batches):
        if batch.group < asked.scored and isinstance(batch.answers, list) and len(batch.answers) == batch.size:
            texts = asked.texts[batch.group][number : number + batch.size]
            yield from ((text, str(answer)) for (_, text), answer in zip(texts, batch.answers, strict=True))


def _with_positions(batches: Sequence[Batch]) -> Iterator[tuple[int, Batch]]:
    """Yield each batch with the position of its first question in its group."""
    positions: dict[int, int] = {}
    for batch in batches:
        yield positions.get(batch.group, 0), batch
        positions[batch.group] = positions.get(batch.group, 0) + batch.size


def _faults(folder: Path, batch: Batch, expected: Sequence[tuple[TaskType, str]]) -> Iterator[Problem]:
    """Yield the problems of the answers to one batch."""
    remedy = "answer every question: see `shoptune.export.answering`"
    if batch.error:
        what = f"a batch of {batch.size} raises {batch.error.strip().splitlines()[_LAST_LINE]}"
        yield Problem(folder, "batch_predict", what, remedy)
        return
    answers = batch.answers
    if not isinstance(answers, list) or len(answers) != batch.size:
        given = f"{len(answers)} answers" if isinstance(answers, list) else type(answers).__name__
        yield Problem(folder, "batch_predict", f"returns {given} for {batch.size} questions", remedy)
        return
    for answer, (task_type, text) in zip(answers, expected, strict=True):
        if not isinstance(answer, str) or not is_readable(answer, task_type):
            what = f"the answer {str(answer)[:_SHOWN]!r} cannot be read as {task_type}"
            yield Problem(folder, f"question {text[:_SHOWN]!r}", what, remedy)
