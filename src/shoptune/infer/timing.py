"""Summarize how long answers took and how many prompt tokens were found in the prefix cache."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from shoptune.infer.prompt import Usage

FILE = "timing.json"
_PERCENTILES = (50, 95, 99)


def busy_seconds(spans: Iterable[tuple[float, float]]) -> float:
    """Return the time during which at least one engine was answering, in seconds.

    Args:
        spans: when each batch started, in seconds since the epoch, and the seconds that it took. Batches of different
            replicas overlap.
    """
    busy, until = 0.0, float("-inf")
    for started, seconds in sorted(spans):
        busy += max(0.0, started + seconds - max(started, until))
        until = max(until, started + seconds)
    return busy


def summarize_timing(usages: Sequence[Usage], seconds: float) -> dict[str, float]:
    """Compute totals, rates and latency percentiles, with times in seconds and rates per second.

    Args:
        usages: one entry per question.
        seconds: the time that the engine took for all questions.
    """
    import numpy as np  # not needed to start the command in another environment

    latencies = [usage.latency for usage in usages]
    prompt, cached, written = (
        sum(getattr(usage, name) for usage in usages) for name in ("prompt_tokens", "cached_tokens", "answer_tokens")
    )
    return {
        "questions": len(usages),
        "seconds": seconds,
        "questions_per_second": len(usages) / seconds,
        "answer_tokens_per_second": written / seconds,
        "prompt_tokens": prompt,
        "answer_tokens": written,
        "prefix_cache_hit_rate": cached / prompt if prompt else 0.0,
        **{f"latency_p{share}": float(np.percentile(latencies, share)) for share in _PERCENTILES},
    }
