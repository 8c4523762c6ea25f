"""Parse the counts, packs, weights and sizes in a product's title; ambiguous text is rejected.

Titles mix several kinds of number: `12 x 18 Inch`, `140 lb paper`, `[2+2 Pack]`, `5 Pairs/3 Pairs`. A number is read
only where its meaning is certain, since a wrong answer costs more than a missing question.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

_NUMBER = r"[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+(?:\.[0-9]+)?"
# What makes the number before or after it a part of something else: a range, a sum, a fraction, a dimension, a rate.
_NOT_BEFORE = (
    r"(?<![0-9.,/+#~≈≤≥<>-])(?<![0-9][x\u00d7*+/&\u2013-] )(?<![0-9][x\u00d7\u2013])(?<! [x\u00d7*+/&\u2013] )"
    r"(?<! or )(?<! to )(?<!up to )"
)
_PACKS_OF = re.compile(
    rf"{_NOT_BEFORE}([0-9]{{1,3}}) ?(?:packs?|boxes|bags|cases|bundles) of ([0-9]{{1,4}})\b", re.IGNORECASE
)
_PACK_OF = re.compile(
    r"\b(?:pack|case|box|bundle) of ([0-9]{1,3})\b(?![.,]?[0-9]|[ -]?(?:to|or|/|-)[ -]?[0-9])", re.IGNORECASE
)
_PACKS = re.compile(rf"{_NOT_BEFORE}([0-9]{{1,3}})[ -]?(?:packs?|pk)\b(?! of [0-9])", re.IGNORECASE)
_COUNT = re.compile(rf"{_NOT_BEFORE}({_NUMBER})[ -]?(?:count|ct|counts)\b(?! ?/)", re.IGNORECASE)
_PIECES = re.compile(
    rf"{_NOT_BEFORE}({_NUMBER})[ -]?(?:pcs|pc|pieces?)\b(?!-[0-9]| ?[/(x\u00d7])|\b(?:set|lot) of ([0-9]{{1,4}})\b",
    re.IGNORECASE,
)
# Numbers of other things that come in one package, so that a number of packs alone does not say how many there are.
_OTHERS = re.compile(
    r"\b[0-9]+[ -]?(?:pairs?|sheets?|rolls?|sets?|units?|dozen|tabs?|tablets?|capsules?|pods|bags|wipes|filters|strips|"
    r"refills|sticks|bottles|cans|bars|cups|packets|pouches|boxes|cartridges|gloves|napkins|plates|tissues)\b"
    r"|\bpairs?\b|\bdozens?\b|\bsets?\b|\bassorted\b|\bcombo\b|\b(?:pack|case|count|ct|pcs|pieces)\b[^,(]{0,12}\bper\b"
    r"|\b[0-9]+ ?[+&] ?[0-9]|\bbonus\b|\btotal\b|\bplus\b"
    r"|\b[0-9]+(?:/| or | to | ?[-\u2013] ?)[0-9]+[ -]?"
    r"(?:packs?|pk|pcs|pieces|count|ct)\b",
    re.IGNORECASE,
)
_WITH = re.compile(r"\b(?:with|includes?|including|plus)\b|&", re.IGNORECASE)
_UNITS = {
    "ounces": "oz|ounces?",
    "fluid ounces": r"fl\.? ?ozs?|fluid ounces?|fl\.? ounces?|ozs? fl",
    "pounds": "lbs?|pounds?",
    "grams": "g|gm|gms|grams?",
    "kilograms": "kgs?|kilograms?|kilos?",
    "milliliters": "ml|milliliters?",
    "liters": "l|liters?|litres?",
    "gallons": "gal|gallons?",
    "feet": "ft|feet|foot",
    "inches": "inch|inches",
    "centimeters": "cm|centimeters?",
    "millimeters": "mm|millimeters?",
    "yards": "yds?|yards?",
}
_UNIT = "|".join(
    f"(?P<{name.replace(' ', '_')}>{words})" for name, words in sorted(_UNITS.items(), key=lambda unit: -len(unit[0]))
)
_AMOUNT = re.compile(
    rf"{_NOT_BEFORE}(?P<value>{_NUMBER})[ -]?(?:{_UNIT})\b"
    r"(?!['\u2019\"\u201c\u201d]? ?[x\u00d7*/]|\.? ?(?:per|capacity|deck|\+))",
    re.IGNORECASE,
)
_IN_OUNCES = {"ounces": Decimal(1), "pounds": Decimal(16)}
_WEIGHTS = frozenset({"ounces", "pounds", "grams", "kilograms"})
_GRAMS = {
    "ounces": Decimal("28.349523125"),
    "pounds": Decimal("453.59237"),
    "grams": Decimal(1),
    "kilograms": Decimal(1000),
}
_AGREE = Decimal("0.03")
# Things whose ounces are what they hold, or whose pounds are what they bear.
_HOLDS = re.compile(
    r"\b(mugs?|cups?|tumblers?|bottles?|glass(es)?|jars?|containers?|pitchers?|kettles?|flasks?|bowls?|vases?|dispensers?|pots?|"
    r"canteens?|thermos|buckets?|pails?|blenders?|jugs?|cans?|paper|fabric|weights?|dumbbells?|kettlebells?|fishing|"
    r"capacity|holds?|up to|supports?|fits?|cotton|denim|canvas|adapter|machine)\b",
    re.IGNORECASE,
)  # fmt: skip


@dataclass(frozen=True)
class Quantities:
    """The quantities that a title states; None for what it does not state, or states ambiguously.

    Attributes:
        packs: how many packs one order brings.
        count: how many pieces are in one pack.
        ounces: what the content of one pack weighs.
    """

    packs: int | None
    count: int | None
    ounces: Decimal | None

    @property
    def pieces(self) -> int | None:
        """How many pieces one order brings, over all packs."""
        if self.packs is None and self.count is None:
            return None
        return (self.packs or 1) * (self.count or 1)


@dataclass(frozen=True)
class Amount:
    """A number with a unit: `9.24 oz` is 9.24 ounces."""

    value: Decimal
    unit: str


def parse_quantities(title: str) -> Quantities:
    """Parse the packs, the count and the weight that a title states."""
    packs, count = _packs_and_count(title)
    return Quantities(packs, count, _ounces(title))


def parse_amounts(title: str) -> list[Amount]:
    """Every number with a unit in a title, in order; those of dimensions, ranges, fractions and rates are left out."""
    found = []
    for match in _AMOUNT.finditer(title):
        unit = next(name for name in _UNITS if match[name.replace(" ", "_")])
        if value := Decimal(match["value"].replace(",", "")):
            found.append(Amount(value, unit))
    return found


def _packs_and_count(title: str) -> tuple[int | None, int | None]:
    nested = {(int(packs), int(count)) for packs, count in _PACKS_OF.findall(title)}
    rest = _PACKS_OF.sub(" ", title)
    packs = {int(number) for pattern in (_PACK_OF, _PACKS) for number in pattern.findall(rest)}
    counts, pieces = set(_numbers(_COUNT, rest)), set(_numbers(_PIECES, rest))
    has_others = _OTHERS.search(_PIECES.sub(" ", _COUNT.sub(" ", rest))) and not (counts and not pieces)
    if has_others or (pieces and _comes_with(rest)):
        return None, None
    stated = [numbers for numbers in (nested, packs, counts, pieces) if numbers]
    if any(len(numbers) > 1 for numbers in stated):
        return None, None
    if nested:
        return next(iter(nested)) if len(stated) == 1 else (None, None)
    if pieces:  # `40 Pack ... with 40 Pcs Plant Labels`: the pieces may be of something else
        return (None, pieces.pop()) if len(stated) == 1 else (None, None)
    if packs and counts and packs == counts and packs != {1}:  # the count may be the total
        return None, None
    return (packs.pop() if packs else None), (counts.pop() if counts else None)


def _comes_with(title: str) -> bool:
    """Whether the pieces are what comes with a product: `Case with Screen Protector, 4 Pcs Thumb Grips`."""
    _, *rest = _WITH.split(title, maxsplit=1)
    return any(map(_PIECES.search, rest))


def _numbers(pattern: re.Pattern[str], title: str) -> Iterator[int]:
    for match in pattern.finditer(title):
        text = next(group for group in match.groups() if group).replace(",", "")
        if "." not in text and int(text) > 0:
            yield int(text)


def _ounces(title: str) -> Decimal | None:
    if _HOLDS.search(title):
        return None
    weights = [amount for amount in parse_amounts(title) if amount.unit in _WEIGHTS]
    if not weights or weights[0].unit not in _IN_OUNCES:
        return None
    first = weights[0].value * _GRAMS[weights[0].unit]
    if any(abs(other.value * _GRAMS[other.unit] - first) > _AGREE * first for other in weights[1:]):
        return None
    return weights[0].value * _IN_OUNCES[weights[0].unit]
