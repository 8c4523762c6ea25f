"""Norms of the deltas of adapters and the angles between them, from their factors alone.

With deltas `B_1 A_1` and `B_2 A_2`, the inner product of their entries is `sum((B_1^T B_2) * (A_1 A_2^T))`: matrices
as small as the ranks, so that no delta is formed.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from shoptune.merge.changes import LoraChange
from shoptune.merge.factors import Factors
from shoptune.merge.lora import read_factors


def inner_product(first: Factors, second: Factors) -> float:
    """The sum of the products of the entries of two deltas of the same shape, in float64."""
    rows = first.b.double().T @ second.b.double()
    columns = first.a.double() @ second.a.double().T
    return float((rows * columns).sum())


@dataclass(frozen=True)
class Products:
    """The inner products of the deltas of several adapters.

    Attributes:
        by_weight: by the name of a weight, the inner products of adapters `i` and `j` with `i <= j` that both change
            it.
    """

    by_weight: Mapping[str, Mapping[tuple[int, int], float]]

    def norms(self, adapter: int) -> dict[str, float]:
        """The Frobenius norm of an adapter's delta of every weight that it changes."""
        key = (adapter, adapter)
        return {name: math.sqrt(products[key]) for name, products in self.by_weight.items() if key in products}

    def norm(self, adapter: int) -> float:
        """The norm of all deltas of an adapter together."""
        return math.sqrt(math.fsum(norm**2 for norm in self.norms(adapter).values()))

    def cosines(self, first: int, second: int) -> dict[str, float]:
        """The cosine of the angle between two adapters' deltas of each weight that both change; 0 if one is zero."""
        key = (min(first, second), max(first, second))
        found = {}
        for name, products in self.by_weight.items():
            if key in products:
                lengths = math.sqrt(products[first, first]) * math.sqrt(products[second, second])
                found[name] = products[key] / lengths if lengths else 0.0
        return found

    def cosine(self, first: int, second: int) -> float:
        """The cosine of the angle between all deltas of two adapters, each taken as one long vector."""
        key = (min(first, second), max(first, second))
        product = math.fsum(products.get(key, 0.0) for products in self.by_weight.values())
        lengths = self.norm(first) * self.norm(second)
        return product / lengths if lengths else 0.0


def inner_products(adapters: Sequence[Mapping[str, LoraChange]]) -> Products:
    """Compute the inner products of every pair of adapters; factors of one weight are in memory at a time.

    Args:
        adapters: the changes of each adapter by weight. Weights of different shapes are not compared.

    Raises:
        ShoptuneError: a number in the factors is not finite.
    """
    by_weight: dict[str, dict[tuple[int, int], float]] = {}
    for name in dict.fromkeys(name for changes in adapters for name in changes):
        factors = {number: changes[name].factors() for number, changes in enumerate(adapters) if name in changes}
        by_weight[name] = {
            (i, j): inner_product(first, second)
            for i, first in factors.items()
            for j, second in factors.items()
            if i <= j and first.shape == second.shape
        }
    return Products(by_weight)


def similarity_of(folders: Sequence[Path]) -> Products:
    """Read adapters from their folders and compute the inner products of their deltas.

    Raises:
        ShoptuneError: a folder is not a LoRA adapter, or its deltas depend on the base.
    """
    with torch.inference_mode():
        return inner_products([read_factors(folder) for folder in folders])
