"""How long answers took, and what the prefix cache spared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

FILE = "timing.json"
_PERCENTILES = (50, 95, 99)


@dataclass(frozen=True)
class Answered:
    """The cost of one answer.

    Attributes:
        prompt_tokens: how many tokens the prompt has.
        cached_tokens: how many of them were in the prefix cache.
        answer_tokens: how many were written.
        latency: seconds from when the engine took the question to its last token.
    """

    prompt_tokens: int
    cached_tokens: int
    answer_tokens: int
    latency: float


def summarize_timing(answers: Sequence[Answered], seconds: float) -> dict[str, float]:
    """Totals, rates and latency percentiles.

    Args:
        answers: one entry a question.
        seconds: the time that the engine was busy with all of them.
    """
    latencies = [answer.latency for answer in answers]
    prompt, cached, written = (
        sum(getattr(answer, name) for answer in answers) for name in ("prompt_tokens", "cached_tokens", "answer_tokens")
    )
    return {
        "questions": len(answers),
        "seconds": seconds,
        "questions_per_second": len(answers) / seconds,
        "answer_tokens_per_second": written / seconds,
        "prompt_tokens": prompt,
        "answer_tokens": written,
        "prefix_cache_hit_rate": cached / prompt if prompt else 0.0,
        **{f"latency_p{share}": float(np.percentile(latencies, share)) for share in _PERCENTILES},
    }
