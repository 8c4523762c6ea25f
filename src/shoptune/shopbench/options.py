"""The numbers that a question offers to choose from.

Lists are numbered in many ways. An answer may be any number that is printed and, if the numbering is irregular, any
item's position: wrongly allowing an answer costs little, wrongly excluding one costs the question.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

# '1. x', '1.x', '(1) x', '[1] x', '1: x', '- 1) x', 'Option 1: x' at the beginning of a line; '1.5 x' is not a label.
_LABEL = r"(?P<number>\d{1,3})[ \t]*(?:\*\*)?(?:[)\]:：、．]|\.(?!\d))"  # noqa: RUF001
LIST_ITEM = re.compile(
    rf"^[ \t>*•#-]*(?:(?:option|choice|item|candidate|answer)[ \t]*)?[#(\[]?{_LABEL}.*$", re.MULTILINE | re.IGNORECASE
)
_BARE_ITEM = re.compile(r"^[ \t]*(?P<number>\d{1,3})(?:[ \t]+-)?[ \t]+\S.*$", re.MULTILINE)  # '1 x', '1 - x'
_INLINE_ITEM = re.compile(rf"(?:^|(?<=[\s,;:?(\[])){_LABEL}(?=\s)", re.MULTILINE)  # anywhere in a line
_LETTER_ITEM = re.compile(r"^[ \t]*[(\[]?[A-Z][).\]:][ \t]*\S", re.MULTILINE)

_FIRST = frozenset({0, 1})
_WIDEST_GAP = 3
_SHORTEST = 3  # lists whose items are harder to tell from other text
_USUAL_OPTIONS = 4
_DIGITS = range(10)  # the benchmark reads one digit

_WORDS = {word: number for number, word in enumerate(("zero", "one", "two", "three", "four", "five", "six", "seven"))}
_WORDS |= {"eight": 8, "nine": 9, "ten": 10}
_NUMBER = rf"(\d{{1,3}}|{'|'.join(_WORDS)})"
_REMARK = r"(?:[ ]?\([^)]*\))?"
_UNIT = r"(?:[ ]?(?:stars?|points?))?"
_SCALE = re.compile(
    rf"""(?:\b(?:scale\ of|scale\ from|from|between|rang(?:e|ing)(?:\ of|\ from)?|scores?\ of|ratings?\ of)|\()\s*
    {_NUMBER}{_UNIT}{_REMARK}(?:\s?[-–~]|\s+to|\s+and|\s+through){_REMARK}\s?{_NUMBER}(?!\d|[.,]\d|\s?%)""",  # noqa: RUF001
    re.IGNORECASE | re.VERBOSE,
)
_RATING = re.compile(
    r"\b(?:scales?|rat(?:e|es|ed|ing|ings)|stars?|scores?|points?|evaluate|grade|sentiment|number|integer|positive)\b",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"(?<!\d)[.?!]\s|\n")
_WORD_ANSWER = re.compile(r"\b(?:yes|true)\b[^.?\n]{0,80}\b(?:no|not|false)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Listing:
    """The list of a question.

    Attributes:
        numbers: as printed, in order; empty when the question has no list.
        admissible: the numbers that an answer may hold: those printed, those of other lists in the question, and where
            the numbering is irregular the items' positions.
    """

    numbers: tuple[int, ...]
    admissible: tuple[int, ...]


def listing(text: str, *, bare: bool = True) -> Listing:
    """Find the question's list.

    A list counts up from 0 or 1. A product title or a review may hold numbered lines of its own; the longest list is
    the question's, and of equally long ones the last. Its first item may stand in the line that announces it.

    Args:
        text: the question.
        bare: take lines that begin with a number and a space for items too, when there are no better ones.
    """
    runs = _runs(text, LIST_ITEM) or _runs(text, _INLINE_ITEM, shortest=_SHORTEST)
    if not runs and bare:
        runs = _runs(text, _BARE_ITEM, shortest=_SHORTEST)
    if not runs:
        return Listing((), ())
    length = max(len(run) for run in runs)
    numbers = next(run for run in reversed(runs) if len(run) == length)
    admissible = {number for run in runs for number in (*run, *_positions(run))}
    return Listing(tuple(numbers), tuple(sorted(admissible)))


def listed_numbers(text: str) -> list[int]:
    """The numbers of the question's list as they are printed; empty when it has none."""
    return list(listing(text).numbers)


def choices(text: str) -> list[int]:
    """The numbers that may answer a multiple-choice question: its options' and its scale's, else every digit."""
    numbers = [number for number in listing(text).admissible if number in _DIGITS]
    if len(numbers) == _USUAL_OPTIONS - 1 and numbers[0] == 0:
        numbers.append(numbers[-1] + 1)  # an option may be missing
    scales = _scales(text)
    if scales and numbers:  # the list may be a review's
        return sorted({*numbers, *itertools.chain.from_iterable(scales)})
    return numbers or list(scales[0] if len(scales) == 1 else _DIGITS)


def wants_words(text: str) -> bool:
    """Whether the answer to a multiple-choice question is a word or a letter: no numbered lines, "yes or no"."""
    if _runs(text, LIST_ITEM):
        return False
    return _WORD_ANSWER.search(text) is not None or len(_LETTER_ITEM.findall(text)) > 1


def _scales(text: str) -> list[range]:
    """The different scales that sentences about ratings name; "from 2 to 4 people" is not one."""
    scales = {}
    for sentence in filter(_RATING.search, _SENTENCE.split(text)):
        for match in _SCALE.finditer(sentence):
            first, last = sorted(map(_value, match.groups()))
            if first in _FIRST and first + 1 < last and last in _DIGITS:
                scales[first, last] = range(first, last + 1)
    return list(scales.values())


def _value(number: str) -> int:
    return int(number) if number.isdecimal() else _WORDS[number.lower()]


def _runs(text: str, pattern: re.Pattern[str], shortest: int = 2) -> list[list[int]]:
    """Lists of numbers that count up, with what stands before the first item in its own line or the one before."""
    labels = [(match.start(), int(match["number"])) for match in pattern.finditer(text)]
    runs = []
    for members in _counting_up(labels):
        numbers = [number for _, number in members]
        before = _announced(text, members[0][0], numbers[0]) if pattern is LIST_ITEM else []
        if len(before) + len(numbers) >= shortest:
            runs.append([*before, *numbers])
    return runs


def _counting_up(labels: Sequence[tuple[int, int]]) -> Iterator[list[tuple[int, int]]]:
    """Cut labels into runs that count up, each as (place, number); a run may skip numbers, but only at its end.

    A number that does not continue the run is inside an item's text, unless no later label continues the run.
    """
    run: list[tuple[int, int]] = []
    for place, (start, number) in enumerate(labels):
        if run and _continues(run[-1][1], number, labels[place:]):
            run.append((start, number))
        elif number in _FIRST or (not run and number == max(_FIRST) + 1):  # its first may stand in the line before
            if run:
                yield run
            run = [(start, number)]
    if run:
        yield run


def _continues(last: int, number: int, labels: Sequence[tuple[int, int]]) -> bool:
    """Whether a number continues a run that has come to `last`; `labels` are those from the number on."""
    if number == last + 1:
        return True
    until_next_list = itertools.takewhile(lambda label: label[1] not in _FIRST, labels)
    return last < number <= last + _WIDEST_GAP and all(later != last + 1 for _, later in until_next_list)


def _announced(text: str, start: int, first: int) -> list[int]:
    """The numbers just below `first` that stand in the line before a list: 'Products: 0. a' with '1. b' below it."""
    line = text[:start].rstrip().rpartition("\n")[2]
    inline = {int(match["number"]) for match in _INLINE_ITEM.finditer(line)}
    found: list[int] = []
    while first - len(found) - 1 in inline:
        found.insert(0, first - len(found) - 1)
    return found


def _positions(run: Sequence[int]) -> Sequence[int]:
    """The numbers that a list would have if it were numbered without gaps, and from 0 or 1."""
    return range(run[0], run[0] + len(run)) if run[0] in _FIRST else range(run[0])
