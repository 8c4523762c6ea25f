"""Which models and which questions the page of answers shows, as in its address."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from shoptune.report.collect import BASE, MERGED
from shoptune.studio.address import Address, join


class Outcome(StrEnum):
    """How the first model's answer compares with the baseline's, by score."""

    WON = "won"
    LOST = "lost"
    TIED = "tied"


class Order(StrEnum):
    """The order of the questions; the empty value is the order of the file."""

    FILE = ""
    WORST = "losses first"
    BEST = "wins first"


@dataclass(frozen=True)
class AnswersSelection:
    """The models to compare, and the conditions that questions must meet. Empty conditions do not restrict.

    Attributes:
        baseline: the model that the others are compared with.
        models: the other models, at least one; outcomes are those of the first.
        task_types: the task types.
        tracks: the tracks.
        tasks: the names of tasks.
        outcome: an `Outcome`, or empty.
        text: a text that the question, the reference or one of the answers contains, ignoring case.
        order: the order of the questions.
    """

    baseline: str
    models: tuple[str, ...]
    task_types: tuple[str, ...] = ()
    tracks: tuple[str, ...] = ()
    tasks: tuple[str, ...] = ()
    outcome: str = ""
    text: str = ""
    order: str = Order.FILE

    @classmethod
    def of(cls, address: Address, models: Sequence[str], groups: Mapping[str, Mapping[str, int]]) -> AnswersSelection:
        """Read a selection from an address. What is not valid in this run is ignored.

        Args:
            address: the address.
            models: the names of all scored models, at least two.
            groups: the valid values of `task_types`, `tracks` and `tasks`.
        """
        baseline = address.choice("baseline", list(models), BASE if BASE in models else models[0])
        others = [name for name in models if name != baseline]
        chosen = [name for name in address.several("models") if name in others]
        chosen = chosen or [MERGED if MERGED in others else others[-1]]
        conditions = {
            name: tuple(value for value in address.several(name) if value in groups[name])
            for name in ("task_types", "tracks", "tasks")
        }
        return cls(
            baseline,
            tuple(dict.fromkeys(chosen)),
            **conditions,
            outcome=address.choice("outcome", [*Outcome]),
            text=address.get("text"),
            order=address.choice("order", [*Order]),
        )

    @property
    def parameters(self) -> dict[str, str]:
        """The selection as parameters of an address."""
        several = {name: join(list(getattr(self, name))) for name in ("models", "task_types", "tracks", "tasks")}
        single = {name: str(getattr(self, name)) for name in ("baseline", "outcome", "text", "order")}
        return several | single

    @property
    def shown(self) -> tuple[str, ...]:
        """The models in the order of the columns: the baseline first."""
        return (self.baseline, *self.models)
