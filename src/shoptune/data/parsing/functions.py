"""The parsers as DuckDB functions, so that a source's views give their results as columns."""

from __future__ import annotations

import html
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from shoptune.data.parsing.aspects import find_keyphrases
from shoptune.data.parsing.prices import parse_price
from shoptune.data.parsing.product_types import category_name, product_type, title_end
from shoptune.data.parsing.quantities import parse_amounts, parse_quantities

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_MOST = 10**7  # larger numbers are not quantities


def register_functions(connection: DuckDBPyConnection) -> None:
    """Create the functions in a connection; each gives null for null, and for ambiguous text.

    - `price_of(text)`: `amount` and `currency`, null where the text names none.
    - `quantities_of(title)`: `packs`, `per_pack`, `pieces` and `ounces`.
    - `amounts_of(title)`: every `value` with its `unit`.
    - `product_type_of(title, categories)`: as `drill`.
    - `category_name(category)` and `title_end(title)`: a category and a title's noun in the form of a type.
    - `keyphrases_of(text)`: every `phrase` of a review that names an `aspect`, and whether it `praises`.
    - `unescape_html(text)`: HTML entities as characters.
    """
    import duckdb

    text = duckdb.type("VARCHAR")

    functions: dict[str, tuple[Any, list[Any], Any]] = {
        "price_of": (_price, [text], duckdb.type("STRUCT(amount DECIMAL(12, 2), currency VARCHAR)")),
        "quantities_of": (
            _quantities,
            [text],
            duckdb.type("STRUCT(packs INTEGER, per_pack INTEGER, pieces INTEGER, ounces DECIMAL(12, 4))"),
        ),
        "amounts_of": (_amounts, [text], duckdb.type('STRUCT("value" DECIMAL(12, 4), unit VARCHAR)[]')),
        "product_type_of": (product_type, [text, duckdb.type("VARCHAR[]")], text),
        "category_name": (category_name, [text], text),
        "title_end": (title_end, [text], text),
        "keyphrases_of": (
            _keyphrases,
            [text],
            duckdb.type("STRUCT(aspect VARCHAR, phrase VARCHAR, praises BOOLEAN)[]"),
        ),
        "unescape_html": (_unescape, [text], text),
    }
    create: Any = connection.create_function  # its annotations list the functions' types one by one
    known = {name for (name,) in connection.execute("SELECT function_name FROM duckdb_functions()").fetchall()}
    for name, (function, parameters, result) in functions.items():
        if name not in known:
            create(name, function, parameters, result, null_handling="special")


def _unescape(text: str | None) -> str | None:
    return None if text is None else html.unescape(text)


def _price(text: str | None) -> dict[str, Decimal | str | None] | None:
    price = parse_price(text)
    if price is None or price.amount >= _MOST:
        return None
    return {"amount": price.amount, "currency": price.currency}


def _quantities(title: str | None) -> dict[str, int | Decimal | None]:
    found = parse_quantities(title or "")
    ounces = found.ounces if found.ounces is not None and found.ounces < _MOST else None
    return {"packs": found.packs, "per_pack": found.count, "pieces": found.pieces, "ounces": ounces}


def _amounts(title: str | None) -> list[dict[str, Decimal | str]]:
    return [{"value": found.value, "unit": found.unit} for found in parse_amounts(title or "") if found.value < _MOST]


def _keyphrases(text: str | None) -> list[dict[str, str | bool | None]]:
    return [
        {"aspect": found.aspect, "phrase": found.phrase, "praises": found.praises}
        for found in find_keyphrases(text or "")
    ]
