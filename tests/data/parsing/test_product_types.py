"""Product types of real products: lower case, singular, and only existing types."""
# ruff: noqa: E501 - titles as they are

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoptune.data.parsing.product_types import nouns, plural, product_type, singular


@pytest.mark.parametrize(
    ("title", "categories", "expected"),
    [
        ("Silver Triangle Earrings with Chevron Pattern", ["Handmade Products", "Jewelry", "Earrings", "Drop & Dangle"], "earring"),
        ("Beauteous November Birthstone Ring - Citrine Ring in 14k Gold-fi", ["Handmade Products", "Jewelry", "Rings", "Statement"], "ring"),
        ("Amazon.com Gift Card in Gift Tag (Various Designs)", ["Gift Cards", "Gift Card Recipients", "For Him"], None),
        ("Daisy Keychain Wristlet Gray Fabric Key fob Lanyard", ["Handmade Products", "Accessories", "Keychains & Keyrings"], "keychain"),
        ("Loved Again Media - Movie Subscription Box - 10 DVD Box", [], None),
        ("Huiyuzhi Womens Sleeveless Floral Print Casual Long Maxi Dresses,Black,XLarge", [], "dress"),
        ("Men's Tilley Overnight Travel Socks (Pack of 3)", None, "sock"),
        ("Gioberti Boys Track Jogger Athletic Pants - with Zip Bottom", [], "pants"),
        ("Brewhaus Burr Coffee Grinder, Stainless Steel", [], "coffee grinder"),
        ("Vanity Table without Mirror with Drawers", [], "table"),
        ("", [], None),
        ("Allmygold Long Stem Dipped 24K Gold Trim Genuine Green Rose in Gold Gift Box", [], None),
        ("Frog Log for Swimming Pool", ["Patio", "Parts & Accessories", "Pool & Spa Replacement Parts"], None),
        ("Dosens Carburetor Replacement for Generator", ["Patio", "Generators & Portable Power"], None),
        ("SunPatio Outdoor Chaise Lounge Cover 66 Inch", ["Patio", "Furniture Covers", "Chaise Lounge Covers"], "chaise lounge cover"),
        ("Linsery Women's Cap Sleeve Plunge V Neck Beautiful Dresses XL Wine Red", [], "dress"),
        ("VEVOR Range Backsplash with Shelf 29.5 Range Hood Wall Shield", ["Appliances", "Range Hoods"], None),
        ("2260502B Refrigerator Water Filter Cap for Maytag", ["Appliances", "Water Filters"], None),
        ("Stove Top Covers (31\" x 21.5\"), Heat Resistant Glass Top Stove Cover", [], None),
        ("Durable Packaging Small Electric Disposable Foil Burner Bib #6200S (25)", [], "burner bib"),
        ("shengfan Women's Two Piece Outfits Tracksuit Jogger Outfit Sweatshirt", ["Fashion", "Sweatshirts"], None),
        ("W10515057 Refrigerator LED-Light with Shell Replacement for Whirlpool", ["Appliances", "Refrigerators"], None),
        ("ICECO Insulated Protective Cover for VL45 Pro Portable Refrigerator", ["Appliances", "Refrigerators"], None),
        ("Coffee Dripper Stand for V60, Coffee Filter Stand Holder", ["Appliances", "Coffee Filters"], None),
        ("Replacement Water Filter Cartridge for Samsung", ["Appliances", "Water Filters"], "water filter"),
        ("Fisher Paykel RF201ADX4 20.1cuft Counter Depth French door", [], None),
        ("CarBeyondStore Toyota Corolla Chrome Cable Key Chain", [], "keychain"),
        ("Dryer Repair Kit Drum Roller Idler Pulley Belt Fit For Maytag 3000", ["Appliances", "Belts"], None),
        ("Cabernet Sauvignon Red Wine", [], "wine"),
        (None, None, None),
    ],
)  # fmt: skip
def test_a_product_type_is_found_from_category_and_title(
    title: str | None, categories: list[str] | None, expected: str | None
) -> None:
    assert product_type(title, categories) == expected


@pytest.mark.parametrize(
    "kind",
    ["watch", "battery", "shelf", "shorts", "dress", "scarf", "toothbrush", "tie", "kettle", "wall clock", "glasses"],
)
def test_singular_and_plural(kind: str) -> None:
    assert singular(plural(kind)) == kind


@given(st.sampled_from(sorted(nouns().heads | nouns().pairs)))
def test_heads_come_back_from_the_plural(head: str) -> None:
    assert singular(plural(head)) == singular(head)


def test_a_title_that_ends_with_a_pair_is_of_that_type() -> None:
    found = {pair: product_type(f"Trailmoor red {plural(pair)} for women", []) for pair in nouns().pairs}
    assert found == {pair: pair for pair in nouns().pairs}


def _products(reviews2023: Path, name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (reviews2023 / name).read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize(
    ("name", "at_least"),
    [("meta_Amazon_Fashion_1008.jsonl", 0.4), ("meta_Patio_Lawn_and_Garden_100.jsonl", 0.6)],
)
def test_real_products_have_types_that_are_real(reviews2023: Path, name: str, at_least: float) -> None:
    products = _products(reviews2023, name)
    types = [product_type(product["title"], product["categories"]) for product in products]
    found = [kind for kind in types if kind]
    assert len(found) >= at_least * len(products)
    banned = {"statement", "for him", "drop & dangle", "none", "accessory", "part", "kit", "set", "gift card"}
    assert not banned & set(found)
    assert all(kind == kind.lower() == singular(kind) and "&" not in kind for kind in found)
