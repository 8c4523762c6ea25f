"""Rows with a wrong answer on purpose, to see whether a judge notices."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from shoptune.errors import fail
from shoptune.shopbench.answers import answer_text
from shoptune.shopbench.options import choices, listing
from shoptune.shopbench.rows import decode_reference
from shoptune.shopbench.task_types.multiple_choice import MAX_OPTIONS
from shoptune.shopbench.task_types.retrieval import RETRIEVED
from shoptune.shopbench.vocabulary import TaskType
from shoptune.teach.views import Sources

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

SPOILED = 500  # the most rows to spoil
_SUFFIX = "/spoiled"  # of their ids, so that no join takes one for the row itself
_FAR = 2  # a rating one step away may be right as well
# The first rows of each task, by the hash of their ids.
_CHOSEN = f"""
    SELECT * EXCLUDE (nth)
    FROM (SELECT row_id, task_name, task_type, input_field, output_field, messages[-1].content AS answer,
                 row_number() OVER (PARTITION BY task_name ORDER BY md5(row_id), row_id) AS nth FROM rows)
    ORDER BY nth, md5(row_id), row_id LIMIT {SPOILED}"""


def create(connection: DuckDBPyConnection, sources: Sources) -> None:  # noqa: ARG001 - all views have one signature
    """Create `spoiled_rows(row_id, task_name, task_type, input_field, output_field, answer)`.

    It has up to 500 rows, of all tasks alike. Their `answer` is wrong, and their `row_id` ends with `/spoiled`.

    Raises:
        ShoptuneError: there are no rows.
    """
    import duckdb
    import pyarrow as pa

    try:
        chosen = connection.sql(_CHOSEN).to_arrow_table()
    except duckdb.CatalogException as error:
        remedy = "pass an artifact of `shoptune data build` with --tables"
        raise fail("--tables", "", "the query reads `spoiled_rows`, but there are no rows", remedy) from error
    spoiled = pa.Table.from_pylist(list(_spoiled(chosen.to_pylist())), schema=chosen.schema)
    connection.register("spoiled", spoiled)
    connection.execute("CREATE TABLE spoiled_rows AS FROM spoiled")
    connection.unregister("spoiled")


def _spoiled(rows: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    for row in rows:
        others = [other["answer"] for other in rows if other["task_name"] == row["task_name"] and other is not row]
        wrong = wrong_answer(row, others)
        if wrong is not None:
            yield {**row, "row_id": row["row_id"] + _SUFFIX, "answer": wrong}


def wrong_answer(row: Mapping[str, Any], others: Sequence[str]) -> str | None:
    """Return a wrong answer in the form that the row's task type asks for, or None if there is none.

    Args:
        row: its `row_id`, which decides what is drawn, `task_type`, `input_field` and `output_field`.
        others: the answers of other rows of its task.
    """
    kind, text = TaskType(row["task_type"]), row["input_field"]
    rng = random.Random(row["row_id"])  # noqa: S311 - seeded, not a secret
    reference = decode_reference(kind, row["output_field"])
    if kind is TaskType.MULTIPLE_CHOICE:
        return _another_choice(text, int(str(reference)), rng)
    if kind is TaskType.RETRIEVAL and isinstance(reference, list):
        wrong = [number for number in listing(text).numbers if number not in reference]
        return answer_text(kind, sorted(rng.sample(wrong, RETRIEVED))) if len(wrong) >= RETRIEVED else None
    if kind is TaskType.RANKING and isinstance(reference, list):
        worst = [-float(gain) for gain in reference]  # the lowest gain first
        return answer_text(kind, worst) if len(set(worst)) > 1 else None
    right = {_plain(each) for each in (reference if isinstance(reference, list) else [reference])}
    wrong_texts = [other for other in others if not {_plain(part) for part in (other, *other.split(","))} & right]
    return rng.choice(wrong_texts) if wrong_texts else None


def _another_choice(text: str, right: int, rng: random.Random) -> str | None:
    """The number of another option; without a list, a rating that is at least two steps away."""
    listed = [number for number in listing(text).numbers if number < MAX_OPTIONS]
    wrong = [number for number in listed or choices(text) if abs(number - right) >= (1 if listed else _FAR)]
    return str(rng.choice(wrong)) if wrong else None


def _plain(text: object) -> str:
    return " ".join(str(text).casefold().split())
