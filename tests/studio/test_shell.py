"""The frame of all pages in a browser: navigation, themes, narrow screens, the keyboard."""

from __future__ import annotations

import pytest

from shoptune.runtime.plugins import load_plugins, plugin_names
from shoptune.studio.page import all_pages
from tests.studio.conftest import IN_A_BROWSER, Visit

pytestmark = IN_A_BROWSER

_PAGES = "shoptune.studio.pages"


def test_the_navigation_leads_to_every_page(visit: Visit) -> None:
    page = visit("/")
    for each in all_pages():
        page.get_by_role("navigation", name="Pages", exact=True).get_by_role(
            "link", name=each.title, exact=True
        ).click()
        page.wait_for_url(f"**{each.path}")
        page.get_by_role("heading", level=1, name=each.title, exact=True).wait_for()
        current = page.get_by_role("navigation", name="Pages", exact=True).locator("[aria-current=page]")
        assert current.inner_text().endswith(each.title)
        assert page.get_by_role("alert").all_inner_texts() == []


@pytest.mark.parametrize("name", plugin_names(_PAGES))  # the pages import the framework: 1 s in every worker
def test_a_page_fits_wide_and_narrow_screens(visit: Visit, name: str) -> None:
    page = visit(load_plugins(_PAGES)[name].PAGE.path, theme="dark")
    assert page.evaluate("document.body.classList.contains('body--dark')")
    for width, state in ((1280, "visible"), (420, "hidden")):
        page.set_viewport_size({"width": width, "height": 900})
        navigation = page.get_by_role("navigation", name="Pages", exact=True)
        navigation.wait_for(state=state)
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_navigation_is_behind_a_button_on_a_narrow_screen(visit: Visit) -> None:
    page = visit("/", width=420)
    page.get_by_role("button", name="Navigation").click()
    navigation = page.get_by_role("navigation", name="Pages", exact=True)
    navigation.wait_for(state="visible")
    page.keyboard.press("Escape")
    navigation.wait_for(state="hidden")
    page.get_by_role("button", name="Navigation").click()
    page.get_by_role("link", name="Rows", exact=True).click()
    page.wait_for_url("**/rows")
    navigation.wait_for(state="hidden")


def test_a_page_follows_the_width_of_the_window_before_its_scripts_do(visit: Visit) -> None:
    page = visit("/training")
    page.add_init_script("ResizeObserver = class { observe() {} unobserve() {} disconnect() {} }")
    page.reload()
    navigation = page.get_by_role("navigation", name="Pages", exact=True)
    navigation.wait_for(state="visible")
    page.locator(".nicegui-echart svg").first.wait_for()
    page.set_viewport_size({"width": 420, "height": 900})
    navigation.wait_for(state="hidden")
    assert page.evaluate("document.documentElement.scrollWidth") <= 420


def test_the_theme_is_remembered(visit: Visit) -> None:
    page = visit("/", theme="light")
    page.get_by_role("button", name="Light or dark").click()
    page.wait_for_selector("body.body--dark")
    page.reload()
    page.wait_for_selector("main h1")
    page.wait_for_selector("body.body--dark")


def test_the_keyboard_reaches_the_content_and_every_page(visit: Visit) -> None:
    page = visit("/")
    reached = []
    for _ in range(4 + len(all_pages())):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.innerText.trim().split('\\n').pop()"))
    assert reached[0] == "Skip to the content"
    assert [text for text in reached if text in {each.title for each in all_pages()}] == [p.title for p in all_pages()]
    page.keyboard.press("Shift+Tab")
    page.get_by_role("link", name="Ask", exact=True).focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/ask")
