"""Product types in the form of the data-driven rule: `wall clock`, or null where a product has none."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

from shoptune.data.parsing.product_types import category_name, nouns, singular
from shoptune.teach.check import Answer, FieldCheck, Record
from shoptune.teach.checks._names import NONE, plain_name

# Last words of names that say nothing about what a product is.
_VAGUE = re.compile(
    r"""\b(?:accessory|appliance|article|assortment|bundle|category|collection|equipment|essential|gadget|gear|gift|good|item
    |kit|merchandise|miscellaneous|other|part|piece|product|replacement|set|stuff|supply|thing|unknown|variety)$""",
    re.VERBOSE,
)
_JOINS = re.compile(r"\b(?:and|or|with|for|of|by|in|from)\b")


class ProductType(FieldCheck):
    """Accept the name of a product type, in lower case and singular, of at most three words.

    A category's name has the same form: see `shoptune.data.parsing.product_types.category_name`, whose reviewed list
    also maps names to the usual ones. `none` becomes null.

    Attributes:
        brand: the column of the record with the product's brand, which is not part of a type.
    """

    name: Literal["product_type"] = "product_type"
    brand: str | None = None

    @property
    def record_columns(self) -> Sequence[str]:
        """The brand."""
        return (self.brand,) if self.brand else ()

    def normal(self, answer: Answer, record: Record) -> Answer:
        """Write the type as the data-driven rule does, and none as null."""
        text = plain_name(answer[self.field])
        if text in NONE:
            return {**answer, self.field: None}
        known = nouns()
        name = singular(text)
        if name.split()[-1] not in known.heads:  # `t-shirt` is one word, `wall-clock` is two
            name = singular(name.replace("-", " "))
        return {**answer, self.field: known.names.get(text) or category_name(name) or name}

    def reason(self, answer: Answer, record: Record) -> str | None:
        """Reject names of something else: of a department, a brand, several things, or any product."""
        kind = answer[self.field]
        if kind is None:
            return None
        if category_name(kind) != kind or _JOINS.search(kind):
            return f"{self.field} is not a product type"
        if _VAGUE.search(kind):
            return f"{self.field} fits any product"
        brand = plain_name(record[self.brand]) if self.brand else ""
        if brand and brand not in nouns().heads and f" {brand} " in f" {kind} ":
            return f"{self.field} names the brand"
        return None
