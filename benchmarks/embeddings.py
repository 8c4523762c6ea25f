"""Generation answers scored in batches and remembered, against one `encode` a text as the starter kit does.

Run: .venv/bin/python benchmarks/embeddings.py [--answers 10000] [--measured 500]

`distinct`: no two texts are alike. `sweep`: eleven models answer the same questions, and each next one answers three in
ten otherwise than the one before. One at a time is timed on a part, since its time a text does not change.
"""

from __future__ import annotations

import argparse
import random
import time
from pathlib import Path

import numpy as np
from measure import report

from shoptune.shopbench.embeddings import Embedder
from shoptune.shopbench.vocabulary import Metric

RUN = Path("runs/benchmarks/embeddings")
MODELS, CHANGED = 11, 0.3
WORDS = [word for word in Path("README.md").read_text(encoding="utf-8").split() if word.isalpha()]
Pairs = list[tuple[str, str]]


def main() -> None:
    """Measure both ways on both workloads and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--answers", type=int, default=10_000)
    parser.add_argument("--measured", type=int, default=500)
    arguments = parser.parse_args()
    rng = random.Random(0)
    rows = []
    for name, pairs in {"distinct": distinct(arguments.answers, rng), "sweep": sweep(arguments.answers, rng)}.items():
        reference, alone = one_at_a_time(rng.sample(pairs, min(arguments.measured, len(pairs))))
        embedder = Embedder(Metric.SENT_TRANSFORMER)
        since = time.perf_counter()
        embedder.learn(text for pair in pairs for text in pair)
        scores = {pair: embedder.cosine(*pair) for pair in pairs}
        ours = (time.perf_counter() - since) / len(pairs)
        difference = max(abs(scores[pair] - score) for pair, score in reference.items())
        texts = {text for pair in pairs for text in pair}
        rows.append({
            "answers": name, "texts": 2 * len(pairs), "different": len(texts), "timed alone": len(reference),
            "alone, ms": 1000 * alone, "ours, ms": 1000 * ours, "ratio": alone / ours,
            "largest difference": f"{difference:.1e}",
        })  # fmt: skip
    report(f"{arguments.answers} generation answers, milliseconds an answer", rows, RUN / "embeddings.json")


def one_at_a_time(pairs: Pairs) -> tuple[dict[tuple[str, str], float], float]:
    """The scores of some answers as the starter kit computes them, and its seconds an answer."""
    model = Embedder(Metric.SENT_TRANSFORMER)._model
    model.encode("warm")
    scores = {}
    since = time.perf_counter()
    for answer, reference in pairs:
        first, second = (model.encode(text, show_progress_bar=False) for text in (answer, reference))
        cosine = float(np.dot(first, second) / (np.linalg.norm(first) * np.linalg.norm(second)))
        scores[answer, reference] = max(cosine, 0.0)
    return scores, (time.perf_counter() - since) / len(pairs)


def distinct(count: int, rng: random.Random) -> Pairs:
    """Answers and references, no two alike."""
    return [(sentence(rng), sentence(rng)) for _ in range(count)]


def sweep(count: int, rng: random.Random) -> Pairs:
    """The answers of eleven models of a sweep to the same questions."""
    references = [sentence(rng) for _ in range(count // MODELS)]
    answers = [sentence(rng) for _ in references]
    pairs: Pairs = []
    for _ in range(MODELS):
        answers = [sentence(rng) if rng.random() < CHANGED else answer for answer in answers]
        pairs += zip(answers, references, strict=True)
    return pairs


def sentence(rng: random.Random) -> str:
    """A text of four to eighteen words, as long as explanations and translated titles are."""
    return " ".join(rng.choices(WORDS, k=rng.randint(4, 18)))


if __name__ == "__main__":
    main()
