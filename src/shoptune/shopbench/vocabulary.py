"""The names of task types, tracks and metrics: the benchmark's own, and those that a plug-in file adds.

A file in `task_types/` or `metrics/` whose name is not one of the benchmark's adds a member: `task_types/price.py` adds
`TaskType("price")`.
"""

from __future__ import annotations

from collections.abc import Container
from enum import StrEnum

from shoptune.runtime.plugins import plugin_names


def _added(package: str, members: Container[str]) -> dict[str, str]:
    """The members that plug-in files add to an enumeration."""
    names = plugin_names(f"shoptune.shopbench.{package}")
    return {name.upper(): name for name in names if name.upper() not in members}


class TaskType(StrEnum):
    """The kinds of question; the benchmark has five."""

    MULTIPLE_CHOICE = "multiple-choice"
    RETRIEVAL = "retrieval"
    RANKING = "ranking"
    NAMED_ENTITY_RECOGNITION = "named_entity_recognition"
    GENERATION = "generation"

    vars().update(_added("task_types", vars()))


class Metric(StrEnum):
    """How an answer is scored."""

    ACCURACY = "accuracy"
    HIT_RATE_3 = "hit rate@3"
    NDCG = "ndcg"
    MICRO_F1 = "micro f1"
    ROUGE_L = "rougel"
    BLEU = "bleu"
    JP_BLEU = "jp-bleu"
    SENT_TRANSFORMER = "sent-transformer"
    MULTILINGUAL_SENT_TRANSFORMER = "multilingual-sent-transformer"

    vars().update(_added("metrics", vars()))


class Track(StrEnum):
    """The five tracks; every question belongs to one of the first four, and all belong to the fifth."""

    CONCEPTS = "amazon-kdd-cup-24-understanding-shopping-concepts"
    REASONING = "amazon-kdd-cup-24-shopping-knowledge-reasoning"
    BEHAVIOR = "amazon-kdd-cup-24-user-behavior-alignment"
    MULTILINGUAL = "amazon-kdd-cup-24-multi-lingual-abilities"
    ALL_AROUND = "amazon-kdd-cup-24-all-around"

    @property
    def number(self) -> int:
        """The track's number in the papers, 1 to 5."""
        return list(Track).index(self) + 1
