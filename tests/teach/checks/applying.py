"""Apply one check to answers, as a run does: normal form first, then the reasons."""

from __future__ import annotations

from collections.abc import Sequence

from shoptune.teach.check import Answer, Check, Record


def apply(check: Check, answers: Sequence[Answer], record: Record) -> list[Answer | str]:
    """Return each answer in normal form, or the reason for its rejection."""
    normal = [check.normal(answer, record) for answer in answers]
    reasons = check.reasons(normal, record)
    return [reason or answer for answer, reason in zip(normal, reasons, strict=True)]


def applied(check: Check, field: str, text: object, record: Record) -> object:
    """Return the normal form of one field of an answer, or the reason for its rejection in a tuple."""
    (found,) = apply(check, [{field: text}], record)
    return (found,) if isinstance(found, str) else found[field]
