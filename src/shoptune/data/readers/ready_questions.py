"""Read questions that others wrote in the benchmark's form: JSON lines, JSON arrays or Parquet.

Fields: `input_field`, `output_field`, `task_type`, `metric`. Answers may be texts, numbers or lists, also as they are
printed: `3`, `[3, 9]`, `['steel']`. HTML entities stay: rendering replaces them.
"""

from __future__ import annotations

from collections.abc import Collection

from shoptune.data.readers.source_reader import SourceReader
from shoptune.data.readers.table import Table

READY_FILES = ("*.jsonl", "*.json", "*.parquet")

# Other names of the fields, as instruction data sets have them.
_NAMES = {
    "input_field": ("input_field", "question", "prompt", "instruction"),
    "context": ("input",),
    "output_field": ("output_field", "output", "answer", "response"),
    "task_type": ("task_type", "type"),
    "metric": ("metric",),
}
_COLUMNS = {name: "VARCHAR" for names in _NAMES.values() for name in names}


def read_ready_questions(reader: SourceReader, name: str) -> None:
    """Create a table (key, task_type, metric, question, answer, choice, numbers, entities).

    `question` is without the label of the answer at its end. `choice` is the answer as a number from 0 to 9, `numbers`
    as a list of numbers, `entities` as a list of texts; each is null where the answer is not of this form.

    Args:
        reader: reads the files.
        name: the table's name.
    """
    files = reader.find(*READY_FILES)
    lines, arrays, parquet = (
        [file for file in files if file.suffix == suffix] for suffix in (".jsonl", ".json", ".parquet")
    )
    parts = []
    if lines:
        reader.json_lines(Table(f"{name}_lines", lines, _COLUMNS))
        parts.append(f"SELECT {_fields(_COLUMNS)} FROM raw_{name}_lines")
    if arrays:
        reader.json_array(Table(f"{name}_arrays", arrays, _COLUMNS))
        parts.append(f"SELECT {_fields(_COLUMNS)} FROM raw_{name}_arrays")
    for file in parquet:
        known = [column for column in reader.parquet_columns(file) if column in _COLUMNS]
        parts.append(f"SELECT {_fields(known)} FROM {reader.parquet([file], known)}")
    reader.create(name, _QUERY.format(rows=" UNION ALL ".join(parts)))


def _fields(columns: Collection[str]) -> str:
    """SQL: the fields, each from the first of its names that is among the columns and not null."""
    chosen = []
    for field, names in _NAMES.items():
        known = [f"CAST({name} AS VARCHAR)" for name in names if name in columns]
        chosen.append(f"coalesce({', '.join([*known, 'NULL'])}) AS {field}")
    return ", ".join(chosen)


# A printed list of texts may be quoted as Python does.
_QUERY = r"""
    SELECT md5(concat_ws('|', question, answer)) AS key, task_type, metric, question, answer,
           CASE WHEN regexp_full_match(answer, '\d') THEN CAST(answer AS INTEGER) END AS choice,
           CASE WHEN regexp_full_match(answer, '\[? ?\d+(?: ?, ?\d+)* ?\]?')
                THEN CAST(regexp_extract_all(answer, '\d+') AS INTEGER[]) END AS numbers,
           CASE WHEN answer LIKE '[%]' THEN
                CASE WHEN json_valid(answer) THEN TRY_CAST(CAST(answer AS JSON) AS VARCHAR[])
                ELSE list_transform(regexp_extract_all(answer, '''[^'']*''|"[^"]*"'), lambda item: item[2:-2]) END
           END AS entities
    FROM (
      SELECT DISTINCT replace(replace(lower(trim(task_type)), '_', '-'), ' ', '-') AS task_type,
             lower(metric) AS metric,
             regexp_replace(trim(concat_ws(chr(10), input_field, nullif(trim(context), ''))),
                            '\s*\n?\s*(?:Answer|Output|Response)\s*:\s*$', '') AS question,
             trim(output_field) AS answer
      FROM ({rows}))
    WHERE question <> '' AND answer <> ''
    """
