"""All that is shown before a question: fixed exemplars, then training rows like it, then the one from this very run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from shoptune.infer.exemplars import FixedExemplars, Solved
from shoptune.infer.prompting import Prompting
from shoptune.shopbench.vocabulary import TaskType


class Shots:
    """Where a prompting's exemplars come from, with its files read.

    Args:
        prompting: what is shown.

    Raises:
        ShoptuneError: a file that it names is not as it must be.
    """

    def __init__(self, prompting: Prompting) -> None:
        self._fixed = FixedExemplars(prompting.exemplars) if prompting.exemplars else None
        self._neighbors = None
        if prompting.retrieved:
            from shoptune.infer.retrieval import Neighbors

            self._neighbors = Neighbors(prompting.retrieved)

    def before(
        self, questions: Sequence[tuple[str, TaskType]], dynamic: Mapping[TaskType, Solved]
    ) -> list[list[Solved]]:
        """What is shown before each question; never the question itself, and nothing twice."""
        nothing: list[list[Solved]] = [[] for _ in questions]
        retrieved = self._neighbors.of([text for text, _ in questions]) if self._neighbors else nothing
        return [
            self._shown(text, task_type, near, dynamic.get(task_type))
            for (text, task_type), near in zip(questions, retrieved, strict=True)
        ]

    def _shown(self, question: str, task_type: TaskType, near: list[Solved], last: Solved | None) -> list[Solved]:
        fixed = self._fixed.before(question, task_type) if self._fixed else []
        shown = {solved.question: solved for solved in [*fixed, *near, *([last] if last else [])]}
        return [solved for text, solved in shown.items() if text != question]
