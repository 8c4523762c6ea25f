from __future__ import annotations

from shoptune.teach.checks.not_identical import NotIdentical
from tests.teach.checks.applying import apply
from tests.teach.checks.tasks import record_of

CHECK = NotIdentical(field="phrasing")
RECORD = record_of("review_sentiment")
NEW = [
    "{{ review }}\nIs this customer happy with the {{ product_type }}? Choose an option.\n{{ options }}\nAnswer: ",
    "You moderate the reviews of a shop. Decide on the mood of the next one.\n{{ review }}\n{{ options }}\nAnswer: ",
    "Review: {{ review }}\nSentiment:\n{{ options }}\nAnswer: ",
    "On hearing this from a buyer, what would you conclude?\n'{{ review }}'\n{{ options }}\nAnswer: ",
    "Label the opinion below with one of five sentiments.\n{{ review }}\n{{ options }}\nAnswer: ",
]


def _reasons(*texts: str) -> list[bool]:
    return [isinstance(found, str) for found in apply(CHECK, [{"phrasing": text} for text in texts], RECORD)]


def test_different_phrasings_are_kept() -> None:
    assert _reasons(*NEW) == [False] * 5


def test_phrasings_near_a_seed_are_rejected() -> None:
    assert (
        _reasons(
            # seeds: "Read the review and select the sentiment of the customer."
            "Read the review, and choose the sentiment of the customer.\n{{ review }}\n{{ options }}\nAnswer: ",
            "read the REVIEW and select the sentiment of the customer\nReview: {{ review }}\n{{ options }}\nAnswer: ",
            # "What is the sentiment of the text above?", in another order
            "{{ review }}\n{{ options }}\nThe sentiment of the text above is what?\nAnswer: ",
            # "How does the writer judge the ...?"
            "How does the writer judge this {{ product_type }}?\nReview: {{ review }}\n{{ options }}\nAnswer: ",
            # "A shop sorts its reviews by sentiment. Where does this one belong?"
            "A shop sorts its reviews by sentiment. Where does this belong?\n{{ review }}\n{{ options }}\nAnswer: ",
        )
        == [True] * 5
    )


def test_phrasings_near_an_accepted_one_are_rejected() -> None:
    changed = [text.replace("customer", "buyer").replace("Decide on", "Judge") for text in NEW]
    assert _reasons(*NEW, *changed, *NEW) == [False] * 5 + [True] * 10


def test_japanese_is_compared_by_character() -> None:
    record = {"seeds": ["このレビューの感情はどれですか。\n{{ review }}\n{{ options }}\nAnswer: "]}
    near = "このレビューの感情はどれでしょうか。\n{{ review }}\n{{ options }}\nAnswer: "
    far = "お客様は商品に満足していますか。選んでください。\n{{ review }}\n{{ options }}\nAnswer: "
    found = apply(CHECK, [{"phrasing": near}, {"phrasing": far}], record)
    assert [isinstance(each, str) for each in found] == [True, False]
    assert found[0] == "phrasing is nearly identical to another"
