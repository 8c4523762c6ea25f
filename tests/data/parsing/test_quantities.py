"""Numbers in real titles, with values worked out by hand; ambiguous titles are rejected."""
# ruff: noqa: E501 - titles as they are

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoptune.data.parsing.prices import parse_price
from shoptune.data.parsing.quantities import Amount, parse_amounts, parse_quantities

# Title, packs, count of one pack, pieces in all.
COUNTS = [
    ("Melitta Coffee Filters for Percolators, White Wrap Around, 40-Count Filters (Pack of 12), Garden", 12, 40, 480),
    ("Bounty Paper Napkins, White or Printed, 200 Count, Pack of 2", 2, 200, 400),
    ("Papinor Paper Napkins, 250 Count (Pack of 4)", 4, 250, 1000),
    ("Vanity Fair Entertain Paper Napkins, 3-Ply Disposable Napkins, Dinner Size (24 packs of 40 Napkins)", 24, 40, 960),
    ("Simply Asia Garlic Basil Singapore Street Noodles, 9.24 oz (Pack of 6)", 6, None, 6),
    ("Cuisinart Replacement Water Filters, 2-Pack", 2, None, 2),
    ("LG AGM73269501 Inlet Filters (2-Pack)", 2, None, 2),
    ("Nerds Gummy Clusters Candy 5oz (Pack of 3) with Magnet", 3, None, 3),
    ("Aqua Fresh WF295 Replacement Water Filter Compatible with WRX735SDBM02 Refrigerator Models (3 Pack)", 3, None, 3),
    ("AQUALINK MWF Replacement for GE SmartWater, MWFP, HDX FMG-1, Refrigerator Water Filter, 3Pack", 3, None, 3),
    ("WP8559933 Caster Wheel Kit 4 Packs For Whirlpool Dishwasher", 4, None, 4),
    ("Tilley TA800 Dries Overnight Travel Socks (Pack of 3), Large, Navy", 3, None, 3),
    ("Evercute Boys Boxer Briefs Cotton Underwear Trunk Shorts Undies Toddler(Spacemen/Trucks/Robots 9pk,5-6X)", 9, None, 9),
    ("Kenneth Wagner Mouse Glue Boards, Super Size Mouse Glue Traps (5 Pack) (5 Pack-19)", 5, None, 5),
    ("Marcal Paper Towels 100% Recycled 2-Ply - Case of 15", 15, None, 15),
    ("Krylon K09901A00 Leafing Pen, Gold, .33 Ounce, 1 Count (Pack of 1)", 1, 1, 1),
    ("Intake Breathing Plant-Based Witch Hazel Prep Wipes, pH Balanced, Alcohol-Free - 30 Count", None, 30, 30),
    ("Tacks, 1,500 count, 2-inch", None, 1500, 1500),
    ("Disposable Coffee Filters 200Pcs", None, 200, 200),
    ("Galvanized Flower Pots (Set of 4)", None, 4, 4),
    ("Honoson PVC Coupling Splitter 1/2 Inch PVC Split Section Coupling Pipe Fitting (6 Pieces)", None, 6, 6),
    ("24CT Small Brown Biodegradable, Food Safe Ink & Paper, Kraft Bag with Colored Sturdy Handles", None, 24, 24),
    # Several readings, or numbers of several things.
    ("Tier1 Replacement for LG LT500P Refrigerator Water Filter (3-Pack) and Magic Cleaning Sponge (12-Pack) Combo", None, None, None),
    ("MIAHART 40 Pack Plant Nursery Pots Plastic Planter, Seed Starter Trays with 40 Pcs Plant Labels", None, None, None),
    ("[2+2 Pack] Galaxy S22 Ultra Screen Protector Include 2 Pack Tempered Glass +2 Pack Camera Lens Protector", None, None, None),
    ("Jastore 5 Pairs/3 Pairs Unisex Baby Girl Boy Lace Stocking Knit Knee High Cotton Socks", None, None, None),
    ("Hanes Men's Beefy-T T-Shirt, Heavyweight Cotton Tee, 1 Or 2 Pack, Big & Tall", None, None, None),
    ("Alreef Assorted Mediterranean Baklava 800g (70-80PCS)", None, None, None),
    ("Cottonelle Ultra Comfort Toilet Paper, 32 Family Mega Rolls (8 Packs of 4), 325 Sheets per Roll", None, None, None),
    ("Soap, 10 Count (Pack of 10)", None, None, None),
    ("Qmcandy 24pcs-100pcs 20G Nose Rings Studs Nose Rings Hoop Fashion Piercings", None, None, None),
    ("Protective Case for Switch Lite with Tempered Glass Screen Protector, 4 Pcs Thumb Grips", None, None, None),
    ("ZEAYEA 3 Pack Eggs Carrier with Handle, 36 Eggs Camping Egg Holder", 3, None, 3),
    ("2018-2022 Replacement Blade 54 inch Deck for Husqvarna RZ54i", None, None, None),
]  # fmt: skip

# Title, ounces of one pack's content.
WEIGHTS = [
    ("Simply Asia Garlic Basil Singapore Street Noodles, 9.24 oz (Pack of 6)", "9.24"),
    ("Nissin RAOH Ramen Noodle Soup, Tonkotsu, 3.53 Ounce (Pack of 6)", "3.53"),
    ("Nature's Solution NTWC20 Organic Worm Casting Fertilizer Bag, 20 lb", "320"),
    ("Quakehold! 99111 2.64-Ounce Museum Putty, Neutral/Creme , White", "2.64"),
    ("White Lily Self Rising Bleached Flour - 5Lb (Pack Of 4)", "80"),
    ("Ottogi 100% Korean Rice Syrup, 24 Ounces/700 Grams", None),  # a slash may be a choice
    ("Trader Joe's Everyday Seasoning with Grinder 2.3 oz Pack of 2", "2.3"),
    ("Amlong Crystal Lead-Free Beer Mug - 16 oz, Set of 2", None),  # what it holds
    ("Arches Watercolor Block Natural White - 20 Sheets of 140 lb Arches Hot Press Watercolor Paper", None),
    ("VineVoice Ice Maker, Ice Maker Machine Countertop with Ice Scoop & Basket, 26lbs/24h", None),
    ("Creativity Street Sequins & Spangles Jar, Assorted Colors and Sizes, 230 Grams", None),  # not in ounces
    ("Ortho Nutsedge Killer for Lawns Ready-To-Spray, 32 fl. oz. (6-Pack)", None),  # a volume
]

PRICES = [
    ("15.99", "15.99", None), ("1,299.99", "1299.99", None), ("$1,250.00", "1250.00", "USD"), ("€15,50", "15.50", "EUR"),
    ("1.299,99 €", "1299.99", "EUR"), ("£3.99", "3.99", "GBP"), ("30.95", "30.95", None), ("¥1580", "1580", "JPY"),
    ("17.990000000000002", "17.99", None), ("$17", "17", "USD"), ("1,299", "1299", None),
    ("from 12.99", None, None), ("from 17.25", None, None), ("—", None, None), ("None", None, None), ("", None, None),
    ("€1,299", None, None), ("1.299", None, None), ("$5.99 - $10.99", None, None), ("0.00", None, None),
    (".a-box-inner{background-color:#fff}", None, None), ("12,5", None, None), ("$ ", None, None),
]  # fmt: skip


@pytest.mark.parametrize(("title", "packs", "count", "pieces"), COUNTS)
def test_counts(title: str, packs: int | None, count: int | None, pieces: int | None) -> None:
    found = parse_quantities(title)
    assert (found.packs, found.count, found.pieces) == (packs, count, pieces)


@pytest.mark.parametrize(("title", "ounces"), WEIGHTS)
def test_weights(title: str, ounces: str | None) -> None:
    assert parse_quantities(title).ounces == (None if ounces is None else Decimal(ounces))


@pytest.mark.parametrize(("text", "amount", "currency"), PRICES)
def test_prices(text: str, amount: str | None, currency: str | None) -> None:
    price = parse_price(text)
    assert (price and price.amount) == (None if amount is None else Decimal(amount))
    assert (price and price.currency) == currency


@pytest.mark.parametrize(
    ("title", "amounts"),
    [
        ("Amazon Brand Milk, Half Gallon, 64 Fl. Oz", [("64", "fluid ounces")]),
        ("Dianoo Espresso Milk Frothing Pitcher Stainless Steel 14.2 OZ (420ml) Gold", [("14.2", "ounces"), ("420", "milliliters")]),
        ("Okuna Outpost Garden Flag 12.5 x 18 Inch Double Sided", []),  # a dimension
        ("Pegboard Mounting Kit for 1/8-Inch and 1/4-Inch Pegboard", []),  # fractions
        ("5-Pack Orbit Underground Riser with Adjustable Nozzle, 16 to 30-Inch,Green", []),  # a range
        ("Soil Moist JCD-TP5 Transplant 5-Pound Pail", [("5", "pounds")]),
        ("3Pack 90 Degree iPhone Charger 3ft", [("3", "feet")]),
    ],
)  # fmt: skip
def test_amounts(title: str, amounts: list[tuple[str, str]]) -> None:
    assert parse_amounts(title) == [Amount(Decimal(value), unit) for value, unit in amounts]


def test_the_strings_are_real_and_many(reviews2023: Path) -> None:
    real = " ".join(
        json.loads(line).get("title") or ""
        for file in reviews2023.glob("*.jsonl")
        for line in file.read_text(encoding="utf-8").splitlines()
    )
    from_samples = [title for title, *_ in COUNTS if title.split(",")[0][:24] in real]
    assert len(from_samples) >= 15
    assert len(COUNTS) + len(WEIGHTS) + len(PRICES) >= 40


@given(st.text(max_size=60))
def test_any_text_is_read_or_rejected(text: str) -> None:
    found = parse_quantities(text)
    assert all(number is None or number > 0 for number in (found.packs, found.count, found.ounces))
    price = parse_price(text)
    assert price is None or price.amount > 0
