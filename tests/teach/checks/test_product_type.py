from __future__ import annotations

import pytest

from shoptune.teach.checks.product_type import ProductType
from tests.teach.checks.applying import applied

CHECK = ProductType(field="product_type", brand="brand")


@pytest.mark.parametrize(
    ("answer", "kept"),
    [
        ("wall clock", "wall clock"),
        ("Wall Clocks", "wall clock"),
        ("wall-clock", "wall clock"),
        ("T-Shirts", "t-shirt"),
        ("Leggings.", "leggings"),
        ("shears & scissors", "scissors"),  # of the reviewed map
        ("air fryer", "air fryer"),  # not in the lexicon: a teacher knows more types than the rule
        ("women\u2019s shelves", "women's shelf"),
        ("none", None),
        ("N/A", None),
        (None, None),
    ],
)
def test_a_type_is_kept_in_normal_form(answer: str | None, kept: str | None) -> None:
    assert applied(CHECK, "product_type", answer, {"brand": "Acme"}) == kept


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("stainless steel insulated tumbler", "is not a product type"),  # four words
        ("kettles and toasters", "is not a product type"),
        ("mug, 12 oz", "is not a product type"),
        ("WH-1000XM4", "is not a product type"),
        ("gift card", "is not a product type"),
        ("kitchen accessories", "fits any product"),
        ("product", "fits any product"),
        ("garden supplies", "fits any product"),
        ("acme anvil", "names the brand"),
        ("時計", "is not a product type"),
    ],
)
def test_what_is_no_type_is_rejected(answer: str, reason: str) -> None:
    assert applied(CHECK, "product_type", answer, {"brand": "ACME"}) == (f"product_type {reason}",)


def test_a_brand_that_is_a_word_for_a_product_is_not_in_the_way() -> None:
    assert applied(CHECK, "product_type", "watch band", {"brand": "Band"}) == "watch band"
    assert applied(CHECK, "product_type", "mug", {"brand": None}) == "mug"
