"""Addresses hold what is selected, and give it back."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

from hypothesis import given
from hypothesis import strategies as st

from shoptune.studio.address import Address, join


@given(st.dictionaries(st.text(st.characters(codec="utf-8"), min_size=1), st.text(st.characters(codec="utf-8"))))
def test_a_link_leads_to_the_same_selection(parameters: dict[str, str]) -> None:
    link = urlsplit(Address("/rows", parameters).link())
    assert link.path == "/rows"
    assert dict(parse_qsl(link.query)) == {name: value for name, value in parameters.items() if value}


def test_a_link_changes_or_drops_parameters() -> None:
    address = Address("/rows", {"page": "3", "text": "a b"})
    assert address.link(page=4) == "/rows?page=4&text=a+b"
    assert address.link(page="") == "/rows?text=a+b"
    assert address.link("/answers", model="awq") == "/answers?model=awq"
    assert address.link("/") == "/"


def test_numbers_are_limited() -> None:
    address = Address("/", {"page": "7", "bad": "-1", "worse": "²", "huge": "9" * 5000})
    assert address.number("page", 1) == 7
    assert address.number("page", 1, high=5) == 5
    assert [address.number(name, 1) for name in ("bad", "worse", "huge", "absent")] == [1, 1, 1, 1]


def test_choices_are_among_the_valid_ones() -> None:
    address = Address("/", {"view": "mix", "models": join(["base", "alone/a"])})
    assert address.choice("view", ["mix"]) == "mix"
    assert address.choice("view", ["rows"], "rows") == "rows"
    assert address.several("models") == ["base", "alone/a"]
    assert address.several("absent") == []
