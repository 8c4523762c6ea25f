"""The estimate for one config on one machine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from shoptune.errors import Problem, ShoptuneError
from shoptune.plan.shapes import Shape
from shoptune.runtime.machine_facts import Machine

FITS, DOES_NOT_FIT = "fits", "does not fit"
_MB, _GB = 1e6, 1e9


@dataclass(frozen=True)
class Setting:
    """The circumstances of an estimate.

    Attributes:
        file: the config, for errors.
        shape: the shapes of the model that the stage reads.
        machine: the machine to run on.
        local: whether the model's files are already on this machine, so that nothing is downloaded.
    """

    file: Path
    shape: Shape
    machine: Machine
    local: bool = True


@dataclass(frozen=True)
class Budget:
    """The demand for one kind of memory, by purpose, and the machine's limit.

    Attributes:
        key: `gpu` (per GPU), `host` or `disk`.
        title: the name in the report, such as "memory per GPU".
        parts: the bytes needed, by purpose.
        limit: the bytes available on the machine.
        remedy: advice if the limit is exceeded.
    """

    key: str
    title: str
    parts: Mapping[str, float]
    limit: float
    remedy: str

    @property
    def needed(self) -> float:
        """The bytes needed in total."""
        return sum(self.parts.values())

    @property
    def fits(self) -> bool:
        """Whether the machine has enough."""
        return self.needed <= self.limit


@dataclass(frozen=True)
class Estimate:
    """The estimate for one stage.

    Attributes:
        stage: the name of the stage.
        budgets: memory and disk space.
        seconds: the duration in seconds, or None if a speed is unknown.
        figures: other results, by their names in the JSON output.
        assumptions: sentences that state the assumptions behind the figures.
        notes: sentences that point out something that does not prevent the stage from running.
        refusals: problems that prevent the stage from running, other than exceeded budgets.
    """

    stage: str
    budgets: Sequence[Budget]
    seconds: float | None = None
    figures: Mapping[str, Any] = field(default_factory=dict)
    assumptions: Sequence[str] = ()
    notes: Sequence[str] = ()
    refusals: Sequence[Problem] = ()

    def problems(self, file: Path, machine: Machine) -> list[Problem]:
        """Return everything that prevents the stage from running on the machine, exceeded budgets included."""
        return [*self.refusals, *self._too_small(file, machine)]

    def _too_small(self, file: Path, machine: Machine) -> Iterator[Problem]:
        for budget in self.budgets:
            if not budget.fits:
                what = (
                    f"{amount(budget.needed)} needed, {amount(budget.limit)} available on machine '{machine.name}' "
                    f"({largest_parts(budget.parts)})"
                )
                yield Problem(file, budget.title, what, budget.remedy)


def require(setting: Setting, estimate: Estimate) -> None:
    """Check that nothing prevents the stage from running.

    Raises:
        ShoptuneError: something does; the error lists every reason.
    """
    if problems := estimate.problems(setting.file, setting.machine):
        raise ShoptuneError(problems)


def amount(size: float) -> str:
    """Format a number of bytes in decimal units, such as 41.4 GB or 26 MB."""
    if round(size / _MB) >= _GB / _MB:
        return f"{size / _GB:.1f} GB"
    return f"{size / _MB:.0f} MB" if size >= _MB or size == 0 else f"{size / _MB:.2g} MB"


def largest_parts(parts: Mapping[str, float], most: int = 3) -> str:
    """Format the `most` largest parts, such as `weights 36.3 GB, activations 1.2 GB`."""
    ordered = sorted(parts.items(), key=lambda item: -item[1])
    return ", ".join(f"{name} {amount(size)}" for name, size in ordered[:most] if size)
