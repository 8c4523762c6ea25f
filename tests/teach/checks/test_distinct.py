from __future__ import annotations

from shoptune.teach.checks.distinct import Distinct
from tests.teach.checks.applying import apply

CHECK = Distinct(field="aspect")


def _kept(*names: str) -> list[bool]:
    return [not isinstance(found, str) for found in apply(CHECK, [{"aspect": name} for name in names], {})]


def test_different_texts_are_kept() -> None:
    assert _kept("fit", "size", "fit of the collar", "sizes", "color") == [True] * 5
    assert _kept() == []


def test_the_first_of_equal_texts_is_kept() -> None:
    assert _kept("fit", "Fit", "FIT ", "\u201cfit\u201d", "size", " f it", "fit.") == [
        True, False, False, False, True, True, False,
    ]  # fmt: skip
    assert apply(CHECK, [{"aspect": "fit"}, {"aspect": "fit"}], {}) == [{"aspect": "fit"}, "aspect is repeated"]
