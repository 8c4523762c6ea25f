"""Rows: browse the training rows of a mixture, what was dropped, and the mix of tasks."""

from __future__ import annotations

from collections.abc import Callable

from nicegui import ui

from shoptune.studio.address import Address
from shoptune.studio.background import in_thread
from shoptune.studio.page import Page
from shoptune.studio.parts.mixture import dropped, mix
from shoptune.studio.parts.paging import pager
from shoptune.studio.parts.row import row_card
from shoptune.studio.reading.rows import (
    FILTERS,
    PAGE_ROWS,
    SPLITS,
    RowFilter,
    choices,
    page_of_rows,
    rows_table,
    trained_row,
)
from shoptune.studio.run_folder import Artifact, RunFolder
from shoptune.studio.selection import Selection
from shoptune.studio.tables import Table, TablePage
from shoptune.studio.texts import count
from shoptune.studio.theme import nothing_yet, quiet

_VIEWS = {"": "Rows", "mix": "Mix and baselines", "dropped": "Dropped"}
_TITLES = {"task_name": "Task", "source": "Source", "language": "Language"}
_SEARCH_MILLISECONDS = 400  # after the last key
_LONGEST = 10_000_000
_STYLE = """
.studio-rows { list-style: none; margin: 0; padding: 0; }
.studio-rows > li { border-bottom: 1px solid var(--studio-line); }
.studio-rows a { display: block; padding: 7px 4px; color: inherit !important; text-decoration: none; }
.studio-rows a:hover { background: var(--studio-soft); }
.studio-rows .question { display: -webkit-box; -webkit-line-clamp: 2; -webkit-box-orient: vertical; overflow: hidden;
                         overflow-wrap: anywhere; }
.studio-filters { display: flex; flex-wrap: wrap; gap: 4px 14px; align-items: flex-end; }
.studio-filters > * { width: 150px; }
.studio-filters > .narrow { width: 104px; }
"""


async def build(run: RunFolder, address: Address) -> None:
    """Add the choice of a build and the view of it that the address names."""
    builds = {artifact.name: artifact for artifact in run.of_stage("data")}
    if not builds:
        nothing_yet("This run has no rows yet. Build some with `shoptune data build`.")
        return
    ui.add_css(_STYLE)
    chosen = builds[address.choice("build", builds, next(iter(builds)))]
    view = address.choice("view", _VIEWS)
    with ui.row().classes("items-center justify-between").style("gap: 6px 18px"):
        with ui.row().style("gap: 6px"):
            for name in builds:
                _tab(name, address.link("/rows", build=name, view=view), is_current=name == chosen.name)
        with ui.row().style("gap: 6px"):
            for key, title in _VIEWS.items():
                _tab(title, address.link("/rows", build=chosen.name, view=key), is_current=key == view)
    if view == "mix":
        mix(run, chosen)
    elif view == "dropped":
        await dropped(run, chosen, address)
    else:
        await _browse(run, chosen, address)


def _tab(text: str, target: str, *, is_current: bool) -> None:
    ui.link(text, target).classes("studio-tab").props('aria-current="true"' if is_current else "")


async def _browse(run: RunFolder, chosen: Artifact, address: Address) -> None:
    """Show a page of the rows, and the selected row above it."""
    table = rows_table(run, chosen)
    if table is None:
        nothing_yet(f"{chosen.name} has no rows.")
        return

    @ui.refreshable
    async def content() -> None:
        number = address.number("page", 1, low=1)
        page = await in_thread(page_of_rows, table, _filter(address), number)
        row_id = address.get("row")
        row = await in_thread(trained_row, run, table, row_id) if row_id else None
        if row_id:
            row_card(row, selection)
        _rows(page, number, selection)

    selection = Selection(address, content.refresh)
    await _filters(table, selection)
    await content()


def _filter(address: Address) -> RowFilter:
    return RowFilter(
        split=address.choice("split", list(SPLITS)),
        values={name: address.get(name) for name in FILTERS},
        shortest=address.number("shortest", 0, high=_LONGEST),
        longest=address.number("longest", 0, high=_LONGEST),
        text=address.get("text"),
    )


async def _filters(table: Table, selection: Selection) -> None:
    """Add the fields that filter. Each change goes to the address and back to the first page."""
    address, found = selection.address, await in_thread(choices, table)

    def change(name: str, value: object) -> None:
        selection.change(**{name: str(int(value) if isinstance(value, float) else value or ""), "page": "", "row": ""})

    with ui.element("search").classes("studio-filters").props('aria-label="Filters"'):
        search = ui.input("Search", value=address.get("text"), on_change=lambda event: change("text", event.value))
        search.props(f'dense outlined clearable debounce={_SEARCH_MILLISECONDS} type="search"')
        for name in FILTERS:
            options = {"": "all"} | {value: f"{value} ({rows:,})" for value, rows in found[name].items()}
            _select(_TITLES[name], name, options, selection, change)
        splits = {"": "all"} | {split: split for split in SPLITS}
        _select("Split", "split", splits, selection, change).classes("narrow")
        for name, title in (("shortest", "Least length"), ("longest", "Most length")):
            value = address.number(name, 0, high=_LONGEST) or None
            field = ui.number(title, value=value, min=0, on_change=lambda event, name=name: change(name, event.value))
            field.classes("narrow").props(f"dense outlined debounce={_SEARCH_MILLISECONDS}")


Change = Callable[[str, object], None]


def _select(title: str, name: str, options: dict[str, str], selection: Selection, change: Change) -> ui.select:
    """Add a field with a list of values."""
    value = selection.address.choice(name, options)
    made = ui.select(options, label=title, value=value, on_change=lambda event: change(name, event.value))
    return made.props("dense outlined options-dense")


def _rows(page: TablePage, number: int, selection: Selection) -> None:
    """Show a page of the rows as links."""
    pager(page.total, number, PAGE_ROWS, selection)
    if not page.rows:
        nothing_yet("No row fits the filters.")
    with ui.element("ul").classes("studio-rows").props('aria-label="Rows"'):
        for row in page.rows:
            with ui.element("li"), selection.link("", row=row["row_id"]):
                ui.label(row["question"]).classes("question")
                with ui.row().style("gap: 2px 14px"):
                    quiet(f"{row['task_name']} · {row['source']} · {row['language']}")
                    quiet(count(row["characters"], "character"))
                    quiet(f"answer: {row['answer']}").classes("ellipsis").style("max-width: 320px")
    if page.rows:
        pager(page.total, number, PAGE_ROWS, selection, where="below")


PAGE = Page("/rows", "Rows", "table_rows", 2, build)
