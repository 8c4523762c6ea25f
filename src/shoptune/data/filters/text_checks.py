"""Checks of a row's text: its language, personal data, profanity, and special characters."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from shoptune.data.filters.language import is_in_another_language, languages_named
from shoptune.data.filters.personal_data import personal_data
from shoptune.data.filters.profanity import has_profanity
from shoptune.data.filters.reasons import PROFANITY, SPECIAL_CHARACTERS, WRONG_LANGUAGE
from shoptune.data.mixture import Mixture
from shoptune.shopbench.answers import answer_text
from shoptune.shopbench.questions import Question
from shoptune.shopbench.rows import Row
from shoptune.shopbench.task_types import DEFINITIONS

_ORDINARY = re.compile(r"[\w\s]+")
_FEWEST_CHARACTERS = 20  # of a shorter text, a few signs are a large share
PROMPTS = "en"  # the language of phrasings


@dataclass(frozen=True)
class TextChecks:
    """Which checks are made; a mixture turns each off with one key.

    Attributes:
        language: see `is_in_another_language`; None accepts every language.
        personal_data: whether e-mail addresses, phone numbers and order numbers are looked for.
        profanity: whether profane words are looked for.
        special_characters: the largest share of characters that are neither letters, digits nor spaces; None sets no
            limit.
    """

    language: float | None = None
    personal_data: bool = False
    profanity: bool = False
    special_characters: float | None = None

    @classmethod
    def of(cls, mixture: Mixture) -> TextChecks:
        """The checks that a mixture asks for."""
        return cls(
            mixture.language_threshold,
            mixture.drop_personal_data,
            mixture.drop_profanity,
            mixture.max_special_characters,
        )

    def reasons(self, rows: Sequence[Row], contents: Sequence[str], languages: Collection[str]) -> list[str | None]:
        """Why each row should be dropped, or None.

        Args:
            rows: rows of one task.
            contents: each question without its phrasing.
            languages: further languages that the task's questions may hold text in.
        """
        return [self._reason(row, text, languages) for row, text in zip(rows, contents, strict=True)]

    def _reason(self, row: Row, content: str, languages: Collection[str]) -> str | None:
        question, own = row.question, {row.language, *languages}
        answer = answer_text(question.task_type, question.output_field)
        whole = f"{content}\n{answer}"
        if self.language is not None and (
            self._is_foreign(question, content, own | {PROMPTS})
            or (DEFINITIONS[question.task_type].is_text and self._is_foreign(question, answer, {row.language}))
        ):
            return WRONG_LANGUAGE
        if self.personal_data and (reason := personal_data(whole, own)):
            return reason
        if self.profanity and has_profanity(whole, own | {PROMPTS}):
            return PROFANITY
        if self.special_characters is not None and special_characters(content) > self.special_characters:
            return SPECIAL_CHARACTERS
        return None

    def _is_foreign(self, question: Question, text: str, accepted: AbstractSet[str]) -> bool:
        """Whether a text is in none of the accepted languages, nor in one that the question names."""
        limit = self.language
        if limit is None or not is_in_another_language(text, accepted, limit):
            return False
        return is_in_another_language(text, accepted | languages_named(question.input_field), limit)


def special_characters(text: str) -> float:
    """The share of characters that are neither letters, digits nor spaces; 0 for a short text."""
    if len(text) < _FEWEST_CHARACTERS:
        return 0.0
    return len(_ORDINARY.sub("", text)) / len(text)
