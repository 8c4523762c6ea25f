"""A run's metrics: JSON lines, and the curve of the loss as a picture."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

# What is kept of the trainer's log: values that the same inputs give again. Times are shown, not kept.
_KEPT = {
    "step": "step",
    "epoch": "epoch",
    "loss": "loss",
    "eval_loss": "eval_loss",
    "learning_rate": "learning_rate",
    "grad_norm": "grad_norm",
    "tokens/total": "tokens",
    "tokens/trainable": "trained_tokens",
}
_WIDTH, _HEIGHT, _LEFT, _TOP, _RIGHT, _BOTTOM = 720, 360, 56, 20, 16, 40
_TICKS = 5


def write_metrics(history: Iterable[Mapping[str, Any]], file: Path) -> None:
    """Write the trainer's log as JSON lines: step, epoch, loss, learning rate, gradient norm, tokens so far."""
    entries = [{name: entry[key] for key, name in _KEPT.items() if key in entry} for entry in history]
    lines = [json.dumps(entry) + "\n" for entry in entries if "loss" in entry or "eval_loss" in entry]
    staging = file.with_name(f"{file.name}.new")
    staging.write_text("".join(lines), encoding="utf-8")
    staging.replace(file)


def read_metrics(file: Path) -> list[dict[str, Any]]:
    """The entries of a metrics file; none when there is no file."""
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()] if file.is_file() else []


def loss_curve(entries: Iterable[Mapping[str, Any]]) -> str:
    """The loss over steps as an SVG picture; evaluation losses are dots."""
    listed = list(entries)
    trained = [(entry["step"], entry["loss"]) for entry in listed if "loss" in entry]
    evaluated = [(entry["step"], entry["eval_loss"]) for entry in listed if "eval_loss" in entry]
    points = trained + evaluated
    if not points:
        return ""
    last, top = max(step for step, _ in points), max(loss for _, loss in points) or 1.0

    def place(step: float, loss: float) -> tuple[float, float]:
        x = _LEFT + (_WIDTH - _LEFT - _RIGHT) * step / last
        return round(x, 1), round(_HEIGHT - _BOTTOM - (_HEIGHT - _TOP - _BOTTOM) * loss / top, 1)

    line = " ".join(f"{x},{y}" for x, y in (place(*point) for point in trained))
    dots = [f'<circle cx="{x}" cy="{y}" r="3" fill="#d9480f"/>' for x, y in (place(*point) for point in evaluated)]
    ticks = [_tick(place, last * i / _TICKS, top * i / _TICKS) for i in range(_TICKS + 1)]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" font-family="sans-serif" '
            'font-size="11" fill="#495057">',
            f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#fff"/>',
            *ticks,
            f'<text x="{_WIDTH / 2}" y="{_HEIGHT - 6}" text-anchor="middle">step</text>',
            f'<text x="6" y="{_TOP - 6}">loss</text>',
            f'<polyline points="{line}" fill="none" stroke="#1c7ed6" stroke-width="1.5"/>',
            *dots,
            "</svg>\n",
        ]
    )


def _tick(place: Any, step: float, loss: float) -> str:
    x, _ = place(step, 0)
    _, y = place(0, loss)
    return (
        f'<line x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y}" y2="{y}" stroke="#e9ecef"/>'
        f'<text x="{_LEFT - 6}" y="{y + 4}" text-anchor="end">{loss:.3g}</text>'
        f'<text x="{x}" y="{_HEIGHT - _BOTTOM + 16}" text-anchor="middle">{step:.0f}</text>'
    )
