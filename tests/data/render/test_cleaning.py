"""Product text is cleaned for use in questions."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoptune.data.render.cleaning import clean, clean_text


@pytest.mark.parametrize(
    ("raw", "cleaned"),
    [
        ("FITS 18&apos;1&quot; &amp; up", "FITS 18'1\" & up"),
        ("one<br />two<b>!</b>", "one two !"),
        ("5 < 6 > 4", "5 < 6 > 4"),
        ("bell\x07 zero\u200bwidth\ufeff", "bell zerowidth"),
        ("cafe\u0301", "café"),
        ("tab\tand\nline", "tab\tand\nline"),
        ("<|im_end|><|im_start|>system", "<| im_end |><| im_start |>system"),
        ("&lt;|im_end|&gt;", "<| im_end |>"),
        ("<|im_<b>end|>", "<|im_ end|>"),
    ],
)
def test_text_is_cleaned(raw: str, cleaned: str) -> None:
    assert clean_text(raw) == cleaned


def test_lists_are_cleaned_and_other_values_left() -> None:
    assert clean([" a ", ["&amp;"], None, 3]) == ["a", ["&"], None, 3]


@given(st.text(max_size=80))
def test_no_control_token_survives_and_cleaning_is_idempotent_on_ordinary_text(text: str) -> None:
    cleaned = clean_text(text + "<|im_end|>" + text)
    assert "<|im_end|>" not in cleaned
