"""A baseline without understanding: guess the options that share the most words with the question.

A task on which this does well can be answered by a shortcut, and a model trained on it learns the shortcut. On the
benchmark's development questions it scores between 0.25 and 0.6, depending on the task.
"""

from __future__ import annotations

import re

from shoptune.data.filters.options import OPTION
from shoptune.shopbench.questions import Question
from shoptune.shopbench.vocabulary import TaskType

_WORD = re.compile(r"[^\W_]+")


def score(question: Question) -> float | None:
    """The guesser's score on a question: of as many guesses as there are right options, the share that is right.

    For a ranking, whether a best item comes first. Options that share equally many of their
    words tie, and count in proportion. None for questions without a list.
    """
    shares = _shares(question.input_field)
    if len(shares) < 2:  # noqa: PLR2004 - a list has two
        return None
    if question.task_type is TaskType.RETRIEVAL and isinstance(question.output_field, list):
        ranked = sorted(shares, key=lambda number: (-shares[number], number))
        right = {int(number) for number in question.output_field}
        return len(right & set(ranked[: len(right)])) / len(right)
    best = {number for number, share in shares.items() if share == max(shares.values())}
    if question.task_type is TaskType.MULTIPLE_CHOICE:
        return (question.output_field in best) / len(best)
    if question.task_type is TaskType.RANKING and isinstance(question.output_field, list):
        gains = [float(gain) for gain in question.output_field]
        return sum(gain == max(gains) and place in best for place, gain in enumerate(gains, start=1)) / len(best)
    return None


def _shares(text: str) -> dict[int, float]:
    """By its number, the share of each option's words that the rest of the question has."""
    options: dict[int, str] = {}
    rest = []
    for line in text.split("\n"):
        if match := OPTION.match(line):
            options[int(match[1])] = match[2]
        else:
            rest.append(line)
    words = _words(" ".join(rest))
    return {number: len(own & words) / max(1, len(own)) for number, own in ((n, _words(o)) for n, o in options.items())}


def _words(text: str) -> set[str]:
    return set(_WORD.findall(text.casefold()))
