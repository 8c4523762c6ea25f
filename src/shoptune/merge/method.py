"""The interface of merge methods: parameters, and a function that combines the members' deltas of one weight."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from shoptune.config import Settings

if TYPE_CHECKING:
    import torch

    from shoptune.merge.delta import Delta
    from shoptune.merge.factors import Factors

Density = Annotated[float, Field(gt=0, le=1)]


class MergeMethod(Settings):
    """The settings of a merge method; a subclass in `shoptune.merge.methods` names itself in `method`.

    Subclass `DenseMethod`, or `LowRankMethod` if the result of the method has a small rank.
    """

    method: str

    @abstractmethod
    def delta(
        self,
        members: Sequence[tuple[Delta, float]],
        alpha: float,
        generator: torch.Generator,
        base: Callable[[], torch.Tensor],
    ) -> Delta:
        """The delta of one weight.

        Args:
            members: the delta and the weight of each member that changes this weight of the model.
            alpha: wise-ft's alpha, which scales the result.
            generator: source of all random numbers, seeded by the config's `seed` and the name of the weight.
            base: reads the base's weight as a matrix.
        """


class DenseMethod(MergeMethod):
    """A method that combines whole matrices."""

    @abstractmethod
    def combine(
        self, deltas: Sequence[torch.Tensor], weights: Sequence[float], generator: torch.Generator
    ) -> torch.Tensor:
        """One delta from several.

        Args:
            deltas: float32, (rows, columns), one per member.
            weights: one per member; any finite number.
            generator: source of all random numbers.
        """

    def delta(
        self,
        members: Sequence[tuple[Delta, float]],
        alpha: float,
        generator: torch.Generator,
        base: Callable[[], torch.Tensor],
    ) -> Delta:
        """Make matrices of the deltas, combine them, scale by alpha."""
        from shoptune.merge.delta import Dense, whole

        deltas = [whole(delta, base) for delta, _ in members]
        return Dense(alpha * self.combine(deltas, [weight for _, weight in members], generator))


class LowRankMethod(MergeMethod):
    """A linear method whose result is kept as factors; it can also be written as an adapter (`--as-adapter`)."""

    @abstractmethod
    def factors(self, members: Sequence[tuple[Factors, float]], alpha: float) -> Factors:
        """The factors of the delta of one weight, with alpha in them."""

    def delta(
        self,
        members: Sequence[tuple[Delta, float]],
        alpha: float,
        generator: torch.Generator,  # noqa: ARG002
        base: Callable[[], torch.Tensor],  # noqa: ARG002
    ) -> Delta:
        """Keep the deltas of low rank as factors, and add the others with their weights."""
        from shoptune.merge.delta import LowRank, WeightedSum

        low_rank = [(delta.factors, weight) for delta, weight in members if isinstance(delta, LowRank)]
        others = [(delta, weight * alpha) for delta, weight in members if not isinstance(delta, LowRank)]
        together = [LowRank(self.factors(low_rank, alpha))] if low_rank else []
        if not others:
            return together[0]
        return WeightedSum([*((delta, 1.0) for delta in together), *others])
