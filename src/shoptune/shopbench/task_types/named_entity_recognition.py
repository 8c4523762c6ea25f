"""Named entity recognition: parts of a text that name something, such as a brand."""

from __future__ import annotations

import ast
import re
import warnings
from typing import Any, ClassVar

from shoptune.shopbench.allowed import Allowed, FromQuestion
from shoptune.shopbench.task_types._definition import Definition, Parsed, Wording, is_list_of
from shoptune.shopbench.vocabulary import Metric

_ENTITIES = re.compile(
    r"\bentit(?:y|ies)\b|\bnamed[- ]entity\b|\b(?:phrases?|spans?|words) (?:from|in|of) the (?:query|text|title)\b",
    re.IGNORECASE,
)


class NamedEntityRecognition(Definition):
    """The benchmark reads a Python list of texts, or texts between commas."""

    metrics: ClassVar = frozenset({Metric.MICRO_F1})
    precedence: ClassVar = 30
    max_tokens: ClassVar = 15
    is_text: ClassVar = True

    def parse(self, text: str) -> Parsed:
        """The entities."""
        try:
            with warnings.catch_warnings(action="ignore"):  # of odd escapes in what only looks like Python
                entities = ast.literal_eval(text)
        except Exception:
            entities = None
        if isinstance(entities, list) and all(isinstance(entity, str) for entity in entities):
            return entities
        return [entity.strip() for entity in text.split(",") if entity.strip()]

    def is_reference(self, value: Any) -> bool:
        """Entities, one at least."""
        return is_list_of(value, str)

    def answer_text(self, reference: Any) -> str:
        """The entities, with comma and space between."""
        return ", ".join(reference)

    def recognizes(self, wording: Wording) -> bool:
        """A question for entities, or for parts of a text."""
        return _ENTITIES.search(wording.instruction) is not None

    def allowed(self, question: str) -> Allowed:
        """Words of the question, most likely."""
        return FromQuestion()


DEFINITION = NamedEntityRecognition()
