"""Score predictions against questions, one by one: parser, then metric."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shoptune.errors import ShoptuneError
from shoptune.shopbench.metrics import Counts
from shoptune.shopbench.metrics.micro_f1 import f1
from shoptune.shopbench.parsers import is_failure
from shoptune.shopbench.protocols import KDD_CUP, PROTOCOLS, Protocol
from shoptune.shopbench.questions import Question
from shoptune.shopbench.task_types import Parsed, Reference
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
    counts: Counts | None
    parse_failure: bool


def score_predictions(
    questions: Sequence[Question], predictions: Sequence[str], protocol: Protocol = PROTOCOLS[KDD_CUP]
) -> list[QuestionScore]:
    """Score each prediction by its question's metric, in order.

    Raises:
        ShoptuneError: a metric's embedding model is missing.
        ValueError: there are not as many predictions as questions.
    """
    _prepare(questions, predictions, protocol)
    return [score(question, text, protocol) for question, text in zip(questions, predictions, strict=True)]


def score(question: Question, prediction: str, protocol: Protocol = PROTOCOLS[KDD_CUP]) -> QuestionScore:
    """Parse one prediction and score it.

    Raises:
        ShoptuneError: the metric's embedding model is missing.
    """
    parsed = protocol.parse(question.task_type, prediction)
    failure = is_failure(question.task_type, parsed)
    scorer = protocol.scorers[question.metric]
    if scorer.counts is not None:
        counts = scorer.counts(parsed, question.output_field)
        return QuestionScore(f1([counts]), counts, failure)
    return QuestionScore(scorer.score(parsed, question.output_field), None, failure)


def unavailable_metrics(
    questions: Sequence[Question], predictions: Sequence[str], protocol: Protocol = PROTOCOLS[KDD_CUP]
) -> dict[Metric, ShoptuneError]:
    """The metrics whose embedding model is missing, with the reason; the others are prepared."""
    missing: dict[Metric, ShoptuneError] = {}
    for metric in sorted({question.metric for question in questions}):
        pairs = [pair for pair in zip(questions, predictions, strict=True) if pair[0].metric is metric]
        try:
            _prepare([question for question, _ in pairs], [text for _, text in pairs], protocol)
        except ShoptuneError as error:
            missing[metric] = error
    return missing


def _prepare(questions: Sequence[Question], predictions: Sequence[str], protocol: Protocol) -> None:
    """Show metrics that work in batches all pairs that will be scored."""
    pairs: dict[Metric, list[tuple[Parsed, Reference]]] = {}
    for question, prediction in zip(questions, predictions, strict=True):
        if protocol.scorers[question.metric].prepare:
            parsed = protocol.parse(question.task_type, prediction)
            pairs.setdefault(question.metric, []).append((parsed, question.output_field))
    for metric, batch in pairs.items():
        if prepare := protocol.scorers[metric].prepare:
            prepare(batch)
