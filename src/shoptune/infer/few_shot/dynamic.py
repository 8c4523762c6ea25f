"""Dynamic few-shot examples: earlier questions of the run with the model's own answers (paper 000, section 4.3.3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from shoptune.infer.few_shot.example import FewShotExample
from shoptune.infer.prompting import Dynamic
from shoptune.shopbench.vocabulary import TaskType

Answered = Sequence[FewShotExample]  # the questions of one batch, in order, with the model's answers


def dynamic_examples(settings: Dynamic | None, batches: Sequence[Answered]) -> Mapping[TaskType, FewShotExample]:
    """Return the example to show for each task type in the next batch, given the batches answered so far.

    An example is the first question of its task type in an earlier batch. Examples are taken from the first batch and
    from every `every`-th batch after it. A task type that does not occur in such a batch keeps its previous example.
    """
    shown: dict[TaskType, FewShotExample] = {}
    if settings is not None:
        for batch in batches[:: settings.every]:
            firsts = {example.task_type: example for example in reversed(batch)}
            shown |= {kind: example for kind, example in firsts.items() if kind in settings.task_types}
    return shown
