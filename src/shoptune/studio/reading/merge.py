"""Merged checkpoints and adapters: what rounding or compressing lost, and how adapters' deltas differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shoptune.artifacts.manifest import digest
from shoptune.checkpoints.checkpoint import ADAPTER, read_json
from shoptune.errors import ShoptuneError
from shoptune.merge.certificate import FILE
from shoptune.studio.reading.weights import LayerTable, by_layer
from shoptune.studio.run_folder import Artifact, RunFolder

if TYPE_CHECKING:
    from shoptune.merge.similarity import Products

FIGURES = {
    "lost_share": "Share of the delta's norm lost to rounding",
    "unchanged_share": "Share of weights left unchanged",
    "intended_norm": "Norm of the delta",
    "max_error": "Largest rounding error",
}


@dataclass(frozen=True)
class Merged:
    """A merge with its certificate.

    Attributes:
        name: the path of its folder inside the run.
        config: the merge config.
        dtype: the element type of the weights, or an empty text if the merge is an adapter.
        total: figures of all weights together.
        weights: figures of each weight, by name.
    """

    name: str
    config: Mapping[str, Any]
    dtype: str
    total: Mapping[str, float]
    weights: Mapping[str, Mapping[str, float]]

    @property
    def figures(self) -> dict[str, str]:
        """The figures that are known of its weights, with their labels."""
        first: Mapping[str, float] = next(iter(self.weights.values()), {})
        return {key: label for key, label in FIGURES.items() if key in first}

    def table(self, figure: str) -> LayerTable:
        """A figure of every weight, by layer and kind."""
        return by_layer({name: entry.get(figure) for name, entry in self.weights.items()})


@dataclass(frozen=True)
class Adapters:
    """Adapters that can be compared, and why others cannot.

    Attributes:
        names: the paths of their folders inside the run.
        products: the inner products of their deltas, or None if there is no adapter.
        problems: the reason why an adapter is left out, by its name.
    """

    names: Sequence[str]
    products: Products | None
    problems: Mapping[str, str]

    def norms(self, number: int) -> LayerTable:
        """The norms of an adapter's deltas by layer and kind."""
        return by_layer(self.products.norms(number) if self.products else {})

    def cosines(self, first: int, second: int) -> LayerTable:
        """The cosines of two adapters' deltas by layer and kind."""
        return by_layer(self.products.cosines(first, second) if self.products else {})


def merges(run: RunFolder) -> list[Merged]:
    """The merges of a run with a certificate, in the order in which they were finished.

    Raises:
        ShoptuneError: a certificate is malformed.
    """
    found = [artifact for artifact in run.of_stage("merge") if run.has(artifact, FILE)]
    return [_merged(artifact, read_json(run.file(artifact, FILE))) for artifact in found]


def adapters_of(run: RunFolder) -> list[Artifact]:
    """The adapters of a run: what was trained, and merges that were written as an adapter."""
    made = [*run.of_stage("train"), *run.of_stage("merge")]
    return [artifact for artifact in made if run.has(artifact, ADAPTER)]


def compare_adapters(run: RunFolder) -> Adapters:
    """Compute the norms and angles of the deltas of all adapters; the result is kept in memory."""
    found = adapters_of(run)
    stamps = tuple(digest(artifact.path) for artifact in found)
    return _compared(tuple((artifact.name, artifact.path) for artifact in found), stamps)


@lru_cache(maxsize=4)
def _compared(found: tuple[tuple[str, Path], ...], _digests: tuple[str, ...]) -> Adapters:
    from shoptune.merge.lora import read_factors  # loads torch
    from shoptune.merge.similarity import inner_products

    names, changes, problems = [], [], {}
    for name, path in found:
        try:
            changes.append(read_factors(path))
            names.append(name)
        except ShoptuneError as error:
            problems[name] = "; ".join(f"{problem.where} {problem.what}".strip() for problem in error.problems)
    return Adapters(names, inner_products(changes) if changes else None, problems)


def _merged(artifact: Artifact, certificate: Mapping[str, Any]) -> Merged:
    if "tensors" in certificate:
        total, weights = certificate["total"], certificate["tensors"]
    else:  # of an adapter: what compressing it to a smaller rank lost
        total = {"lost_share": certificate["total_lost_share"]}
        weights = {name: {"lost_share": share} for name, share in certificate["lost_share"].items()}
    return Merged(artifact.name, artifact.manifest["config"], certificate.get("dtype", ""), total, weights)
