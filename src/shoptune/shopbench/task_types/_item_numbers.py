"""Item numbers in a prediction, for task types whose answers are lists of them."""

from __future__ import annotations

import re
from collections.abc import Sequence

_NUMBER = re.compile(r"\d+")


def read_numbers(text: str) -> list[int]:
    """The numbers between commas, as the starter kit reads them: "1 2" is none, "[3]" is 3."""
    kept = "".join(character for character in text if character.isnumeric() or character in ", ")
    numbers = []
    for item in kept.split(","):
        try:
            numbers.append(int(item))
        except ValueError:  # no number between these commas, or one such as '½' or of over 4300 digits
            continue
    return numbers


def mentioned(text: str, numbers: Sequence[int]) -> list[int]:
    """Return those of the numbers that a text mentions in any form, each once, in the order of the text."""
    return [number for number in dict.fromkeys(map(int, _NUMBER.findall(text))) if number in numbers]
