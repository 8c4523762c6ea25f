"""The search over ensembles, on a function with a known optimum."""

from __future__ import annotations

from pathlib import Path

import pytest

from shoptune.sweep import search
from shoptune.sweep.config import Search
from shoptune.sweep.points import Candidate, Estimate, Point
from shoptune.sweep.search import STUDY, run_search

_SEARCH = Search(trials=25, alpha=(0.0, 1.5), seed=3)


class KilledError(Exception):
    pass


class Scorer:
    """Best at alpha 0.6 with weights 0.3 and 0.7; stops like a kill when it has scored enough."""

    def __init__(self, stop_at: int | None = None) -> None:
        self.asked: list[Candidate] = []
        self._stop_at = stop_at

    def __call__(self, candidate: Candidate) -> Point:
        if len(self.asked) == self._stop_at:
            raise KilledError
        self.asked.append(candidate)
        value = 1 - (candidate.alpha - 0.6) ** 2 - (candidate.weights[0] - 0.3) ** 2
        return Point(candidate, Estimate(value, value, value), {}, {}, (value,))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> list[Point]:
    """The points of an uninterrupted search."""
    return run_search(_SEARCH, (0.5, 0.5), tmp_path_factory.mktemp("whole") / STUDY, Scorer())


def test_the_first_points_are_the_baselines(whole: list[Point]) -> None:
    assert [point.candidate for point in whole[:2]] == [Candidate(0.0, (0.5, 0.5)), Candidate(1.0, (0.5, 0.5))]
    assert len(whole) == 2 + 25


def test_weights_add_up_and_the_best_place_is_found(whole: list[Point]) -> None:
    assert all(sum(point.candidate.weights) == pytest.approx(1, abs=2e-4) for point in whole)
    assert max(point.overall.score for point in whole) > 0.97  # alpha 1 at equal weights has 0.80


def test_a_search_that_is_killed_again_and_again_has_the_same_proposals(tmp_path: Path, whole: list[Point]) -> None:
    for killed_at in (0, 1, 2, 7, 20):  # before and between the baselines, before and after the model is used
        with pytest.raises(KilledError):
            run_search(_SEARCH, (0.5, 0.5), tmp_path / "cut.db", Scorer(stop_at=killed_at))
    assert run_search(_SEARCH, (0.5, 0.5), tmp_path / "cut.db", Scorer()) == whole


def test_one_adapter_has_no_shares_to_search(tmp_path: Path) -> None:
    points = run_search(Search(trials=3, alpha=(0.0, 1.0)), (0.8,), tmp_path / STUDY, Scorer())
    assert {point.candidate.weights for point in points} == {(0.8,)}


def test_a_negligible_share_becomes_zero_and_the_others_keep_the_sum() -> None:
    drawn = {"alpha": 0.5, "share_0": 0.6, "share_1": 0.2, "share_2": 0.005}  # 0.005 is less than 1% of 0.805
    assert search._candidate(drawn, (1.0, 0.5, 0.5)) == Candidate(0.5, (1.5, 0.5, 0.0))
