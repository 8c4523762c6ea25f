"""Lessons about queries: which of their words name the brand, the color, the material or the product type."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from examples.shop.world import World
from shoptune.shopbench.chat import Message, chat
from shoptune.shopbench.vocabulary import TaskType

TURN_END = "<|im_end|>"

# Writes messages as the model is asked them; the blank checkpoint's own chat template.
Render = Callable[[list[Message]], str]


@dataclass(frozen=True)
class Part:
    """A piece of a lesson's text, and whether the model is to learn to write it."""

    text: str
    learned: bool


Lesson = tuple[Part, ...]


class EntityLessons:
    """Makes lessons about queries, and a question of any kind.

    A query is of words that go together by chance: the lessons do not tell which brand makes what.
    """

    def __init__(self, world: World, render: Render, rng: random.Random) -> None:
        self._world, self._render, self._rng = world, render, rng
        self._entities = {
            "brand": [brand for product_type in world.types.values() for brand in product_type.brands],
            "color": list(world.colors),
            "material": list(world.materials),
            "product type": [product_type.name for product_type in world.types.values()],
        }

    def entity_drill(self) -> Lesson:
        """A query and what its words name, asked for again and again, with no chat around it."""
        query, named = self._query()
        parts = [Part(f"{query}\n", learned=False)]
        for kind in self._kinds(named):
            parts += [Part(f" {kind}\n", learned=False), Part(named[kind], learned=True)]
            parts.append(Part("\n", learned=False))
        return tuple(parts)

    def entity_lists(self) -> Lesson:
        """The same as a chat: the query is asked about, the answer names what its words are."""
        query, named = self._query()
        asked = chat(f"Query: {query}\nOutput: ", TaskType.NAMED_ENTITY_RECOGNITION)
        parts = [Part(self._render(asked), learned=False)]
        for kind in self._kinds(named):
            parts += [Part(f" {kind}\n", learned=False), Part(named[kind], learned=True)]
            parts.append(Part("\n", learned=False))
        return (*parts[:-1], Part(TURN_END, learned=True))

    def entity(self) -> Lesson:
        """The words of a query that name one thing."""
        query, named = self._query()
        kind = self._rng.choice(list(named))
        question = self._rng.choice(
            [
                "Which words of '{query}' are the {kind}?\nOutput: ",
                "Query: {query}\nWrite down the {kind} and nothing else.\nOutput: ",
                "Find the {kind} in the text below.\n{query}\nOutput: ",
                "What '{kind}' does the customer ask for? Please answer with the words of the query. \n"
                "Query: {query}\nOutput: ",
            ]
        )
        return self._ask(question.format(query=query, kind=kind), named[kind], TaskType.NAMED_ENTITY_RECOGNITION)

    def _query(self) -> tuple[str, dict[str, str]]:
        """Two or three names in any order, and what each is."""
        kinds = self._rng.sample(list(self._entities), self._rng.choice([2, 2, 3]))
        named = {kind: self._rng.choice(self._entities[kind]) for kind in kinds}
        return " ".join(named.values()), named

    def _kinds(self, named: dict[str, str]) -> list[str]:
        return self._rng.choices(list(named), k=2 * len(named))

    def _ask(self, question: str, answer: str, task_type: TaskType) -> Lesson:
        prompt = self._render(chat(question, task_type))
        return (Part(prompt, learned=False), Part(answer + TURN_END, learned=True))
