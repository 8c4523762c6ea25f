"""Answers: models side by side over all questions."""

from __future__ import annotations

from collections.abc import Mapping

from nicegui import ui

from shoptune.studio.address import Address, join
from shoptune.studio.background import in_thread
from shoptune.studio.page import Page
from shoptune.studio.parts.answer import asked_by_models, show_row
from shoptune.studio.parts.paging import pager
from shoptune.studio.parts.questions import question_list
from shoptune.studio.parts.versus import versus_table
from shoptune.studio.reading.answers import GROUPS, Comparison, Row, comparison_of
from shoptune.studio.reading.answers_csv import csv_of
from shoptune.studio.reading.answers_selection import AnswersSelection, Order, Outcome
from shoptune.studio.reading.scored import scored_models
from shoptune.studio.run_folder import RunFolder
from shoptune.studio.selection import Selection
from shoptune.studio.texts import count
from shoptune.studio.theme import card, nothing_yet, problems_shown, quiet

_QUESTIONS_SHOWN = 20
_SEARCH_MILLISECONDS = 400  # after the last key
_LONG_LIST = 10
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
.answers-filters { display: grid; gap: 8px 16px; width: 100%;
                   grid-template-columns: repeat(auto-fill, minmax(min(100%, 220px), 1fr)); }
.answers-prompt { background: var(--studio-soft); border-radius: 6px; padding: 8px; max-height: 420px; overflow: auto; }
"""


async def build(run: RunFolder, address: Address) -> None:
    """Add the page's elements."""
    if len(scored_models(run)) < 2:  # noqa: PLR2004 - a pair
        nothing_yet("Fewer than two models were scored. Score the answers of two models with `shoptune evaluate`.")
        return
    ui.add_css(_STYLE)
    view = _View(run, await in_thread(comparison_of, run), address)
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
        self._run, self._comparison = run, comparison
        self._page = Selection(address, self.results.refresh)

    @property
    def _selection(self) -> AnswersSelection:
        return AnswersSelection.of(self._page.address, list(self._comparison.models), self._comparison.groups)

    @ui.refreshable_method
    def controls(self) -> None:
        """Add what selects models and questions."""
        selection, names = self._selection, list(self._comparison.models)
        with ui.element("search").classes("answers-filters").props('aria-label="Filters"'):
            self._choice("baseline", "Baseline", {name: name for name in names}, selection.baseline)
            others = {name: name for name in names if name != selection.baseline}
            self._several("models", "Compared with it", others, selection.models)
            outcomes = {"": "any"} | {str(outcome): str(outcome) for outcome in Outcome}
            self._choice("outcome", f"Outcome of {selection.models[0]}", outcomes, selection.outcome)
            for name, label in _LABELS.items():
                options = {value: f"{_short(value)} ({n:,})" for value, n in self._comparison.groups[name].items()}
                self._several(name, label, options, getattr(selection, name))
            orders = {str(order): str(order) or "as in the file" for order in Order}
            self._choice("order", "Order", orders, selection.order)
            search = ui.input("Search in questions and answers", value=selection.text)
            search.props(f'dense outlined clearable debounce="{_SEARCH_MILLISECONDS}" type="search"')
            search.on_value_change(lambda event: self._change("text", event.value or ""))
        conditions = dict.fromkeys((*_LABELS, "outcome", "text", "row", "page"), "")
        ui.link("Clear all conditions", self._page.address.link(**conditions))

    def _choice(self, name: str, label: str, options: Mapping[str, str], value: str) -> None:
        made = ui.select(dict(options), label=label, value=value).props("dense outlined options-dense")
        made.on_value_change(lambda event: self._change(name, event.value))

    def _several(self, name: str, label: str, options: Mapping[str, str], value: tuple[str, ...]) -> None:
        is_long = len(options) > _LONG_LIST
        made = ui.select(dict(options), label=label, value=list(value), multiple=True, with_input=is_long)
        made.props("dense outlined options-dense clearable")
        made.on_value_change(lambda event: self._change(name, join(event.value or [])))

    def _change(self, name: str, value: str) -> None:
        self._page.change(**{name: value}, page="", row="")
        if name in {"baseline", "models"}:
            self.controls.refresh()

    @ui.refreshable_method
    async def results(self) -> None:
        """Add the tables and the questions."""
        selection, by = self._selection, self._page.address.choice("by", list(GROUPS), "task_types")
        with problems_shown():
            compare = self._comparison.versus
            lines = {name: await in_thread(compare, name, selection) for name in selection.models}
            groups = await in_thread(self._comparison.by_group, selection, by)
            with ui.element("div").classes("studio-grid answers-tables"):
                with card(f"Against {selection.baseline}"):
                    versus_table("Model", lines, caption=f"Wins, losses and ties against {selection.baseline}")
                    quiet("The interval is the 95% paired bootstrap interval of the mean difference of scores.")
                with card(f"{selection.models[0]} against {selection.baseline} by {_SINGULAR[by].lower()}"):
                    with ui.row().style("gap: 6px"):
                        for name, title in _SINGULAR.items():
                            link = self._page.link(title, by=name).classes("studio-tab")
                            link.props('aria-current="true"' if name == by else "")
                    shown = {_short(name): versus for name, versus in groups.items()}
                    versus_table(_SINGULAR[by], shown, caption=f"Wins, losses and ties by {_SINGULAR[by].lower()}")
            await self._questions(selection)

    async def _questions(self, selection: AnswersSelection) -> None:
        total = await in_thread(self._comparison.total, selection)
        number, key = self._page.address.number("page", 1, low=1), self._page.address.get("row")
        first = (number - 1) * _QUESTIONS_SHOWN
        rows = await in_thread(self._comparison.page, selection, first, _QUESTIONS_SHOWN)
        if key and key not in {row.key for row in rows}:  # of a shared address
            linked = await in_thread(self._comparison.row, key, selection)
            rows = [linked, *rows] if linked else rows
        with card(count(total, "question")):
            with ui.row().classes("items-center justify-between w-full"):
                pager(total, number, _QUESTIONS_SHOWN, self._page, noun="question")
                ui.button("Export as CSV", icon="download", on_click=self._export).props("dense no-caps outline")
            question_list(rows, selection, key, self._show)
            if not rows:
                nothing_yet("No question meets all conditions.")
            elif len(rows) >= _QUESTIONS_SHOWN:
                pager(total, number, _QUESTIONS_SHOWN, self._page, where="below", noun="question")

    async def _show(self, row: Row) -> None:
        self._page.address.replace(row=row.key)
        models = [self._comparison.models[name] for name in row.answers]
        with problems_shown():
            show_row(row, await in_thread(asked_by_models, self._run, row, models))

    async def _export(self) -> None:
        content = await in_thread(csv_of, self._comparison, self._selection)
        ui.download.content(content, f"{self._run.name}-answers.csv", "text/csv")


def _short(name: str) -> str:
    """Return the name of a group without what all tracks have in common."""
    return name.removeprefix(_COMMON)


PAGE = Page("/answers", "Answers", "compare", 5, build)
