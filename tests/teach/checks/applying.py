"""Apply one check to answers, as a run does."""

from __future__ import annotations

from collections.abc import Sequence

from shoptune.teach.check import Answer, Check, Record, apply_checks


def apply(check: Check, answers: Sequence[Answer], record: Record) -> list[Answer | str]:
    """Return each answer in normal form, or the reason for its rejection."""
    results = apply_checks([check], answers, record)
    return [reason.removeprefix(f"{check.name}: ") if reason else answer for answer, reason in results]


def applied(check: Check, field: str, text: object, record: Record) -> object:
    """Return the normal form of one field of an answer, or the reason for its rejection in a tuple."""
    (found,) = apply(check, [{field: text}], record)
    return (found,) if isinstance(found, str) else found[field]
