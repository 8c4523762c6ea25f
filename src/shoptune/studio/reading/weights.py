"""Figures of weight matrices, arranged by layer and kind."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

_KINDS = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")  # in the order of use
OUTSIDE = "none"  # the layer of embeddings, the output layer and the last norm
_LAYER = re.compile(r"\.layers\.(\d+)\.(.+)")
_EXPERTS = "experts"


@dataclass(frozen=True)
class Place:
    """The place of a weight in the model.

    Attributes:
        layer: the number of its layer, or None for weights outside of the layers.
        kind: its kind, such as `down_proj`.
    """

    layer: int | None
    kind: str


def place_of(name: str) -> Place:
    """The place of a weight, such as layer 3 and `down_proj` for `model.layers.3.mlp.down_proj.weight`."""
    module = name.removesuffix(".weight")
    if found := _LAYER.search(module):
        return Place(int(found[1]), _kind(found[2].split(".")))
    return Place(None, _kind(module.split(".")))


def _kind(parts: list[str]) -> str:
    """The last part of a name; for biases and experts, also the parts that distinguish them."""
    if _EXPERTS in parts:
        return ".".join(parts[parts.index(_EXPERTS) :])
    return ".".join(parts[-2:] if parts[-1] == "bias" else parts[-1:])


@dataclass(frozen=True)
class LayerTable:
    """Figures by layer and kind.

    Attributes:
        layers: the numbers of the layers as text, then `none` if there are weights outside of them.
        kinds: the kinds: attention, feed-forward, then others in the order of the figures.
        cells: for each layer, the figure of each kind, or None if there is none.
    """

    layers: tuple[str, ...]
    kinds: tuple[str, ...]
    cells: tuple[tuple[float | None, ...], ...]

    @property
    def values(self) -> list[float]:
        """All figures, without order."""
        return [value for row in self.cells for value in row if value is not None]


def by_layer(figures: Mapping[str, float | None]) -> LayerTable:
    """Arrange figures of weights by layer and kind.

    Args:
        figures: by the names of the weights; None for a weight without a figure.
    """
    placed = {place_of(name): value for name, value in figures.items()}
    found = dict.fromkeys(place.kind for place in placed)
    kinds = tuple([kind for kind in _KINDS if kind in found] + [kind for kind in found if kind not in _KINDS])
    numbers: list[int | None] = [*sorted({place.layer for place in placed if place.layer is not None})]
    if any(place.layer is None for place in placed):
        numbers.append(None)
    return LayerTable(
        layers=tuple(OUTSIDE if number is None else str(number) for number in numbers),
        kinds=kinds,
        cells=tuple(tuple(placed.get(Place(number, kind)) for kind in kinds) for number in numbers),
    )
