"""Average question scores by task, task type, track and overall, with bootstrap intervals."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from shoptune.shopbench.metrics import SCORERS, Counts
from shoptune.shopbench.metrics.micro_f1 import f1
from shoptune.shopbench.questions import Question
from shoptune.shopbench.scoring import QuestionScore

if TYPE_CHECKING:
    from numpy.typing import NDArray

RESAMPLES = 2000
_SEED = 20240718
_INTERVAL = (2.5, 97.5)
_DRAWN_TOGETHER = 1 << 16  # draws that fit into a processor's cache; 20,000 questions are 40 million draws


@dataclass(frozen=True)
class _Task:
    """The scores of one task's questions and what resampling them gives.

    Attributes:
        score: the task's score as the benchmark computes it: the mean, or F1 of the summed counts.
        total: the sum of the questions' own scores.
        resampled_scores: `score` of every resample.
        resampled_totals: `total` of every resample.
    """

    first: Question
    size: int
    failures: int
    score: float
    total: float
    resampled_scores: NDArray[np.float64]
    resampled_totals: NDArray[np.float64]


def summarize(questions: Sequence[Question], scores: Sequence[QuestionScore]) -> dict[str, Any]:
    """The content of scores.json.

    Two averages are given: `by_task` is the mean of task scores, as the starter kit computes it (micro F1 comes from
    counts summed over the task); `by_question` is the mean of question scores, as the papers describe a track's score.
    Intervals are 95% percentile bootstrap intervals; questions are resampled within their task.

    Returns:
        `overall`, `by_track`, `by_task_type`, `by_task`, and `per_question` in question order.
    """
    tasks = _tasks(questions, scores)
    return {
        "overall": _group(list(tasks.values())),
        "by_track": _grouped(tasks.values(), lambda task: task.first.track),
        "by_task_type": _grouped(tasks.values(), lambda task: task.first.task_type),
        "by_task": {name: _task_entry(task) for name, task in tasks.items()},
        "per_question": [
            {
                "question": question_id(question.input_field),
                "task_name": question.task_name,
                "task_type": question.task_type,
                "track": question.track,
                "score": result.score,
                "parse_failure": result.parse_failure,
            }
            for question, result in zip(questions, scores, strict=True)
        ],
    }


def question_id(text: str) -> str:
    """A hash of a question's text, by which the scores of two models are paired."""
    return hashlib.blake2b(text.encode(errors="replace"), digest_size=8).hexdigest()


def paired_difference(scores: Sequence[float], baseline: Sequence[float]) -> tuple[float, float, float]:
    """The mean difference of two models' scores on the same questions, with its 95% bootstrap interval.

    Returns:
        The difference, and the interval's ends; an interval that excludes 0 means a significant difference.
    """
    differences = np.asarray(scores, dtype=np.float64) - np.asarray(baseline, dtype=np.float64)
    generator, size = np.random.default_rng(_SEED), len(differences)
    together = max(1, _DRAWN_TOGETHER // size)
    counts = [min(together, RESAMPLES - done) for done in range(0, RESAMPLES, together)]
    means = [differences[generator.integers(size, size=(count, size))].mean(axis=1) for count in counts]
    low, high = np.percentile(np.concatenate(means), _INTERVAL)
    return float(differences.mean()), float(low), float(high)


def _tasks(questions: Sequence[Question], scores: Sequence[QuestionScore]) -> dict[str, _Task]:
    """Tasks by name; as in the starter kit, the metric of a task is that of its first question."""
    members: dict[str, list[int]] = {}
    for number, question in enumerate(questions):
        members.setdefault(question.task_name, []).append(number)
    generator = np.random.default_rng(_SEED)
    return {
        name: _task(questions[numbers[0]], [scores[number] for number in numbers], generator)
        for name, numbers in members.items()
    }


def _task(first: Question, results: Sequence[QuestionScore], generator: np.random.Generator) -> _Task:
    size = len(results)
    values = np.array([result.score for result in results])
    draws = generator.integers(size, size=(RESAMPLES, size))
    resampled_totals = values[draws].sum(axis=1)
    if SCORERS[first.metric].counts:
        counts = [result.counts or (0, 0, 0) for result in results]
        score = f1(counts)
        resampled_scores = _f1_of_sums(np.array(counts)[draws].sum(axis=1))
    else:
        score = float(values.mean())
        resampled_scores = resampled_totals / size
    failures = sum(result.parse_failure for result in results)
    return _Task(first, size, failures, score, float(values.sum()), resampled_scores, resampled_totals)


def _f1_of_sums(sums: NDArray[np.int64]) -> NDArray[np.float64]:
    rows: list[Counts] = [(int(hits), int(false), int(missed)) for hits, false, missed in sums]
    return np.array([f1([row]) for row in rows])


def _grouped(tasks: Any, key: Callable[[_Task], str]) -> dict[str, Any]:
    groups: dict[str, list[_Task]] = {}
    for task in tasks:
        groups.setdefault(key(task), []).append(task)
    return {name: _group(groups[name]) for name in sorted(groups)}


def _group(tasks: Sequence[_Task]) -> dict[str, Any]:
    size = sum(task.size for task in tasks)
    by_task = np.mean([task.resampled_scores for task in tasks], axis=0)
    by_question = np.sum([task.resampled_totals for task in tasks], axis=0) / size
    return {
        "by_task": float(np.mean([task.score for task in tasks])),
        "by_task_interval": _interval(by_task),
        "by_question": sum(task.total for task in tasks) / size,
        "by_question_interval": _interval(by_question),
        "questions": size,
        "parse_failures": sum(task.failures for task in tasks),
    }


def _task_entry(task: _Task) -> dict[str, Any]:
    return {
        "score": task.score,
        "interval": _interval(task.resampled_scores),
        "metric": task.first.metric,
        "task_type": task.first.task_type,
        "track": task.first.track,
        "questions": task.size,
        "parse_failures": task.failures,
    }


def _interval(samples: NDArray[np.float64]) -> list[float]:
    return [float(end) for end in np.percentile(samples, _INTERVAL)]
