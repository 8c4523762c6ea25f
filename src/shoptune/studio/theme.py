"""The look of the pages, readable in both themes and at any width, and small elements that pages share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from nicegui import ui

from shoptune.errors import ShoptuneError

THEME_COOKIE = "studio_theme"

# Colors of series in charts, distinguishable with color blindness (Okabe and Ito 2008), readable in both themes.
SERIES = ("#0a84d6", "#d55e00", "#009e73", "#b8609a", "#b8860b", "#56b4e9", "#8b6fd1")
# The color of text in plots, which are SVG: the style sheet below replaces it by the one of the theme.
PLOT_TEXT = "#808080"
BETTER, WORSE, EVEN = "#009e73", "#d55e00", "#808995"

# Plain CSS instead of Tailwind, which compiles a style sheet in the browser at every visit.
_STYLE = """
:root { --studio-line: #d5dae1; --studio-soft: #f4f6f8; --studio-quiet: #59636e; --studio-accent: #0b62b0;
        --studio-marked: #d8f5e3; --studio-bad: #b3261e; --studio-good: #116b3a; --studio-warn: #8a5300; }
body.body--dark { --studio-line: #3c444d; --studio-soft: #22272e; --studio-quiet: #a5afba; --studio-accent: #6cb6ff;
        --studio-marked: #16442b; --studio-bad: #ff9d94; --studio-good: #6fdd9c; --studio-warn: #f0b45b; }
body.body--dark { background: #171b21; --q-primary: #6cb6ff !important; }
body.body--dark .bg-primary { -webkit-text-fill-color: #10151b; }
body { font-size: 15px; line-height: 1.45; }
.nicegui-content { padding: 16px; gap: 16px; max-width: 1500px; margin: 0 auto; width: 100%; align-items: stretch; }
.studio-header { background: var(--studio-soft); color: inherit; border-bottom: 1px solid var(--studio-line); }
.studio-skip { position: absolute; left: -999px; top: 8px; z-index: 9999; padding: 6px 12px; border-radius: 6px;
               background: var(--studio-accent); color: #fff !important; }
.studio-skip:focus { left: 8px; }
.studio-nav { position: fixed; inset: 0 auto 0 0; width: 220px; height: auto; margin: 0; padding: 12px;
              overflow-y: auto; border: 0; border-right: 1px solid var(--studio-line);
              background: var(--studio-soft); color: inherit; }
@media (width > 900px)  { .studio-nav { display: block; top: 50px; } .studio-menu { display: none; }
                            .q-page-container { padding-left: 220px; } }
@media (width <= 900px) { .studio-nav:not(:popover-open) { display: none; }
                            .studio-nav::backdrop { background: rgb(0 0 0 / 40%); } }
.studio-nav a { display: flex; gap: 10px; align-items: center; padding: 8px 12px; border-radius: 8px;
                color: inherit !important; text-decoration: none; }
.studio-nav a:hover { background: var(--studio-line); }
.studio-nav a[aria-current="page"] { background: var(--studio-accent); color: #fff !important; }
body.body--dark .studio-nav a[aria-current="page"] { color: #10151b !important; }
a.studio-tab { padding: 3px 10px; border-radius: 14px; border: 1px solid var(--studio-line); text-decoration: none; }
a.studio-tab[aria-current] { background: var(--studio-accent); border-color: var(--studio-accent); color: #fff; }
body.body--dark a.studio-tab[aria-current] { color: #10151b; }
a.nicegui-link:not([aria-current]) { color: var(--studio-accent); }
:focus-visible { outline: 3px solid var(--studio-accent) !important; outline-offset: 2px; }
.studio-card { border: 1px solid var(--studio-line); border-radius: 10px; padding: 14px; min-width: 0;
               display: flex; flex-direction: column; gap: 8px; }
summary { display: list-item; cursor: pointer; padding: 2px 0; }
h1, h2 { letter-spacing: 0; }
.studio-grid { display: grid; gap: 16px; grid-template-columns: repeat(auto-fit, minmax(min(100%, 340px), 1fr));
               width: 100%; }
.studio-scroll { overflow-x: auto; width: 100%; }
.studio-quiet { color: var(--studio-quiet); }
.studio-bad { color: var(--studio-bad); } .studio-good { color: var(--studio-good); }
.studio-warn { color: var(--studio-warn); }
.studio-mono { font-family: ui-monospace, Menlo, Consolas, monospace; font-size: 13px; }
.studio-text { white-space: pre-wrap; overflow-wrap: anywhere; }
.studio-marked { background: var(--studio-marked); border-radius: 3px; }
.studio-h1 { font-size: 24px; font-weight: 600; margin: 0; line-height: 1.2; }
.studio-h2 { font-size: 18px; font-weight: 600; margin: 0; line-height: 1.3; }
.studio-table { border-collapse: collapse; width: 100%; font-size: 14px; }
.studio-table th, .studio-table td { text-align: left; padding: 5px 10px; border-bottom: 1px solid var(--studio-line);
                                     vertical-align: top; }
.studio-table th { color: var(--studio-quiet); font-weight: 600; white-space: nowrap; }
.studio-table .number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
main.column { flex-wrap: nowrap; align-items: stretch; min-width: 0; width: 100%; }
.nicegui-echart > div:first-child { max-width: 100%; } /* until it is drawn again for a narrower window */
.nicegui-echart svg text[fill="#808080"] { fill: var(--studio-quiet); }
.q-table th { font-weight: 600; }
@media (max-width: 500px) { .nicegui-content { padding: 10px; gap: 12px; } .studio-h1 { font-size: 20px; } }
@media (prefers-reduced-motion: reduce) { * { transition: none !important; animation: none !important; } }
"""


def apply_theme() -> None:
    """Add the style to the page that is being built."""
    ui.colors(primary="#0b62b0", positive=BETTER, negative="#b3261e", warning="#8a5300")
    ui.add_css(_STYLE)


def heading(text: str, level: int = 2) -> ui.element:
    """Add a heading of level 1 or 2 and return it."""
    with ui.element(f"h{level}").classes(f"studio-h{level}") as element:
        ui.label(text)
    return element


def quiet(text: str) -> ui.label:
    """Add a less prominent line and return it."""
    return ui.label(text).classes("studio-quiet")


def nothing_yet(reason: str) -> None:
    """Say why a page or a part of it is empty."""
    with ui.row().classes("items-center studio-quiet").props('role="status"'):
        ui.icon("hourglass_empty", size="sm").props('aria-hidden="true"')
        ui.label(reason)


@contextmanager
def card(title: str = "") -> Iterator[ui.element]:
    """Frame what is added inside, under a heading."""
    with ui.element("section").classes("studio-card") as element:
        if title:
            element.props["aria-label"] = title
            heading(title)
        yield element


@contextmanager
def problems_shown() -> Iterator[None]:
    """Show an error that the user can fix on the page, instead of failing."""
    try:
        yield
    except ShoptuneError as error:
        for problem in error.problems:
            ui.label(str(problem)).classes("studio-bad").props('role="alert"')


def table(columns: list[str], rows: list[list[str]], *, caption: str, numbers: int = 0) -> None:
    """Add a small plain table of escaped text, for example as the alternative of a chart.

    Args:
        columns: the titles of the columns.
        rows: the cells.
        caption: what the table shows, read by screen readers.
        numbers: how many of the last columns hold numbers, which are aligned at the right.
    """
    first = len(columns) - numbers
    with ui.element("div").classes("studio-scroll").props('tabindex="0" role="region"') as around:
        around.props["aria-label"] = caption
        with ui.element("table").classes("studio-table") as made:
            made.props["aria-label"] = caption
            with ui.element("thead"), ui.element("tr"):
                for number, title in enumerate(columns):
                    with ui.element("th").props('scope="col"').classes("number" if number >= first else ""):
                        ui.label(title)
            with ui.element("tbody"):
                for row in rows:
                    with ui.element("tr"):
                        for number, cell in enumerate(row):
                            with ui.element("td").classes("number" if number >= first else ""):
                                ui.label(cell)
