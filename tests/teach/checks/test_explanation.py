from __future__ import annotations

import pytest

from shoptune.teach.checks.explanation import Explanation
from tests.teach.checks.applying import applied

CHECK = Explanation(field="explanation", of="concept")


@pytest.mark.parametrize(
    ("concept", "text"),
    [
        (  # the development set's own answer
            "toggle switch",
            "A toggle switch is an electric switch operated by means of a projecting lever that is moved up and down.",
        ),
        ("trivet", "A trivet is a stand that protects the table from hot pots. It is usually made of metal or wood."),
        (
            "leggings",
            "Leggings are tight-fitting stretch trousers that cover the legs and are worn for sports or leisure.",
        ),
        ("wall clock", "A wall clock (also called a hanging clock) is a clock with a dial that is mounted on a wall."),
        (
            "air fryer",
            "An air fryer is a small countertop oven, e.g. with a basket, that cooks food by circulating hot air.",
        ),
        (
            "screen protector",
            "Screen protectors are thin sheets of plastic or glass that keep a display free of scratches.",
        ),
    ],
)
def test_a_definition_is_kept(concept: str, text: str) -> None:
    assert applied(CHECK, "explanation", text, {"concept": concept}) == text


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("A kettle boils water.", "is too short or too long"),
        ("A kettle is a vessel " + "with a long spout " * 20 + ".", "is too short or too long"),
        ("Electric vessel with a spout and a handle for boiling water", "is not one or two sentences"),
        (
            "A kettle is a pot. It has a lid. It boils water for tea and coffee in a few minutes.",
            "is not one or two sentences",
        ),
        ("A kettle is what you need to boil water for tea, coffee or soup.", "addresses the reader or advertises"),
        ("A kettle is a pot for boiling water that sells for $19.99 and up.", "addresses the reader or advertises"),
        ("A toaster is an appliance that browns slices of bread with heat.", "does not begin with the concept"),
        ("Used for boiling water, this vessel has a spout and a handle.", "does not begin with the concept"),
        ("A kettle is a type of product that is a kind of kettle.", "is circular"),
    ],
)
def test_other_texts_are_rejected(text: str, reason: str) -> None:
    assert applied(CHECK, "explanation", text, {"concept": "kettle"}) == (f"explanation {reason}",)


@pytest.mark.parametrize("text", [None, "none", "None.", " "])
def test_a_name_that_is_not_a_concept_has_no_explanation(text: str | None) -> None:
    assert applied(CHECK, "explanation", text, {"concept": "for him"}) is None


def test_blanks_become_single() -> None:
    text = "A kettle is a vessel\nwith a  spout, in which water is boiled."
    assert applied(CHECK, "explanation", text, {"concept": "kettle"}) == " ".join(text.split())
