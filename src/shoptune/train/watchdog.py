"""End a run whose loss shows that it no longer learns."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping
from typing import Any

from shoptune.errors import Problem

_WINDOW, _ENOUGH = 50, 10
_SPIKE = 3.0  # times the median of the losses before
_PATIENCE = 3  # logged losses in a row: single spikes pass


class Watchdog:
    """Looks at each logged loss.

    A loss or gradient that is not a number, a loss of exactly 0, or one that stays at three times its recent median
    means that the settings are wrong, and that more training does not help.
    """

    def __init__(self) -> None:
        self._losses: list[float] = []
        self._spikes = self._zeros = 0

    def problem(self, entry: Mapping[str, Any]) -> Problem | None:
        """Return the problem that a log entry of the trainer shows, or None."""
        where, loss = f"step {entry.get('step', '?')}", entry.get("loss")
        if not all(math.isfinite(float(entry[key])) for key in ("loss", "grad_norm") if entry.get(key) is not None):
            remedy = "lower learning_rate, set max_grad_norm: 1, or train in bf16 instead of fp16"
            return Problem("training", where, "the loss is not a number", remedy)
        if loss is None:
            return None
        self._zeros = self._zeros + 1 if loss == 0 else 0
        if self._zeros == _PATIENCE:
            remedy = "set another attn_implementation, and look at the rows with --check"
            return Problem("training", where, f"the loss was exactly 0 for {_PATIENCE} log entries", remedy)
        return self._spike(where, float(loss))

    def _spike(self, where: str, loss: float) -> Problem | None:
        usual = statistics.median(self._losses) if len(self._losses) >= _ENOUGH else math.inf
        if loss <= _SPIKE * usual or loss < 1:
            self._spikes = 0
            self._losses = [*self._losses[1 - _WINDOW :], loss]
            return None
        self._spikes += 1
        if self._spikes < _PATIENCE:
            return None
        what = f"the loss stays at {loss:.2f}, after {usual:.2f}"
        return Problem(
            "training", where, what, "lower learning_rate, or raise warmup_ratio; then start again with --force"
        )
