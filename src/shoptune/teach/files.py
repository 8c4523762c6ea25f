"""The files of a teacher's table: the table itself, what was rejected, a summary, and the calls of the run."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shoptune.data.readers.files import quoted
from shoptune.data.tables.teacher import TABLE_FILE
from shoptune.errors import fail
from shoptune.shopbench.provenance import PROVENANCE
from shoptune.teach.backend import Price, Reply, Teacher
from shoptune.teach.config import NUMBER, TeacherRecipe
from shoptune.teach.rows import FAILED, Outcome
from shoptune.teach.schema import arrow_type

if TYPE_CHECKING:
    import pyarrow as pa

REJECTED, SUMMARY, CALLS = "rejected.jsonl", "summary.json", "calls.json"


def table_schema(recipe: TeacherRecipe, key_types: Mapping[str, pa.DataType]) -> pa.Schema:
    """Return the columns of a recipe's table: key, number, answer, provenance."""
    import pyarrow as pa

    fields = [(name, key_types[name]) for name in recipe.key]
    fields += [(NUMBER, pa.int64())] if recipe.is_numbered else []
    fields += [(name, arrow_type(schema)) for name, schema in recipe.columns.items()]
    return pa.schema([*fields, *((name, pa.string()) for name in PROVENANCE)])


@dataclass
class Totals:
    """Counts over all records.

    Attributes:
        records: the records.
        rows: the rows of the table.
        rejected: answers and elements that are not in the table, by reason.
        failed: requests that failed for good.
        prompts: the cache keys of all prompts.
        prompt_tokens: the tokens of the different prompts that have an answer.
        answer_tokens: the tokens of their answers.
    """

    records: int = 0
    rows: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    failed: int = 0
    prompts: set[str] = field(default_factory=set)
    prompt_tokens: int = 0
    answer_tokens: int = 0

    def add(self, outcome: Outcome, replies: Mapping[str, Reply]) -> None:
        """Count one record."""
        self.records += 1
        self.rows += len(outcome.rows)
        self.rejected.update(each.reason for each in outcome.rejected)
        for key, reply in replies.items():
            if key not in self.prompts:
                self.prompts.add(key)
                self.failed += reply.failure is not None
                self.prompt_tokens += reply.prompt_tokens
                self.answer_tokens += reply.answer_tokens


class TableWriter:
    """Writes the table and the rejected answers, record by record; use it in a `with` block.

    Args:
        directory: the artifact's folder.
        schema: the columns, from `table_schema`.
    """

    def __init__(self, directory: Path, schema: pa.Schema) -> None:
        import pyarrow.parquet as pq

        self._schema = schema
        self._writer = pq.ParquetWriter(directory / TABLE_FILE, schema, compression="zstd")
        self._rejected = (directory / REJECTED).open("w", encoding="utf-8")

    def __enter__(self) -> TableWriter:
        """Return the writer itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close both files."""
        self._writer.close()
        self._rejected.close()

    def write(self, outcomes: Sequence[Outcome]) -> None:
        """Append the rows and the rejected answers of several records."""
        import pyarrow as pa

        rows = [row for outcome in outcomes for row in outcome.rows]
        if rows:
            self._writer.write_table(pa.Table.from_pylist(rows, schema=self._schema))
        for rejected in (each for outcome in outcomes for each in outcome.rejected):
            line = {**rejected.key, "reason": rejected.reason, "answer": rejected.answer}
            self._rejected.write(json.dumps(line, ensure_ascii=False, default=str) + "\n")


def write_summary(directory: Path, recipe: TeacherRecipe, file: Path, teacher: Teacher, totals: Totals) -> None:
    """Write summary.json: the same for the same records and answers, whether they were asked now or earlier."""
    price: Price = recipe.backend.price
    summary = {
        "table": recipe.table,
        "teacher_model": teacher.name,
        "prompt_version": recipe.prompt_version,
        "licence": recipe.licence,
        "records": totals.records,
        "prompts": len(totals.prompts),
        "rows": totals.rows,
        "rejected": dict(sorted(totals.rejected.items())),
        "failed": totals.failed,
        "tokens": {"prompts": totals.prompt_tokens, "answers": totals.answer_tokens},
        "cost": price.of(totals.prompt_tokens, totals.answer_tokens),
        "report": _report(directory, recipe, file),
    }
    (directory / SUMMARY).write_text(json.dumps(summary, indent=2, ensure_ascii=False, default=str) + "\n", "utf-8")


def summary_line(directory: Path) -> str:
    """Describe a finished table in one line, and each value of its report in another."""
    summary = json.loads((directory / SUMMARY).read_text(encoding="utf-8"))
    rejected = {reason: count for reason, count in summary["rejected"].items() if not reason.startswith(FAILED)}
    line = f"{summary['table']}: {summary['rows']} rows from {summary['records']} records"
    if rejected:
        most = ", ".join(f"{count} {reason}" for reason, count in Counter(rejected).most_common(3))
        line += f"; rejected: {sum(rejected.values())} ({most})"
    if summary["failed"]:
        line += f"; failed requests: {summary['failed']}, which --force repeats"
    return "\n".join([line, *(f"{name}: {value}" for name, value in summary["report"].items())])


def _report(directory: Path, recipe: TeacherRecipe, file: Path) -> dict[str, Any]:
    """Run the recipe's queries over the table and the rejected answers."""
    import duckdb

    if not recipe.report:
        return {}
    values = {}
    with duckdb.connect() as connection:
        connection.execute(f"CREATE VIEW answers AS FROM read_parquet({quoted([directory / TABLE_FILE])})")
        rejected = "columns = {reason: 'VARCHAR', answer: 'JSON'}, format = 'newline_delimited'"
        source = f"read_json({quoted([directory / REJECTED])}, {rejected})"
        connection.execute(f"CREATE VIEW rejected AS FROM {source}")
        connection.execute(f"SET allowed_directories = {quoted([directory.absolute()])}")
        connection.execute("SET enable_external_access = false")
        for name, query in recipe.report.items():
            try:
                rows = connection.execute(query).fetchall()
            except duckdb.Error as error:
                what = str(error).strip().partition("\n")[0]
                raise fail(file, f"report.{name}", what, "correct the query; the answers are saved") from error
            values[name] = rows[0][0] if rows else None
    return values
