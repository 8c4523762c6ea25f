"""Score predictions against questions, one by one: parser, then metric."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from shoptune.shopbench import metrics
from shoptune.shopbench.embeddings import MODEL_OF, embedder
from shoptune.shopbench.parsers import is_failure, parse
from shoptune.shopbench.questions import Question
from shoptune.shopbench.vocabulary import Metric


@dataclass(frozen=True)
class QuestionScore:
    """The score of one prediction.

    Attributes:
        score: from 0 to 1; for micro F1, the F1 of this question alone.
        counts: true positives, false positives and false negatives for micro F1, else None.
        parse_failure: nothing could be read from the prediction.
    """

    score: float
    counts: metrics.Counts | None
    parse_failure: bool


def score_predictions(questions: Sequence[Question], predictions: Sequence[str]) -> list[QuestionScore]:
    """Score each prediction by its question's metric, in order.

    Raises:
        ShoptuneError: a metric's embedding model is missing.
        ValueError: there are not as many predictions as questions.
    """
    _embed_all(questions, predictions)
    return [score(question, text) for question, text in zip(questions, predictions, strict=True)]


def score(question: Question, prediction: str) -> QuestionScore:
    """Parse one prediction and score it.

    Raises:
        ShoptuneError: the metric's embedding model is missing.
    """
    parsed = parse(question.task_type, prediction)
    failure = is_failure(question.task_type, parsed)
    if question.metric is Metric.MICRO_F1:
        counts = metrics.entity_counts(_any(parsed), _any(question.output_field))
        return QuestionScore(metrics.f1([counts]), counts, failure)
    return QuestionScore(_score(question.metric, _any(parsed), _any(question.output_field)), None, failure)


def _score(metric: Metric, parsed: Any, reference: Any) -> float:
    match metric:
        case Metric.ACCURACY:
            return metrics.accuracy(parsed, reference)
        case Metric.HIT_RATE_3:
            return metrics.hit_rate_3(parsed, reference)
        case Metric.NDCG:
            return metrics.ndcg(parsed, reference)
        case Metric.ROUGE_L:
            return metrics.rouge_l(parsed, reference)
        case Metric.BLEU | Metric.JP_BLEU:
            return metrics.bleu(parsed, reference, japanese=metric is Metric.JP_BLEU)
        case _:
            return embedder(metric).cosine(parsed, reference)


def _embed_all(questions: Sequence[Question], predictions: Sequence[str]) -> None:
    """Embed every text that the cosine metrics will ask for, in a few large batches instead of one by one."""
    texts: dict[Metric, list[str]] = {}
    for question, prediction in zip(questions, predictions, strict=True):
        if question.metric in MODEL_OF:
            reference: Any = question.output_field
            references = [reference] if isinstance(reference, str) else list(reference)
            texts.setdefault(question.metric, []).extend([_any(parse(question.task_type, prediction)), *references])
    for metric, batch in texts.items():
        embedder(metric).learn(batch)


def _any(value: object) -> Any:
    """A parsed answer or a reference as its metric takes it; the loader has checked that they fit each other."""
    return value
