"""Names that a teacher writes, in a common form."""

from __future__ import annotations

import re
import unicodedata

NONE = frozenset({"", "none", "null", "n/a", "unknown", "not applicable", "no product type"})
WORD = re.compile(r"[a-z](?:[a-z'-]*[a-z])?|[a-z]?\d{1,2}[a-z]?")  # `mp3` is a word, a model number is not
_QUOTES = str.maketrans("\u2018\u2019\u201c\u201d\u2010\u2011", "''\"\"--")


def plain_name(value: object) -> str:
    """Return a name in lower case, with single blanks, plain quotes, and no signs around it; empty for null."""
    text = unicodedata.normalize("NFKC", str(value or "")).translate(_QUOTES).casefold()
    return " ".join(text.split()).strip(" .,;:!\"'`*-")
