"""The selected questions and answers as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from shoptune.studio.reading.answers import Comparison, Row
from shoptune.studio.reading.answers_selection import AnswersSelection

# Spreadsheets take a cell that begins with one of these for a formula, which could send data elsewhere (OWASP, CSV
# injection). An apostrophe in front makes it text.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_COLUMNS = ("question", "task_type", "task", "track", "reference")


def csv_of(comparison: Comparison, selection: AnswersSelection) -> bytes:
    """Return all selected questions as CSV in UTF-8, with a byte-order mark, by which spreadsheets recognize UTF-8.

    For each model there are the columns `NAME prediction`, `NAME raw` and `NAME score`, and for each but the baseline
    `NAME difference`, its score minus the baseline's.
    """
    written = io.StringIO(newline="")
    writer = csv.writer(written)
    writer.writerow([neutral(name) for name in _header(selection)])
    writer.writerows(_cells(row, selection) for row in comparison.all_rows(selection))
    return written.getvalue().encode("utf-8-sig")


def neutral(text: str) -> str:
    """Return a text that spreadsheets do not take for a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def _header(selection: AnswersSelection) -> Iterator[str]:
    yield from _COLUMNS
    for name in selection.shown:
        yield from (f"{name} prediction", f"{name} raw", f"{name} score")
    for name in selection.models:
        yield f"{name} difference"


def _cells(row: Row, selection: AnswersSelection) -> list[str]:
    texts = [row.text, row.task_type, row.task, row.track, row.reference]
    cells = [neutral(text or "") for text in texts]
    for name in selection.shown:
        answer = row.answers[name]
        cells += [neutral(answer.prediction or ""), neutral(answer.raw or ""), _number(answer.score)]
    return [*cells, *(_number(row.difference(name, selection.baseline)) for name in selection.models)]


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.6g}"
