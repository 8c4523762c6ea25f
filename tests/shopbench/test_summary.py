"""Averages and intervals, compared with values worked out by hand."""

import numpy as np
import pytest

from shoptune.shopbench.questions import Question
from shoptune.shopbench.scoring import QuestionScore, score
from shoptune.shopbench.summary import RESAMPLES, paired_difference, summarize
from shoptune.shopbench.vocabulary import Metric, TaskType, Track


def _question(task: str, metric: Metric, track: Track = Track.CONCEPTS) -> Question:
    task_type = {Metric.ACCURACY: TaskType.MULTIPLE_CHOICE, Metric.MICRO_F1: TaskType.NAMED_ENTITY_RECOGNITION}[metric]
    reference = 1 if metric is Metric.ACCURACY else ["a"]
    return Question("q", reference, task_type, task, metric, metric is Metric.ACCURACY, track)


QUESTIONS = [_question("mc", Metric.ACCURACY)] * 3 + [_question("ner", Metric.MICRO_F1, Track.BEHAVIOR)] * 2
SCORES = [
    QuestionScore(1.0, None, False),
    QuestionScore(0.0, None, True),
    QuestionScore(0.0, None, False),
    QuestionScore(1.0, (3, 0, 0), False),  # alone F1 = 1
    QuestionScore(0.0, (0, 1, 1), False),  # alone F1 = 0
]


def test_both_averages() -> None:
    summary = summarize(QUESTIONS, SCORES)
    # mc: 1/3; ner from summed counts (3, 1, 1): P = R = 3/4, F1 = 3/4
    assert summary["by_task"]["mc"]["score"] == pytest.approx(1 / 3)
    assert summary["by_task"]["ner"]["score"] == pytest.approx(3 / 4)
    assert summary["overall"]["by_task"] == pytest.approx((1 / 3 + 3 / 4) / 2)
    assert summary["overall"]["by_question"] == pytest.approx(2 / 5)
    assert summary["overall"]["questions"] == 5
    assert summary["overall"]["parse_failures"] == 1
    assert summary["by_track"][Track.BEHAVIOR]["by_question"] == pytest.approx(1 / 2)
    assert [entry["score"] for entry in summary["per_question"]] == [1.0, 0.0, 0.0, 1.0, 0.0]


def test_intervals_contain_the_score_and_are_reproducible() -> None:
    summary = summarize(QUESTIONS, SCORES)
    low, high = summary["overall"]["by_question_interval"]
    assert low <= summary["overall"]["by_question"] <= high
    assert summarize(QUESTIONS, SCORES) == summary


def test_a_task_of_equal_scores_has_no_spread() -> None:
    summary = summarize(QUESTIONS[:3], [QuestionScore(0.5, None, False)] * 3)
    assert summary["by_task"]["mc"]["interval"] == [0.5, 0.5]


def test_a_task_with_two_metrics_is_one_task() -> None:
    """As the starter kit has it: task17 holds BLEU and Japanese BLEU questions."""
    shared = {"task_type": TaskType.GENERATION, "task_name": "task17", "is_multiple_choice": False}
    questions = [
        Question("a", "the red kettle boils", metric=Metric.BLEU, track=Track.MULTILINGUAL, **shared),
        Question("b", "赤いケトルが沸く", metric=Metric.JP_BLEU, track=Track.MULTILINGUAL, **shared),
    ]
    results = [score(questions[0], "the red kettle boils"), score(questions[1], "")]
    assert summarize(questions, results)["by_task"]["task17"]["score"] == pytest.approx(0.5)


def test_the_paired_difference_detects_a_better_model() -> None:
    difference, low, high = paired_difference([1.0] * 30 + [0.0] * 10, [0.0] * 40)
    assert difference == pytest.approx(0.75)
    assert 0.5 < low < 0.75 < high < 0.95


def test_the_paired_difference_of_equal_scores_is_zero() -> None:
    assert paired_difference([0.2, 0.9], [0.2, 0.9]) == (0.0, 0.0, 0.0)


@pytest.mark.parametrize("size", [1, 3, 96, 1211, 70_001])
def test_drawing_in_parts_does_not_change_the_interval(size: int) -> None:
    """Compared with all resamples drawn together, by which earlier reports were made."""
    resamples = RESAMPLES if size < 2000 else 3
    differences = np.random.default_rng(1).choice([-1.0, 0.0, 1.0, 1 / 3], size)
    draws = np.random.default_rng(20240718).integers(size, size=(resamples, size))
    low, high = np.percentile(differences[draws].mean(axis=1), (2.5, 97.5))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("shoptune.shopbench.summary.RESAMPLES", resamples)
        found = paired_difference(list(differences), [0.0] * size)
    assert found == (differences.mean(), low, high)
