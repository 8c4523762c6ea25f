"""Profane words, by the word lists that glin-profanity has for each language."""

from __future__ import annotations

import functools
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from importlib.resources import files

import yaml

_WORD = re.compile(r"\w+")
_PHRASE = re.compile(r"\w+(?:[ '-]\w+)+")
_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789 ")
_LISTS = {
    "en": "english",
    "de": "german",
    "fr": "french",
    "it": "italian",
    "es": "spanish",
    "ja": "japanese",
    "pt": "portuguese",
    "nl": "dutch",
}
_WITHOUT_SPACES = frozenset({"ja"})  # languages whose words are found anywhere in a text


@dataclass(frozen=True)
class WordList:
    """The profane words of a language, without case.

    Attributes:
        words: single words.
        beginnings: the first words of phrases, and of words with a hyphen.
        others: expression for all that is not a single word: phrases, words with symbols such as `sh!t`, and every word
            of a language without spaces; None if there are none.
        symbols: the symbols that words hold; a text without these and without a beginning has no phrase.
    """

    words: frozenset[str]
    beginnings: frozenset[str]
    others: re.Pattern[str] | None
    symbols: re.Pattern[str]

    def is_in(self, text: str) -> bool:
        """Whether a text holds one of the words."""
        text = text.casefold()
        words = set(_WORD.findall(text))
        if not self.words.isdisjoint(words):
            return True
        if self.others is None or (self.beginnings.isdisjoint(words) and not self.symbols.search(text)):
            return False
        return bool(self.others.search(text))


def has_profanity(text: str, languages: Collection[str]) -> bool:
    """Whether a text holds a profane word of one of some languages (ISO 639 codes)."""
    return any(word_list(language).is_in(text) for language in languages if language in _LISTS)


@functools.cache
def word_list(language: str) -> WordList:
    """The words of a language's list, without those that are inoffensive in a shop (`lexicons/inoffensive.yaml`)."""
    from glin_profanity.data.dictionary import dictionary

    listed = {word.casefold() for word in dictionary.get_words(_LISTS[language])}
    profane = sorted(listed - inoffensive().get(language, frozenset()))
    if language in _WITHOUT_SPACES:
        return WordList(frozenset(), frozenset(), re.compile("|".join(map(re.escape, profane))), re.compile(""))
    single = frozenset(word for word in profane if _WORD.fullmatch(word))
    others = [word for word in profane if word not in single]
    phrases = [word for word in others if _PHRASE.fullmatch(word)]
    symbols = re.escape("".join(sorted(set("".join(word for word in others if word not in phrases)) - _LETTERS)))
    return WordList(
        single,
        frozenset(_WORD.findall(phrase)[0] for phrase in phrases),
        re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, others))})(?!\w)") if others else None,
        re.compile(f"[{symbols}]" if symbols else "(?!)"),
    )


@functools.cache
def inoffensive() -> Mapping[str, frozenset[str]]:
    """By language, the listed words that drop no row."""
    text = files("shoptune.data.lexicons").joinpath("inoffensive.yaml").read_text(encoding="utf-8")
    return {
        language: frozenset(word.strip().casefold() for word in words.split(","))
        for language, words in yaml.safe_load(text).items()
    }
