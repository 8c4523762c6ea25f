"""A sweep's first point, scored again at the end."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from shoptune.shopbench.questions import Question, load_questions
from shoptune.sweep import stage
from shoptune.sweep.config import load_sweep
from shoptune.sweep.points import Candidate
from shoptune.sweep.repeat import FirstPredictions, repeat_sentence


def test_predictions_are_compared_with_the_first_ones(tmp_path: Path) -> None:
    FirstPredictions(tmp_path).keep(["1", "2", "3"])
    resumed = FirstPredictions(tmp_path)
    resumed.keep(["other"])
    assert resumed.changed(["1", "2", "3"]) == 0
    assert resumed.changed(["1", "9", ""]) == 2


def test_the_sentence_reports_what_changed() -> None:
    candidate = Candidate(0.5, (1.0,))
    assert repeat_sentence(candidate, 0, 9) == "Scored again at the end, alpha 0.5 gave the same predictions."
    assert "alpha 0.5 gave other predictions for 2 of 9 questions: the reloaded" in repeat_sentence(candidate, 2, 9)


class _Ensemble:
    """Answers by the alpha; the last answers are wrong if the weights are not reloaded."""

    def __init__(self, *, stale: bool) -> None:
        self._stale, self.asked = stale, []

    def answer(self, candidate: Candidate, questions: Sequence[Question]) -> list[str]:
        self.asked.append(candidate.alpha)
        alpha = self.asked[-2] if self._stale and len(self.asked) > 1 else candidate.alpha
        return [str(int(alpha * 4))] * len(questions)


@pytest.mark.parametrize("stale", [False, True])
def test_the_sweep_scores_its_first_point_twice(
    tmp_path: Path, root: Path, monkeypatch: pytest.MonkeyPatch, stale: bool
) -> None:
    monkeypatch.chdir(root)
    plan = load_sweep(Path("merge/sweeps/demo.yaml"), ["alphas=[0.25, 0.5]", "no_task_type_below_base=null"])
    every = load_questions(root / "examples" / "questions" / "development.json")
    questions = [question for question in every if question.task_type.value == "multiple-choice"][:5]
    ensemble = _Ensemble(stale=stale)
    monkeypatch.setattr(stage, "live_ensemble", lambda _plan, _kept: ensemble)
    points, repeated = stage._run_points(plan, questions, tmp_path)
    assert ensemble.asked == [0.25, 0.5, 0.25]
    assert [point.candidate.alpha for point in points] == [0.25, 0.5]
    assert ("5 of 5 questions" in repeated) == stale
    ensemble.asked.clear()
    _, again = stage._run_points(plan, questions, tmp_path)  # resumed after the last point
    assert ensemble.asked == [0.25]
    assert again.endswith("gave the same predictions.")
