"""Read the number of answers that a retrieval question asks for, in any language of the recipes."""

from __future__ import annotations

import re

_COUNTS = {"one": 1, "1": 1, "two": 2, "2": 2, "three": 3, "3": 3}
_NUMBER = r"\b(one|two|three|1|2|3)\b"
_PATTERNS = [
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"\b(?:output|respond with|answer (?:in|with))\b[^.\n]{{0,24}}?{_NUMBER}[ -](?:comma-separated )?numbers?\b",
        rf"\b(?:select|choose)\b(?: the)?[^.\n]{{0,24}}?{_NUMBER} (?:products?|snippets?|aspects?|from)",
        r"\b([123]) (?:Nummern?|números?|numéros?|numer[oi])\b",
        r"番号を([123])つ",
    )
]


def asked_for(text: str) -> set[int]:
    """Return all numbers of answers that a question mentions; a consistent question has one."""
    return {_COUNTS[word.lower()] for pattern in _PATTERNS for word in pattern.findall(text)}
