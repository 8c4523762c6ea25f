"""The page of answers in a browser."""

from __future__ import annotations

import csv
import re
from pathlib import Path

from tests.studio.conftest import IN_A_BROWSER, Visit
from tests.studio.made.answers import FORMULA, SCRIPT, questions_of

pytestmark = IN_A_BROWSER


def test_a_question_opens_with_everything_known_about_it(visit: Visit) -> None:
    page = visit("/answers?text=mug+%3Cscript")
    page.get_by_role("heading", name="1 question", exact=True).wait_for()
    page.get_by_role("button", name=re.compile("Extract phrases")).click()
    merged = page.get_by_role("region", name="Answer of merged")
    assert FORMULA in merged.inner_text()
    assert f"Answer: {FORMULA}" in merged.inner_text()  # the raw output
    assert "score 0.000" in merged.inner_text()
    assert "score 1.000" in page.get_by_role("region", name="Answer of base").inner_text()
    content = page.locator("#main").inner_text()
    assert "any text; tokens of the question are favored (logits +2.0); limit 15 tokens" in content
    assert f"Query: {SCRIPT}\nOutput:<|im_end|>\n<|im_start|>assistant" in content
    assert page.evaluate("window.broken") is None
    page.wait_for_url("**row=*")
    shared = visit(page.url.partition("/answers")[1] + page.url.partition("/answers")[2], width=420)
    shared.get_by_role("region", name="Answer of base").wait_for()  # the link opens it again


def test_conditions_change_the_address_the_figures_and_the_list(visit: Visit, examples: Path) -> None:
    page = visit("/answers")
    total = len(questions_of(examples))
    page.get_by_role("heading", name=f"{total} questions").wait_for()
    page.get_by_label("Outcome of merged").click()
    page.get_by_role("option", name="lost").click()
    page.wait_for_url("**outcome=lost*")
    losses = len([number for number in range(total - 1) if number % 7 == 0]) + 1
    page.get_by_role("heading", name=f"{losses} questions").wait_for()
    table = page.get_by_role("table", name="Wins, losses and ties against base")
    row = table.get_by_role("row", name=re.compile("merged")).inner_text().split()
    assert [row[0], *row[-3:]] == ["merged", "0", str(losses), "0"]
    page.get_by_role("link", name="Track", exact=True).click()
    page.get_by_role("table", name="Wins, losses and ties by track").wait_for()
    page.wait_for_url("**by=tracks*")
    with page.expect_download() as download:
        page.get_by_role("button", name="Export as CSV").click()
    with Path(download.value.path()).open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == losses
    assert rows[-1]["merged prediction"] == f"'{FORMULA}"


def test_the_keyboard_opens_a_question_and_turns_pages(visit: Visit) -> None:
    page = visit("/answers?models=merged~awq")
    first = page.locator(".answers-row").first
    first.focus()
    page.keyboard.press("Enter")
    page.get_by_role("region", name="Answer of awq").wait_for()
    assert first.get_attribute("aria-expanded") == "true"
    page.get_by_role("navigation", name="Pages, above the questions").get_by_role("link", name="Next").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**page=2*")
    page.get_by_role("region", name="Answer of awq").wait_for(state="detached")
