"""The arithmetic of a merge, as pure functions of tensors; everything is float32 until the last rounding."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from shoptune.merge.lora import Factors


def ensemble(members: Sequence[tuple[Factors, float]], wise_ft_alpha: float) -> Factors:
    """The factors of `alpha * sum_i w_i * s_i * B_i @ A_i`, the delta of one weight.

    The sum is exact: factors are stacked along the rank, `[w_1 B_1, w_2 B_2] @ [A_1; A_2]`. Adding the A's and the B's
    apart would bring in cross terms `B_1 @ A_2`, which no adapter was trained for. Wise-ft (paper 001, section 4.4)
    scales the sum by alpha, there by its square root on either factor; here all of it goes to B, which also serves a
    negative alpha.

    Args:
        members: the factors of each adapter that changes the weight, with its place in the ensemble (any weight).
        wise_ft_alpha: 0 gives the base, 1 the fine-tuned ensemble.
    """
    a = torch.cat([factors.a for factors, _ in members], dim=0)
    b = torch.cat([factors.b * (weight * wise_ft_alpha) for factors, weight in members], dim=1)
    return Factors(a, b)


def add_delta(base: torch.Tensor, factors: Factors, first: int) -> torch.Tensor:
    """`base + delta` for a block of rows, in float32.

    Args:
        base: rows `first` and following of a weight matrix, rows x columns, of any float type.
        factors: the delta of the whole matrix.
        first: the number of the block's first row.
    """
    block = factors.b[first : first + base.shape[0]]
    return torch.addmm(base.float(), block, factors.a)


def cast(values: torch.Tensor, dtype: torch.dtype) -> tuple[torch.Tensor, int]:
    """Round float32 values once to the output type; also the number of finite values that became infinite."""
    rounded = values.to(dtype)
    overflowed = int((torch.isinf(rounded) & ~torch.isinf(values)).sum()) if dtype == torch.float16 else 0
    return rounded, overflowed
