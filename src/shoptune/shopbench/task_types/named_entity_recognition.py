"""Named entity recognition: parts of a text that name something, such as a brand."""

from __future__ import annotations

import ast
import re
import warnings
from typing import Any, ClassVar

from shoptune.shopbench.allowed import Allowed, FromQuestion
from shoptune.shopbench.task_types._definition import Definition, Parsed, Wording, is_list_of
from shoptune.shopbench.vocabulary import Metric

# The word as in English, German, French, Italian, Spanish and Japanese.
_ENTITY = re.compile(
    r"\b(?:[Ee]ntit(?:y|ies|ät(?:en)?|à)|ENTIT(?:Y|IES)|[Ee]ntités?|[Ee]ntidad(?:es)?|NER)\b|固有表現|エンティティ"
)
_VALUE = re.compile(
    r"\b(?:attribute|slot|aspect|property)[- ]values?\b|\bvalues? (?:of|for) (?:the|each|its)\b", re.IGNORECASE
)
# Questions for a new text, or for the category of a product, that may name a title or a query as well.
_ANOTHER_TASK = re.compile(
    r"""\b(?:translat\w*|summari[sz]\w*|(?:re)?writ(?:e|ing|ten)|rephrase|paraphrase|explain(?!ation)\w*|elaborate|compose)\b
    | \b(?:generate|create|produce|suggest|propose)\ (?:an?|one|the)\b | \b(?:suitable|adequate|equivalent|version)\b
    | \bbelongs?\b | \bclassif | \bsentiment\b | \blanguages?\b
    | \bhow\ (?:many|much)\b | \bdescribe\ the\ (?:product|title|item)\b
    | \bkey[- ]?phrases?\b[^.\n]{0,40}\breview\b | \breview\b[^.\n]{0,60}\bkey[- ]?phrase\b""",
    re.IGNORECASE | re.VERBOSE,
)
_EXTRACTING = re.compile(
    r"\b(?:extract|tag|identif(?:y|ied)|locate|highlight|pinpoint|spot|detect|recogni[sz]e|copy|mark|underline|pull|point)\b",
    re.IGNORECASE,
)
_SHORT_TEXT = r"(?:quer(?:y|ies)|titles?|product\ names?|texts?|sentences?|keywords?|search(?:es|ed)?)"
_SOURCE = re.compile(
    r"""\b(?:quer(?:y|ies)|titles?|product\ names?|searched\ for|search\ (?:terms?|string|text|phrase))\b
    | \b(?:the|this|that|following|given|above|below|each|'s)\ (?:\w+\ )?
      (?:texts?|sentences?|keywords?|search|string)\b""",
    re.IGNORECASE | re.VERBOSE,
)
_PART = re.compile(
    r"\b(?:phrases?|spans?|words?|terms?|tokens?|parts?|sections?|segments?|components?|elements?|portions?|attributes?)\b",
    re.IGNORECASE,
)
# The text itself, after the word for it: title 'Kids' kettle, 1.7 L'. An apostrophe inside a word does not end it.
_QUOTED_SOURCE = re.compile(
    rf"(\b(?:{_SHORT_TEXT}|products?|titled|entitled|for)\b\s*:?\s*)[\"'‘“`]\S.*?[\"'’”`](?=[\s,.?!:;)]|$)",  # noqa: RUF001
    re.IGNORECASE | re.MULTILINE,
)
_QUOTED_KIND = re.compile(r"[\"'‘“`][^\"'‘’“”`\n]{1,40}[\"'’”`](?=[\s,.?!:;)]|$)", re.MULTILINE)  # noqa: RUF001


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
        """A question for entities, or for the part of a short text that is of some kind."""
        if _ENTITY.search(wording.unlisted):
            return True
        text = _QUOTED_SOURCE.sub(r"\1", wording.instruction)
        if _ANOTHER_TASK.search(text) or not _SOURCE.search(text):
            return False
        return any(cue.search(text) for cue in (_EXTRACTING, _VALUE, _PART, _QUOTED_KIND))

    def allowed(self, question: str) -> Allowed:
        """Words of the question, most likely."""
        return FromQuestion()


DEFINITION = NamedEntityRecognition()
