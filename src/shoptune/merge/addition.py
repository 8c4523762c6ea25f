"""Add a delta to the base, round once, and measure what rounding lost; in tiles that fit the processor's cache."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator

import numpy as np
import torch

from shoptune.merge.certificate import RoundingStatistics
from shoptune.merge.delta import Delta

_TILE_ENTRIES = 1 << 19  # two mebibytes of float32; at least _COLUMN_STEP columns of _TILE_ROWS rows
_TILE_ROWS = 1024
_COLUMN_STEP = 64  # tiles begin at whole cache lines


class Adder(threading.local):
    """Adds deltas to rows of a matrix, in working memory that each thread allocates once.

    Allocating it for each call would cost more than the arithmetic, since the system zeroes every new page.
    """

    def __init__(self) -> None:
        self._memory = torch.empty(3, _TILE_ENTRIES)

    def add(self, base: torch.Tensor, delta: Delta, first: int, written: torch.Tensor) -> RoundingStatistics:
        """`base + delta` in float32, rounded once.

        Args:
            base: rows x columns of any float type.
            delta: what to add.
            first: row of the delta that corresponds to the first row of `base`.
            written: receives the result in its own element type; values that do not fit become infinite.

        Returns:
            What rounding lost of these rows of the delta.
        """
        rounding = RoundingStatistics(entries=base.numel())
        for rows, columns in _tiles(*base.shape):
            self._add_tile(
                base[rows, columns], delta, (first + rows.start, columns.start), written[rows, columns], rounding
            )
        return rounding

    def _add_tile(
        self,
        base: torch.Tensor,
        delta: Delta,
        corner: tuple[int, int],
        written: torch.Tensor,
        rounding: RoundingStatistics,
    ) -> None:
        before, change, after = (flat[: base.numel()].view(base.shape) for flat in self._memory)
        before.copy_(base)
        delta.fill(change, *corner, before)
        written.copy_(torch.add(before, change, out=after))
        after.copy_(written)
        applied = after.sub_(before)
        rounding.intended += _sum_of_squares(change)
        rounding.survived += _sum_of_squares(applied)
        rounding.unchanged += int(np.count_nonzero(applied.numpy() == 0))  # several times faster than torch's
        error = applied.sub_(change)
        lost = _sum_of_squares(error)
        rounding.lost += lost
        if not math.isfinite(lost):
            rounding.overflowed += count_overflowed(base, written)
        rounding.max_error = max(rounding.max_error, float(error.numpy().max()), -float(error.numpy().min()))


def count_overflowed(base: torch.Tensor, written: torch.Tensor) -> int:
    """How many entries were finite and no longer are."""
    return int((torch.isfinite(base) & ~torch.isfinite(written)).sum())


def _sum_of_squares(tensor: torch.Tensor) -> float:
    return float(torch.dot(tensor.view(-1), tensor.view(-1)))


def _tiles(rows: int, columns: int) -> Iterator[tuple[slice, slice]]:
    """Cut a matrix into tiles that fit the cache and are square enough to multiply fast."""
    height = max(1, min(rows, _TILE_ROWS))
    width = _TILE_ENTRIES // height // _COLUMN_STEP * _COLUMN_STEP
    for row in range(0, rows, height):
        for column in range(0, columns, width):
            yield slice(row, min(rows, row + height)), slice(column, min(columns, column + width))
