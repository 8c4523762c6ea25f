"""What a plan says about one config on one machine."""

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
    """What a stage is planned for.

    Attributes:
        file: the config, for errors.
        shape: of the model that the stage reads.
        machine: where it would run.
        local: whether the model's files are on this machine already.
    """

    file: Path
    shape: Shape
    machine: Machine
    local: bool = True


@dataclass(frozen=True)
class Budget:
    """One kind of memory, and what it is needed for.

    Attributes:
        key: `gpu` for each GPU, `host` or `disk`.
        title: as in the report, "memory per GPU" for instance.
        parts: bytes by purpose.
        limit: bytes that the machine offers.
        remedy: what to do when it is too little.
    """

    key: str
    title: str
    parts: Mapping[str, float]
    limit: float
    remedy: str

    @property
    def needed(self) -> float:
        """Bytes of all parts together."""
        return sum(self.parts.values())

    @property
    def fits(self) -> bool:
        """Whether the machine offers enough."""
        return self.needed <= self.limit


@dataclass(frozen=True)
class Estimate:
    """A plan of one stage.

    Attributes:
        stage: its name.
        budgets: memory and disk.
        seconds: how long it would take; None when a speed is unknown.
        figures: other results by the names they have in the JSON.
        assumptions: what the figures rest on, a sentence each.
        notes: what the user should know although it prevents nothing.
        refusals: what cannot work, besides too small a budget.
    """

    stage: str
    budgets: Sequence[Budget]
    seconds: float | None = None
    figures: Mapping[str, Any] = field(default_factory=dict)
    assumptions: Sequence[str] = ()
    notes: Sequence[str] = ()
    refusals: Sequence[Problem] = ()

    def problems(self, file: Path, machine: Machine) -> list[Problem]:
        """Everything that prevents the stage from running on the machine."""
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
    """Stop before work that cannot succeed.

    Raises:
        ShoptuneError: with everything that prevents it.
    """
    if problems := estimate.problems(setting.file, setting.machine):
        raise ShoptuneError(problems)


def amount(size: float) -> str:
    """Bytes as a person reads them, in powers of ten: 41.4 GB, 26 MB."""
    if round(size / _MB) >= _GB / _MB:
        return f"{size / _GB:.1f} GB"
    return f"{size / _MB:.0f} MB" if size >= _MB or size == 0 else f"{size / _MB:.2g} MB"


def largest_parts(parts: Mapping[str, float], most: int = 3) -> str:
    """The parts that take most, as in `weights 36.3 GB, activations 1.2 GB`."""
    ordered = sorted(parts.items(), key=lambda item: -item[1])
    return ", ".join(f"{name} {amount(size)}" for name, size in ordered[:most] if size)
