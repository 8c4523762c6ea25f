"""The challenge's tracks: how many questions, how long they may take, and how long they are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from shoptune.plan.roofline import Engine
from shoptune.shopbench.vocabulary import TaskType

BATCH: Final = 16  # the evaluator's largest batch
TEMPLATE_TOKENS: Final = 30  # system prompt and chat template, by the prompting that adapters are trained on

_CHOICE, _RETRIEVAL, _RANKING = TaskType.MULTIPLE_CHOICE, TaskType.RETRIEVAL, TaskType.RANKING
_NER, _GENERATION = TaskType.NAMED_ENTITY_RECOGNITION, TaskType.GENERATION


@dataclass(frozen=True)
class Track:
    """One track in phase 2.

    Attributes:
        questions: how many are asked (paper 001, section 4.6).
        minutes: how long answering them may take (paper 001, table 1).
        tokens: mean length of a question by Qwen2's tokenizer, over the 96 development questions of the track.
        task_types: those that occur among its development questions.
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
    """Minutes to answer a track's questions in batches.

    A batch takes as many steps as its longest answer has tokens: the largest limit of the track's task types, so the
    estimate errs on the long side.

    Args:
        track: the questions.
        engine: what computes.
        limits: the most tokens of an answer, by task type.
        batch: questions that are answered together.
    """
    steps = max(limits[task_type] for task_type in track.task_types)
    prefill = engine.prefill_seconds(batch * (track.tokens + TEMPLATE_TOKENS))
    seconds = prefill + (steps - 1) * engine.decode_seconds(batch)  # the prefill yields the first token
    return track.questions / batch * seconds / 60


def question_assumptions() -> Iterator[str]:
    """The assumptions behind the minutes of tracks, in sentences."""
    lengths = ", ".join(str(track.tokens + TEMPLATE_TOKENS) for track in TRACKS.values())
    yield f"prompts of {lengths} tokens on tracks 1 to 5 (means of the development questions, plus {TEMPLATE_TOKENS})"
    yield f"batches of {BATCH}; every batch runs to the largest max_tokens of its track's task types"
