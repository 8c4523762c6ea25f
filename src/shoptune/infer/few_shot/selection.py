"""Select the examples to show before a question: fixed ones first, then retrieved ones, then the dynamic one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from shoptune.infer.few_shot.example import FewShotExample
from shoptune.infer.few_shot.fixed import FixedExamples
from shoptune.infer.prompt import Prompt
from shoptune.infer.prompting import Prompting
from shoptune.shopbench.vocabulary import TaskType


class FewShotSelector:
    """Selects the few-shot examples that a prompting specifies. Reads its files once, when constructed.

    Args:
        prompting: the examples to show.

    Raises:
        ShoptuneError: a file that the prompting refers to is missing or malformed.
    """

    def __init__(self, prompting: Prompting) -> None:
        self._fixed = FixedExamples(prompting.few_shot) if prompting.few_shot else None
        self._retrieved = None
        if prompting.retrieved:
            from shoptune.infer.few_shot.retrieved import RetrievedExamples

            self._retrieved = RetrievedExamples(prompting.retrieved)

    def select(
        self, prompts: Sequence[Prompt], dynamic: Mapping[TaskType, FewShotExample]
    ) -> list[list[FewShotExample]]:
        """Return the examples to show before each question: distinct, and never the question itself."""
        nothing: list[list[FewShotExample]] = [[] for _ in prompts]
        retrieved = self._retrieved.nearest([prompt.text for prompt in prompts]) if self._retrieved else nothing
        return [
            self._shown(prompt, near, dynamic.get(prompt.task_type))
            for prompt, near in zip(prompts, retrieved, strict=True)
        ]

    def _shown(
        self, prompt: Prompt, near: Sequence[FewShotExample], last: FewShotExample | None
    ) -> list[FewShotExample]:
        fixed = self._fixed.before(prompt.text, prompt.task_type) if self._fixed else []
        shown = {example.question: example for example in [*fixed, *near, *([last] if last else [])]}
        return [example for text, example in shown.items() if text != prompt.text]
