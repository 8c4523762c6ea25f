"""Clean text from product data before it becomes part of a question."""

from __future__ import annotations

import html
import re
import unicodedata
from typing import Any

from shoptune.shopbench.control_tokens import neutralize

_TAG = re.compile(r"</?[a-zA-Z][^<>]{0,200}>")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b\u2028\u2029\ufeff]")


def clean(value: Any) -> Any:
    """Clean every text in a record's value: HTML, control characters, Unicode form, and chat control tokens.

    `&apos;` becomes an apostrophe, `<br>` a space, and `<|im_end|>` the harmless `<| im_end |>`. Other values are
    returned unchanged.
    """
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, list):
        return [clean(item) for item in value]
    return value


def clean_text(text: str) -> str:
    """Clean one text; see `clean`."""
    if "&" in text:
        text = html.unescape(text)
    if "<" in text:
        text = _TAG.sub(" ", text)
    text = neutralize(text)
    return unicodedata.normalize("NFC", _CONTROL.sub("", text)).strip()
