"""Turn records into prompts with their cache keys, after personal data is removed."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shoptune.errors import fail
from shoptune.infer.chats import Chat
from shoptune.shopbench.control_tokens import longest_first
from shoptune.teach.backend import Teacher
from shoptune.teach.cache import cache_key
from shoptune.teach.check import Record
from shoptune.teach.config import TeacherRecipe
from shoptune.teach.prompts import PromptError, PromptTemplate, TemplateError

if TYPE_CHECKING:
    from tokenizers import Tokenizer

_TOKENIZER = "tokenizer.json"


@dataclass(frozen=True)
class Request:
    """The prompts about one record.

    Attributes:
        record: the record, with its personal data.
        prompts: the prompt of each sample by its cache key, in order; empty if no prompt can be made.
        problem: why no prompt can be made, or None.
    """

    record: Record
    prompts: Mapping[str, Chat]
    problem: str | None = None


class Requests:
    """Makes the prompts of a recipe.

    Args:
        recipe: the recipe.
        file: its file, for errors.
        teacher: the model; the control tokens of its tokenizer are neutralized in records.
    """

    def __init__(self, recipe: TeacherRecipe, file: Path, teacher: Teacher) -> None:
        self._recipe, self._file, self._teacher = recipe, file, teacher
        self._template = PromptTemplate(recipe.system, recipe.prompt, control_tokens(teacher.checkpoint))

    def of(self, record: Record) -> Request:
        """Make the prompts of one record.

        Raises:
            ShoptuneError: the template fails for a reason that is not in the record.
        """
        try:
            messages = self._template.messages(self._filtered(record))
        except PromptError as error:
            return Request(record, {}, str(error))
        except TemplateError as error:
            remedy = f"use {{{{ quoted(column) }}}} with one of the columns {', '.join(record)}"
            raise fail(self._file, "prompt", str(error), remedy) from error
        sampling = self._recipe.sampling
        prompts = [
            Chat(messages, sampling.max_tokens, self._recipe.answer, sampling.temperature, sampling.seed + number)
            for number in range(sampling.samples)
        ]
        return Request(record, {cache_key(self._teacher, prompt): prompt for prompt in prompts})

    def _filtered(self, record: Record) -> dict[str, Any]:
        """Return a record without the personal data in its texts."""
        chosen = self._recipe.personal_data
        return {
            name: self._without_personal_data(value) if chosen is None or name in chosen else value
            for name, value in record.items()
        }

    def _without_personal_data(self, value: Any) -> Any:
        from shoptune.data.filters.personal_data import without_personal_data

        if isinstance(value, str):
            return without_personal_data(value, self._recipe.languages)
        if isinstance(value, dict):
            return {name: self._without_personal_data(inner) for name, inner in value.items()}
        return [self._without_personal_data(inner) for inner in value] if isinstance(value, list) else value


def control_tokens(checkpoint: Path | None) -> tuple[str, ...]:
    """Return the special tokens of a checkpoint's tokenizer; none if it is not on this machine."""
    if checkpoint is None or not (checkpoint / _TOKENIZER).is_file():
        return ()
    added = _tokenizer(checkpoint / _TOKENIZER).get_added_tokens_decoder().values()
    return longest_first(token.content for token in added if token.special)


def count_tokens(folder: Path, text: str) -> int:
    """Count the tokens of a rendered chat.

    Raises:
        ShoptuneError: the folder has no tokenizer.json.
    """
    if not (folder / _TOKENIZER).is_file():
        raise fail(folder / _TOKENIZER, "", "no such file", "choose a tokenizer with --tokenizer")
    return len(_tokenizer(folder / _TOKENIZER).encode(text, add_special_tokens=False).ids)


@functools.lru_cache(1)
def _tokenizer(file: Path) -> Tokenizer:
    from tokenizers import Tokenizer

    return Tokenizer.from_file(str(file))


def different(requests: Sequence[Request]) -> dict[str, Chat]:
    """Return the prompts of several records by cache key; equal prompts are asked once."""
    return {key: prompt for request in requests for key, prompt in request.prompts.items()}
