"""The page of merges and sweeps in a browser."""

from __future__ import annotations

from tests.studio.conftest import IN_A_BROWSER, Visit
from tests.studio.made.curves import ADAPTERS, MERGED, SWEEP
from tests.studio.on_page import closed_table, rows_of

pytestmark = IN_A_BROWSER


def test_a_point_is_chosen_in_the_table_and_in_the_plot(visit: Visit) -> None:
    page = visit(f"/merge?sweep={SWEEP}&merge={MERGED}")
    chosen = page.get_by_test_id("point")
    assert "Best point: alpha 0.5" in chosen.inner_text()
    assert "sweep/best.yaml --out DIR" in chosen.inner_text()
    page.get_by_role("button", name="Choose alpha 1, number 3").click()
    page.wait_for_url("**point=2**")
    chosen.get_by_text("Chosen point: alpha 1").wait_for()
    assert "--set wise_ft_alpha=1.0" in chosen.inner_text()
    assert rows_of(chosen.get_by_role("table"))[0] == ["all questions", "0.350", "0.250 to 0.450", "-0.025"]
    plot = page.get_by_role("img", name="Score over wise-ft alpha")
    plot.locator("svg path[d^='M1 0A1']").first.click()  # the leftmost symbol
    chosen.get_by_text("Chosen point: alpha 0").wait_for()
    page.wait_for_url("**point=0**")
    page.reload()
    page.get_by_text("Chosen point: alpha 0").wait_for()


def test_scores_of_a_task_type(visit: Visit) -> None:
    page = visit(f"/merge?sweep={SWEEP}&groups=type:ranking")
    points = page.get_by_role("table", name="Points of the sweep")
    assert rows_of(points)[1][1:] == ["0.5", "0.188 (0.275 to 0.475)"]
    assert points.get_by_role("button", pressed=True).get_attribute("aria-label") == "Choose alpha 0.5, number 2"


def test_rounding_and_angles_by_layer(visit: Visit) -> None:
    page = visit(f"/merge?merge={MERGED}&first={ADAPTERS[0]}&second={ADAPTERS[0]}")
    plot = page.get_by_role("img", name=f"Share of the delta's norm lost to rounding: {MERGED}")
    plot.locator("svg text", has_text="down_proj").wait_for()
    labels = plot.locator("svg text").all_text_contents()
    assert {"q_proj", "o_proj", "down_proj", "0", "1", "2"} <= set(labels)
    page.locator("section", has=plot).get_by_text("Show as a table").click()
    table = page.get_by_role("table", name=f"Share of the delta's norm lost to rounding: {MERGED}")
    assert rows_of(table)[0] == ["0", "0.05", "0.07071", "0.0866"]
    page.get_by_role("combobox", name="Figure").click()
    page.get_by_role("option", name="Share of weights left unchanged").click()
    page.wait_for_url("**figure=unchanged_share**")
    page.get_by_role("img", name=f"Share of weights left unchanged: {MERGED}").wait_for()
    cosines = f"Cosine between the deltas of {ADAPTERS[0]} and {ADAPTERS[0]}"
    assert rows_of(closed_table(page, cosines))[0] == ["0", "1", "1", "1"]
    matrix = rows_of(page.get_by_role("table", name="Norms and cosines of adapters"))
    row = next(row for row in matrix if row[0] == ADAPTERS[0])
    assert "+1.000" in row[2:]
