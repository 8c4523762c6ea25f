"""Find the keyphrases of a review, verbatim, with the aspect that each is about and whether it praises.

A keyphrase is a phrase that names an aspect by itself (`fits perfectly`), or an opinion near a noun (`great quality`,
`colors are really bright`), with the modifiers before it. Clauses about what was hoped for are left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from shoptune.data.parsing.aspect_lexicon import lexicon

_WORD = re.compile(r"[^\W_]+(?:['\u2019-][^\W_]+)*")
_BREAK = re.compile(r"[.!?;:,()\n\"…]|\s-\s")
_REACH = 5  # words before a keyphrase in which a hypothetical word rules it out
_REACH_OF_NOT = 2
_HOW = ("ably", "ely", "ily", "tly", "ully")  # adverbs, but not `really`
_VERBS = frozenset("is are was were seems seem feels feel looks look felt looked 's".split())  # noqa: SIM905


@dataclass(frozen=True)
class Keyphrase:
    """An opinion about an aspect in a review.

    Attributes:
        aspect: a name in the lexicon.
        phrase: words of the review, verbatim.
        praises: True for praise, False for blame, None for neither.
    """

    aspect: str
    phrase: str
    praises: bool | None


def find_keyphrases(text: str) -> list[Keyphrase]:
    """Every keyphrase of a review, in order; of overlapping ones the longest."""
    tokens = _tokens(text)
    found: list[tuple[int, int, str, bool | None]] = []
    for place in range(len(tokens)):
        found += _terms_at(tokens, place)
        found += _opinions_at(tokens, place)
    found.sort(key=lambda each: (-(each[1] - each[0]), each[0]))
    taken: dict[int, tuple[int, int]] = {}
    kept: list[tuple[int, int, str, bool | None]] = []
    for first, last, aspect, praises in found:
        if (first, last, aspect) in {each[:3] for each in kept} or any(
            taken.get(place, (first, last)) != (first, last) for place in range(first, last + 1)
        ):
            continue
        if not _is_spoiled(tokens, first, last):
            kept.append((first, last, aspect, praises))
            taken |= dict.fromkeys(range(first, last + 1), (first, last))
    return [
        Keyphrase(aspect, text[tokens[first].start : tokens[last].end], praises)
        for first, last, aspect, praises in sorted(kept, key=lambda each: each[:2])
    ]


@dataclass(frozen=True)
class _Token:
    word: str
    start: int
    end: int
    clause: int


def _tokens(text: str) -> Sequence[_Token]:
    tokens: list[_Token] = []
    clause, end = 0, 0
    for match in _WORD.finditer(text):
        clause += bool(_BREAK.search(text, end, match.start()))
        for part_start, part_end in _parts(match):
            tokens.append(
                _Token(text[part_start:part_end].lower().replace("\u2019", "'"), part_start, part_end, clause)
            )
        end = match.end()
    return tokens


def _parts(match: re.Match[str]) -> Iterator[tuple[int, int]]:
    """A word with hyphens as several words: `well-made` is read as `well made`."""
    start = match.start()
    for part in match[0].split("-"):
        yield start, start + len(part)
        start += len(part) + 1


def _terms_at(tokens: Sequence[_Token], place: int) -> Iterator[tuple[int, int, str, bool | None]]:
    known = lexicon()
    for length in known.term_lengths.get(tokens[place].word, ()):
        last = place + length - 1
        if last >= len(tokens) or tokens[last].clause != tokens[place].clause:
            continue
        key = tuple(token.word for token in tokens[place : last + 1])
        if key in known.terms and not _is_attributive(tokens, place, last):
            first, turned = _with_modifiers(tokens, place)
            for aspect, praises in known.terms[key]:
                yield first, last, aspect, _turn(praises, turned=turned)
            return


def _is_attributive(tokens: Sequence[_Token], first: int, last: int) -> bool:
    """Whether a word such as `beautiful` stands before a noun, which may be anything: `a beautiful wine region`."""
    known = lexicon()
    if first < last or tokens[first].word not in known.predicative or last + 1 == len(tokens):
        return False
    following = tokens[last + 1]
    return following.clause == tokens[last].clause and following.word not in known.function


def _opinions_at(tokens: Sequence[_Token], place: int) -> Iterator[tuple[int, int, str, bool | None]]:
    """An opinion and its noun, `great quality`, or a noun and what it is, `colors are really bright`."""
    known = lexicon()
    if tokens[place].word not in known.noun_starts:
        return
    for length in (2, 1):
        last = place + length - 1
        if last >= len(tokens) or tokens[last].clause != tokens[place].clause:
            continue
        aspect = known.nouns.get(tuple(token.word for token in tokens[place : last + 1]))
        if aspect is None:
            continue
        before = tokens[place - 1] if place else None
        if before and before.clause == tokens[place].clause and before.word in known.opinions:
            first, turned = _with_modifiers(tokens, place - 1)
            yield first, last, aspect, _turn(known.opinions[before.word], turned=turned)
        if (end := _predicate(tokens, last)) is not None:
            turned = any(token.word in known.negators for token in tokens[last + 1 : end])
            yield place, end, aspect, _turn(known.opinions[tokens[end].word], turned=turned)
        return


def _predicate(tokens: Sequence[_Token], noun: int) -> int | None:
    """The place of the opinion after a noun and a verb: in `colors are really bright` that of `bright`."""
    known = lexicon()
    place = noun + 1
    if place >= len(tokens) or tokens[place].word not in _VERBS or tokens[place].clause != tokens[noun].clause:
        return None
    place += 1
    while place + 1 < len(tokens) and tokens[place].word in known.modifiers:
        if tokens[place].word in known.opinions and tokens[place + 1].word not in known.opinions:
            break  # `is pretty`, not `is pretty clear`
        place += 1
    if place >= len(tokens) or tokens[place].clause != tokens[noun].clause or tokens[place].word not in known.opinions:
        return None
    # `the size is perfect for`, but not `the price is low quality`
    following = (
        tokens[place + 1] if place + 1 < len(tokens) and tokens[place + 1].clause == tokens[place].clause else None
    )
    return None if following and (following.word,) in known.nouns else place


def _with_modifiers(tokens: Sequence[_Token], place: int) -> tuple[int, bool]:
    """Where the modifiers before a place begin, and whether they turn the opinion around."""
    known = lexicon()
    first = place
    while first and tokens[first - 1].word in known.modifiers and tokens[first - 1].clause == tokens[place].clause:
        first -= 1
    return first, any(token.word in known.negators for token in tokens[first:place])


def _turn(praises: bool | None, *, turned: bool) -> bool | None:
    return (not praises) if turned and praises is not None else praises


def _is_spoiled(tokens: Sequence[_Token], first: int, last: int) -> bool:
    """Whether what stands around a phrase means that it does not say what it seems to say."""
    known, clause = lexicon(), tokens[first].clause
    before = [token.word for token in tokens[max(0, first - _REACH) : first] if token.clause == clause]
    if before[-1:] == ["non"]:
        return True
    if before[-1:] == ["or"] and not known.negators.isdisjoint(before):
        return True  # `not too big or expensive`
    following = tokens[last + 1].word if last + 1 < len(tokens) and tokens[last + 1].clause == clause else ""
    is_negated = any(token.word in known.negators for token in tokens[first : last + 1])
    if is_negated and following.endswith(_HOW):
        return True  # `doesn't fit comfortably`
    return not (known.hypothetical.isdisjoint(before) and known.negators.isdisjoint(before[-_REACH_OF_NOT:]))
