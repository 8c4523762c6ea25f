"""Places for the nodes of a pipeline: a row per stage, from top to bottom, so that edges lead downwards."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from shoptune.studio.reading.pipeline import Pipeline

STAGES = ("ingest", "teach", "data", "train", "sweep", "grid", "merge", "quantize", "infer", "evaluate", "export")
WIDTH, HEIGHT, GAP_X, GAP_Y = 134, 72, 11, 40  # pixels


@dataclass(frozen=True)
class Layout:
    """The place of every node.

    Attributes:
        places: the left and the top of each node, in pixels.
        edges: pairs of a node and one that was made from it.
        width: of the drawing, in pixels.
        height: of the drawing, in pixels.
    """

    places: Mapping[str, tuple[int, int]]
    edges: tuple[tuple[str, str], ...]
    width: int
    height: int

    def curve(self, source: str, target: str) -> str:
        """Return the SVG path of an edge: from the bottom of a node to the top of another one."""
        (x1, y1), (x2, y2) = self.places[source], self.places[target]
        start, end = x1 + WIDTH // 2, x2 + WIDTH // 2
        if y2 <= y1:  # two nodes of a row
            return f"M {start} {y1 + HEIGHT} C {start} {y1 + HEIGHT + 40} {end} {y2 + HEIGHT + 40} {end} {y2 + HEIGHT}"
        middle = (y1 + HEIGHT + y2) // 2
        return f"M {start} {y1 + HEIGHT} C {start} {middle} {end} {middle} {end} {y2}"


def layout_of(pipeline: Pipeline) -> Layout:
    """Place the nodes: rows by stage; within a row, each node near the middle of those it was made from."""
    edges = tuple(
        dict.fromkeys(
            (each.artifact, node.name) for node in pipeline.nodes.values() for each in node.inputs if each.artifact
        )
    )
    rows: dict[int, list[str]] = {}
    for name, level in _levels(pipeline, edges).items():
        rows.setdefault(level, []).append(name)
    widest = max((len(names) for names in rows.values()), default=0)
    width = max(0, widest * (WIDTH + GAP_X) - GAP_X)
    places: dict[str, tuple[int, int]] = {}
    for number, level in enumerate(sorted(rows)):
        sources = {
            name: [places[s][0] for s, target in edges if target == name and s in places] for name in rows[level]
        }
        ordered = sorted(rows[level], key=lambda name: (_mean(sources[name], width / 2), name))
        left = (width - (len(ordered) * (WIDTH + GAP_X) - GAP_X)) // 2
        for position, name in enumerate(ordered):
            places[name] = (left + position * (WIDTH + GAP_X), number * (HEIGHT + GAP_Y))
    return Layout(places, edges, width, max(0, len(rows) * (HEIGHT + GAP_Y) - GAP_Y))


def _levels(pipeline: Pipeline, edges: tuple[tuple[str, str], ...]) -> dict[str, int]:
    """The row of each node: that of its stage, or else the one above the first node that was made from it."""
    known = {name: STAGES.index(node.stage) for name, node in pipeline.nodes.items() if node.stage in STAGES}
    levels = {}
    for name in pipeline.nodes:
        targets = [known[target] for source, target in edges if source == name and target in known]
        sources = [known[source] for source, target in edges if target == name and source in known]
        guess = min(targets) - 1 if targets else max(sources) + 1 if sources else len(STAGES)
        levels[name] = known.get(name, guess)
    return levels


def _mean(values: list[int], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise
