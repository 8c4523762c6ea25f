"""Rows: training examples in ShopBench's format, stored as Parquet."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

import pyarrow as pa

from shoptune.shopbench.answers import answer_text
from shoptune.shopbench.chat import Message, chat
from shoptune.shopbench.provenance import PROVENANCE, Provenance
from shoptune.shopbench.questions import Question
from shoptune.shopbench.task_types import DEFINITIONS, Reference
from shoptune.shopbench.vocabulary import Metric, TaskType, Track

_MESSAGE = pa.struct([("role", pa.string()), ("content", pa.string())])

_JSON = json.JSONEncoder(ensure_ascii=False).encode

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
        ("group_id", pa.string()),
        ("messages", pa.list_(_MESSAGE)),
    ]
)


# Further columns of data sets with rows that a teacher's answers went into; null in their other rows.
PROVENANCE_FIELDS = tuple(pa.field(name, pa.string()) for name in PROVENANCE)

# The columns that make up a question: the benchmark's fields.
QUESTION_COLUMNS = SCHEMA.names[: SCHEMA.names.index("source")]


@dataclass(frozen=True)
class Row:
    """A question made from a source, with where it came from.

    Attributes:
        question: the question with its reference.
        source: the data set.
        language: of the question.
        group: what the question is about, a product or a query, so that all rows about it stay in one split.
        target: the text to learn to write: reasoning that ends with the answer; None for the answer alone.
        provenance: the teacher's answer that the row was made with, or None.
    """

    question: Question
    source: str
    language: str
    group: str = ""
    target: str | None = None
    provenance: Provenance | None = None

    @property
    def row_id(self) -> str:
        """A hash of the row's question and answer: equal rows have equal ids in all builds."""
        question = self.question
        text = "\x1f".join((question.task_name, question.input_field, encode_reference(question.output_field)))
        return hashlib.blake2b(text.encode(), digest_size=12).hexdigest()

    @property
    def chat(self) -> list[Message]:
        """The messages to train on."""
        question = self.question
        target = self.target or answer_text(question.task_type, question.output_field)
        return chat(question.input_field, question.task_type, target)


def to_table(rows: Sequence[Row], *, provenance: bool = False) -> pa.Table:
    """Rows as a Parquet table with `SCHEMA`.

    Args:
        rows: the rows.
        provenance: append the columns of `PROVENANCE_FIELDS`.
    """
    questions = [row.question for row in rows]
    chats = [row.chat for row in rows]
    turns = [message for messages in chats for message in messages]
    starts = list(accumulate((len(messages) for messages in chats), initial=0))
    messages = pa.StructArray.from_arrays(
        [pa.array([turn[name] for turn in turns], pa.string()) for name in ("role", "content")], fields=list(_MESSAGE)
    )
    columns = {
        "input_field": [question.input_field for question in questions],
        "output_field": [encode_reference(question.output_field) for question in questions],
        "task_type": [question.task_type.value for question in questions],
        "task_name": [question.task_name for question in questions],
        "metric": [question.metric.value for question in questions],
        "track": [question.track.value for question in questions],
        "is_multiple_choice": [question.is_multiple_choice for question in questions],
        "source": [row.source for row in rows],
        "language": [row.language for row in rows],
        "row_id": [row.row_id for row in rows],
        "group_id": [hashlib.blake2b((row.group or row.row_id).encode(), digest_size=12).hexdigest() for row in rows],
        "messages": pa.ListArray.from_arrays(pa.array(starts, pa.int32()), messages),
    }
    table = pa.table(columns, schema=SCHEMA)
    for field in PROVENANCE_FIELDS if provenance else ():
        values = [row.provenance and getattr(row.provenance, field.name) for row in rows]
        table = table.append_column(field, pa.array(values, pa.string()))
    return table


def to_questions(table: pa.Table) -> list[Question]:
    """The questions of the rows of a Parquet table."""
    return [
        Question(
            input_field=row["input_field"],
            output_field=decode_reference(TaskType(row["task_type"]), row["output_field"]),
            task_type=TaskType(row["task_type"]),
            task_name=row["task_name"],
            metric=Metric(row["metric"]),
            is_multiple_choice=row["is_multiple_choice"],
            track=Track(row["track"]),
        )
        for row in table.select(QUESTION_COLUMNS).to_pylist()
    ]


def encode_reference(reference: Reference) -> str:
    """A reference answer as the `output_field` column holds it."""
    return reference if isinstance(reference, str) else _JSON(reference)


def decode_reference(task_type: TaskType, text: str) -> Reference:
    """The reference answer back from the `output_field` column."""
    if not DEFINITIONS[task_type].is_json:
        return text
    reference: Reference = json.loads(text)
    return reference
