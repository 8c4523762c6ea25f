from __future__ import annotations

import pytest

from shoptune.teach.checks.verbatim import Verbatim
from tests.teach.checks.applying import applied

CHECK = Verbatim(field="keyphrase", within="review", words=9)
REVIEW = (
    "Nice Lamp\nSuper   bright and the arm stays where you put it, but the cord is "
    "\u201cway to short\u201d for my table. Doesn\u2019t get hot \u2014 a plus!\nThe party liked it. 5-star"
)


@pytest.mark.parametrize(
    ("answer", "kept"),
    [
        ("the arm stays where you put it", "the arm stays where you put it"),
        ("super bright", "Super   bright"),
        ("'Way to short'", "way to short"),  # signs around it are dropped
        ('the cord is "way to short" for my table', "the cord is \u201cway to short\u201d for my table"),
        ("doesn't get hot", "Doesn\u2019t get hot"),
        ("get hot - a plus.", "get hot \u2014 a plus"),
        ("nice lamp", "Nice Lamp"),
        ("5-star", "5-star"),
    ],
)
def test_what_occurs_is_kept_in_the_characters_of_the_text(answer: str, kept: str) -> None:
    assert applied(CHECK, "keyphrase", answer, {"review": REVIEW}) == kept


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("the cord is way too short", "does not occur in review"),  # a spelling corrected
        ("arm stays put", "does not occur in review"),
        ("lamp super bright", "does not occur in review"),  # across a line
        ("art", "does not occur in review"),  # inside a word
        ("excellent light", "does not occur in review"),
        ("", "is empty"),
        ("\u2026", "does not occur in review"),
        ("Super bright and the arm stays where you put it", "has more than 9 words"),
    ],
)
def test_what_does_not_occur_is_rejected(answer: str, reason: str) -> None:
    assert applied(CHECK, "keyphrase", answer, {"review": REVIEW}) == (f"keyphrase {reason}",)


def test_lists_are_checked_text_by_text() -> None:
    check = Verbatim(field="values", within="texts")
    record = {"texts": ["Steel kettle", "Red, 1.7 L"]}
    assert applied(check, "values", ["STEEL", "1.7 l"], record) == ["Steel", "1.7 L"]
    assert applied(check, "values", ["steel", "glass"], record) == ("values does not occur in texts",)
    assert applied(check, "values", [], record) == []
    assert applied(check, "values", None, {"texts": None}) is None
