"""The options that a question lists."""

from __future__ import annotations

import re

OPTION = re.compile(r"^\s*(\d{1,2})\s*[.):]\s*(.*)$")


def options_of(text: str) -> dict[int, str]:
    """The listed options of a question, by their number."""
    return {int(match[1]): match[2] for line in text.split("\n") if (match := OPTION.match(line))}
