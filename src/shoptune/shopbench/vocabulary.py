"""The names that the benchmark gives to its task types, tracks and metrics."""

from __future__ import annotations

from enum import StrEnum


class TaskType(StrEnum):
    """The five kinds of question."""

    MULTIPLE_CHOICE = "multiple-choice"
    RETRIEVAL = "retrieval"
    RANKING = "ranking"
    NAMED_ENTITY_RECOGNITION = "named_entity_recognition"
    GENERATION = "generation"


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


# Metrics that fit an answer of each task type.
METRICS_OF: dict[TaskType, frozenset[Metric]] = {
    TaskType.MULTIPLE_CHOICE: frozenset({Metric.ACCURACY}),
    TaskType.RETRIEVAL: frozenset({Metric.HIT_RATE_3}),
    TaskType.RANKING: frozenset({Metric.NDCG}),
    TaskType.NAMED_ENTITY_RECOGNITION: frozenset({Metric.MICRO_F1}),
    TaskType.GENERATION: frozenset(
        {
            Metric.ROUGE_L,
            Metric.BLEU,
            Metric.JP_BLEU,
            Metric.SENT_TRANSFORMER,
            Metric.MULTILINGUAL_SENT_TRANSFORMER,
        }
    ),
}
