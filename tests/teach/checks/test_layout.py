from __future__ import annotations

import pytest

from shoptune.teach.checks.layout import Layout
from tests.teach.checks.applying import applied
from tests.teach.checks.tasks import TASKS, record_of

CHECK = Layout(field="phrasing")


@pytest.mark.parametrize("name", TASKS)
def test_the_seed_phrasings_of_every_task_pass(name: str) -> None:
    recipe = TASKS[name].recipe
    for seeds in (recipe.prompts, *recipe.translations.values()):
        for seed in seeds:
            found = applied(CHECK, "phrasing", seed, {"seeds": list(seeds)})
            assert isinstance(found, str), (seed, found)
            assert found.rstrip() == seed.strip()


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("{{ review }}\n{{ options }}\nAnswer: ", "{{ review }}\n{{ options }}\nAnswer: "),
        ("{{ review }}\n{{ options }}\nAnswer:", "{{ review }}\n{{ options }}\nAnswer: "),
        ("{{ review }}\n{{ options }}\n\nAnswer:\n", "{{ review }}\n{{ options }}\n\nAnswer: "),
        ("\n{{ review }}\\n{{ options }}\\nAnswer:", "{{ review }}\n{{ options }}\nAnswer: "),
        (
            "{{ options }}\nWhich fits?\r\n{{ review }}\r\nAnswer: ",
            "{{ options }}\nWhich fits?\n{{ review }}\nAnswer: ",
        ),
    ],
)
def test_the_last_line_is_that_of_the_seed_phrasings(text: str, kept: str) -> None:
    assert applied(CHECK, "phrasing", text, record_of("review_sentiment")) == kept


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{{ review }}\n{{ options }}\nOutput: ", "ends in another way"),
        ("{{ review }}\n{{ options }}", "ends in another way"),
        ("{{ review }}\n{{ options }}\nAnswer: the number", "ends in another way"),
        ("{{ review }} Options: {{ options }}\nAnswer: ", "has the list within a line, or twice"),
        ("{{ review }}\n{{ options }} Pick one.\nAnswer: ", "has the list within a line, or twice"),
        ("{{ options }}\n{{ review }}\n{{ options }}\nAnswer: ", "has the list within a line, or twice"),
        ("{{ review }}\n  {{ options }}\nAnswer: ", "has indented lines"),
        ("Fill the slot {{ review }}\n{{ options }}\nAnswer: ", "speaks of templates"),
    ],
)
def test_other_layouts_are_rejected(text: str, reason: str) -> None:
    assert applied(CHECK, "phrasing", text, record_of("review_sentiment")) == (f"phrasing {reason}",)
