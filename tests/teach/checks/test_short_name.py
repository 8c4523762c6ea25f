from __future__ import annotations

import pytest

from shoptune.teach.checks.short_name import ShortName
from tests.teach.checks.applying import applied

CHECK = ShortName(field="aspect", words=3, refused=("product", "overall"))


@pytest.mark.parametrize(
    ("answer", "kept"),
    [
        ("battery life", "battery life"),
        ("Ease of Assembly", "ease of assembly"),
        (" fit. ", "fit"),
        ("non-stick coating", "non-stick coating"),
        ("3d effect", "3d effect"),
        ("customer\u2019s manual", "customer's manual"),
    ],
)
def test_a_name_is_kept_in_lower_case(answer: str, kept: str) -> None:
    assert applied(CHECK, "aspect", answer, {}) == kept


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("Product", "names nothing"),
        ("overall", "names nothing"),
        ("n/a", "names nothing"),
        ("how long the battery lasts", "has more than 3 words"),
        ("price/value", "is not a plain name"),
        ("quality: good", "is not a plain name"),
        ("great, thanks", "is not a plain name"),
    ],
)
def test_other_names_are_rejected(answer: str, reason: str) -> None:
    assert applied(CHECK, "aspect", answer, {}) == (f"aspect {reason}",)


def test_names_of_products_can_be_written_in_the_singular() -> None:
    check = ShortName(field="name", singular=True)
    assert applied(check, "name", "Athletic Shoes", {}) == "athletic shoe"
    assert applied(check, "name", "trousers", {}) == "trousers"
