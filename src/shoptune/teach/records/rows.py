"""Views over the rows of a data set: `rows`, and `spoiled_rows`, some of them with a wrong answer."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shoptune.data.readers.files import quoted
from shoptune.shopbench.answers import answer_text
from shoptune.shopbench.options import choices, listing
from shoptune.shopbench.rows import decode_reference
from shoptune.shopbench.task_types._definition import join_numbers
from shoptune.shopbench.task_types.multiple_choice import MAX_OPTIONS
from shoptune.shopbench.task_types.retrieval import RETRIEVED
from shoptune.shopbench.vocabulary import TaskType

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

SPLITS = ("train", "validation")
SPOILED = 500  # the most rows to spoil
_FAR = 2
_SUFFIX = "/spoiled"  # of their ids, so that no join takes one for the row itself
_ROWS = """
    SELECT * EXCLUDE (messages), messages[-1].content AS answer,
           regexp_extract(filename, '([a-z]+)-[^/]*$', 1) AS split
    FROM read_parquet({files}, filename = true, union_by_name = true)"""


def create_row_views(connection: DuckDBPyConnection, folder: Path) -> None:
    """Create the views.

    - `rows`: the columns of the rows but `messages`; `answer`, the text that is learned; and `split`.
    - `spoiled_rows`: the same columns of up to 500 rows by the hash of their ids, of all tasks alike, with an `answer`
      that is wrong; their `row_id` ends with `/spoiled`.

    Args:
        connection: has no views of these names.
        folder: the artifact of `shoptune data build`.
    """
    import pyarrow as pa

    files = sorted(file for split in SPLITS for file in folder.glob(f"{split}-*.parquet"))
    connection.execute(f"CREATE VIEW rows AS {_ROWS.format(files=quoted(files))}")
    reader = connection.execute(
        f"""SELECT * EXCLUDE (nth)
            FROM (SELECT *, row_number() OVER (PARTITION BY task_name ORDER BY md5(row_id), row_id) AS nth FROM rows)
            ORDER BY nth, md5(row_id), row_id LIMIT {SPOILED}"""
    )
    table = reader.to_arrow_table()
    spoiled = list(_spoiled(table.to_pylist()))
    connection.register("spoiled_rows", pa.Table.from_pylist(spoiled, schema=table.schema))


def _spoiled(rows: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    for row in rows:
        others = [other["answer"] for other in rows if other["task_name"] == row["task_name"] and other is not row]
        wrong = wrong_answer(row, others)
        if wrong is not None:
            yield {**row, "row_id": row["row_id"] + _SUFFIX, "answer": wrong}


def wrong_answer(row: Mapping[str, Any], others: Sequence[str]) -> str | None:
    """Return a wrong answer in the form that the row's task type asks for, or None if there is none.

    Args:
        row: a row of the view `rows`.
        others: the answers of other rows of its task.
    """
    kind = TaskType(row["task_type"])
    rng = random.Random(row["row_id"])  # noqa: S311 - seeded, not a secret
    reference = decode_reference(kind, row["output_field"])
    if kind is TaskType.RANKING:
        gains = [float(gain) for gain in reference] if isinstance(reference, list) else []
        # The lowest gain first. If all are equal, every order is right.
        return answer_text(kind, [-gain for gain in gains]) if len(set(gains)) > 1 else None
    if kind is TaskType.RETRIEVAL and isinstance(reference, list):
        wrong = [number for number in listing(row["input_field"]).numbers if number not in reference]
        return join_numbers(sorted(rng.sample(wrong, RETRIEVED))) if len(wrong) >= RETRIEVED else None
    if kind is TaskType.MULTIPLE_CHOICE:
        return _another_choice(row["input_field"], int(str(reference)), rng)
    right = {_plain(text) for text in (reference if isinstance(reference, list) else [reference])}
    wrong_texts = [other for other in others if not {_plain(part) for part in (other, *other.split(","))} & right]
    return rng.choice(wrong_texts) if wrong_texts else None


def _another_choice(text: str, right: int, rng: random.Random) -> str | None:
    """The number of another option; without a list, a rating that is at least two steps away."""
    listed = [number for number in listing(text).numbers if number < MAX_OPTIONS]
    wrong = [number for number in listed or choices(text) if abs(number - right) >= (1 if listed else _FAR)]
    return str(rng.choice(wrong)) if wrong else None


def _plain(text: object) -> str:
    return " ".join(str(text).casefold().split())
