"""Run: the pipeline as a graph of artifacts, with their states."""

from __future__ import annotations

import json
from collections import Counter

from nicegui import ui

from shoptune.runtime.progress import duration
from shoptune.studio.address import Address
from shoptune.studio.background import in_thread
from shoptune.studio.page import Page
from shoptune.studio.parts.graph import STATES, graph
from shoptune.studio.reading.pipeline import Node, Pipeline, State, pipeline_of
from shoptune.studio.run_folder import RunFolder
from shoptune.studio.selection import Selection
from shoptune.studio.texts import count, size
from shoptune.studio.theme import card, quiet, table

_SECONDS_BETWEEN_LOOKS = 2.0
_FILES_SHOWN = 40
_USUAL = ("data", "train", "merge", "quantize", "infer", "evaluate")  # the stages that most runs have


async def build(run: RunFolder, address: Address) -> None:
    """Add the graph, the selected artifact, and a timer that looks for changes."""
    pipeline = await in_thread(pipeline_of, run)
    shown = [pipeline]

    @ui.refreshable
    def content() -> None:
        _summary(shown[0])
        selected = shown[0].nodes.get(address.get("artifact"))
        if selected:
            _details(run, shown[0], selected, Selection(address, content.refresh))
        else:
            quiet("Select an artifact to see what it was made from, and the command that makes it.")
        graph(shown[0], selected, Selection(address, content.refresh))

    async def look() -> None:
        found = await in_thread(pipeline_of, run)
        if found != shown[0]:
            shown[0] = found
            content.refresh()

    content()
    ui.timer(_SECONDS_BETWEEN_LOOKS, look, immediate=False)


def _summary(pipeline: Pipeline) -> None:
    states = Counter(node.state for node in pipeline.nodes.values())
    seconds = sum(node.seconds or 0 for node in pipeline.nodes.values())
    total = sum(node.bytes or 0 for node in pipeline.nodes.values())
    with ui.row().classes("items-center").style("gap: 6px 18px").props('role="status"'):
        for state in State:
            if states[state]:
                _state_label(state, f"{states[state]} {state.value}")
        quiet(f"{count(len(pipeline.nodes), 'artifact')}, {size(total)}, made in {duration(seconds)}")
        if absent := [stage for stage in _USUAL if all(node.stage != stage for node in pipeline.nodes.values())]:
            _state_label(State.MISSING, f"not made yet: {', '.join(absent)}")


def _state_label(state: State, text: str) -> None:
    icon, style = STATES[state]
    with ui.row().classes(f"items-center no-wrap {style}").style("gap: 4px"):
        ui.icon(icon, size="18px").props('aria-hidden="true"')
        ui.label(text)


def _details(run: RunFolder, pipeline: Pipeline, node: Node, selection: Selection) -> None:
    """Show where an artifact comes from, its command and its files."""
    with card(node.name) as framed:
        framed.props('tabindex="-1" data-testid="details"')
        with ui.row().classes("items-center").style("gap: 6px 18px"):
            _state_label(node.state, node.state.value)
            figures = [node.stage, size(node.bytes) if node.bytes is not None else ""]
            figures += [f"made in {duration(node.seconds)}" if node.seconds is not None else ""]
            quiet(" · ".join(figure for figure in figures if figure))
            selection.link("Close", artifact="")
        for reason in node.reasons:
            ui.label(reason).classes("studio-warn studio-text")
        if node.note:
            quiet(node.note)
        _command(node)
        _lineage("Made from", pipeline, pipeline.upstream(node.name), selection)
        _lineage("Used by", pipeline, pipeline.downstream(node.name), selection)
        _files(run, node)


def _command(node: Node) -> None:
    if not node.command:
        return
    quiet("Command")
    with ui.row().classes("items-start no-wrap w-full").style("gap: 8px"):
        ui.label(node.command).classes("studio-mono studio-text").style("flex: 1; min-width: 0")
        ui.button(icon="content_copy").props('flat dense round aria-label="Copy the command"').on(
            "click", js_handler=f"() => navigator.clipboard.writeText({json.dumps(node.command)})"
        )


def _lineage(title: str, pipeline: Pipeline, names: set[str], selection: Selection) -> None:
    with ui.row().classes("items-baseline").style("gap: 2px 14px"):
        quiet(title)
        if not names:
            ui.label("nothing in this run")
        for name in pipeline.nodes:
            if name in names:
                selection.link(name, artifact=name)


def _files(run: RunFolder, node: Node) -> None:
    """Show the inputs and the files, closed at first."""
    if node.inputs:
        with ui.element("details"):
            with ui.element("summary"):
                ui.label(count(len(node.inputs), "input")).style("display: inline")
            rows = [[each.name, each.path, each.change or "unchanged"] for each in node.inputs]
            table(["input", "path", "state"], rows, caption=f"Inputs of {node.name}")
    artifact = run.artifact(node.name)
    if artifact is None:
        return
    outputs = artifact.manifest["outputs"]
    with ui.element("details"):
        with ui.element("summary"):
            ui.label(count(len(outputs), "file")).style("display: inline")
        rows = [[name, size(entry["bytes"])] for name, entry in list(outputs.items())[:_FILES_SHOWN]]
        table(["file", "size"], rows, caption=f"Files of {node.name}", numbers=1)
        if len(outputs) > _FILES_SHOWN:
            quiet(f"and {len(outputs) - _FILES_SHOWN} more")
    with ui.element("details"):
        with ui.element("summary"):
            ui.label("Config").style("display: inline")
        text = json.dumps(artifact.manifest["config"], indent=2, ensure_ascii=False)
        ui.label(text).classes("studio-mono studio-text").style("max-height: 400px; overflow: auto")


PAGE = Page("/", "Run", "account_tree", 1, build)
