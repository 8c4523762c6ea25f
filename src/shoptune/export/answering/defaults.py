"""Default answers for questions that the engine did not answer. The benchmark's parsers can read all of them."""

from __future__ import annotations

import re

from shoptune.shopbench.parsers import is_failure, parse
from shoptune.shopbench.task_types import DEFINITIONS
from shoptune.shopbench.vocabulary import TaskType

_FIRST_ITEMS = "1,2,3,4,5"  # a complete ranking, and the first items of a retrieval
_QUOTED = re.compile(r"[\"“‘']([^\"“”‘’'\n]{2,80})[\"”’'](?!\w)")  # noqa: RUF001
_WORDS = 8
_LAST_RESORT = "none"
_READ = 20_000  # characters of a question in which a phrase is looked for


def default_answer(question: str, task_type: TaskType, default_choice: int) -> str:
    """Return a readable answer to a question that the model did not answer.

    The answer is the default option, the listed numbers in order, or a phrase from the question.

    Args:
        question: the question's text.
        task_type: the task type guessed from the text.
        default_choice: the answer to a multiple-choice question, if it is one of the options.
    """
    definition = DEFINITIONS[task_type]
    candidates = [definition.repair("", question, default_choice)]
    if definition.is_text:
        candidates.append(_phrase(question))
    elif definition.numbers_items:
        candidates += [definition.repair(_FIRST_ITEMS, question, default_choice), _FIRST_ITEMS]
    else:
        candidates.append(str(default_choice))
    return next((text for text in candidates if is_readable(text, task_type)), _LAST_RESORT)


def is_readable(text: str, task_type: TaskType) -> bool:
    """Return whether the benchmark's parser can read an answer."""
    return not is_failure(task_type, parse(task_type, text))


def _phrase(question: str) -> str:
    """Guess a question's subject: its last quotation, the text after the last colon, or its last line."""
    text = question[-_READ:]
    quoted = _QUOTED.findall(text)
    lines = [line.strip() for line in text.splitlines() if line.strip(" \t:")]
    lines = [line for line in lines if not line.endswith(":")] or lines  # "Output:" is not what it is about
    about = quoted[-1] if quoted else lines[-1].rstrip(":").rpartition(":")[2] if lines else ""
    return " ".join(about.replace(",", " ").split()[:_WORDS])
