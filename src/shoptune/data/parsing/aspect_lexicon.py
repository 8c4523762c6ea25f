"""The reviewed lexicon of aspects: which words name an aspect, and which praise or blame it."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

_ENDING = re.compile(r"^(.{3,}?)(?:ing|ies|es|ed|ly|s|y|e)$")
# The same in SQL: the stem of every word of a text.
STEMS_MACRO = """(text) AS list_transform(regexp_extract_all(lower(text), '[a-z0-9]+'),
    lambda word: regexp_replace(word, '^(.{3,}?)(?:ing|ies|es|ed|ly|s|y|e)$', '\\1'))"""


@dataclass(frozen=True)
class Lexicon:
    """The reviewed data in the form in which it is looked up; multi-word entries are tuples of words.

    Attributes:
        terms: phrases that name an aspect by themselves.
        nouns: nouns and the aspect that they name.
        opinions: opinion words.
        modifiers: words that may stand before an opinion.
        negators: words that turn an opinion around.
        predicative: words that name an aspect only at the end of a clause, or before one of `function`.
        function: conjunctions, prepositions and adverbs.
        hypothetical: words after which opinions do not count.
        group: of each aspect; aspects of one group are near each other.
        term_lengths: by a first word, how many words terms have, the most first.
        noun_starts: the nouns' first words.
        general: aspects that fit nearly every review.
        hints: words by which a review may mean an aspect, too loosely for a keyphrase.
    """

    terms: Mapping[tuple[str, ...], tuple[tuple[str, bool | None], ...]]
    nouns: Mapping[tuple[str, ...], str]
    opinions: Mapping[str, bool | None]
    modifiers: frozenset[str]
    negators: frozenset[str]
    predicative: frozenset[str]
    function: frozenset[str]
    hypothetical: frozenset[str]
    group: Mapping[str, str]
    term_lengths: Mapping[str, Sequence[int]]
    noun_starts: frozenset[str]
    general: frozenset[str]
    hints: Mapping[str, frozenset[str]]


@functools.cache
def lexicon() -> Lexicon:
    """The lexicon in `lexicons/aspects.yaml`."""
    import yaml

    data: dict[str, Any] = yaml.safe_load(
        files("shoptune.data.lexicons").joinpath("aspects.yaml").read_text(encoding="utf-8")
    )
    terms: dict[tuple[str, ...], tuple[tuple[str, bool | None], ...]] = {}
    nouns: dict[tuple[str, ...], str] = {}
    group, hints = {}, {}
    for family, aspects in data["aspects"].items():
        for aspect, words in aspects.items():
            group[aspect] = family
            for kind, praises in (("good", True), ("bad", False), ("plain", None)):
                for term in words.get(kind, "").split():
                    terms[_words(term)] = (*terms.get(_words(term), ()), (aspect, praises))
            nouns |= {_words(noun): aspect for noun in words.get("nouns", "").split()}
            words_of_aspect = re.findall(r"[a-z0-9]+", " ".join([aspect, *words.values()]).lower())
            hints[aspect] = frozenset(map(stem, words_of_aspect)) - frozenset(map(stem, _STOP))
    opinions: dict[str, bool | None] = dict.fromkeys(data["good"].split(), True)
    opinions |= dict.fromkeys(data["bad"].split(), False) | dict.fromkeys(data["plain"].split())
    sets = {name: frozenset(data[name].split()) for name in _SETS}
    lengths: dict[str, set[int]] = {}
    for term in terms:
        lengths.setdefault(term[0], set()).add(len(term))
    return Lexicon(
        terms,
        nouns,
        opinions,
        group=group,
        hints=hints,
        term_lengths={word: sorted(found, reverse=True) for word, found in lengths.items()},
        noun_starts=frozenset(noun[0] for noun in nouns),
        **sets,
    )


_SETS = ("modifiers", "negators", "predicative", "function", "hypothetical", "general")
_STOP = frozenset(
    "a an the of to it my me in on is was as not no so very too up for and well good great bad easy hard make made get "  # noqa: SIM905
    "got keep look work fit feel very doesn't didn't don't does did do not come came more fast enough lot so high nice "
    "poor long value use high much many had were won t s doesn didn don".split()
)


def _words(entry: str) -> tuple[str, ...]:
    return tuple(entry.lower().split("-"))


def stem(word: str) -> str:
    """A word without the endings of plurals and verbs, so that `fabrics` and `fabric` meet."""
    return _ENDING.sub(r"\1", word.lower())
