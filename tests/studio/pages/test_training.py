"""The training page in a browser."""

from __future__ import annotations

from tests.studio.conftest import IN_A_BROWSER, Visit
from tests.studio.made.curves import ADAPTERS, QUESTION
from tests.studio.on_page import rows_of

pytestmark = IN_A_BROWSER

FIRST = ADAPTERS[0]


def test_curves_modules_and_answers(visit: Visit) -> None:
    page = visit(f"/training?models={FIRST}&smooth=60&x=epoch")
    (training,) = rows_of(page.get_by_role("table", name="Trainings"))
    assert training[:3] == [FIRST, "tiny", "lora"]
    assert training[4:9] == ["2", "4", "-", "0.2463", "51,200"]
    plot = page.get_by_role("img", name="Loss over epochs")
    plot.locator("svg text", has_text="Epoch").wait_for()
    page.get_by_role("img", name="Tokens per second over epochs").wait_for()
    page.locator("section", has=plot).get_by_text("Show as a table").click()
    first = rows_of(page.get_by_role("table", name="Loss over epochs"))[0]
    assert first == [FIRST, "0.2", "2.3364"]  # 3 exp(-10 / 40)
    assert f"{FIRST}: 288 parameters in 9 modules" in page.locator("#main").inner_text()  # 2 x (8 + 8) each


def test_choices_are_in_the_address_and_survive_a_reload(visit: Visit) -> None:
    page = visit("/training")
    page.get_by_role("combobox", name="Scale of the loss").click()
    page.get_by_role("option", name="Logarithmic").click()
    page.wait_for_url("**/training?scale=log")
    page.get_by_role("combobox", name="Smoothing").click()
    page.get_by_role("option", name="Strong").click()
    page.wait_for_url("**/training?scale=log&smooth=90")
    page.reload()
    page.get_by_role("img", name="Loss over steps").wait_for()
    assert page.get_by_role("combobox", name="Scale of the loss").input_value() == "Logarithmic"


def test_answers_before_and_after(visit: Visit) -> None:
    page = visit("/training?order=asked")
    first = page.get_by_role("article").first
    assert QUESTION in first.inner_text()  # as text: the script did not run
    assert "curves-before 0" in first.inner_text()
    assert "curves-after 0" in first.inner_text()
    assert page.title().startswith("Training")
    page.get_by_role("button", name="Next").click()
    page.wait_for_url("**question=5**")
    page.get_by_text("6-8 of 8").wait_for()
    page.get_by_role("combobox", name="Order").click()
    page.get_by_role("option", name="Largest gain first").click()
    page.get_by_role("article").first.get_by_text("After, score 1.000").wait_for()
    assert "Before, score 0.000" in page.get_by_role("article").first.inner_text()
