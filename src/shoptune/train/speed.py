"""How fast training goes: in words for the terminal, and in figures for the manifest."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from shoptune.runtime.progress import duration

_WINDOW = 300  # observations: a minute, at five a second
_MOST_RATES = 200


class Speed:
    """Follows steps and tokens over the last minute."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, int, int]] = deque(maxlen=_WINDOW)

    def describe(self, state: Mapping[str, Any], now: float) -> str:
        """Loss, learning rate, tokens per second and time left.

        Args:
            state: `step`, `steps`, `tokens`, and `loss` and `learning_rate` once they are known.
            now: in seconds, from any start.
        """
        if not self._seen or self._seen[-1][1] != state["step"]:
            self._seen.append((now, state["step"], state["tokens"]))
        parts = [f"step {state['step']} of {state['steps']}"]
        if state.get("loss") is not None:
            parts.append(f"loss {state['loss']:.3f}")
        if state.get("learning_rate") is not None:
            parts.append(f"lr {state['learning_rate']:.2g}")
        (since, step, tokens), (last, reached, counted) = self._seen[0], self._seen[-1]
        if last > since and reached > step:
            if counted > tokens:
                parts.append(f"{(counted - tokens) / (last - since):,.0f} tokens/s")
            remaining = (state["steps"] - reached) * (last - since) / (reached - step)
            parts.append(f"{duration(remaining, decimals=0)} left")
        return ", ".join(parts)


class Rates:
    """Writes tokens per second over the course of a training, as JSON lines of a step and a rate.

    Args:
        file: where to; entries of an interrupted run are kept.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._last = (0, 0, 0.0)

    def begin(self, step: int, tokens: int, now: float) -> None:
        """Start at a step; what an interrupted run wrote about later steps, which are repeated, is dropped.

        Args:
            step: steps done so far.
            tokens: tokens so far.
            now: in seconds, from any start.
        """
        kept = [rate for rate in read_rates(self._file) if rate[0] <= step]
        self._file.write_text("".join(json.dumps(rate) + "\n" for rate in kept), encoding="utf-8")
        self._last = (step, tokens, now)

    def record(self, step: int, tokens: int, now: float, steps: int) -> None:
        """Write the rate since the last entry, unless that was less than 1/200 of all `steps` ago."""
        since, counted, then = self._last
        if step <= since or (step - since) * _MOST_RATES < steps or now <= then:
            return
        with self._file.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps([step, round((tokens - counted) / (now - then), 2)]) + "\n")
        self._last = (step, tokens, now)


def read_rates(file: Path) -> list[tuple[int, float]]:
    """The steps and rates in a file of `Rates`; none if there is no file. A line that was cut short ends the list."""
    rates: list[tuple[int, float]] = []
    for line in file.read_text(encoding="utf-8").splitlines() if file.is_file() else ():
        try:
            step, rate = json.loads(line)
        except ValueError:
            break
        rates.append((step, rate))
    return rates
