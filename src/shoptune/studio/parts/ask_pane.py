"""One side of the page that asks models: which model, its server, and how it is asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from nicegui import ui

from shoptune.infer.ask import Client
from shoptune.infer.prompt import Prompt
from shoptune.infer.serve import SERVED_NAME
from shoptune.studio.address import Address
from shoptune.studio.background import in_thread
from shoptune.studio.parts.answer import show_asked
from shoptune.studio.reading.asking import Way, asked_how
from shoptune.studio.reading.servable import Servable
from shoptune.studio.serving import Server, Servers, State
from shoptune.studio.theme import card, problems_shown, quiet

URL = "at a URL"  # the choice of a server that the studio did not start
NOTHING = "none"
_COLORS = {State.READY: "studio-good", State.FAILED: "studio-bad"}


@dataclass(frozen=True)
class Target:
    """A model that can be asked: its name, a client of its server, and how it is asked."""

    name: str
    client: Client
    way: Way


class Pane:
    """One side.

    Args:
        side: the name of the parameters in the address: `left` or `right`.
        models: the checkpoints that can be served, by name.
        servers: the servers that the studio has started.
        address: the address, which holds the choice.
        changed: called when another model is chosen.
    """

    def __init__(
        self, side: str, models: Mapping[str, Servable], servers: Servers, address: Address, changed: Callable[[], Any]
    ) -> None:
        self._side, self._models, self._servers, self._address = side, models, servers, address
        self._changed = changed
        self._key = ""  # of a server at a URL; never part of the address

    @property
    def choice(self) -> str:
        """The name of the chosen model, `URL` or `NOTHING`."""
        names = list(self._models)
        preferred = {"left": "base", "right": "merged"}[self._side]
        fallback = names[0] if self._side == "left" and names else NOTHING
        if not names:
            fallback = URL if self._side == "left" else NOTHING
        default = preferred if preferred in names else fallback
        return self._address.choice(self._side, [*names, URL, NOTHING], default)

    def way(self, otherwise: Way) -> Way:
        """How the chosen model is asked; the given way for a server at a URL."""
        return self._models[self.choice].way if self.choice in self._models else otherwise

    def target(self, otherwise: Way) -> Target | None:
        """Return the model to ask, or None without one."""
        if self.choice == NOTHING:
            return None
        if self.choice == URL:
            url = self._address.get(f"{self._side}_url").rstrip("/")
            client = Client(url, self._key or None, self._address.get(f"{self._side}_name") or SERVED_NAME)
            return Target(f"{client.model} at {url}", client, otherwise)
        server = self._server()
        client = server.client if server else Client("")
        return Target(self.choice, client, self._models[self.choice].way)

    def problem(self) -> str:
        """Return why the model cannot be asked now, or an empty text."""
        if self.choice == URL:
            return "" if self._address.get(f"{self._side}_url") else "Enter the address of a server."
        server = self._server()
        if server is None or server.state is State.STOPPED:
            return f"{self.choice} is not served. Start it first."
        return "" if server.state is State.READY else server.describe()

    @ui.refreshable_method
    def show(self) -> None:
        """Add the pane."""
        with card():
            options = {name: name for name in self._models} | {URL: "a server at a URL", NOTHING: "no model"}
            select = ui.select(options, label=f"Model ({self._side})", value=self.choice).props("dense outlined")
            select.on_value_change(lambda event: self._choose(event.value))
            if self.choice == URL:
                self._url()
            elif self.choice != NOTHING:
                self._start_and_stop()

    def _choose(self, name: str) -> None:
        self._address.replace(**{self._side: name})
        self.show.refresh()
        self._changed()

    def _url(self) -> None:
        for name, label, default in (
            ("url", "Address, such as http://127.0.0.1:8000", ""),
            ("name", "Model", SERVED_NAME),
        ):
            made = ui.input(label, value=self._address.get(f"{self._side}_{name}", default)).props("dense outlined")
            made.classes("q-mt-sm").on_value_change(
                lambda event, name=name: self._address.replace(**{f"{self._side}_{name}": event.value or ""})
            )
        key = ui.input("API key", password=True, value=self._key, on_change=lambda event: self._keep(event.value))
        key.props('dense outlined autocomplete="off"').classes("q-mt-sm")

    def _keep(self, key: str | None) -> None:
        self._key = key or ""

    def _server(self) -> Server | None:
        model = self._models[self.choice]
        return self._servers.find(model.checkpoint, model.way.profile.engine)

    def _start_and_stop(self) -> None:
        model = self._models[self.choice]
        quiet(model.checkpoint.name).tooltip(str(model.checkpoint)).style("margin-top: 6px; font-size: 13px")
        line = ui.label().classes("studio-text").props('role="status" aria-live="polite"')
        line.props["data-side"] = self._side
        with ui.row().style("margin-top: 6px"):
            start = ui.button(f"Start {self.choice}", icon="play_arrow", on_click=lambda: self._start(model))
            stop = ui.button("Stop", icon="stop", on_click=self._stop)
        for button in (start, stop):
            button.props("dense no-caps outline")

        def update() -> None:
            server = self._server()
            state = server.state if server else State.STOPPED
            line.set_text(server.describe() if server else "Not started.")
            line.classes(remove=" ".join(_COLORS.values()), add=_COLORS.get(state, ""))
            start.set_visibility(state in {State.STOPPED, State.FAILED})
            stop.set_visibility(state in {State.STARTING, State.READY})

        update()
        ui.timer(0.5, update)

    def _start(self, model: Servable) -> None:
        with problems_shown():
            self._servers.start(model.checkpoint, model.way.profile.engine)

    async def _stop(self) -> None:
        if server := self._server():
            await in_thread(server.stop)


def show_how(prompt: Prompt, ways: Mapping[str, Way]) -> None:
    """Add the task type, the constraint and the prompt of a question, once for models that are asked alike."""
    with problems_shown():
        found = {name: asked_how(prompt, way) for name, way in ways.items()}
        alike = len({repr((how.task_type, how.allowed, how.rendered)) for how in found.values()}) == 1
        for name, how in list(found.items())[: 1 if alike else None]:
            show_asked(how, of="" if alike else f" ({name})", is_open=False)
