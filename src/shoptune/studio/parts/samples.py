"""Answers of a base and of an adapter to the same questions."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from nicegui import ui

from shoptune.studio.address import Address
from shoptune.studio.reading.samples import ORDERS, Pair, Sample, answers_before_and_after, ordered, samples
from shoptune.studio.run_folder import RunFolder
from shoptune.studio.theme import card, nothing_yet, problems_shown, quiet

_PAGE = 5
_LONGEST = 1_200  # characters of a question; the rest opens on click
_ANY = "all"


async def sample_answers(run: RunFolder, adapters: Sequence[str], address: Address) -> None:
    """Add the section. The adapter, the order, the task type and the page are in the address."""
    if not adapters:
        return
    name = address.choice("sample", list(adapters), adapters[0])
    with card("Answers before and after"):
        if len(adapters) > 1:
            with ui.row():
                ui.select(
                    list(adapters),
                    value=name,
                    label="Adapter",
                    on_change=lambda event: ui.navigate.to(address.link(sample=event.value, question="")),
                ).style("min-width: min(100%, 260px)")
        with problems_shown():
            adapter = run.artifact(name)
            pair = await asyncio.to_thread(answers_before_and_after, run, adapter) if adapter else None
            if pair is None:
                nothing_yet(f"The base and {name} alone have not answered the same questions with `shoptune infer`.")
                return
            _list(await asyncio.to_thread(samples, run, pair), pair, address)


def _list(found: Sequence[Sample], pair: Pair, address: Address) -> None:
    quiet(f"{len(found):,} questions; before: {pair.before.name}; after: {pair.after.name}")
    kinds = sorted({sample.task_type for sample in found} - {""})

    @ui.refreshable
    def page() -> None:
        order = address.choice("order", ORDERS, "gained")
        shown = ordered(found, order, address.choice("type", kinds))
        first = address.number("question", 0, 0, max(0, len(shown) - 1))
        for sample in shown[first : first + _PAGE]:
            _sample(sample)
        with ui.row().classes("items-center"):
            ui.button("Previous", on_click=lambda: change(question=max(0, first - _PAGE))).props(
                "flat no-caps"
            ).set_enabled(first > 0)
            ui.label(f"{min(first + 1, len(shown))}-{min(first + _PAGE, len(shown))} of {len(shown):,}")
            ui.button("Next", on_click=lambda: change(question=first + _PAGE)).props(
                "flat no-caps color=inherit"
            ).set_enabled(first + _PAGE < len(shown))

    def change(**values: str | int) -> None:
        address.replace(**values)
        page.refresh()

    with ui.row().classes("items-end"):
        ui.select(
            ORDERS,
            value=address.choice("order", ORDERS, "gained"),
            label="Order",
            on_change=lambda event: change(order=event.value, question=0),
        ).style("min-width: 180px")
        if kinds:
            ui.select(
                {_ANY: "All"} | {kind: kind.replace("_", " ") for kind in kinds},
                value=address.choice("type", kinds, _ANY),
                label="Task type",
                on_change=lambda event: change(type="" if event.value == _ANY else event.value, question=0),
            ).style("min-width: 180px")
    page()


def _sample(sample: Sample) -> None:
    with ui.element("article").classes("studio-card").style("margin-top: 10px"):
        quiet(sample.task_type.replace("_", " "))
        ui.label(sample.question[:_LONGEST]).classes("studio-text")
        if len(sample.question) > _LONGEST:
            with ui.element("details"):
                with ui.element("summary"):
                    ui.label("The rest of the question").style("display: inline")
                ui.label(sample.question[_LONGEST:]).classes("studio-text")
        with ui.element("div").classes("studio-grid").style("margin-top: 8px"):
            _answer("Before", sample.before, sample.before_score)
            _answer("After", sample.after, sample.after_score)


def _answer(title: str, text: str, score: float | None) -> None:
    with ui.element("div"):
        ui.label(title if score is None else f"{title}, score {score:.3f}").classes("text-weight-bold")
        ui.label(text or "(empty)").classes("studio-text studio-mono" if text else "studio-quiet")
