"""Split a run's questions into batches, and put the answers back in question order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from shoptune.infer.journal import Batch
from shoptune.infer.prepare import cache_friendly_order
from shoptune.infer.prompt import Completion, Prompt


class Batches:
    """Questions in batches, in an order in which prompts share prefixes in the cache.

    Batches do not depend on which of them have been answered, nor on where: they are the unit that the journal saves,
    and that replicas answer.

    Args:
        prompts: the questions.
        size: the number of questions per batch; the last batch may have fewer.
    """

    def __init__(self, prompts: Sequence[Prompt], size: int) -> None:
        self._prompts, self._size = prompts, size
        self._order = cache_friendly_order(prompts)

    def __len__(self) -> int:
        """The number of batches."""
        return (len(self._order) + self._size - 1) // self._size

    def __getitem__(self, number: int) -> list[Prompt]:
        """The questions of a batch."""
        return [self._prompts[position] for position in self._positions(number)]

    def missing(self, answered: Mapping[int, Batch]) -> list[int]:
        """The numbers of the batches that have not been answered, in order."""
        return [number for number in range(len(self)) if number not in answered]

    def in_question_order(self, answered: Mapping[int, Batch]) -> list[Completion]:
        """The completions of all batches, in the order of the questions.

        Args:
            answered: every batch, by its number.
        """
        by_position = {
            position: completion
            for number in range(len(self))
            for position, completion in zip(self._positions(number), answered[number].completions, strict=True)
        }
        return [by_position[position] for position in range(len(self._prompts))]

    def _positions(self, number: int) -> Sequence[int]:
        return self._order[number * self._size : (number + 1) * self._size]
