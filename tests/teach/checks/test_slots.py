from __future__ import annotations

import pytest

from shoptune.teach.checks.slots import Slots
from tests.teach.checks.applying import applied
from tests.teach.checks.tasks import TASKS, record_of

CHECK = Slots(field="phrasing")


@pytest.mark.parametrize("name", TASKS)
def test_the_seed_phrasings_of_every_task_pass(name: str) -> None:
    recipe = TASKS[name].recipe
    for seeds in (recipe.prompts, *recipe.translations.values()):
        for seed in seeds:
            assert applied(CHECK, "phrasing", seed, {"seeds": list(seeds)}) == seed


@pytest.mark.parametrize(
    "text",
    [
        "{{ review }}\nHow satisfied is this customer?\n{{ options }}\nAnswer: ",
        "The {{ product_type }} got this review: {{ review }}\nWhat is its tone?\n{{ options }}\nAnswer: ",
        "{{review}}\nTone?\n{{options}}\nAnswer: ",
        "{{ options }}\nOf these sentiments, which one has the text '{{ review }}'?\nAnswer: ",
        "Input: {{   review   }}\n{{ options }}\nAnswer: ",
    ],
)
def test_phrasings_with_the_slots_of_the_task_are_kept(text: str) -> None:
    assert applied(CHECK, "phrasing", text, record_of("review_sentiment")) == text


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Which sentiment does it express?\n{{ options }}\nAnswer: ", "lacks a slot"),
        ("{{ review }}\nWhich sentiment is that?\nAnswer: ", "lacks a slot"),
        ("{{ review }} by {{ customer }}\n{{ options }}\nAnswer: ", "has a slot of its own"),
        ("{{ review.__class__ }}\n{{ options }}\nAnswer: ", "has a slot of its own"),
        ("{{ review | upper }}\n{{ options }}\nAnswer: ", "has a slot of its own"),
        ("{{ review }}\n{# a remark #}{{ options }}\nAnswer: ", "has a slot of its own"),
        ("{% for i in range(9) %}{{ review }}{% endfor %}\n{{ options }}\nAnswer: ", "has a slot of its own"),
        ("{{ review }\n{{ options }}\nAnswer: ", "is not a valid template"),
        ("{{ review \n{{ options }}\nAnswer: ", "is not a valid template"),
        ("[review]\n[options]\nAnswer: ", "lacks a slot"),
    ],
)
def test_other_phrasings_are_rejected(text: str, reason: str) -> None:
    assert applied(CHECK, "phrasing", text, record_of("review_sentiment")) == (f"phrasing {reason}",)


def test_loops_of_the_seeds_are_allowed_but_not_inside_each_other() -> None:
    seeds = ["Bought:\n{% for title in history %}- {{ title }}\n{% endfor %}Output: "]
    flat = "Before that:\n{% for title in history %}- {{ title }}\n{% endfor %}What next?\nOutput: "
    nested = "{% for title in history %}{% for title in history %}{{ title }}{% endfor %}{% endfor %}\nOutput: "
    assert applied(CHECK, "phrasing", flat, {"seeds": seeds}) == flat
    assert applied(CHECK, "phrasing", nested, {"seeds": seeds}) == ("phrasing has a loop in a loop",)
