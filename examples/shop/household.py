"""Everyday goods of the shop whose titles count and measure: napkins by number, liquids by volume, cables by length."""

from __future__ import annotations

import hashlib
import random

DEPARTMENT = "Health_and_Household"
_PRODUCTS_PER_TYPE = 12
_PACKS = (1, 2, 3, 4, 6, 12)

# Type: brands; the attribute that its title names and one that it does not, with their values; amounts; features.
_TYPES: dict[str, tuple[list[str], tuple[str, list[str]], tuple[str, list[str]], list[str], list[str]]] = {
    "paper napkin": (
        ["Papinor", "Serviella"],
        ("Pattern", ["striped", "floral", "dotted", "plain"]),
        ("Shape", ["square", "round", "rectangular"]),
        ["50 Count", "120 Count", "200 Count", "250 Count"],
        ["Soft on the skin", "Two layers that do not tear"],
    ),
    "shampoo": (
        ["Lathervik", "Foamira"],
        ("Scent", ["lavender", "coconut", "mint", "apple"]),
        ("Hair Type", ["dry", "curly", "oily"]),
        ["8.5 fl oz", "12 fl oz", "16 fl oz", "33.8 fl oz"],
        ["Foams with little water", "Closes with a click"],
    ),
    "charging cable": (
        ["Cordanza", "Wirelio"],
        ("Color", ["black", "white", "red", "grey"]),
        ("Connector Type", ["USB C", "Micro USB", "Lightning"]),
        ["3 ft", "6 ft", "6.6 ft", "10 ft"],
        ["Braided so that it does not break", "Bends without a kink"],
    ),
    "dish towel": (
        ["Towelda", "Drybella"],
        ("Color", ["blue", "green", "white", "red"]),
        ("Pattern", ["striped", "floral", "dotted"]),
        ["18 inches", "20 inches", "25.5 inches", "28 inches"],
        ["Dries a pan at a wipe", "Can be washed hot"],
    ),
}


def household_goods(rng: random.Random) -> list[dict[str, object]]:
    """The metadata of every product of the department, as Reviews 2023 writes it."""
    department = DEPARTMENT.replace("_", " ")
    goods: list[dict[str, object]] = []
    for name, (brands, (shown, shown_values), (hidden, hidden_values), amounts, features) in _TYPES.items():
        for number in range(_PRODUCTS_PER_TYPE):
            brand, value, amount, pack = (
                brands[number % 2],
                rng.choice(shown_values),
                rng.choice(amounts),
                rng.choice(_PACKS),
            )
            goods.append(
                {
                    "main_category": department,
                    "title": f"{brand} {name}, {value}, {amount} (Pack of {pack})",
                    "average_rating": rng.randint(20, 50) / 10,
                    "rating_number": rng.randint(1, 900),
                    "features": features,
                    "description": [f"A {name} by {brand}, {value}"],
                    "price": rng.randrange(199, 2999, 10) / 100,
                    "images": [],
                    "videos": [],
                    "store": brand,
                    "categories": [department, name],
                    "details": {
                        "Brand": brand,
                        shown: value,
                        hidden: rng.choice(hidden_values),
                        "Unit Count": str(pack),
                    },
                    "parent_asin": "B1" + hashlib.sha256(f"{name}/{number}".encode()).hexdigest()[:8].upper(),
                    "bought_together": None,
                }
            )
    return goods
