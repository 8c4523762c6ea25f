"""The items of questions: the titles, queries, concepts, attributes and reviews that they ask about.

The same item may be asked about with another prompt, with its options in another order, or with a word changed. Items
are therefore compared one by one: short ones whole, longer ones by the runs of three words that they share, without the
runs that prompts have in common.
"""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shoptune.errors import fail
from shoptune.shopbench.questions import load_questions

_WORD = re.compile(r"\w+")
_QUOTED = re.compile(r"(?<!\w)['\"\u201c\u2018](.{2,400}?)['\"\u201d\u2019](?!\w)")
_LABEL = re.compile(r"^[^:]{2,60}?: ?(.+)$")
_OPTION = re.compile(r"^\s*\d{1,2}\s*[.):]\s*(.+)$")
# Where a short item stands without quotes, in the benchmark's prompts and in ours.
_NAMED = (
    re.compile(r"\battribute ([\w ()-]{3,60}?)(?:\?|\.|,| belongs\b|$)", re.IGNORECASE),
    re.compile(
        r"\b(?:product type|product category|complements? an?(?:\(n\))?) ([\w' -]{3,60}?)(?:\?|\.|,| best\b|$)",
        re.IGNORECASE,
    ),
    re.compile(r"^(?:Input|Query|Concept|Aspect sequence|Query keyword|Text): ?(.{3,200})$"),
    re.compile(
        r"\b(?:what (?:is|are)(?: an?(?:\(n\))?)?|together with an?(?:\(n\))?) ([\w' -]{3,60}?)(?: is|\?|\.|$)",
        re.IGNORECASE,
    ),
)
_ENTITY_TYPE = re.compile(r"(?:entity |of )type ['\"][^'\"]*['\"]", re.IGNORECASE)
_ASKS = re.compile(r"^(?:explain|tell me|describe|a review text for|what|which)\b", re.IGNORECASE)
_SHORT = 6  # words; items with fewer are compared whole, and are items only where quoted or named
_RUN = 3  # words
_COMMON = 3  # items from which on a run is wording
_FEWEST_RUNS = 3
_SHARED = 0.5  # of an item's runs


@dataclass(frozen=True)
class BenchmarkItems:
    """The questions and items that must not occur in training rows.

    Attributes:
        whole: items of a few words, each as its words.
        runs: by a run of three words, the numbers of the longer items that have it.
        sizes: how many runs each of these has.
    """

    whole: frozenset[str]
    runs: dict[str, list[int]]
    sizes: list[int]

    @classmethod
    def of(cls, texts: Iterable[tuple[str, str]], phrasings: Iterable[str] = ()) -> BenchmarkItems:
        """Learn the items of questions.

        Args:
            texts: what each question asks, and its reference answer.
            phrasings: the words of prompts.
        """
        whole: set[str] = set()
        longer: dict[str, None] = {}
        for asked, reference in texts:
            whole.update(short_items(asked))
            longer |= dict.fromkeys([*_long_items(asked), *_long_items(reference)])
        runs_of = [set(_runs(item)) for item in longer]
        common = {run for run, count in Counter(run for runs in runs_of for run in runs).items() if count >= _COMMON}
        common.update(run for phrasing in phrasings for run in _runs(_words(phrasing)))
        kept = [own for runs in runs_of if len(own := runs - common) >= _FEWEST_RUNS]
        numbers: dict[str, list[int]] = {}
        for number, own in enumerate(kept):
            for run in own:
                numbers.setdefault(run, []).append(number)
        return cls(frozenset(whole), numbers, [len(own) for own in kept])

    def found_in(self, text: str) -> bool:
        """Whether a question asks about one of the items, or holds half of a longer one."""
        if not self.whole.isdisjoint(short_items(text)):
            return True
        shared: Counter[int] = Counter()
        for run in set(_runs(_words(text))) & self.runs.keys():
            shared.update(self.runs[run])
        return any(count >= _SHARED * self.sizes[number] for number, count in shared.items())


def short_items(text: str) -> set[str]:
    """The items of a few words that are quoted or named in a question; what its options are is none."""
    found = []
    for line in _ENTITY_TYPE.sub("", text).split("\n"):
        if _OPTION.match(line):
            continue
        found += _QUOTED.findall(line)
        for pattern in _NAMED:
            found += [item for item in pattern.findall(line) if not _ASKS.match(item)]
    items = (_words(item) for item in found)
    return {item for item in items if 0 < len(item.split()) < _SHORT and len(item) > 2}  # noqa: PLR2004


def _long_items(text: str) -> Iterator[str]:
    for line in text.split("\n"):
        option = _OPTION.match(line)
        parts = [option[1]] if option else [*_QUOTED.findall(line)]
        if not option and (label := _LABEL.match(line)):
            parts.append(label[1])
        elif not option and not parts:
            parts.append(line)
        for part in parts:
            item = _words(part)
            if len(item.split()) >= _SHORT:
                yield item


def _words(text: str) -> str:
    return " ".join(_WORD.findall(text.casefold()))


def _runs(item: str) -> Iterator[str]:
    words = item.split()
    for first in range(len(words) - _RUN + 1):
        yield " ".join(words[first : first + _RUN])


def benchmark_texts(path: Path) -> list[tuple[str, str]]:
    """Read the text and the reference of every question in a development file, or in Shopping MMLU's folder.

    Raises:
        ShoptuneError: the file cannot be read, or the folder contains no questions.
    """
    if not path.is_dir():
        return [(question.input_field, _text(question.output_field)) for question in load_questions(path)]
    found: list[tuple[str, str]] = []
    for file in sorted([*path.rglob("*.json"), *path.rglob("*.jsonl")]):
        for line in file.read_text(encoding="utf-8-sig").splitlines():
            if line.strip():
                record = json.loads(line)
                reference = record.get("output_field", record.get("target_field", ""))
                found.append((str(record.get("input_field", "")), _text(reference)))
    for file in sorted(path.rglob("*.csv")):
        with file.open(encoding="utf-8-sig", newline="") as lines:
            found += [(f"{row['question']}\n{row['choices']}", "") for row in csv.DictReader(lines) if "choices" in row]
    if not found:
        raise fail(
            path, "", "contains no questions", "choose a development file, or the folder of Shopping MMLU's data.zip"
        )
    return found


def _text(reference: Any) -> str:
    return "\n".join(map(str, reference)) if isinstance(reference, list) else str(reference)
