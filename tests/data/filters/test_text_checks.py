"""The checks of a row's text: each has its reason and can be turned off."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from shoptune.data.filters.reasons import EMAIL, PROFANITY, SPECIAL_CHARACTERS, WRONG_LANGUAGE
from shoptune.data.filters.text_checks import TextChecks, special_characters
from shoptune.data.filters.words import Words, parts_of_text
from shoptune.shopbench.questions import Question
from shoptune.shopbench.rows import Row
from shoptune.shopbench.vocabulary import Metric, TaskType, Track

ALL = TextChecks(0.02, personal_data=True, profanity=True, special_characters=0.35)
OFF = {
    WRONG_LANGUAGE: replace(ALL, language=None),
    EMAIL: replace(ALL, personal_data=False),
    PROFANITY: replace(ALL, profanity=False),
    SPECIAL_CHARACTERS: replace(ALL, special_characters=None),
}
GERMAN = "Das Kleid ist sehr schön und passt wie angegossen, gerne wieder."


def _row(text: str, answer: str = "yes", language: str = "en") -> Row:
    question = Question(text, answer, TaskType.GENERATION, "task", Metric.ROUGE_L, False, Track.BEHAVIOR)
    return Row(question, "source", language)


def _reason(checks: TextChecks, row: Row, *languages: str) -> str | None:
    [reason] = checks.reasons([row], [row.question.input_field], languages)
    return reason


def test_every_check_has_its_reason_and_its_key() -> None:
    bad = {
        WRONG_LANGUAGE: _row(GERMAN),
        EMAIL: _row("Write to the seller, and tell him, at jane@gmail.com"),
        PROFANITY: _row("This is what they sell: a piece of shit!"),
        SPECIAL_CHARACTERS: _row("*** ### !!! ((( ))) %%% wow $$$ &&&"),
    }
    for reason, row in bad.items():
        assert _reason(ALL, row) == reason
        assert _reason(OFF[reason], row) is None
        assert _reason(TextChecks(), row) is None


def test_a_task_may_hold_further_languages() -> None:
    assert _reason(ALL, _row(GERMAN, language="it")) == WRONG_LANGUAGE
    assert _reason(ALL, _row(GERMAN, language="it"), "de", "ja") is None
    assert _reason(ALL, _row(GERMAN, language="de")) is None


def test_prompts_are_english_in_any_language() -> None:
    assert _reason(ALL, _row("Which of these titles names the same product in your language?", language="ja")) is None


def test_an_answer_is_in_the_language_of_its_row_or_one_that_is_asked_for() -> None:
    assert _reason(ALL, _row("What do customers say?", GERMAN)) == WRONG_LANGUAGE
    assert _reason(ALL, _row("Say it in German.", GERMAN)) is None
    english = "The dress is lovely and fits as described, I would buy it again."
    assert _reason(ALL, _row("Was sagen die Kunden?", english, "de")) == WRONG_LANGUAGE


def test_the_share_of_special_characters() -> None:
    assert special_characters("a-b") == 0.0  # too short to say
    assert special_characters("abcdefghij klmnopqr!!!!!") == 5 / 24
    assert special_characters("日本語の商品名、とても良い商品です。またね。") == 3 / 22


@given(st.lists(st.text(max_size=40), max_size=5))
def test_a_text_with_all_of_its_words_is_itself(texts: list[str]) -> None:
    words = Words.of(texts)
    for text, first, last in zip(texts, words.starts, words.starts[1:], strict=False):
        kept = parts_of_text(text, [True] * int(last - first))
        assert (text.endswith(kept) or text.casefold().endswith(kept)) if kept else last == first
        assert parts_of_text(text, [False] * int(last - first)) == ""


def test_a_word_goes_with_what_follows_it() -> None:
    assert parts_of_text("Title: 'Blue kettle', 2 l. Answer: ", [False, True, True, True, True, False]) == (
        "Blue kettle', 2 l. "
    )
