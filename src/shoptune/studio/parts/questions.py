"""A page of questions, each of which opens in place."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from nicegui import ui

from shoptune.studio.reading.answers import Answer, Row
from shoptune.studio.reading.answers_selection import AnswersSelection
from shoptune.studio.theme import quiet

_SHOWN = 180  # characters of a question or an answer in the list
_TIED = 1e-9

Open = Callable[[Row], Awaitable[None]]


def question_list(rows: Sequence[Row], selection: AnswersSelection, opened: str, show: Open) -> None:
    """Add questions.

    Args:
        rows: the questions.
        selection: the models to show.
        opened: the key of the question to open, or empty.
        show: adds the details of a question, when it is opened.
    """
    with ui.element("ol").classes("answers-list") as made:
        made.props["aria-label"] = "Questions"
        for row in rows:
            with ui.element("li").classes("studio-card").style("padding: 0"):
                _item(row, selection, row.key == opened, show)


def _item(row: Row, selection: AnswersSelection, is_open: bool, show: Open) -> None:
    header = ui.element("button").classes("answers-row").props('type="button"')
    header.props["aria-expanded"] = str(is_open).lower()
    with header:
        _summary(row, selection)
    details = ui.element("div").classes("column answers-details").style("gap: 12px")
    details.set_visibility(False)

    async def toggle() -> None:
        details.set_visibility(not details.visible)
        header.props["aria-expanded"] = str(details.visible).lower()
        header.update()
        if details.visible and not details.default_slot.children:
            with details:
                await show(row)

    header.on("click", toggle)
    if is_open:
        ui.timer(0, toggle, once=True)


def _summary(row: Row, selection: AnswersSelection) -> None:
    with ui.element("div").classes("answers-asked"):
        ui.label(shortened(row.text) if row.text else "(the text is not available)").classes("studio-text")
        quiet(f"{row.task_type} · {row.task}").style("font-size: 13px")
    for name, answer in row.answers.items():
        with ui.element("div").classes("answers-answer"):
            with ui.element("div").classes("studio-quiet").style("font-size: 13px"):
                ui.label(name)
            ui.label(shortened(answer.prediction or "(empty)")).classes("studio-text")
            _score(row, name, answer, selection)


def _score(row: Row, name: str, answer: Answer, selection: AnswersSelection) -> None:
    score = "not scored" if answer.score is None else f"{answer.score:.2f}"
    difference = None if name == selection.baseline else row.difference(name, selection.baseline)
    if difference is None:
        ui.label(score).classes("answers-score")
    elif difference > _TIED:
        ui.label(f"{score} won").classes("answers-score studio-good")
    elif difference < -_TIED:
        ui.label(f"{score} lost").classes("answers-score studio-bad")
    else:
        ui.label(f"{score} tied").classes("answers-score")


def shortened(text: str) -> str:
    """Return the beginning of a text on one line."""
    line = " ".join(text.split())
    return line if len(line) <= _SHOWN else f"{line[: _SHOWN - 1]}…"
