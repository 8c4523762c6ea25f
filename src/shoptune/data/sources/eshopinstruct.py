"""EshopInstruct: the training questions of paper 003, 63,972 rows of all five task types.

Its files were not available when this was written: the fields may have the benchmark's names (`input_field`,
`output_field`, `task_type`) or those of instruction data (`instruction`, `input`, `output`).

Table: eshopinstruct(key, task_type, metric, question, answer, choice, numbers, entities); see
`readers/ready_questions.py`.
"""

from __future__ import annotations

from shoptune.data.readers.ready_questions import READY_FILES, read_ready_questions
from shoptune.data.readers.source_reader import SourceReader

FILES = READY_FILES


def register(reader: SourceReader) -> None:
    """Create the source's table."""
    read_ready_questions(reader, "eshopinstruct")
