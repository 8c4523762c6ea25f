"""Ask: chat with a served checkpoint."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

from nicegui import app, ui

from shoptune.errors import ShoptuneError
from shoptune.infer.prepare import finished
from shoptune.infer.profile import Profile
from shoptune.infer.prompt import Prompt
from shoptune.shopbench.classify import lists_options
from shoptune.studio.address import Address
from shoptune.studio.background import in_thread
from shoptune.studio.page import Page
from shoptune.studio.parts.ask_pane import NOTHING, Pane, Target, show_how
from shoptune.studio.reading.asking import Way
from shoptune.studio.reading.servable import servable
from shoptune.studio.run_folder import RunFolder
from shoptune.studio.serving import Servers
from shoptune.studio.theme import card, heading, quiet

_SIDES = ("left", "right")
_KINDS = {"": "guess from the question", "yes": "yes", "no": "no"}
_DELAY = 300  # milliseconds without a key press
_servers = Servers()  # of the process; visitors share them
app.on_shutdown(_servers.close)


@dataclass(frozen=True)
class _Answer:
    """The answer of a model, or why there is none."""

    name: str
    text: str
    raw: str = ""
    seconds: float = 0.0
    is_error: bool = False


async def build(run: RunFolder, address: Address) -> None:
    """Add the page's elements."""
    models = {model.name: model for model in await in_thread(servable, run)}
    first = next(iter(models.values()), None)
    chat = _Chat(address, first.way if first else Way(Profile(), None))
    chat.panes = [Pane(side, models, _servers, address, chat.how.refresh) for side in _SIDES]
    quiet("Each question is asked on its own: same prompt, constraint and repair as in shoptune infer.")
    with ui.element("div").classes("studio-grid"):
        for pane in chat.panes:
            pane.show()
    chat.show()


class _Chat:
    """The questions and answers of one visitor.

    Args:
        address: the address, which holds the question.
        otherwise: how a server at a URL is asked.
    """

    def __init__(self, address: Address, otherwise: Way) -> None:
        self._address, self._otherwise = address, otherwise
        self.panes: list[Pane] = []

    @property
    def _prompt(self) -> Prompt:
        text, kind = self._address.get("question"), self._address.choice("choice", list(_KINDS))
        return Prompt(text, kind == "yes" or (not kind and lists_options(text)))

    def show(self) -> None:
        """Add the question and the answers."""
        with card("Question"):
            question = ui.textarea("A question, worded as in ShopBench", value=self._address.get("question"))
            question.props(f'outlined autogrow debounce="{_DELAY}"').classes("w-full")
            question.on_value_change(lambda event: self._change(question=event.value or ""))
            question.on("keydown.ctrl.enter.prevent", self._ask)
            with ui.row().classes("items-center w-full").style("margin-top: 8px"):
                kind = ui.select(_KINDS, label="Multiple choice", value=self._address.choice("choice", list(_KINDS)))
                kind.props("dense outlined").style("min-width: 210px")
                kind.on_value_change(lambda event: self._change(choice=event.value))
                self._button = ui.button("Ask", icon="send", on_click=self._ask).props("no-caps outline")
                quiet("or Ctrl+Enter")
            self.how()
        self._answers = ui.element("div").classes("column no-wrap").style("gap: 16px")
        self._answers.props('role="log" aria-label="Answers"')

    def _change(self, **changes: str) -> None:
        self._address.replace(**changes)
        self.how.refresh()

    @ui.refreshable_method
    def how(self) -> None:
        """Add how the question is asked."""
        if self._address.get("question").strip():
            ways = {pane.choice: pane.way(self._otherwise) for pane in self.panes if pane.choice != NOTHING}
            with ui.element("div").classes("column no-wrap").style("gap: 8px; margin-top: 8px"):
                show_how(self._prompt, ways)

    async def _ask(self) -> None:
        prompt = self._prompt
        if not prompt.text.strip():
            ui.notify("Enter a question.")
            return
        self._button.disable()
        try:
            asked = [self._answer(pane, prompt) for pane in self.panes if pane.choice != NOTHING]
            self._add(prompt, await asyncio.gather(*asked))
        finally:
            self._button.enable()

    async def _answer(self, pane: Pane, prompt: Prompt) -> _Answer:
        problem, target = pane.problem(), pane.target(self._otherwise)
        if problem or target is None:
            return _Answer(pane.choice, problem, is_error=True)
        return await in_thread(_ask_model, target, prompt)

    def _add(self, prompt: Prompt, answers: list[_Answer]) -> None:
        with self._answers, ui.element("section").classes("studio-card") as section:
            section.move(self._answers, 0)  # the newest is first
            ui.label(prompt.text).classes("studio-text")
            quiet(f"{prompt.task_type}").style("font-size: 13px; margin-bottom: 8px")
            with ui.element("div").classes("studio-grid"):
                for answer in answers:
                    _show(answer)


def _ask_model(target: Target, prompt: Prompt) -> _Answer:
    since = time.monotonic()
    try:
        raw = target.client.complete(prompt, target.way.profile)
    except ShoptuneError as error:
        return _Answer(target.name, str(error), is_error=True)
    text = finished(raw, prompt, target.way.profile)
    return _Answer(target.name, text, raw, time.monotonic() - since)


def _show(answer: _Answer) -> None:
    with ui.element("section").classes("studio-card") as section:
        section.props["aria-label"] = f"Answer of {answer.name}"
        heading(answer.name)
        if answer.is_error:
            ui.label(answer.text).classes("studio-text studio-bad").props('role="alert"')
            return
        ui.label(answer.text or "(empty)").classes("studio-text")
        if answer.raw != answer.text:
            quiet("Raw output").style("font-size: 13px")
            ui.label(answer.raw or "(empty)").classes("studio-text")
        quiet(f"{answer.seconds:.1f} s").style("font-size: 13px")


PAGE = Page("/ask", "Ask", "chat", 7, build)
