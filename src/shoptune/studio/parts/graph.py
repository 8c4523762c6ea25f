"""The drawing of a pipeline: links placed over lines, or below each other on a narrow screen."""

from __future__ import annotations

from nicegui import ui

from shoptune.runtime.progress import duration
from shoptune.studio.reading.layout import HEIGHT, WIDTH, Layout, layout_of
from shoptune.studio.reading.pipeline import Node, Pipeline, State
from shoptune.studio.selection import Selection
from shoptune.studio.texts import size

# The icon and the style of each state.
STATES = {
    State.CURRENT: ("check_circle", "studio-good"),
    State.STALE: ("update", "studio-warn"),
    State.MISSING: ("help_outline", "studio-bad"),
    State.RUNNING: ("play_circle", "studio-running"),
    State.INTERRUPTED: ("pause_circle", "studio-warn"),
}
_STYLE = f"""
.studio-running {{ color: var(--studio-accent); }}
.studio-graph {{ position: relative; margin: 0 auto; }}
.studio-graph svg {{ position: absolute; inset: 0; pointer-events: none; }}
.studio-graph path {{ fill: none; stroke: var(--studio-line); stroke-width: 1.5; }}
.studio-graph path.lineage {{ stroke: var(--studio-accent); stroke-width: 2.5; }}
.studio-node {{ position: absolute; width: {WIDTH}px; height: {HEIGHT}px; border: 1px solid var(--studio-line);
               border-radius: 8px; padding: 6px 8px; background: var(--studio-soft); color: inherit !important;
               text-decoration: none; font-size: 12px; line-height: 1.45; overflow: hidden; display: block;
               white-space: nowrap; }}
.studio-node:hover {{ border-color: var(--studio-accent); }}
.studio-node.faded {{ opacity: 0.45; }}
.studio-node[aria-current] {{ outline: 2px solid var(--studio-accent); }}
.studio-node .name {{ font-weight: 600; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }}
.studio-node .bar {{ height: 4px; border-radius: 2px; background: var(--studio-line); margin-top: 2px; }}
.studio-node .bar > * {{ height: 4px; border-radius: 2px; background: var(--studio-accent); }}
@media (max-width: 700px) {{
  .studio-graph {{ width: 100% !important; height: auto !important; display: grid; gap: 8px; }}
  .studio-graph svg {{ display: none; }}
  .studio-node {{ position: static; width: auto; height: auto; }}
}}
"""


def graph(pipeline: Pipeline, selected: Node | None, selection: Selection) -> None:
    """Add the graph. With a selected node, all others but its lineage are faded."""
    ui.add_css(_STYLE)
    layout = layout_of(pipeline)
    lineage = set(pipeline.nodes)
    if selected:
        lineage = {selected.name} | pipeline.upstream(selected.name) | pipeline.downstream(selected.name)
    with (
        ui.element("nav").classes("studio-scroll").props('aria-label="Artifacts"').style("padding: 4px"),
        ui.element("div").classes("studio-graph").style(f"width: {layout.width}px; height: {layout.height}px"),
    ):
        _edges(layout, lineage if selected else set())
        for name in layout.places:  # rows from the top, so that the keyboard follows the pipeline
            is_selected = selected is not None and name == selected.name
            _node(pipeline.nodes[name], layout, selection, is_faded=name not in lineage, is_selected=is_selected)


def _edges(layout: Layout, lineage: set[str]) -> None:
    with ui.element("svg").props(f'width="{layout.width}" height="{layout.height}" aria-hidden="true"'):
        for source, target in layout.edges:
            path = ui.element("path").classes("lineage" if {source, target} <= lineage else "")
            path.props["d"] = layout.curve(source, target)


def _node(node: Node, layout: Layout, selection: Selection, *, is_faded: bool, is_selected: bool) -> None:
    left, top = layout.places[node.name]
    icon, style = STATES[node.state]
    link = selection.link("", artifact="" if is_selected else node.name).classes("studio-node")
    link.classes("faded" if is_faded else "").style(f"left: {left}px; top: {top}px")
    link.props["data-artifact"] = node.name
    if is_selected:
        link.props["aria-current"] = "true"
    with link:
        ui.label(node.name).classes("name").tooltip(node.name)
        with ui.row().classes(f"items-center no-wrap {style}").style("gap: 4px"):
            ui.icon(icon, size="16px").props('aria-hidden="true"')
            ui.label(node.state.value if node.done is None else f"{node.state.value}, {node.done:.0%}")
        if node.done is not None:
            with ui.element("div").classes("bar"):
                ui.element("div").style(f"width: {node.done:.1%}")
        else:
            ui.label(_figures(node)).classes("studio-quiet")


def _figures(node: Node) -> str:
    if node.bytes is None or node.seconds is None:
        return node.stage
    return f"{duration(node.seconds)} · {size(node.bytes)}"
