"""Few-shot examples from a file in the development format."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from shoptune.infer.few_shot.example import FewShotExample
from shoptune.infer.prompting import FewShot
from shoptune.shopbench.questions import Question, load_questions
from shoptune.shopbench.vocabulary import TaskType


class FixedExamples:
    """Examples from a file, grouped by task type.

    Args:
        settings: the file, and the number of examples to show.

    Raises:
        ShoptuneError: the file is missing or malformed.
    """

    def __init__(self, settings: FewShot) -> None:
        self._settings = settings
        self._by_type: dict[TaskType, list[FewShotExample]] = defaultdict(list)
        for question in _task_by_task(load_questions(Path(settings.questions))):
            self._by_type[question.task_type].append(FewShotExample.of(question))

    def before(self, question: str, task_type: TaskType) -> list[FewShotExample]:
        """Return the examples to show before a question; they never include the question itself."""
        settings = self._settings
        if task_type is TaskType.MULTIPLE_CHOICE:
            return self._first(task_type, settings.multiple_choice, question)
        if settings.others == "same":
            return self._first(task_type, settings.same, question)
        others = [kind for kind in TaskType if kind is not TaskType.MULTIPLE_CHOICE]
        return [example for kind in others for example in self._first(kind, 1, question)]

    def _first(self, task_type: TaskType, count: int, asked: str) -> list[FewShotExample]:
        return [example for example in self._by_type[task_type] if example.question != asked][:count]


def _task_by_task(questions: Sequence[Question]) -> list[Question]:
    """Interleave tasks: the first question of each, then the second of each, so that any prefix is diverse."""
    met: dict[str, int] = defaultdict(int)
    turns = []
    for question in questions:
        turns.append(met[question.task_name])
        met[question.task_name] += 1
    return [questions[number] for number in sorted(range(len(questions)), key=lambda number: turns[number])]
