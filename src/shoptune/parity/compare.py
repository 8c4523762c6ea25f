"""Next-token distributions, stored as the most probable tokens, and compared by KL divergence and top-1 agreement."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SMALLEST = 1e-12  # lower bound of the total probability of all other tokens


@dataclass(frozen=True)
class Distributions:
    """The most probable next tokens at several positions, the most probable one first.

    Attributes:
        tokens: (positions, top), token ids.
        log_probabilities: (positions, top), natural logarithms.
    """

    tokens: NDArray[np.int64]
    log_probabilities: NDArray[np.float64]

    def save(self, file: Path) -> None:
        """Write the distributions to an .npz file."""
        np.savez(file, tokens=self.tokens, log_probabilities=self.log_probabilities)

    @classmethod
    def load(cls, file: Path) -> Distributions:
        """Read distributions written by `save`."""
        with np.load(file, allow_pickle=False) as arrays:
            return cls(arrays["tokens"], arrays["log_probabilities"])

    @classmethod
    def of_logits(cls, logits: NDArray[np.float64], top: int) -> Distributions:
        """Compute the distributions from logits, shape (positions, vocabulary)."""
        shifted = logits - logits.max(axis=1, keepdims=True)
        log_probabilities = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
        order = np.argsort(-log_probabilities, axis=1, kind="stable")[:, :top]
        return cls(order, np.take_along_axis(log_probabilities, order, axis=1))


@dataclass(frozen=True)
class Agreement:
    """The difference between a model's distributions and those of a reference.

    Attributes:
        mean_kl: mean KL divergence of the reference from the other, in nats per token.
        max_kl: the largest at any position.
        top1: the share of positions with the same most probable token.
        positions: how many were compared.
    """

    mean_kl: float
    max_kl: float
    top1: float
    positions: int


def compare(reference: Distributions, other: Distributions) -> Agreement:
    """Compute the KL divergence `sum p log(p / q)`, in nats, and the top-1 agreement, in float64.

    Tokens that both list are compared one by one, all others as a single outcome. That gives the divergence itself if
    the lists hold the whole vocabulary, and otherwise a lower bound that long lists make tight.
    """
    divergences = [
        _divergence(*row)
        for row in zip(
            reference.tokens, reference.log_probabilities, other.tokens, other.log_probabilities, strict=True
        )
    ]
    top1 = float(np.mean(reference.tokens[:, 0] == other.tokens[:, 0]))
    return Agreement(float(np.mean(divergences)), float(np.max(divergences)), top1, len(divergences))


def _divergence(
    first: NDArray[np.int64], log_p: NDArray[np.float64], second: NDArray[np.int64], log_q: NDArray[np.float64]
) -> float:
    _, mine, theirs = np.intersect1d(first, second, assume_unique=True, return_indices=True)
    p, q = np.exp(log_p[mine]), np.exp(log_q[theirs])
    shared = float(np.sum(p * (log_p[mine] - log_q[theirs])))
    rest_p, rest_q = max(1 - float(p.sum()), 0.0), max(1 - float(q.sum()), _SMALLEST)
    rest = rest_p * float(np.log(rest_p / rest_q)) if rest_p > _SMALLEST else 0.0
    return max(shared + rest, 0.0)
