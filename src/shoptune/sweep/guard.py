"""A rule of choice: leave out the points of a sweep that lose something on a task type."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from shoptune.sweep.points import Point, base_point

Loss = Literal["significantly", "at_all"]
_ROUNDING = 1e-9  # means of the same scores in another order
_WORSE = {"significantly": "is significantly worse than", "at_all": "scores lower than"}


@dataclass(frozen=True)
class Guard:
    """Which points to leave out.

    Attributes:
        loss: those that are significantly worse than alpha 0 on a task type (95% paired bootstrap interval over its
            questions below 0), or those that score lower at all.
        task_types: each question's task type.
    """

    loss: Loss
    task_types: Sequence[str]

    def admit(self, points: Sequence[Point]) -> list[Point]:
        """The points that are not left out; alpha 0, which must be among them, never is."""
        base = base_point(points)
        return [point for point in points if not self.losses(point, base)]

    def losses(self, point: Point, base: Point) -> list[str]:
        """The task types on which a point loses against alpha 0."""
        return [name for name in sorted(set(self.task_types)) if self._loses(point, base, name)]

    def _loses(self, point: Point, base: Point, task_type: str) -> bool:
        from shoptune.shopbench.summary import paired_difference  # loads numpy, which planning does not need

        if self.loss == "at_all":
            return point.by_task_type[task_type].score < base.by_task_type[task_type].score - _ROUNDING
        places = [place for place, name in enumerate(self.task_types) if name == task_type]
        scores, of_base = ([each.per_question[place] for place in places] for each in (point, base))
        return paired_difference(scores, of_base)[2] < 0

    def clause(self, best: Point, highest: Point, points: Sequence[Point]) -> str:
        """Part of a sentence about the point with the highest score, if it was left out."""
        if highest is best:
            return ""
        base, worse = base_point(points), _WORSE[self.loss]
        falls = [
            f"{name.replace('_', ' ')} ({base.by_task_type[name].score:.3f} to {highest.by_task_type[name].score:.3f})"
            for name in self.losses(highest, base)
        ]
        text = f"; {highest.candidate} has {highest.overall.score:.3f} but {worse} alpha 0 on {', '.join(falls)}"
        if self.admit(points) == [base]:
            text += f"; every other point {worse} alpha 0 on a task type"
        return text
