"""Find a product's type, as `drill` or `wall clock`: in lower case, singular, and only where it is one.

Amazon's innermost category is often a style or a recipient (`Drop & Dangle`, `For Him`, `Statement`) or missing. A
category is taken, from the innermost outwards, if its name ends with a product noun that the title has too; otherwise
the end of the title's first part is, if that is a product noun. The nouns are data that was reviewed by hand.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from itertools import pairwise
from typing import Any

_LONGEST_TYPE = 3  # words
_LONGEST_HEAD = 2
_PART_END = re.compile(
    r"[,(\[|;:\u2013\u2014/\u2665!]| - |- | [&+] |\b(?:for|with|without|w/|in|of|by|from|and|to|that|on|compatible|"
    r"fits?|featuring|as|at|has|is|size|which|your|our|it|the|made|set|pack|"
    r"[0-9]+[ -]?(?:pack|pcs|pieces|pairs|count|ct))\b",
    re.IGNORECASE,
)
_NOT_FOR = re.compile(r"\b(?:for|fits?|compatible|replaces?|replacement|only|parts?|kit)\b", re.IGNORECASE)
_WORD = re.compile(r"[a-z][a-z'\u2019-]*[a-z]|[a-z]")
_SIBILANT = ("ches", "shes", "sses", "xes", "zes")


@dataclass(frozen=True)
class Nouns:
    """The reviewed data; words of two parts are joined by a blank.

    Attributes:
        heads: last words of product types.
        generic: heads that are not a type by themselves at the end of a title.
        not_before: words that do not form a type together with a head.
        not_types: names that look like types and are not.
        plural: words without a singular.
        compound: heads that say little without the head before them: `watch band`.
        pairs: types of two words whose last word is a head, or would be too general: `coffee grinder`.
        after: words at the end of a title's first part that say whom it is for, or its color.
        shades: words that belong to a color after them, although some are product types.
        irregular: irregular plurals and their singular.
        names: categories and their types; None for categories that are not types.
    """

    heads: frozenset[str]
    generic: frozenset[str]
    not_before: frozenset[str]
    not_types: frozenset[str]
    plural: frozenset[str]
    compound: frozenset[str]
    pairs: frozenset[str]
    after: frozenset[str]
    shades: frozenset[str]
    irregular: Mapping[str, str]
    names: Mapping[str, str | None]


@functools.cache
def nouns() -> Nouns:
    """The nouns in `lexicons/product_types.yaml`."""
    import yaml

    text = files("shoptune.data.lexicons").joinpath("product_types.yaml").read_text(encoding="utf-8")
    data: dict[str, Any] = yaml.safe_load(text)
    sets = {name: frozenset(_spaced(word) for word in data[name].split()) for name in _SETS}
    return Nouns(
        irregular=data["irregular"], names={name.lower(): kind for name, kind in data["names"].items()}, **sets
    )


_SETS = ("heads", "generic", "not_before", "not_types", "plural", "compound", "pairs", "after", "shades")
_PARTS = re.compile(r"\b(?:parts?|accessor(?:y|ies)|supplies|replacements?)\b", re.IGNORECASE)
_FOR_ANOTHER = (
    r"(?:wall |led[ -]|door )?(?:covers?|protectors?|holders?|organizers?|cleaners?|caps?|shields?|housings?|adapters?|"
    r"wrench(?:es)?|stands?|racks?|lights?|bulbs?|drawers?|shel(?:f|ves)|handles?|hoses?|motors?|knobs?)"
)
_FOR = re.compile(r"(?<=\w)\W+for\b", re.IGNORECASE)
_SEVERAL = re.compile(
    r"\b(?:tracksuits?|outfits|ensemble|(?:repair|replacement) kits?)\b", re.IGNORECASE
)  # products of several types
_KEY_CHAIN = re.compile(r"\bkey (chain|ring)", re.IGNORECASE)
_HYPHENATED = frozenset({"t-shirt", "flip-flop", "cover-up"})


def _spaced(word: str) -> str:
    return word if word in _HYPHENATED else word.replace("-", " ")


def singular(name: str) -> str:
    """A name with its last word in the singular: `wall clocks` is `wall clock`, `pajama pants` stays as it is."""
    *before, last = name.lower().split()
    known = nouns()
    if not {last, name} & (known.plural | set(known.irregular.values())):
        last = known.irregular.get(last) or _regular(last)
    return " ".join([*before, last])


def plural(name: str) -> str:
    """A type's name with its last word in the plural: `wall clock` is `wall clocks`."""
    *before, last = name.split()
    known = nouns()
    if last not in known.plural and name not in known.plural:
        irregular = next((many for many, one in known.irregular.items() if one == last), None)
        last = irregular or _regular_plural(last)
    return " ".join([*before, last])


def _regular_plural(word: str) -> str:
    if word.endswith("y") and word[-2:-1] not in "aeiou":
        return word[:-1] + "ies"
    return word + ("es" if word.endswith(("s", "x", "z", "ch", "sh")) else "s")


def _regular(word: str) -> str:
    if word.endswith("ies") and len(word) > 4:  # noqa: PLR2004 - ties, pies
        return word[:-3] + "y"
    if word.endswith(_SIBILANT):
        return word[:-2]
    if word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


def product_type(title: str | None, categories: Sequence[str | None] | None) -> str | None:
    """The type of a product, or None if neither its categories nor its title name one."""
    title = _KEY_CHAIN.sub("key\\1", title or "")
    if _SEVERAL.search(title):
        return None
    inner = list(reversed((categories or [])[1:]))  # the first is the department
    for level, name in enumerate(inner):
        # Parts and accessories are listed under the thing that they are for.
        is_broad = "&" in (name or "")
        if _PARTS.search(name or "") or (level and is_broad):
            continue
        nouns_told = _nouns_of((_NOT_FOR if level or is_broad else _FOR).split(title)[0])
        for candidate in _of_category(name or ""):
            if _head(candidate) in nouns_told and not _is_accessory(title, candidate):
                return candidate
    return _of_title(title)


def _is_accessory(title: str, candidate: str) -> bool:
    """Whether a title names a type only as what another thing is for: a `door handle cover` is not a handle."""
    noun = re.escape(candidate.rsplit(maxsplit=1)[-1])
    return bool(re.search(rf"\b{noun}s? {_FOR_ANOTHER}\b", title, re.IGNORECASE))


def category_name(category: str | None) -> str | None:
    """A category's name in the form of a type, or None where it names several things or has more than three words."""
    name = (category or "").strip().lower()
    words = name.split()
    if not 1 <= len(words) <= _LONGEST_TYPE or not all(map(_WORD.fullmatch, words)):
        return None
    known = nouns()
    if name in known.names:
        return known.names[name]
    name = singular(name)
    return None if name in known.not_types or known.not_before & set(name.split()) else name


def title_end(title: str | None) -> str | None:
    """The last word of a title's first part, in the singular: the noun that the title is about."""
    words = _first_part(title or "")
    return singular(words[-1]) if words else None


def _nouns_of(title: str) -> set[str]:
    words = _WORD.findall(title.lower())
    return {singular(word) for word in words} | {singular(" ".join(pair)) for pair in pairwise(words)}


def _first_part(title: str) -> list[str]:
    """The words before a title's first comma, bracket or preposition, without whom it is for at its end."""
    words = _WORD.findall(_PART_END.split(title.strip())[0].lower().replace("\u2019", "'"))
    known, after = nouns(), False
    while words and (words[-1] in known.after or (after and words[-1] in known.shades)):
        words.pop()
        after = True
    return words


def _of_category(name: str) -> Iterator[str]:
    """The types that a category's name may stand for: one, or each part of `Keychains & Keyrings`."""
    known = nouns()
    name = name.strip().lower()
    for key in (name, singular(name) if name else name):
        if key in known.names:
            if kind := known.names[key]:
                yield kind
            return
    for part in re.split(r"\s*(?:,|&| and |/)\s*", name):
        words = part.split()
        if not 1 <= len(words) <= _LONGEST_TYPE or not all(map(_WORD.fullmatch, words)):
            continue
        candidate = singular(part)
        if _is_type(candidate):
            yield candidate


def _of_title(title: str) -> str | None:
    """The type at the end of a title's first part."""
    known, words = nouns(), _first_part(title)
    if len(words) > _LONGEST_HEAD and singular(words[-1]) in known.compound:
        candidate = singular(" ".join(words[-2:]))
        if candidate.split()[0] in known.heads and candidate not in known.not_types:
            return candidate
    for length in range(min(_LONGEST_HEAD, len(words)), 0, -1):
        candidate = singular(" ".join(words[-length:]))
        is_known = candidate in known.heads or candidate in known.pairs
        if is_known and candidate not in known.generic | known.not_types:
            return candidate
    return None


def _is_type(name: str) -> bool:
    known = nouns()
    return bool(_head(name)) and name not in known.not_types and not known.not_before & set(name.split()[:-1])


def _head(name: str) -> str | None:
    """The product noun at a name's end: its last two words, or its last."""
    known = nouns().heads
    words = name.split()
    return next((head for head in (" ".join(words[-2:]), words[-1]) if head in known or head in nouns().generic), None)
