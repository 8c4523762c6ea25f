"""EC-Guide: questions in the benchmark's form that another team of the challenge wrote and trained on.

JSON lines, one file per kind of question, in folders (`MCQ/SAP.jsonl`) or not (`MCQ_SAP.jsonl`).

Table: ecguide(key, task_type, metric, question, answer, choice, numbers, entities); see `readers/ready_questions.py`.
"""

from __future__ import annotations

from shoptune.data.readers.ready_questions import READY_FILES, read_ready_questions
from shoptune.data.readers.source_reader import SourceReader

FILES = READY_FILES


def register(reader: SourceReader) -> None:
    """Create the source's table."""
    read_ready_questions(reader, "ecguide")
