"""Task arithmetic (Ilharco et al. 2022, arXiv 2212.04089): the exact weighted sum of the deltas."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from shoptune.merge.method import LowRankMethod

if TYPE_CHECKING:
    from shoptune.merge.factors import Factors


class TaskArithmetic(LowRankMethod):
    """The weighted sum of the adapters' deltas; it has no parameters."""

    method: Literal["task_arithmetic"] = "task_arithmetic"

    def factors(self, members: Sequence[tuple[Factors, float]], alpha: float) -> Factors:
        """Stack the factors along the rank."""
        return weighted_sum(members, alpha)


def weighted_sum(members: Sequence[tuple[Factors, float]], alpha: float) -> Factors:
    """The factors of `alpha * sum_i w_i * s_i * B_i @ A_i`, the delta of one weight.

    The sum is exact because the factors are stacked along the rank: `[w_1 B_1, w_2 B_2] @ [A_1; A_2]`. Adding the A's
    and the B's separately would introduce cross terms such as `B_1 @ A_2`. Paper 001 (section 4.4) multiplies both
    factors by the square root of alpha; here B takes all of it, which also works for a negative alpha.

    Args:
        members: the factors (scale included) and the weight of each adapter.
        alpha: 0 gives the base, 1 the full ensemble.
    """
    import torch

    from shoptune.merge.factors import Factors

    a = torch.cat([factors.a for factors, _ in members], dim=0)
    b = torch.cat([factors.b * (weight * alpha) for factors, weight in members], dim=1)
    return Factors(a, b)
