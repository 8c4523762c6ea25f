"""Phrasings whose questions still allow their reference answers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

from shoptune.infer.constraints.settings import ConstraintSettings, constraint_for
from shoptune.shopbench.answers import answer_text
from shoptune.shopbench.questions import Question
from shoptune.shopbench.vocabulary import TaskType
from shoptune.teach.check import Answer, FieldCheck, Record
from shoptune.teach.checks._phrasings import questions, wording

_COUNTS = {"one": 1, "1": 1, "two": 2, "2": 2, "three": 3, "3": 3}
# How many items a phrasing asks for, in the languages of the recipes.
_ASKS_FOR = re.compile(
    r"""\b(one|two|three|[123])\b(?=[^.\n]{0,30}?\b(?:numbers?|ind(?:ex|ices|exes)|products?|items?|snippets?|aspects?|queries
          |candidates?|options?|phrases?|of|from)\b)
    | \b([123])\ (?:Nummern?|números?|numéros?|numer[oi])\b
    | 番号を([123])つ""",
    re.IGNORECASE | re.VERBOSE,
)
_OF_RECORD = re.compile(r"\{\{ ?(wanted|numbers) ?\}\}")  # variables that say how many items there are


class AdmitsReference(FieldCheck):
    """Reject phrasings under which the constraints of `shoptune infer` would forbid the right answer."""

    name: Literal["admits_reference"] = "admits_reference"

    @property
    def record_columns(self) -> Sequence[str]:
        """The task, and records to try the phrasing on."""
        return ("recipe", "language", "samples", "seeds")

    def reason(self, answer: Answer, record: Record) -> str | None:
        """Constrain the answer to a question made from each sample record."""
        for question in questions(answer[self.field], record):
            if not _admits(question):
                return f"{self.field} does not allow the right answer"
            if question.task_type is TaskType.RETRIEVAL and not self._counts(answer, record, len(_listed(question))):
                return f"{self.field} asks for another number of items"
        return None

    def _counts(self, answer: Answer, record: Record, right: int) -> bool:
        """Whether a phrasing asks for as many items as are right; it may leave it open if a seed phrasing does."""
        asked = _asked_for(answer[self.field], right)
        return asked == {right} or (not asked and not all(_asked_for(seed, right) for seed in record["seeds"]))


class _Characters:
    """A tokenizer whose tokens are single characters: what a constraint allows does not depend on the tokenizer."""

    ends: Sequence[int] = ()

    def encode(self, text: str) -> Sequence[int]:
        """The character's numbers."""
        return [ord(character) for character in text]


def _admits(question: Question) -> bool:
    """Whether the constraint on the answer allows the reference."""
    text = answer_text(question.task_type, question.output_field)
    if question.task_type is TaskType.NAMED_ENTITY_RECOGNITION:
        asked = _plain(question.input_field)
        return all(_plain(str(entity)) in asked for entity in _listed(question))
    found = constraint_for(question.input_field, question.task_type, ConstraintSettings(), _Characters())
    if found.token_ids is not None:
        return [*map(ord, text)] in [[token] for token in found.token_ids]
    if found.pattern is None:
        return True
    if question.task_type is TaskType.RETRIEVAL and len(_listed(question)) < len(str(found.longest).split(",")):
        return all(re.search(rf"(?<!\d){number}(?!\d)", question.input_field) for number in _listed(question))
    return re.fullmatch(found.pattern, text) is not None


def _asked_for(template: str, right: int) -> set[int]:
    """Every number of items that a phrasing mentions."""
    text = wording(_OF_RECORD.sub(lambda tag: f"{right} numbers" if tag[1] == "numbers" else str(right), template))
    return {_COUNTS[word.lower()] for found in _ASKS_FOR.findall(text) for word in found if word}


def _listed(question: Question) -> Sequence[object]:
    return question.output_field if isinstance(question.output_field, list) else [question.output_field]


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())
