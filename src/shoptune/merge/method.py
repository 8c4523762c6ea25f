"""What a merge method is: parameters, and a function from the adapters' deltas of one weight to one delta."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from shoptune.config import Settings

if TYPE_CHECKING:
    import torch

    from shoptune.merge.delta import Delta
    from shoptune.merge.lora import Factors

Density = Annotated[float, Field(gt=0, le=1)]


class MergeMethod(Settings):
    """The settings of a merge method; a subclass in `shoptune.merge.methods` names itself in `method`.

    Subclass `DenseMethod`, or `LowRankMethod` if the result of the method has a small rank.
    """

    method: str

    @abstractmethod
    def delta(self, members: Sequence[tuple[Factors, float]], alpha: float, generator: torch.Generator) -> Delta:
        """The delta of one weight.

        Args:
            members: the factors and the weight of each adapter that changes this weight of the model.
            alpha: wise-ft's alpha, which scales the result.
            generator: source of all random numbers, seeded by the config's `seed` and the name of the weight.
        """


class DenseMethod(MergeMethod):
    """A method that combines whole matrices."""

    @abstractmethod
    def combine(
        self, deltas: Sequence[torch.Tensor], weights: Sequence[float], generator: torch.Generator
    ) -> torch.Tensor:
        """One delta from several.

        Args:
            deltas: float32, (rows, columns), one per adapter.
            weights: one per adapter; any finite number.
            generator: source of all random numbers.
        """

    def delta(self, members: Sequence[tuple[Factors, float]], alpha: float, generator: torch.Generator) -> Delta:
        """Multiply the factors, combine the products, scale by alpha."""
        from shoptune.merge.delta import Dense

        deltas = [factors.b @ factors.a for factors, _ in members]
        return Dense(alpha * self.combine(deltas, [weight for _, weight in members], generator))


class LowRankMethod(MergeMethod):
    """A method whose result is kept as factors; it can also be written as an adapter (`--as-adapter`)."""

    @abstractmethod
    def factors(self, members: Sequence[tuple[Factors, float]], alpha: float) -> Factors:
        """The factors of the delta of one weight, with alpha in them."""

    def delta(self, members: Sequence[tuple[Factors, float]], alpha: float, generator: torch.Generator) -> Delta:  # noqa: ARG002
        """Keep the delta as its factors."""
        from shoptune.merge.delta import LowRank

        return LowRank(self.factors(members, alpha))
