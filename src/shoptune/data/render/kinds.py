"""The five kinds of question: each turns a record into the variables of its prompt and the reference answer.

A record is one row of a recipe's SQL query. Its function says which columns a kind needs; all columns, and what
the kind adds, can be used in the recipe's prompts.
"""

from __future__ import annotations

import math
import random
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shoptune.data.render.record_schema import RecordError, check_record
from shoptune.shopbench.answers import answer_text
from shoptune.shopbench.parsers import parse
from shoptune.shopbench.task_types import DEFINITIONS, Reference
from shoptune.shopbench.task_types.multiple_choice import MAX_OPTIONS
from shoptune.shopbench.task_types.ranking import RANKED
from shoptune.shopbench.task_types.retrieval import LISTED, RETRIEVED
from shoptune.shopbench.vocabulary import TaskType

Record = Mapping[str, Any]

_COUNTED = {1: "one number", 2: "two numbers", 3: "three numbers"}


_BESIDE_LETTER = re.compile(r"(?<=[^\W\d])[\s-]+(?=\w)|(?<=\w)[\s-]+(?=[^\W\d])")


@dataclass(frozen=True)
class Arranged:
    """A record ready for its prompt.

    Attributes:
        variables: what the kind adds to the record's columns for the prompt, as `options`.
        reference: the answer, in the benchmark's form.
    """

    variables: Mapping[str, Any]
    reference: Reference


def arrange(kind: TaskType, record: Record, options: int | None, rng: random.Random) -> Arranged:
    """Arrange a record as a question of one kind, and check that its answer can be read back.

    Args:
        kind: the task type.
        record: one row of the recipe's query.
        options: how many options to list, for kinds that list any.
        rng: decides order and choice.

    Raises:
        RecordError: the record lacks what the kind needs, or the benchmark's parser would not read its answer back.
    """
    check_record(kind, record)
    arranged = _KINDS[kind](record, options, rng)
    if not DEFINITIONS[kind].numbers_items:
        _check(kind, arranged.reference)
    return arranged


def _multiple_choice(record: Record, options: int | None, rng: random.Random) -> Arranged:
    """One of three forms.

    `answer` and `distractors`: `options` of them are listed, the right one anywhere. `options` and `answer_index`: the
    source's own options, in their order. `choice`: a number from 0 to 9 that needs no list, as a star rating.
    """
    if record.get("choice") is not None:
        return Arranged({}, int(record["choice"]))
    if record.get("options") is not None:
        listed, right = _texts(record, "options"), int(record["answer_index"])
        if len(listed) < len(record["options"]):
            raise RecordError("an option is empty")
        if not 0 <= right < len(listed):
            raise RecordError("answer_index outside the options")
    else:
        answer = str(record["answer"])
        wrong = _different(_texts(record, "distractors"), [answer])
        wanted = (options or 4) - 1
        if len(wrong) < wanted:
            raise RecordError("too few distractors")
        listed = [answer, *wrong[:wanted]]
        rng.shuffle(listed)
        right = listed.index(answer)
    if len(listed) > MAX_OPTIONS:
        raise RecordError("more options than digits")
    if len(_different(listed, [])) < len(listed):
        raise RecordError("two options are the same")
    return Arranged({"options": _numbered(listed, first=0)}, right)


def _retrieval(record: Record, options: int | None, rng: random.Random) -> Arranged:
    """One of two forms.

    `positives` (one to three are listed) and `negatives` fill a numbered list of `options` items, 15 by default.
    `answer_numbers`: of a list that the source's own question holds.
    Prompts ask for as many answers as there are: `wanted` is 3 and `numbers` is `three numbers`, for example.
    """
    if record.get("answer_numbers") is not None:
        given = [int(number) for number in record["answer_numbers"]]
        if not 1 <= len(set(given)) == len(given) <= RETRIEVED:
            raise RecordError("not one to three different numbers")
        return Arranged({"wanted": len(given), "numbers": _COUNTED[len(given)]}, given)
    right = _different(_texts(record, "positives"), [])[:RETRIEVED]
    wrong = _different(_texts(record, "negatives"), right)
    size = options or LISTED
    if not right:
        raise RecordError("no positives")
    if len(right) + len(wrong) < size:
        raise RecordError("too few negatives")
    listed = right + wrong[: size - len(right)]
    rng.shuffle(listed)
    shown = {"options": _numbered(listed, first=1), "wanted": len(right), "numbers": _COUNTED[len(right)]}
    return Arranged(shown, sorted(listed.index(item) + 1 for item in right))


def _ranking(record: Record, options: int | None, rng: random.Random) -> Arranged:
    """Five `items` with the `gains` of each, listed in any order."""
    items, gains = _texts(record, "items"), _gains(record)
    if len(items) != RANKED or len(gains) != RANKED:
        raise RecordError("not five items")
    if len(_different(items, [])) < len(items):
        raise RecordError("two items are the same")
    if max(gains) <= 0:
        raise RecordError("no item is relevant")
    order = list(range(RANKED))
    rng.shuffle(order)
    listed = [items[place] for place in order]
    return Arranged({"options": _numbered(listed, first=1)}, [_plain(gains[place]) for place in order])


def _named_entity_recognition(record: Record, options: int | None, rng: random.Random) -> Arranged:
    """`entities`, each of which is a part of `text`."""
    entities, text = _different(_texts(record, "entities"), []), _normal(str(record["text"]))
    if not entities:
        raise RecordError("no entities")
    if any(_normal(entity) not in text for entity in entities):
        raise RecordError("entity not in the text")
    if any("," in entity for entity in entities):
        raise RecordError("entity holds a comma")
    return Arranged({}, entities)


def _generation(record: Record, options: int | None, rng: random.Random) -> Arranged:
    """`answer`, a text."""
    answer = str(record["answer"]).strip()
    if not answer:
        raise RecordError("empty answer")
    return Arranged({}, answer)


_KINDS: Mapping[TaskType, Callable[[Record, int | None, random.Random], Arranged]] = {
    TaskType.MULTIPLE_CHOICE: _multiple_choice,
    TaskType.RETRIEVAL: _retrieval,
    TaskType.RANKING: _ranking,
    TaskType.NAMED_ENTITY_RECOGNITION: _named_entity_recognition,
    TaskType.GENERATION: _generation,
}


def _check(kind: TaskType, reference: Reference) -> None:
    """Check that the benchmark's parser reads the reference back from the answer."""
    if parse(kind, answer_text(kind, reference)) != reference:
        raise RecordError("the benchmark would not read the answer")


def _texts(record: Record, column: str) -> list[str]:
    return [" ".join(str(text).split()) for text in record[column] if text is not None and str(text).strip()]


def _different(texts: Sequence[str], taken: Sequence[str]) -> list[str]:
    """The texts in order, without those that equal an earlier or a taken one but for case, spaces and signs."""
    seen = {_letters(text) for text in taken}
    kept = []
    for text in texts:
        normal = _letters(text)
        if normal not in seen:
            seen.add(normal)
            kept.append(text)
    return kept


def _normal(text: str) -> str:
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    return " ".join(text.casefold().split())


def _letters(text: str) -> str:
    """A text without case, and without spaces and hyphens next to letters: `UV 400` is `UV400`, `5 2` is not `52`."""
    return _BESIDE_LETTER.sub("", _normal(text))


def _numbered(items: Sequence[str], first: int) -> str:
    return "\n".join(f"{number}. {item}" for number, item in enumerate(items, start=first))


def _gains(record: Record) -> list[float]:
    try:
        gains = [float(gain) for gain in record["gains"]]
    except (TypeError, ValueError):
        gains = [math.nan]
    if any(map(math.isnan, gains)):
        raise RecordError("a gain is not a number")
    return gains


def _plain(gain: float) -> float | int:
    """1 instead of 1.0, as the development file writes gains."""
    return int(gain) if gain.is_integer() else gain
