"""One row as the model sees it."""

from __future__ import annotations

from nicegui import ui

from shoptune.studio.reading.rows import TrainedRow
from shoptune.studio.selection import Selection
from shoptune.studio.texts import count
from shoptune.studio.theme import card, nothing_yet, quiet

_FIELDS = ("task_name", "task_type", "metric", "track", "source", "language", "file", "row_id", "group_id")
_STYLE = """
.studio-token { background: var(--studio-marked); border-radius: 3px; padding: 1px 0; margin-right: 2px; }
.studio-fields { display: grid; grid-template-columns: max-content 1fr; gap: 2px 14px; margin: 0; font-size: 13px; }
.studio-fields dt { color: var(--studio-quiet); } .studio-fields dd { margin: 0; overflow-wrap: anywhere; }
"""


def row_card(row: TrainedRow | None, selection: Selection) -> None:
    """Show a row: its text with the trained part marked, and its columns."""
    ui.add_css(_STYLE)
    with card("Row as the model sees it") as framed:
        framed.props('data-testid="row"')
        selection.link("Close", row="")
        if row is None:
            nothing_yet("This build has no row with this id.")
            return
        with ui.element("div").classes("studio-mono studio-text"):
            ui.label(row.sample.masked).classes("studio-quiet").props('data-testid="masked"')
            with ui.element("span").props('data-testid="trained" role="mark" aria-label="trained on"'):
                if row.trained_tokens:
                    for token in row.trained_tokens:
                        ui.label(token).classes("studio-token").style("display: inline")
                else:
                    ui.label(row.sample.trained).classes("studio-marked").style("display: inline")
        quiet(_counted(row))
        with ui.element("details"):
            with ui.element("summary"):
                ui.label("Columns").style("display: inline")
            with ui.element("dl").classes("studio-fields"):
                for name in _FIELDS:
                    with ui.element("dt"):
                        ui.label(name)
                    with ui.element("dd"):
                        ui.label(str(row.fields.get(name, "")))


def _counted(row: TrainedRow) -> str:
    """How many tokens there are, and which of them the loss is computed on."""
    if row.masked_tokens is None:
        return "The loss is computed on the marked text. ChatML is shown, since the run has no tokenizer yet."
    trained = count(len(row.trained_tokens), "marked token")
    return (
        f"The loss is computed on the {trained} and not on the {row.masked_tokens:,} before them "
        f"(tokenizer and chat template of {row.tokenizer})."
    )
