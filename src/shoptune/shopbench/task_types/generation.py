"""Generation: a free text, such as a translated title."""

from __future__ import annotations

from typing import Any, ClassVar

from shoptune.shopbench.task_types._definition import Definition, Parsed, Wording, is_list_of
from shoptune.shopbench.vocabulary import Metric


class Generation(Definition):
    """Any text; there may be several references for the metrics that compare embeddings."""

    metrics: ClassVar = frozenset(
        {
            Metric.ROUGE_L,
            Metric.BLEU,
            Metric.JP_BLEU,
            Metric.SENT_TRANSFORMER,
            Metric.MULTILINGUAL_SENT_TRANSFORMER,
        }
    )
    precedence: ClassVar = 100
    max_tokens: ClassVar = 65
    is_text: ClassVar = True
    is_json: ClassVar = False

    def parse(self, text: str) -> Parsed:
        """The text without the white space around it."""
        return text.strip()

    def is_reference(self, value: Any) -> bool:
        """A text, or several."""
        return isinstance(value, str) or is_list_of(value, str)

    def answer_text(self, reference: Any) -> str:
        """The text; the first when there are several."""
        return str(reference[0] if isinstance(reference, list) else reference)

    def recognizes(self, wording: Wording) -> bool:
        """All questions that no other task type recognizes."""
        return True


DEFINITION = Generation()
