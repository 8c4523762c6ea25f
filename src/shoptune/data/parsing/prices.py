"""Parse prices as raw files write them; an ambiguous price is rejected rather than guessed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

_CURRENCIES = {"$": "USD", "US$": "USD", "USD": "USD", "€": "EUR", "EUR": "EUR", "£": "GBP", "GBP": "GBP", "¥": "JPY"}
_CURRENCY = "|".join(re.escape(symbol) for symbol in sorted(_CURRENCIES, key=len, reverse=True))
_PRICE = re.compile(rf"({_CURRENCY})?\s*([0-9][0-9.,]*)\s*({_CURRENCY})?")
_PLAIN = re.compile(r"[0-9]+(\.[0-9]{1,2})?")
_POINT = re.compile(r"[0-9]{1,3}(,[0-9]{3})+(\.[0-9]{1,2})?")  # 1,299.99
_COMMA = re.compile(r"[0-9]{1,3}(\.[0-9]{3})+,[0-9]{1,2}")  # 1.299,99
_DECIMAL_COMMA = re.compile(r"[0-9]+,[0-9]{2}")  # 15,50
_ONE_GROUP = re.compile(r"[0-9]{1,3},[0-9]{3}")  # 1,299: a thousand, or a decimal comma with three places
_FLOAT_NOISE = re.compile(r"[0-9]+\.[0-9]*?(0{6,}|9{6,})[0-9]*")  # 17.990000000000002


@dataclass(frozen=True)
class Price:
    """An exact price.

    Attributes:
        amount: in the currency's main unit.
        currency: ISO 4217 code, or None when the text names none.
    """

    amount: Decimal
    currency: str | None


def parse_price(text: str | None) -> Price | None:
    """Parse one price, or return None for anything else: no price, a range, `from 12.99`, or two possible readings."""
    match = _PRICE.fullmatch((text or "").strip())
    if match is None or (match[1] and match[3]):
        return None
    currency = _CURRENCIES.get(match[1] or match[3] or "")
    amount = _amount(match[2], has_decimal_comma=currency == "EUR")
    return Price(amount, currency) if amount else None


def _amount(digits: str, *, has_decimal_comma: bool) -> Decimal | None:
    if _ONE_GROUP.fullmatch(digits) and has_decimal_comma:
        return None
    if _PLAIN.fullmatch(digits) or _POINT.fullmatch(digits):
        return Decimal(digits.replace(",", ""))
    if _COMMA.fullmatch(digits) or (_DECIMAL_COMMA.fullmatch(digits) and has_decimal_comma):
        return Decimal(digits.replace(".", "").replace(",", "."))
    return round(Decimal(digits), 2) if _FLOAT_NOISE.fullmatch(digits) else None
