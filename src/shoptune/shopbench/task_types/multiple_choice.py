"""Multiple choice: the number of one option."""

from __future__ import annotations

import re
from typing import Any, ClassVar

from shoptune.shopbench.allowed import Allowed, Anything, OneOf
from shoptune.shopbench.options import choices, wants_words
from shoptune.shopbench.task_types._definition import Definition, Parsed
from shoptune.shopbench.vocabulary import Metric

NO_CHOICE = -1
MAX_OPTIONS = 10  # the benchmark reads one digit
_NUMBER = re.compile(r"\d+")


class MultipleChoice(Definition):
    """The benchmark reads the first character, which must be a digit. A question says itself that it is one."""

    metrics: ClassVar = frozenset({Metric.ACCURACY})
    precedence: ClassVar = 0
    max_tokens: ClassVar = 1

    def parse(self, text: str) -> Parsed:
        """The option's number, or -1."""
        try:
            return int(text.strip()[:1])
        except ValueError:
            return NO_CHOICE

    def is_failure(self, parsed: Parsed) -> bool:
        """Whether the first character is not a digit."""
        return parsed == NO_CHOICE

    def is_reference(self, value: Any) -> bool:
        """An option's number."""
        return isinstance(value, int) and not isinstance(value, bool)

    def answer_text(self, reference: Any) -> str:
        """The option's number."""
        return str(reference)

    def allowed(self, question: str) -> Allowed:
        """One of the options that the question lists; anything when it lists none and asks for a word."""
        return Anything() if wants_words(question) else OneOf(tuple(choices(question)))

    def repair(self, text: str, question: str, default_choice: int) -> str:
        """The first option that the prediction names, or the default; a word stays when the question asks for one."""
        if wants_words(question):
            return text
        numbers = choices(question)
        for found in _NUMBER.findall(text):
            if int(found) in numbers:
                return str(int(found))
        return str(default_choice if default_choice in numbers else numbers[0])


DEFINITION = MultipleChoice()
