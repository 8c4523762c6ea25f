"""How fast training goes, in words."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Any

_WINDOW = 300  # observations: a minute, at five a second


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
            parts.append(f"{_span((state['steps'] - reached) * (last - since) / (reached - step))} left")
        return ", ".join(parts)


def _span(seconds: float) -> str:
    minutes, hours = int(seconds // 60), int(seconds // 3600)
    if hours:
        return f"{hours} h {minutes % 60} min"
    return f"{minutes} min {int(seconds % 60)} s" if minutes else f"{seconds:.0f} s"
