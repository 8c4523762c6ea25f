"""Scoring protocols: how a benchmark reads a prediction and which metrics it applies.

`kdd-cup` is the challenge's starter kit. `shopping-mmlu` is the published evaluation of Shopping MMLU, by which its
leaderboard is made (github.com/KL4805/ShoppingMMLU, `skill_wise_eval/metrics.py`). The second takes ranks and entities
from the first line only, keeps a ranking's repeats and its numbers above five, reads a choice only from the very first
character, and skips what is not a number instead of picking digits out of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from shoptune.shopbench import parsers
from shoptune.shopbench.metrics import SCORERS, Counts, Scorer
from shoptune.shopbench.metrics.micro_f1 import f1
from shoptune.shopbench.task_types import Parsed
from shoptune.shopbench.task_types.multiple_choice import NO_CHOICE
from shoptune.shopbench.task_types.retrieval import RETRIEVED
from shoptune.shopbench.vocabulary import Metric, TaskType


@dataclass(frozen=True)
class Protocol:
    """How predictions are scored.

    Attributes:
        version: of the code that it follows.
        parse: what is read from a prediction, by task type; never raises.
        scorers: the metrics.
    """

    version: str
    parse: Callable[[TaskType, str], Parsed]
    scorers: Mapping[Metric, Scorer]


def _parse_mmlu(task_type: TaskType, text: str) -> Parsed:
    text = text.encode(errors="replace").decode()  # halves of surrogate pairs break some metrics
    match task_type:
        case TaskType.MULTIPLE_CHOICE:
            first = text.strip(" ")[:1]
            return int(first) if first in tuple("0123456789") else NO_CHOICE
        case TaskType.RETRIEVAL:
            return _numbers(text.strip())[:RETRIEVED]
        case TaskType.RANKING:
            return _numbers(text.strip("\n").split("\n")[0])
        case TaskType.NAMED_ENTITY_RECOGNITION:
            line = text.lstrip("\n").split("\n")[0].strip(" ")
            return [entity.lower().strip(" ") for entity in line.split(",") if entity]
        case TaskType.GENERATION:
            return text
        case _:
            return parsers.parse(task_type, text)


def _numbers(text: str) -> list[int]:
    numbers = []
    for item in text.split(","):
        try:
            numbers.append(int(item))
        except ValueError:
            continue
    return numbers


def _counts(entities: Sequence[str], reference: Sequence[str]) -> Counts:
    """True positives, false positives and false negatives; an entity that is all blanks is a false positive."""
    right = [entity.lower() for entity in reference]
    hits = len(set(entities) & set(right))
    return hits, len(entities) - hits, len(right) - hits


def _f1(entities: Sequence[str], reference: Sequence[str]) -> float:
    return f1([_counts(entities, reference)])


KDD_CUP = "kdd-cup"
PROTOCOLS: Mapping[str, Protocol] = {
    KDD_CUP: Protocol(parsers.VERSION, parsers.parse, SCORERS),
    "shopping-mmlu": Protocol("2024", _parse_mmlu, {**SCORERS, Metric.MICRO_F1: Scorer(_f1, counts=_counts)}),
}
