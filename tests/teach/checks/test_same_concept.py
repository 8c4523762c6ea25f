from __future__ import annotations

import pytest

from shoptune.teach.checks.same_concept import SameConcept
from tests.teach.checks.applying import applied

CHECK = SameConcept(field="name")
OTHERS = ["loveseat", "armchair", "t-shirts", "tank top"]


@pytest.mark.parametrize(
    ("concept", "name"),
    [
        ("sofa", "couch"),
        ("sofa", "settee"),
        ("adjustable wrench", "adjustable spanner"),
        ("pants", "trousers"),
        ("trash can", "garbage bin"),
        ("nightstand", "bedside table"),
    ],
)
def test_another_name_is_kept(concept: str, name: str) -> None:
    assert applied(CHECK, "name", name, {"concept": concept, "others": OTHERS}) == name


@pytest.mark.parametrize(
    ("concept", "name", "reason"),
    [
        ("sofa", "sofas", "is the same name"),
        ("t-shirt", "tshirt", "is the same name"),
        ("night stand", "nightstand", "is the same name"),
        ("sofa", "sleeper sofa", "is broader or narrower"),
        ("sleeper sofa", "sofa", "is broader or narrower"),
        ("sofa", "loveseat", "names another concept"),
        ("undershirt", "t-shirt", "names another concept"),
        ("undershirt", "tank tops", "names another concept"),
    ],
)
def test_what_is_not_the_same_concept_is_rejected(concept: str, name: str, reason: str) -> None:
    assert applied(CHECK, "name", name, {"concept": concept, "others": OTHERS}) == (f"name {reason}",)
