"""Shared by all pages: the header, the navigation, the theme, and the frame around the elements of a page."""

from __future__ import annotations

import inspect

from fastapi import Request
from nicegui import ui

from shoptune.studio.address import Address
from shoptune.studio.page import Page, all_pages
from shoptune.studio.run_folder import RunFolder
from shoptune.studio.theme import THEME_COOKIE, apply_theme, heading, problems_shown

_THEMES = {"dark": True, "light": False}
_SECONDS_TO_BUILD = 30.0


def add_pages(run: RunFolder) -> None:
    """Register every page with the framework."""
    pages = all_pages()
    for page in pages:
        _add(page, pages, run)


def _add(page: Page, pages: list[Page], run: RunFolder) -> None:
    @ui.page(page.path, title=f"{page.title} · {run.name}", response_timeout=_SECONDS_TO_BUILD)
    async def build(request: Request) -> None:
        address = Address(page.path, dict(request.query_params))
        _frame(page, pages, run, request.cookies.get(THEME_COOKIE, ""))
        with (
            ui.element("main")
            .props('id="main" tabindex="-1"')
            .classes("column no-wrap")
            .style("gap: 16px; outline: none")
        ):
            heading(page.title, 1)
            for name in run.refused():
                ui.label(f"{name} is not shown: it has links to files outside the run's folder.").classes("studio-warn")
            with problems_shown():
                pending = page.build(run, address)
                if inspect.isawaitable(pending):
                    await pending


def _frame(page: Page, pages: list[Page], run: RunFolder, theme: str) -> None:
    """Add the header and the navigation."""
    apply_theme()
    dark = ui.dark_mode(value=_THEMES.get(theme))
    navigation = _navigation(page, pages)
    with (
        ui.header()
        .classes("studio-header row items-center no-wrap")
        .style("padding: 6px 12px; gap: 8px; align-items: center")
    ):
        ui.link("Skip to the content", "#main").classes("studio-skip")
        ui.button(icon="menu").classes("studio-menu").props(
            f'flat round dense color=inherit aria-label="Navigation" popovertarget={navigation.html_id}'
        )
        ui.label("shoptune studio").classes("text-weight-bold gt-xs")
        ui.label(run.name).classes("studio-quiet ellipsis").tooltip(str(run.root))
        ui.space()
        _theme_button(dark)


def _navigation(page: Page, pages: list[Page]) -> ui.element:
    """Add and return the links to all pages: a column on a wide screen, a popover on a narrow one, by the style sheet.

    It needs no script, so it follows the window's width even while the server or the browser is busy.
    """
    with ui.element("nav").classes("studio-nav").props('popover=auto aria-label="Pages"') as navigation:
        for other in pages:
            with ui.link(target=other.path) as link:
                if other is page:
                    link.props('aria-current="page"')
                ui.icon(other.icon, size="20px").props('aria-hidden="true"')
                ui.label(other.title)
    return navigation


def _theme_button(dark: ui.dark_mode) -> None:
    """Add the button that switches between light and dark, and remembers the choice."""
    script = f"""
        const dark = !document.body.classList.contains('body--dark');
        Quasar.Dark.set(dark);
        document.cookie = `{THEME_COOKIE}=${{dark ? 'dark' : 'light'}}; path=/; max-age=31536000; samesite=lax`;
        emitEvent('studio-theme', dark);
    """
    ui.button(icon="contrast").props('flat round dense color=inherit aria-label="Light or dark"').on(
        "click", js_handler=f"() => {{{script}}}"
    )
    ui.on("studio-theme", lambda event: dark.set_value(bool(event.args)))
