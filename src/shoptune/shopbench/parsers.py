"""What the benchmark reads out of a model's text: parsers, version 0.1.1 of the challenge's starter kit.

Their behaviour is the benchmark's to the letter, oddities included: a ranking drops numbers above five and is void when
a number repeats; a retrieval keeps repeats; digits are gathered between commas, so "1 2" is no number and "[3]" is 3.
"""

from __future__ import annotations

import ast
import warnings

from shoptune.shopbench.vocabulary import TaskType

VERSION = "0.1.1"
MAX_CHARACTERS = 5000
NO_CHOICE = -1
_RANKING_LENGTH = 5
_RETRIEVAL_LENGTH = 3

Parsed = int | str | list[int] | list[str]


def parse(task_type: TaskType, text: str) -> Parsed:
    """Parse a prediction; never fails, whatever the text.

    Returns:
        multiple-choice: the option's number, or -1; ranking and retrieval: item numbers, perhaps none; named entity
        recognition: the entities; generation: the text without the white space around it.
    """
    text = text[:MAX_CHARACTERS].encode(errors="replace").decode()  # halves of surrogate pairs break some metrics
    if task_type is TaskType.MULTIPLE_CHOICE:
        return _parse_choice(text)
    if task_type is TaskType.RANKING:
        return _parse_ranking(text)
    if task_type is TaskType.RETRIEVAL:
        return _numbers(text)[:_RETRIEVAL_LENGTH]
    if task_type is TaskType.NAMED_ENTITY_RECOGNITION:
        return _parse_entities(text)
    return text.strip()


def is_failure(task_type: TaskType, parsed: Parsed) -> bool:
    """Whether nothing could be read, so that the question scores 0 whatever the model meant."""
    if task_type is TaskType.MULTIPLE_CHOICE:
        return parsed == NO_CHOICE
    return not parsed


def _parse_choice(text: str) -> int:
    try:
        return int(text.strip()[:1])
    except ValueError:
        return NO_CHOICE


def _parse_ranking(text: str) -> list[int]:
    ranked = [number for number in _numbers(text) if number <= _RANKING_LENGTH][:_RANKING_LENGTH]
    return ranked if len(ranked) == len(set(ranked)) else []


def _numbers(text: str) -> list[int]:
    kept = "".join(character for character in text if character.isnumeric() or character in ", ")
    numbers = []
    for item in kept.split(","):
        try:
            numbers.append(int(item))
        except ValueError:  # no number between these commas, or one such as '½' or of over 4300 digits
            continue
    return numbers


def _parse_entities(text: str) -> list[str]:
    try:
        with warnings.catch_warnings(action="ignore"):  # of odd escapes in what only looks like Python
            entities = ast.literal_eval(text)
    except Exception:
        entities = None
    if isinstance(entities, list) and all(isinstance(entity, str) for entity in entities):
        return entities
    return [entity.strip() for entity in text.split(",") if entity.strip()]
