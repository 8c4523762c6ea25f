"""The quantization page in a browser."""

from __future__ import annotations

from tests.studio.conftest import IN_A_BROWSER, Visit
from tests.studio.made.curves import FOUR_BIT, GRID
from tests.studio.on_page import closed_table, rows_of

pytestmark = IN_A_BROWSER


def test_budget_errors_parity_calibration_and_grid(visit: Visit) -> None:
    page = visit(f"/quantization?checkpoint={FOUR_BIT}")
    rows = {row[0]: row for row in rows_of(page.get_by_role("table", name="Score budget"))}
    assert rows["curves-awq"][1] == "4-bit (autoawq)"
    assert rows["curves-awq"][3:6] == ["curves-merged", "0.500", "8"]
    assert rows["curves-awq"][6].startswith("-0.125 (")
    gate = rows_of(page.get_by_role("table", name=f"Parity of {FOUR_BIT}"))
    assert [row[:2] for row in gate[1:]] == [["merged", "passes"], ["4-bit", "does not pass"]]
    plot = page.get_by_role("img", name=f"Weight error, as a share of the weights' norm: {FOUR_BIT}")
    plot.locator("svg text", has_text="down_proj").wait_for()
    page.get_by_role("combobox", name="Figure").click()
    page.get_by_role("option", name="Largest activation").click()
    page.wait_for_url("**figure=largest_activation**")
    page.get_by_role("img", name=f"Largest activation: {FOUR_BIT}").wait_for()
    calibration = closed_table(page, f"Calibration tokens by task type: {FOUR_BIT}")
    assert rows_of(calibration) == [["ranking", "600"], ["retrieval", "424"]]
    grid = closed_table(page, f"Scores of the points of {GRID}")
    assert [row[:2] for row in rows_of(grid)][1:] == [["group_size 64", "0.4360"], ["group_size 128", "0.3720"]]
