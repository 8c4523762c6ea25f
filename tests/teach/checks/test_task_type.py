from __future__ import annotations

import pytest

from shoptune.teach.checks.task_type import RecognizedTaskType
from tests.teach.checks.applying import applied
from tests.teach.checks.tasks import record_of

CHECK = RecognizedTaskType(field="phrasing")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("esci_query_entity", "Which part of the query '{{ text }}' names a {{ entity_type }}?\nOutput: "),
        ("esci_query_entity", "Tag the {{ entity_type }} in this query.\n{{ text }}\nOutput: "),
        ("m2_also_viewed", "{{ title }}\nPick three products from this list.\n{{ options }}\nOutput: "),
        ("review_category_generation", "Put a name to this kind of product: {{ title }}\nOutput: "),
        ("ecinstruct_query_product_ranking", "Order these for '{{ query }}', best first.\n{{ options }}\nOutput: "),
        ("review_sentiment", "{{ review }}\n{{ options }}\nAnswer: "),
    ],
)
def test_recognized_phrasings_are_kept(name: str, text: str) -> None:
    assert applied(CHECK, "phrasing", text, record_of(name)) == text


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("esci_query_entity", "Write a product title for '{{ text }}' and {{ entity_type }}.\nOutput: "),
        ("m2_also_viewed", "{{ title }}\nRank these products by their relevance.\n{{ options }}\nOutput: "),
        ("m2_also_viewed", "{{ title }}\nWrite a description of these.\n{{ options }}\nOutput: "),
        ("ecinstruct_query_product_ranking", "Select the three best for '{{ query }}'.\n{{ options }}\nOutput: "),
        ("esci_query_entity", "The {{ entity_type }}?\nQuery: {{ text }}\nOutput: "),
        ("review_category_generation", "Extract the entity from the title: {{ title }}\nOutput: "),
    ],
)
def test_phrasings_that_read_as_another_task_are_rejected(name: str, text: str) -> None:
    assert applied(CHECK, "phrasing", text, record_of(name)) == ("phrasing reads as another task type",)


def test_a_phrasing_that_cannot_be_filled_in_is_rejected() -> None:
    reason = ("phrasing makes no question of the sample records",)
    assert applied(CHECK, "phrasing", "{{ text }} {{ price }}\nOutput: ", record_of("esci_query_entity")) == reason
