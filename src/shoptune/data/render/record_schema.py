"""Check that a record has the columns that its kind of question needs, of the right types."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from shoptune.shopbench.vocabulary import TaskType


class RecordError(ValueError):
    """No question can be made from a record; the message is the reason under which the report counts it."""


def check_record(kind: TaskType, record: Mapping[str, Any]) -> None:
    """Check a record's columns against what its kind needs; see `docs/data.md`.

    Raises:
        RecordError: a column is missing, null, NaN, or of a wrong type.
    """
    for column, (name, fits) in _columns(kind, record).items():
        value = record.get(column)
        if value is None or (isinstance(value, float) and math.isnan(value)):
            raise RecordError(f"no {column}")
        if not fits(value):
            raise RecordError(f"{column} is not {name}")


def _columns(kind: TaskType, record: Mapping[str, Any]) -> Mapping[str, tuple[str, Callable[[Any], bool]]]:
    if kind is TaskType.MULTIPLE_CHOICE:
        if record.get("choice") is not None:
            return {"choice": _NUMBER}
        if record.get("options") is not None:
            return {"options": _LIST, "answer_index": _NUMBER}
        return {"answer": _TEXT, "distractors": _LIST}
    if kind is TaskType.RETRIEVAL and record.get("answer_numbers") is not None:
        return {"answer_numbers": _LIST}
    return _NEEDED[kind]


def _is_whole(value: Any) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool) and float(value).is_integer()


_TEXT = ("a text or a number", lambda value: isinstance(value, str | int | float | Decimal))
_NUMBER = ("a whole number", _is_whole)
_LIST = ("a list", lambda value: isinstance(value, list))
_NEEDED: Mapping[TaskType, Mapping[str, tuple[str, Callable[[Any], bool]]]] = {
    TaskType.RETRIEVAL: {"positives": _LIST, "negatives": _LIST},
    TaskType.RANKING: {"items": _LIST, "gains": _LIST},
    TaskType.NAMED_ENTITY_RECOGNITION: {"entities": _LIST, "text": _TEXT},
    TaskType.GENERATION: {"answer": _TEXT},
}
