"""Heat maps: figures of weights by layer and kind, and of pairs of adapters."""

from __future__ import annotations

from shoptune.studio.plots.axes import Options, names, plot
from shoptune.studio.plots.intervals import SCORES, scale
from shoptune.studio.reading.weights import LayerTable

_BELOW_AND_ABOVE = ["#d55e00", "#c9ced6", "#0a84d6"]
_ROW, _AROUND, _LEAST = 16, 120, 180  # pixels


def heat_options(table: LayerTable, name: str, *, around_zero: bool = False) -> Options:
    """A heat map with a row for each layer, the first at the top.

    Args:
        table: the figures.
        name: what they are, for the tooltip.
        around_zero: whether negative and positive figures get two colors, with 0 in the middle.
    """
    cells = [
        {"value": [column, row, float(f"{value:.4g}")], "name": f"layer {table.layers[row]}, {table.kinds[column]}"}
        for row, layer in enumerate(table.cells)
        for column, value in enumerate(layer)
        if value is not None
    ]
    low, high = min(table.values, default=0.0), max(table.values, default=0.0)
    if around_zero:
        high = max(abs(low), abs(high))
        low = -high
    return plot(
        names(table.kinds, axisLabel={"interval": 0, "rotate": 35}),
        names(table.layers, inverse=True, name="layer", nameLocation="start"),
        [{"type": "heatmap", "name": name, "data": cells}],
        grid={"left": 12, "right": 20, "top": 60, "bottom": 8, "containLabel": True},
        visualMap=scale(low, high, _BELOW_AND_ABOVE if around_zero else SCORES),
    )


def heat_height(table: LayerTable) -> int:
    """The height of a heat map, in pixels."""
    return max(_LEAST, _AROUND + _ROW * len(table.layers))
