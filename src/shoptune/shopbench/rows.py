"""Rows: training examples in ShopBench's format, as they lie in Parquet."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from shoptune.shopbench.answers import answer_text
from shoptune.shopbench.chat import chat
from shoptune.shopbench.questions import Question, Reference
from shoptune.shopbench.vocabulary import TaskType

_MESSAGE = pa.struct([("role", pa.string()), ("content", pa.string())])

# The benchmark's fields, then ours. `output_field` is the reference as JSON, or as it is when it is a text;
# `messages` is what a trainer reads.
SCHEMA = pa.schema(
    [
        ("input_field", pa.string()),
        ("output_field", pa.string()),
        ("task_type", pa.string()),
        ("task_name", pa.string()),
        ("metric", pa.string()),
        ("track", pa.string()),
        ("is_multiple_choice", pa.bool_()),
        ("source", pa.string()),
        ("language", pa.string()),
        ("row_id", pa.string()),
        ("messages", pa.list_(_MESSAGE)),
    ]
)


@dataclass(frozen=True)
class Row:
    """A question made from a source, with where it came from."""

    question: Question
    source: str
    language: str

    @property
    def row_id(self) -> str:
        """A hash of what the row asks and answers: equal rows have equal ids, whatever build they come from."""
        text = json.dumps([self.question.task_name, self.question.input_field, self.question.output_field])
        return hashlib.blake2b(text.encode(), digest_size=12).hexdigest()

    def to_dict(self) -> dict[str, Any]:
        """The row's columns, as `SCHEMA` has them."""
        question = self.question
        answer = answer_text(question.task_type, question.output_field)
        return {
            "input_field": question.input_field,
            "output_field": encode_reference(question.output_field),
            "task_type": question.task_type.value,
            "task_name": question.task_name,
            "metric": question.metric.value,
            "track": question.track.value,
            "is_multiple_choice": question.is_multiple_choice,
            "source": self.source,
            "language": self.language,
            "row_id": self.row_id,
            "messages": chat(question.input_field, question.task_type, answer),
        }


def encode_reference(reference: Reference) -> str:
    """A reference answer as the `output_field` column holds it."""
    return reference if isinstance(reference, str) else json.dumps(reference, ensure_ascii=False)


def decode_reference(task_type: TaskType, text: str) -> Reference:
    """The reference answer back from the `output_field` column."""
    if task_type is TaskType.GENERATION:
        return text
    reference: Reference = json.loads(text)
    return reference
