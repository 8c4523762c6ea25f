"""Answers: models side by side over all questions."""

from __future__ import annotations

import asyncio
import math
from typing import Any

from nicegui import ui

from shoptune.studio.address import Address, join
from shoptune.studio.page import Page
from shoptune.studio.reading.answers import GROUPS, Comparison, Row, comparison_of
from shoptune.studio.reading.answers_csv import csv_of
from shoptune.studio.reading.scored import scored_models
from shoptune.studio.reading.selection import Order, Outcome, Selection
from shoptune.studio.run_folder import RunFolder
from shoptune.studio.theme import card, nothing_yet, problems_shown, quiet
from shoptune.studio.views.answer import asked_by_models, show_row
from shoptune.studio.views.questions import question_list
from shoptune.studio.views.versus import versus_table

_QUESTIONS_SHOWN = 20
_SEARCH_DELAY = 400  # milliseconds without a key press
_LABELS = {"task_types": "Task types", "tracks": "Tracks", "tasks": "Tasks"}
_SINGULAR = {"task_types": "Task type", "tracks": "Track", "tasks": "Task"}
_COMMON = "amazon-kdd-cup-24-"  # what the names of all tracks begin with
_STYLE = """
.answers-tables { grid-template-columns: repeat(auto-fit, minmax(min(100%, 560px), 1fr)); }
.answers-list { list-style: none; margin: 0; padding: 0; display: flex; flex-direction: column; gap: 8px; }
.answers-row { display: flex; flex-wrap: wrap; gap: 6px 16px; width: 100%; padding: 10px 14px; border: 0;
               background: none; color: inherit; font: inherit; text-align: left; cursor: pointer;
               border-radius: 10px; }
.answers-asked { flex: 3 1 340px; min-width: 0; } .answers-answer { flex: 1 1 130px; min-width: 0; }
.answers-row:hover { background: var(--studio-soft); }
.answers-details { padding: 12px 14px; border-top: 1px solid var(--studio-line); }
.answers-score { font-variant-numeric: tabular-nums; font-weight: 600; font-size: 13px; }
.answers-bar { display: flex; height: 12px; border-radius: 3px; overflow: hidden; gap: 1px; }
.answers-won { background: #009e73; } .answers-lost { background: #d55e00; } .answers-tied { background: #808995; }
.answers-filters { display: grid; gap: 8px 16px;
                   grid-template-columns: repeat(auto-fill, minmax(min(100%, 220px), 1fr)); }
.studio-prompt { background: var(--studio-soft); border-radius: 6px; padding: 8px; max-height: 420px; overflow: auto; }
"""


async def build(run: RunFolder, address: Address) -> None:
    """Add the page's elements."""
    if len(scored_models(run)) < 2:  # noqa: PLR2004 - a pair
        nothing_yet("Fewer than two models were scored. Score the answers of two models with `shoptune evaluate`.")
        return
    ui.add_css(_STYLE)
    view = _View(run, await asyncio.to_thread(comparison_of, run), address)
    with card("Compare"):
        view.controls()
    await view.results()


class _View:
    """The page of one visitor.

    Args:
        run: the run's folder.
        comparison: the answers.
        address: the address, which holds the state.
    """

    def __init__(self, run: RunFolder, comparison: Comparison, address: Address) -> None:
        self._run, self._comparison, self._address = run, comparison, address

    @property
    def _selection(self) -> Selection:
        return Selection.of(self._address, list(self._comparison.models), self._comparison.groups)

    @ui.refreshable_method
    def controls(self) -> None:
        """Add what selects models and questions."""
        selection, names = self._selection, list(self._comparison.models)
        with ui.element("div").classes("answers-filters"):
            self._choice("baseline", "Baseline", names, selection.baseline)
            others = [name for name in names if name != selection.baseline]
            self._several("models", "Compared with it", {name: name for name in others}, selection.models)
            self._choice("outcome", f"Outcome of {selection.models[0]}", ["", *Outcome], selection.outcome)
            for name, label in _LABELS.items():
                options = {value: f"{_short(value)} ({n})" for value, n in self._comparison.groups[name].items()}
                self._several(name, label, options, getattr(selection, name))
            self._choice("order", "Order", list(Order), selection.order)
            search = ui.input("Search in questions and answers", value=selection.text)
            search.props(f'dense outlined clearable debounce="{_SEARCH_DELAY}"')
            search.on_value_change(lambda event: self._change(text=event.value or ""))
        with ui.row().classes("items-center").style("margin-top: 8px"):
            ui.link(
                "Clear all conditions", self._address.link(**dict.fromkeys((*_LABELS, "outcome", "text", "key"), ""))
            )

    def _choice(self, name: str, label: str, options: list[str], value: str) -> None:
        shown = {option: option or {"outcome": "any", "order": "as in the file"}[name] for option in options}
        made = ui.select(shown, label=label, value=value).props("dense outlined options-dense")
        made.on_value_change(lambda event: self._change(**{name: event.value}))

    def _several(self, name: str, label: str, options: dict[str, str], value: tuple[str, ...]) -> None:
        made = ui.select(options, label=label, value=list(value), multiple=True, with_input=len(options) > 10)  # noqa: PLR2004
        made.props("dense outlined options-dense clearable")
        made.on_value_change(lambda event: self._change(**{name: join(event.value or [])}))

    async def _change(self, **changes: Any) -> None:
        self._address.replace(**changes, page="", key="")
        if changes.keys() & {"baseline", "models"}:
            self.controls.refresh()
        await self._refresh()

    async def _refresh(self) -> None:
        pending = self.results.refresh()
        if pending is not None:
            await pending

    @ui.refreshable_method
    async def results(self) -> None:
        """Add the tables and the questions."""
        selection, by = self._selection, self._address.choice("by", list(GROUPS), "task_types")
        with problems_shown():
            compare = self._comparison.versus
            lines = {name: await asyncio.to_thread(compare, name, selection) for name in selection.models}
            groups = await asyncio.to_thread(self._comparison.by_group, selection, by)
            with ui.element("div").classes("studio-grid answers-tables"):
                with card(f"Against {selection.baseline}"):
                    versus_table("Model", lines, caption=f"Wins, losses and ties against {selection.baseline}")
                    quiet("The interval is the 95% paired bootstrap interval of the mean difference of scores.")
                with card(f"{selection.models[0]} against {selection.baseline} by {_SINGULAR[by].lower()}"):
                    self._grouping(by)
                    shown = {_short(name): versus for name, versus in groups.items()}
                    versus_table(_SINGULAR[by], shown, caption=f"Wins, losses and ties by {_SINGULAR[by].lower()}")
            await self._questions(selection)

    def _grouping(self, by: str) -> None:
        async def change(event: Any) -> None:
            self._address.replace(by=event.value)
            await self._refresh()

        toggle = ui.toggle(_SINGULAR, value=by, on_change=change).classes("q-mb-sm")
        toggle.props('dense no-caps outline padding="2px 10px" aria-label="Group by"')

    async def _questions(self, selection: Selection) -> None:
        total = await asyncio.to_thread(self._comparison.total, selection)
        pages = max(1, math.ceil(total / _QUESTIONS_SHOWN))
        number, key = self._address.number("page", 1, 1, pages), self._address.get("key")
        rows = await asyncio.to_thread(
            self._comparison.page, selection, (number - 1) * _QUESTIONS_SHOWN, _QUESTIONS_SHOWN
        )
        if key and key not in {row.key for row in rows}:  # of a shared address
            linked = await asyncio.to_thread(self._comparison.row, key, selection)
            rows = [linked, *rows] if linked else rows
        with card(f"{total:,} questions"):
            with ui.row().classes("items-center justify-between w-full").style("margin: 4px 0 10px"):
                self._pager(number, pages)
                ui.button("Export as CSV", icon="download", on_click=self._export).props("dense no-caps outline")
            question_list(rows, selection, key, self._show)
            if not rows:
                nothing_yet("No question meets all conditions.")

    def _pager(self, number: int, pages: int) -> None:
        async def turn(event: Any) -> None:
            self._address.replace(page=event.value, key="")
            await self._refresh()

        with ui.element("nav").props('aria-label="Pages of questions"'):
            ui.pagination(1, pages, value=number, direction_links=True, on_change=turn).props("max-pages=5 dense")

    async def _show(self, row: Row) -> None:
        self._address.replace(key=row.key)
        models = [self._comparison.models[name] for name in row.answers]
        with problems_shown():
            show_row(row, await asyncio.to_thread(asked_by_models, self._run, row, models))

    async def _export(self) -> None:
        content = await asyncio.to_thread(csv_of, self._comparison, self._selection)
        ui.download.content(content, f"{self._run.name}-answers.csv", "text/csv")


def _short(name: str) -> str:
    """Return the name of a group without what all tracks have in common."""
    return name.removeprefix(_COMMON)


PAGE = Page("/answers", "Answers", "compare", 5, build)
