from __future__ import annotations

import pytest

from shoptune.teach.checks.admits_reference import AdmitsReference
from tests.teach.checks.applying import applied
from tests.teach.checks.tasks import record_of

CHECK = AdmitsReference(field="phrasing")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("esci_query_entity", "Tag the {{ entity_type }}.\nQuery: {{ text }}\nOutput: "),
        ("m2_also_viewed", "{{ title }}\nPick three products from this list.\n{{ options }}\nOutput: "),
        ("m2_also_viewed", "After '{{ title }}', which?\n{{ options }}\nAnswer with 3 numbers.\nOutput: "),
        ("review_category_generation", "Put a name to this kind of product: {{ title }}\nOutput: "),
        ("ecinstruct_query_product_ranking", "Order these for '{{ query }}', best first.\n{{ options }}\nOutput: "),
        ("review_sentiment", "{{ review }}\nHow does it sound?\n{{ options }}\nAnswer: "),
    ],
)
def test_phrasings_that_allow_the_right_answer_are_kept(name: str, text: str) -> None:
    assert applied(CHECK, "phrasing", text, record_of(name)) == text


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        # The query is not shown, so no entity can be copied.
        ("esci_query_entity", "Tag the {{ entity_type }} of the query.\nOutput: ", "does not allow the right answer"),
        # A list of the phrasing's own.
        (
            "review_sentiment",
            "Happy?\n0. yes\n1. no\n{{ review }}\nAnswer: ",
            "does not allow the right answer",
        ),
        (
            "ecinstruct_query_product_ranking",
            "Rank for '{{ query }}':\n1. best\n2. next\n3. worst\nOutput: ",
            "does not allow the right answer",
        ),
        ("m2_also_viewed", "{{ title }}\nPick two products from this list.\n{{ options }}\nOutput: ", None),
        ("m2_also_viewed", "{{ title }}\nPick products from this list.\n{{ options }}\nOutput: ", None),
        ("m2_also_viewed", "{{ title }}\nWhich one of these products? Give 3 numbers.\n{{ options }}\nOutput: ", None),
    ],
)
def test_phrasings_that_forbid_it_are_rejected(name: str, text: str, reason: str | None) -> None:
    expected = f"phrasing {reason or 'asks for another number of items'}"
    assert applied(CHECK, "phrasing", text, record_of(name)) == (expected,)
