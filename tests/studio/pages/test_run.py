"""The page Run in a browser."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from shoptune.runtime.progress_file import ProgressFile, published
from tests.studio.conftest import IN_A_BROWSER, Studio, Visit

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = IN_A_BROWSER


def _node(page: Page, name: str) -> str:
    return page.locator(f'[data-artifact="{name}"]').inner_text()


def test_an_artifact_is_selected_with_its_lineage_and_command(visit: Visit) -> None:
    page = visit("/")
    assert "current" in _node(page, "data-a")
    page.locator('[data-artifact="adapter-a"]').click()
    details = page.get_by_test_id("details")
    details.get_by_role("link", name="data-a", exact=True).wait_for()
    page.wait_for_url("**artifact=adapter-a")  # the address follows in a message of its own
    assert page.url.endswith("/?artifact=adapter-a")
    assert page.locator('[data-artifact="data-large"]').get_attribute("class").split().count("faded") == 1  # type: ignore[union-attr]
    page.reload()  # the address is enough to come back
    details.get_by_role("link", name="data-a", exact=True).click()
    page.wait_for_url("**/?artifact=data-a")
    page.get_by_role("heading", name="data-a").wait_for()
    details.get_by_text("3 files").click()
    assert "rejects.jsonl" in details.inner_text()
    details.get_by_role("link", name="Close").click()
    details.wait_for(state="hidden")


def test_the_page_follows_a_stage_that_works(visit: Visit, studio: Studio) -> None:
    page = visit("/")
    staging: Path = studio.run / "awq.partial"
    staging.mkdir()
    try:
        with published(staging, {"stage": "quantize", "command": ["shoptune", "quantize", "x.yaml"], "inputs": {}}):
            page.get_by_text("running, 0%").wait_for()
            ProgressFile(staging / ".progress.json", _about(staging)).write("quantize", 0.4, "layer 2 of 5")
            page.get_by_text("running, 40%").wait_for()
            page.locator('[data-artifact="awq"]').click()
            page.get_by_text("layer 2 of 5").wait_for()
        page.get_by_text("a stage stopped before it had finished").wait_for()
    finally:
        shutil.rmtree(staging)
    page.locator('[data-artifact="awq"]').wait_for(state="detached")


def _about(staging: Path) -> dict[str, object]:
    from shoptune.runtime.progress_file import read_progress

    return dict(read_progress(staging) or {})


def test_artifacts_are_reached_with_the_keyboard(visit: Visit) -> None:
    page = visit("/")
    page.get_by_role("link", name="Ask", exact=True).focus()
    for _ in range(30):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.dataset.artifact") == "adapter-a":
            break
    page.keyboard.press("Enter")
    page.get_by_test_id("details").get_by_role("heading", name="adapter-a").wait_for()
