"""Dynamic few-shot examples: questions of earlier batches with the model's own answers (paper 000, section 4.3.3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from shoptune.infer.few_shot.example import FewShotExample
from shoptune.infer.prompting import Dynamic
from shoptune.shopbench.vocabulary import TaskType

Answered = Sequence[FewShotExample]  # the questions of one batch with the model's answers, in order


def dynamic_examples(settings: Dynamic | None, batches: Sequence[Answered]) -> Mapping[TaskType, FewShotExample]:
    """The example that the next batch is shown for each task type, given the batches answered so far.

    It is the first question of its task type in an earlier batch. The first batch and every `every`-th after it replace
    the examples; a task type that such a batch lacks keeps its previous example.
    """
    shown: dict[TaskType, FewShotExample] = {}
    if settings is not None:
        for batch in batches[:: settings.every]:
            firsts = {example.task_type: example for example in reversed(batch)}
            shown |= {kind: example for kind, example in firsts.items() if kind in settings.task_types}
    return shown
