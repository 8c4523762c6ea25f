"""The language of a text, identified by py3langid's model, which comes with the package."""

from __future__ import annotations

import functools
import re
from collections.abc import Collection
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

_LETTERS = re.compile(r"[^\W\d_]+")
_FEWEST_LETTERS = 20  # bytes of UTF-8: brands and part numbers alone have no language
_READ = 400  # characters: enough to tell languages apart
NAMES = {
    "Arabic": "ar",
    "Chinese": "zh",
    "Dutch": "nl",
    "English": "en",
    "French": "fr",
    "German": "de",
    "Greek": "el",
    "Hindi": "hi",
    "Italian": "it",
    "Japanese": "ja",
    "Korean": "ko",
    "Latin": "la",
    "Polish": "pl",
    "Portuguese": "pt",
    "Russian": "ru",
    "Spanish": "es",
    "Swedish": "sv",
    "Turkish": "tr",
}
_NAME = re.compile(rf"\b(?:{'|'.join(NAMES)})\b")
# Words that no other language has several of. A text with three of them is English; asking the model takes longer.
_ENGLISH = frozenset(
    ("the", "and", "with", "this", "that", "are", "you", "have", "from", "which", "what", "for", "they", "not", "your")
)
_EVIDENT = 3
_NONE = "zxx"  # what the model calls numbers and symbols


def is_in_another_language(text: str, languages: Collection[str], threshold: float) -> bool:
    """Whether a text is in none of some languages.

    Args:
        text: a text of any length; in a short one, no language is found.
        languages: ISO 639 codes of the languages it may be in; unknown ones match any text.
        threshold: the probability of the likeliest of them, relative to that of the text's likeliest language, below
            which it is in none of them. Measured in docs/log.md.
    """
    if len(text.encode()) < _FEWEST_LETTERS:
        return False
    text = text[:_READ]
    if "en" in languages and len(_ENGLISH.intersection(_LETTERS.findall(text))) >= _EVIDENT:
        return False
    identifier = _identifier()
    best, probability = identifier.classify(text)
    if best in languages or best == _NONE or not _known().issuperset(languages):
        return False
    if sum(len(word.encode()) for word in _LETTERS.findall(text)) < _FEWEST_LETTERS:
        return False
    found = dict(identifier.rank(text))
    return bool(max(found[language] for language in languages) < threshold * probability)


def languages_named(text: str) -> set[str]:
    """The codes of the languages that a text names, as in "Translate into Spanish"."""
    return {NAMES[name] for name in _NAME.findall(text)}


@functools.lru_cache(1)
def _identifier() -> LanguageIdentifier:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)


@functools.lru_cache(1)
def _known() -> frozenset[str]:
    return frozenset(_identifier().labels)
