"""The limits of the challenge."""

from __future__ import annotations

from collections.abc import Mapping

from shoptune.export.answering.pace import Limits
from shoptune.shopbench.vocabulary import Track

BATCH_SIZE = 16
REPOSITORY_BYTES = 100 * 10**9  # paper 001, section 4.6; the starter kit states 200 GB for the first phase
SECONDS_PER_QUESTION = 10.0  # per question of a batch, according to the starter kit's README

# The second phase: minutes and questions per track (paper 001, section 4.6).
_MINUTES_AND_QUESTIONS: Mapping[Track, tuple[int, int]] = {
    Track.CONCEPTS: (70, 6102),
    Track.REASONING: (20, 1896),
    Track.BEHAVIOR: (30, 2373),
    Track.MULTILINGUAL: (20, 1349),
    Track.ALL_AROUND: (140, 11720),
}


def limits_of(track: Track) -> Limits:
    """Return the time limits of a track."""
    minutes, questions = _MINUTES_AND_QUESTIONS[track]
    return Limits(SECONDS_PER_QUESTION, minutes * 60.0, questions)
