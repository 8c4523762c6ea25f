"""Run all checks on a submission and print them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from shoptune.artifacts.publish import write_atomically
from shoptune.errors import ShoptuneError, fail
from shoptune.export.check import answers, files, image
from shoptune.export.check.asking import Run, ask
from shoptune.export.check.hostile import hostile_questions
from shoptune.export.check.result import Result
from shoptune.export.check.scores import check_scores
from shoptune.export.check.secrets import check_secrets
from shoptune.export.limits import REPOSITORY_BYTES, SECONDS_PER_QUESTION
from shoptune.runtime.environments import python_of
from shoptune.runtime.progress import detail, say
from shoptune.shopbench.questions import Question, load_questions

_NOTICES = 5


@dataclass(frozen=True)
class Arguments:
    """The arguments of `shoptune export check`.

    Attributes:
        folder: the submission.
        questions: the development questions, or None to check the files only.
        scores: an artifact of `shoptune evaluate` on these questions, or None.
        tolerance: the largest difference from its averages.
        report: a file to which the results and the answers are written as JSON, or None.
        limit_bytes: the most that the submission may have.
        seconds_per_question: the time limit of a batch, per question.
    """

    folder: Path
    questions: Path | None = None
    scores: Path | None = None
    tolerance: float = 0.01
    report: Path | None = None
    limit_bytes: float = REPOSITORY_BYTES
    seconds_per_question: float = SECONDS_PER_QUESTION


def run_checks(arguments: Arguments) -> None:
    """Check a submission and print a line per check.

    Raises:
        ShoptuneError: the submission has faults; all of them are reported.
    """
    if not arguments.folder.is_dir():
        raise fail(arguments.folder, "", "no such folder", "choose a folder written by `shoptune export submission`")
    questions = load_questions(arguments.questions) if arguments.questions else None
    results: list[Result] = []
    said: dict[str, str] = {}
    for result in _results(arguments, questions, said):
        say(result.line)
        for note in result.notes:
            say(f"  {note}")
        results.append(result)
    if arguments.report:
        predictions = [{"input_field": text, "prediction": answer} for text, answer in said.items()]
        content = {"checks": [asdict(result) for result in results], "predictions": predictions}
        write_atomically(arguments.report, json.dumps(content, indent=2, default=str) + "\n")
    if problems := [problem for result in results for problem in result.problems]:
        raise ShoptuneError(problems)
    say(f"export check: {arguments.folder}: {len(results)} checks passed")


def _results(arguments: Arguments, questions: list[Question] | None, said: dict[str, str]) -> Iterator[Result]:
    """Yield the results of all checks; enter the answers to the questions into `said`."""
    folder = arguments.folder
    yield files.check_size(folder, arguments.limit_bytes)
    yield files.check_digests(folder)
    yield files.check_links(folder)
    yield files.check_weights(folder)
    yield files.check_lineage(folder)
    yield image.check_metadata(folder)
    yield image.check_image(folder)
    yield image.check_git(folder)
    yield image.check_lfs(folder)
    yield check_secrets(folder)
    if questions is not None:
        yield from _dynamic(arguments, questions, said)


def _dynamic(arguments: Arguments, questions: list[Question], said: dict[str, str]) -> Iterator[Result]:
    """Ask the submission, and check its behavior and its answers."""
    folder = arguments.folder
    asked = answers.plan(questions, hostile_questions())
    count = sum(len(group.prompts) for group in asked.groups)
    say(f"export check: asking {count} questions; this starts the engine")
    run: Run = ask(folder, python_of("infer"), asked.groups)
    _print_notices(run)
    yield answers.check_network(folder, run)
    yield answers.check_reads(folder, run)
    yield answers.check_answers(folder, run, asked)
    yield answers.check_time(folder, run, arguments.seconds_per_question)
    said.update(answers.answers_of(run, asked))
    if not run.error:
        yield check_scores(questions, said, arguments.scores, arguments.tolerance)


def _print_notices(run: Run) -> None:
    """Print the first lines that the submission logged about cut questions and errors; all of them with --verbose."""
    notices = [line for line in run.log.splitlines() if line.startswith("submission:")]
    for number, line in enumerate(notices):
        (say if number < _NOTICES else detail)(f"  {line}")
    if len(notices) > _NOTICES:
        say(f"  submission: {len(notices) - _NOTICES} more notices; --verbose shows them")
