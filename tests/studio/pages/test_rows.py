"""The page Rows in a browser."""

from __future__ import annotations

from shoptune.studio.reading.rows import PAGE_ROWS
from tests.studio.conftest import IN_A_BROWSER, Visit
from tests.studio.made.rows import SCRIPT

pytestmark = IN_A_BROWSER

_MOST_BYTES = 300_000  # of a page with 25 rows, without the framework's files, which the browser keeps


def test_a_script_in_a_title_is_text(visit: Visit) -> None:
    page = visit("/rows?build=data-a")
    page.get_by_text("Soap <script>").click()
    row = page.get_by_test_id("row")
    row.get_by_test_id("masked").wait_for()
    assert SCRIPT in row.get_by_test_id("masked").inner_text()
    assert row.get_by_test_id("trained").inner_text().replace("\n", "") == "1<|im_end|>"
    assert "2 marked tokens" in row.inner_text()
    page.goto(page.url.partition("?")[0] + "?build=data-a&view=dropped")
    page.get_by_text("Soap <script>").wait_for()
    assert page.evaluate("window.broken") is None
    assert page.locator("main img, main script").count() == 0


def test_filters_change_the_rows_and_the_address(visit: Visit) -> None:
    page = visit("/rows?build=data-a")
    page.get_by_role("listitem").nth(2).wait_for()
    page.get_by_label("Search").fill("LAINE")
    page.get_by_text("1 to 1 of 1 row").first.wait_for()
    page.wait_for_url("**text=LAINE")
    assert page.url.endswith("/rows?build=data-a&text=LAINE")
    page.get_by_label("Language").click()
    page.get_by_role("option", name="de (1)").click()
    page.get_by_text("No row fits the filters.").wait_for()
    page.reload()
    page.get_by_text("No row fits the filters.").wait_for()
    page.get_by_label("Search").fill("")
    page.get_by_text("Kissen aus Wolle").wait_for()


def test_a_large_build_is_paged(visit: Visit) -> None:
    page = visit("/rows?build=data-large")
    page.get_by_text("1 to 25 of 100,000 rows").first.wait_for()
    assert page.get_by_role("list", name="Rows").get_by_role("listitem").count() == PAGE_ROWS
    assert len(page.content()) < _MOST_BYTES
    page.get_by_role("link", name="Last").first.click()
    page.get_by_text("product 99999 belong").wait_for()
    page.wait_for_url("**page=4000")
    assert page.url.endswith("page=4000")
    page.get_by_role("link", name="Previous").first.click()
    page.get_by_text("99,951 to 99,975 of 100,000 rows").first.wait_for()
    assert page.get_by_role("list", name="Rows").get_by_role("listitem").count() == PAGE_ROWS


def test_the_mix_is_a_chart_and_a_table(visit: Visit) -> None:
    page = visit("/rows?build=data-a&view=mix")
    page.get_by_role("img", name="Rows per task", exact=True).wait_for()
    page.get_by_text("Show as a table").first.click()
    assert "category_de" in page.get_by_role("table", name="Rows per task", exact=True).inner_text()
    baselines = page.get_by_role("table", name="Baselines per task").inner_text()
    assert "0.250" in baselines
    page.get_by_role("link", name="Dropped").click()
    page.get_by_role("cell", name="duplicate: the same question").wait_for()
    assert "off" in page.get_by_role("table", name="Dropped by filter").inner_text()
