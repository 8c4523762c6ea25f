"""Embeddings are batched and cached, and equal those computed one at a time."""

from __future__ import annotations

import builtins
import random
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from shoptune.errors import ShoptuneError
from shoptune.shopbench.embeddings import Embedder, embedder
from shoptune.shopbench.vocabulary import Metric

pytestmark = pytest.mark.slow  # it loads sentence-transformers


def _texts() -> list[str]:
    rng, words = random.Random(5), ["kettle", "boils", "water", "tea", "ケトル", "grün"]
    return ["", " ".join(words * 60), *(" ".join(rng.choices(words, k=rng.randint(1, 30))) for _ in range(20))]


def test_a_batch_gives_the_numbers_of_one_at_a_time() -> None:
    known = embedder(Metric.SENT_TRANSFORMER)
    alone = np.stack([known._model.encode(text, show_progress_bar=False) for text in _texts()])
    assert np.abs(known.vectors(_texts()) - alone).max() < 1e-6


def test_cached_embeddings_do_not_change_results() -> None:
    fresh, used = Embedder(Metric.SENT_TRANSFORMER), Embedder(Metric.SENT_TRANSFORMER)
    used.learn(_texts()[::2])
    used.vectors(["kettle"])
    assert np.array_equal(used.vectors(_texts()), fresh.vectors(_texts()))


def test_a_set_of_texts_is_embedded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    known = Embedder(Metric.SENT_TRANSFORMER)
    seen: list[str] = []
    encode = known._model.encode

    def noting(texts: Sequence[str], **arguments: Any) -> Any:
        seen.extend(texts)
        return encode(texts, **arguments)

    monkeypatch.setattr(known._model, "encode", noting)
    for _ in range(2):
        known.learn(["kettle", "sock", "kettle"])
        assert known.cosine("kettle", ["kettle", "sock"]) == pytest.approx((1 + known.cosine("kettle", "sock")) / 2)
    assert sorted(seen) == ["kettle", "sock"]


def test_a_missing_library_is_named_with_its_metric(monkeypatch: pytest.MonkeyPatch) -> None:
    load = builtins.__import__

    def without(name: str, *arguments: Any, **more: Any) -> Any:
        if name == "sentence_transformers":
            raise ImportError(name)
        return load(name, *arguments, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ShoptuneError, match="metric 'sent-transformer': sentence-transformers is not installed"):
        Embedder(Metric.SENT_TRANSFORMER)
