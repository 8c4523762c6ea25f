"""The lessons of the tiny base: lists, the formats of questions and the shop's language, but not its facts.

A model this small learns late to answer with the number of a listed option: it must find the option again by its words
and carry over the number in front of it. Lessons therefore begin with lists of two words and many look-ups in one
answer, and grow to fifteen titles and one look-up.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

from examples.shop.reviews import write_review
from examples.shop.world import LOCALES, Product, World
from examples.tiny_base_recipe.entity_lessons import TURN_END, EntityLessons, Lesson, Part, Render
from shoptune.shopbench.chat import chat
from shoptune.shopbench.vocabulary import TaskType

_MOST_LOOK_UPS = 10


def course(world: World, render: Render, seed: str, stages: list[tuple[int, dict[str, int]]]) -> Iterator[Lesson]:
    """Lessons in the order in which they are to be learned.

    Args:
        world: the shop.
        render: how a chat becomes text.
        seed: decides every lesson.
        stages: for each stage, how many lessons, and the weight of each kind of lesson.
    """
    rng = random.Random(seed)
    teacher = _Teacher(world, render, rng)
    for lessons, weights in stages:
        kinds = [getattr(teacher, name) for name in weights]
        for _ in range(lessons):
            make: Callable[[], Lesson] = rng.choices(kinds, list(weights.values()))[0]
            yield make()


class _Teacher(EntityLessons):
    """Makes lessons; every public method is a kind of lesson."""

    def __init__(self, world: World, render: Render, rng: random.Random) -> None:
        super().__init__(world, render, rng)
        types = list(world.types.values())
        phrases = [phrase for kinds in world.aspects.values() for phrase in kinds["good"] + kinds["bad"]]
        self._names = [product_type.name for product_type in types]
        self._pools = [
            self._names,
            [brand for product_type in types for brand in product_type.brands],
            [*world.colors, *world.materials, *world.aspects],
            [product_type.attribute for product_type in types],
            [name for product_type in types for name in product_type.names.values()],
            phrases,
        ]
        self._words = [word for pool in self._pools[:3] for word in pool if " " not in word]
        self._titles = [world.title(product) for product in world.listed]

    def word_drill(self) -> Lesson:
        """Two or three single words, looked up again and again, with no chat around them."""
        return self._drill(self._rng.sample(self._words, self._rng.randint(2, 3)))

    def phrase_drill(self) -> Lesson:
        """Two to six items of one kind, looked up again and again, with no chat around them."""
        return self._drill(self._some(self._rng.randint(2, 6)))

    def short_lists(self) -> Lesson:
        """Two to six items of one kind, looked up again and again."""
        return self._look_ups(self._some(self._rng.randint(2, 6)))

    def long_lists(self) -> Lesson:
        """Eight to fifteen items of one kind, looked up again and again."""
        return self._look_ups(self._some(self._rng.randint(8, 15)))

    def title_lists(self) -> Lesson:
        """Three to six titles, looked up again and again."""
        return self._look_ups(self._rng.sample(self._titles, self._rng.randint(3, 6)))

    def find(self) -> Lesson:
        """One look-up, asked as a multiple-choice question."""
        options = self._some(self._rng.choice([3, 4, 4, 4, 5]))
        right = self._rng.randrange(len(options))
        stem = self._rng.choice(
            [
                "Which of the following is {name}?",
                "Given {name}, which of the following is the same?",
                "Select {name} from the list.",
                "A user searches for '{name}'. Which of the following does the user want?",
            ]
        )
        question = f"{stem.format(name=options[right])}\n{_numbered(options, 0)}\nAnswer: "
        return self._ask(question, str(right), TaskType.MULTIPLE_CHOICE)

    def find_title(self) -> Lesson:
        """A title to be found by some of its words, among titles of other types."""
        options = [self._rng.choice(self._of(name)) for name in self._rng.sample(self._names, 4)]
        right = self._rng.randrange(4)
        wanted = options[right]
        name = self._rng.choice([wanted.type.name, wanted.brand, f"{wanted.brand} {wanted.type.name}"])
        listed = [self._world.title(product) for product in options]
        question = f"Which of the following products is a {name}?\n{_numbered(listed, 0)}\nAnswer: "
        return self._ask(question, str(right), TaskType.MULTIPLE_CHOICE)

    def pick_three(self) -> Lesson:
        """Three items that hold a word, among ten or fifteen."""
        name, *others = self._rng.sample(self._names, 8)
        right = [self._world.title(product) for product in self._rng.sample(self._of(name), 3)]
        pool = [self._world.title(product) for other in others for product in self._of(other)]
        size = self._rng.choice([6, 8, 10, 15])
        listed = right + self._rng.sample(pool, size - 3)
        self._rng.shuffle(listed)
        question = (
            f"Select the 3 products that are a {name} from the following numbered list.\nProduct List: \n"
            f"{_numbered(listed, 1)}\nYou should output 3 numbers, separated by comma.\nOutput: "
        )
        places = sorted(listed.index(title) + 1 for title in right)
        return self._ask(question, ",".join(map(str, places)), TaskType.RETRIEVAL)

    def pick_words(self) -> Lesson:
        """Three named words, among ten or fifteen."""
        pool = self._rng.choice([self._names, self._pools[1], self._pools[2], self._pools[5]])
        size = self._rng.choice([6, 8, 10, 15])
        listed = self._rng.sample(pool, size)
        right = self._rng.sample(range(size), 3)
        named = ", ".join(listed[place] for place in right)
        question = (
            f"You are given a numbered list. Please choose these three from the list: {named}. \n"
            f"You should ONLY output three numbers, separated by comma. \nList: \n{_numbered(listed, 1)}\nOutput: "
        )
        return self._ask(question, ",".join(str(place + 1) for place in sorted(right)), TaskType.RETRIEVAL)

    def rank(self) -> Lesson:
        """Five titles: the one that matches all of the query's words first, then those that match the type."""
        wanted = self._rng.choice(self._world.listed)
        same = [product for product in self._of(wanted.type.name) if product.brand != wanted.brand]
        others = [product for product in self._world.listed if product.type != wanted.type]
        judged = [(wanted, 0), (self._rng.choice(same), 1), *((product, 2) for product in self._rng.sample(others, 3))]
        self._rng.shuffle(judged)
        listed = [self._world.title(product) for product, _ in judged]
        order = sorted(range(5), key=lambda place: judged[place][1])
        question = (
            f"Rank the following 5 products by the words of the query '{wanted.brand} {wanted.type.name}'. \n"
            f"Product List: \n{_numbered(listed, 1)}\nYou should output a permutation of 1 to 5.\nOutput: "
        )
        return self._ask(question, ",".join(str(place + 1) for place in order), TaskType.RANKING)

    def extract(self) -> Lesson:
        """A part of a query, named by its place."""
        words = self._rng.sample(self._pools[:3], 2)
        first, second = (self._rng.choice(pool) for pool in words)
        wanted, answer = self._rng.choice([("first", first), ("second", second)])
        question = (
            f"Please extract the {wanted} phrase from the query. Please directly output the entity. \n"
            f"Query: {first}, {second}\nOutput: "
        )
        return self._ask(question, answer, TaskType.NAMED_ENTITY_RECOGNITION)

    def quote(self) -> Lesson:
        """A phrase of a review, named by a word of it."""
        product_type = self._rng.choice(list(self._world.types.values()))
        review = write_review(self._world, product_type, self._rng, aspects=2)
        phrase = self._rng.choice(list(review.phrases.values()))
        word = phrase.split()[-1]
        question = f"Quote the phrase of the review that ends with '{word}'.\nReview: {review.text}\nOutput: "
        return self._ask(question, phrase, TaskType.GENERATION)

    def speak(self) -> Lesson:
        """The shop's language: a title or a description, as it is."""
        product, language = self._rng.choice(self._world.listed), self._rng.choice(sorted(LOCALES))
        kind, text = self._rng.choice(
            [
                ("title", self._world.title(product, language)),
                ("description", self._world.description(product, language)),
            ]
        )
        return self._ask(f"Write a product {kind} in the language {language}.\nOutput: ", text, TaskType.GENERATION)

    def _some(self, count: int) -> list[str]:
        pool = self._rng.choice(self._pools)
        return self._rng.sample(pool, count)

    def _of(self, name: str) -> list[Product]:
        return [product for product in self._world.listed if product.type.name == name]

    def _drill(self, items: list[str]) -> Lesson:
        """A list and many look-ups; only the numbers are learned.

        A lesson without a word too many: in a chat's long context the look-up is not found in the first thousand steps.
        """
        first = self._rng.choice([0, 1])
        parts = [Part(_numbered(items, first) + "\n", learned=False)]
        for place in self._places(items):
            parts += [Part(f" {items[place]}", learned=False), Part(str(place + first), learned=True)]
            parts.append(Part("\n", learned=False))
        return tuple(parts)

    def _look_ups(self, items: list[str]) -> Lesson:
        """The same as a chat: the list is asked about, the answer names items and their numbers."""
        first = self._rng.choice([0, 1])
        asked = chat(_numbered(items, first), TaskType.RETRIEVAL)
        parts = [Part(self._render(asked), learned=False)]
        for place in self._places(items):
            parts += [Part(f" {items[place]}", learned=False), Part(str(place + first), learned=True)]
            parts.append(Part(",", learned=False))
        return (*parts[:-1], Part(TURN_END, learned=True))

    def _places(self, items: list[str]) -> list[int]:
        return [self._rng.randrange(len(items)) for _ in range(min(_MOST_LOOK_UPS, 2 * len(items)))]


def _numbered(items: list[str], first: int) -> str:
    return "\n".join(f"{number}. {item}" for number, item in enumerate(items, start=first))
