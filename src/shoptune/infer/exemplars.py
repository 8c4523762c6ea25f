"""Solved questions to show before the one that is asked: fixed ones from a file, and one from the run itself."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from shoptune.infer.prompting import Dynamic, Exemplars
from shoptune.shopbench.answers import answer_text
from shoptune.shopbench.questions import Question, load_questions
from shoptune.shopbench.vocabulary import TaskType


@dataclass(frozen=True)
class Solved:
    """A question with an answer to show."""

    question: str
    task_type: TaskType
    answer: str

    @classmethod
    def of(cls, question: Question) -> Solved:
        """A question with its reference answer."""
        return cls(question.input_field, question.task_type, answer_text(question.task_type, question.output_field))


class FixedExemplars:
    """Exemplars by task type, from a file.

    Args:
        settings: the file, and how many are shown.

    Raises:
        ShoptuneError: the file is missing, or holds lines that are no question.
    """

    def __init__(self, settings: Exemplars) -> None:
        self._settings = settings
        self._by_type: dict[TaskType, list[Solved]] = defaultdict(list)
        for question in _task_by_task(load_questions(Path(settings.questions))):
            self._by_type[question.task_type].append(Solved.of(question))

    def before(self, question: str, task_type: TaskType) -> list[Solved]:
        """What is shown before a question; never the question itself."""
        settings = self._settings
        if task_type is TaskType.MULTIPLE_CHOICE:
            return self._first(task_type, settings.multiple_choice, question)
        if settings.others == "same":
            return self._first(task_type, settings.same, question)
        others = [kind for kind in TaskType if kind is not TaskType.MULTIPLE_CHOICE]
        return [solved for kind in others for solved in self._first(kind, 1, question)]

    def _first(self, task_type: TaskType, count: int, but: str) -> list[Solved]:
        return [solved for solved in self._by_type[task_type] if solved.question != but][:count]


def dynamic_exemplars(settings: Dynamic | None, batches: Sequence[Sequence[Solved]]) -> Mapping[TaskType, Solved]:
    """What the batch after these is shown: by task type, the first question of an earlier one, as the model solved it.

    Every `every`-th batch, from the first on, gives new ones; a task type that it lacks keeps its own.
    """
    shown: dict[TaskType, Solved] = {}
    if settings is not None:
        for batch in batches[:: settings.every]:
            firsts = {solved.task_type: solved for solved in reversed(batch)}
            shown |= {kind: solved for kind, solved in firsts.items() if kind in settings.task_types}
    return shown


def _task_by_task(questions: Sequence[Question]) -> list[Question]:
    """The first question of each task, then the second of each, and so on: diverse, however few are taken."""
    met: dict[str, int] = defaultdict(int)
    turns = []
    for question in questions:
        turns.append(met[question.task_name])
        met[question.task_name] += 1
    return [questions[number] for number in sorted(range(len(questions)), key=lambda number: turns[number])]
