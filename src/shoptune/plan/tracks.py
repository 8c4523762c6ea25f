"""The challenge's tracks: the number and the length of questions, and the time limit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from shoptune.plan.roofline import Engine
from shoptune.shopbench.vocabulary import TaskType

BATCH: Final = 16  # the evaluator's largest batch
TEMPLATE_TOKENS: Final = 30  # system prompt and chat template, with the prompting used in training

_CHOICE, _RETRIEVAL, _RANKING = TaskType.MULTIPLE_CHOICE, TaskType.RETRIEVAL, TaskType.RANKING
_NER, _GENERATION = TaskType.NAMED_ENTITY_RECOGNITION, TaskType.GENERATION


@dataclass(frozen=True)
class Track:
    """One track in phase 2 of the challenge.

    Attributes:
        questions: the number of questions (paper 001, section 4.6).
        minutes: the time limit for answering them, in minutes (paper 001, table 1).
        tokens: the mean length of a question in tokens of Qwen2, over the 96 development questions of the track.
        task_types: the task types that occur in its development questions.
    """

    questions: int
    minutes: int
    tokens: int
    task_types: tuple[TaskType, ...]


TRACKS: Final[Mapping[int, Track]] = {
    1: Track(6102, 70, 115, (_CHOICE, _RETRIEVAL, _NER, _GENERATION)),
    2: Track(1896, 20, 69, (_CHOICE,)),
    3: Track(2373, 30, 240, (_CHOICE, _RETRIEVAL, _RANKING)),
    4: Track(1349, 20, 275, (_CHOICE, _GENERATION)),
    5: Track(11720, 140, 164, tuple(TaskType)),
}


def track_minutes(track: Track, engine: Engine, limits: Mapping[TaskType, int], batch: int) -> float:
    """Estimate the minutes to answer a track's questions in batches.

    A batch takes as many steps as its longest answer has tokens. The estimate assumes the largest limit among the
    track's task types, so the real duration tends to be shorter.

    Args:
        track: the track.
        engine: the devices that compute.
        limits: the maximum number of tokens in an answer, per task type.
        batch: the number of questions that are answered together.
    """
    steps = max(limits[task_type] for task_type in track.task_types)
    prefill = engine.prefill_seconds(batch * (track.tokens + TEMPLATE_TOKENS))
    seconds = prefill + (steps - 1) * engine.decode_seconds(batch)  # the prefill yields the first token
    return track.questions / batch * seconds / 60


def question_assumptions() -> Iterator[str]:
    """Yield the assumptions behind the minutes per track, as sentences."""
    lengths = ", ".join(str(track.tokens + TEMPLATE_TOKENS) for track in TRACKS.values())
    yield f"prompts of {lengths} tokens on tracks 1 to 5 (means of the development questions, plus {TEMPLATE_TOKENS})"
    yield f"batches of {BATCH}, each with as many steps as the largest max_tokens among its track's task types"
