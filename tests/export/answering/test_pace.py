"""Deadlines, worked out by hand and for any speed of the engine."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from shoptune.export.answering.pace import Limits, Pace
from shoptune.export.limits import SECONDS_PER_QUESTION, limits_of
from shoptune.shopbench.vocabulary import Track


class _Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_batch_has_its_own_limit_and_twice_its_share() -> None:
    clock = _Clock()
    pace = Pace(Limits(10, 1000, 100), clock)
    assert pace.deadline(16) - clock.now == 144.0  # 0.9 * 160 s; twice its share were 304 s
    clock.now += 850
    assert round(pace.deadline(16) - clock.now, 6) == round(2 * 16 / 84 * 100, 6)  # of the 100 s left of 950


def test_questions_beyond_those_announced_have_the_limit_of_their_batch() -> None:
    pace = Pace(Limits(10, 1000, 16), clock := _Clock())
    pace.deadline(16)
    assert pace.deadline(2) - clock.now == 18.0


def test_the_tracks_limits_are_those_of_the_second_phase() -> None:
    assert limits_of(Track.ALL_AROUND) == Limits(SECONDS_PER_QUESTION, 8400.0, 11720)


@given(
    track=st.sampled_from(list(Track)),
    wanted=st.lists(st.floats(0, 500), min_size=1, max_size=30),
    start=st.floats(0, 600),
)
def test_an_engine_that_obeys_is_never_late(track: Track, wanted: list[float], start: float) -> None:
    limits, clock = limits_of(track), _Clock()
    pace, began = Pace(limits, clock), clock.now
    clock.now += start
    for number in range(limits.questions // 16):
        deadline = pace.deadline(16)
        assert deadline - clock.now <= 160
        clock.now = min(clock.now + wanted[number % len(wanted)], deadline)
    assert clock.now - began <= limits.seconds
