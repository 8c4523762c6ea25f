"""MMLU, in any of its three forms; files of all forms may lie side by side or in folders.

Hub Parquet: `question, subject, choices, answer` (0-3). CSV with a header: `question, choice0..choice3, answer` (0-3).
The original release's CSV: no header, question, four choices, answer as a letter.

The hub's `auxiliary_train` wraps its columns in one, `train`. It has no subjects, nor has the original's folder of that
name, whose files (`race.csv`, `arc_easy.csv`) are called after where they are from: their subject is the empty text.
Whoever downloads the hub's whole repository has every question twice, under `all` and under its subject: it is one row.

Table: mmlu(key, subject, question, choices, answer).
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from shoptune.data.sources.files import find, quoted

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_COLUMNS = "question, subject, choices, answer"


def register(connection: DuckDBPyConnection, directory: Path) -> None:
    """Create the source's table."""
    files = find(directory, "*.parquet", "*.csv")
    parquet = [file for file in files if file.suffix == ".parquet"]
    tables = [file for file in files if file.suffix == ".csv"]
    with_header = [file for file in tables if _has_header(file)]
    original = [file for file in tables if file not in with_header]
    parts = []
    wrapped = [file for file in parquet if _is_wrapped(connection, file)]
    flat = [file for file in parquet if file not in wrapped]
    if wrapped:
        parts.append(f"SELECT {_COLUMNS} FROM (SELECT unnest(train) FROM read_parquet({quoted(wrapped)}))")
    if flat:
        parts.append(f"SELECT {_COLUMNS} FROM read_parquet({quoted(flat)})")
    if with_header:
        parts.append(_select(with_header, header=True, answer="TRY_CAST(answer AS INTEGER)"))
    if original:
        parts.append(_select(original, header=False, answer="ascii(upper(trim(answer))) - ascii('A')"))
    connection.execute(f"""
        CREATE VIEW mmlu AS
        SELECT md5(concat_ws('|', subject, question, array_to_string(choices, '|'), answer)) AS key, {_COLUMNS}
        FROM (SELECT DISTINCT * REPLACE (coalesce(subject, '') AS subject) FROM ({" UNION ALL ".join(parts)}))
        """)


def _select(files: list[Path], *, header: bool, answer: str) -> str:
    names = ["question", "choice0", "choice1", "choice2", "choice3", "answer"]
    columns = ", ".join(f"'{name}': 'VARCHAR'" for name in names)
    # The subject is the file's name without its split: marketing_test.csv.
    return f"""
        SELECT question,
               CASE WHEN regexp_matches(filename, '[/\\\\]auxiliary_train[/\\\\]') THEN ''
                    ELSE regexp_replace(parse_filename(filename, true), '_(dev|val|test)$', '') END AS subject,
               [choice0, choice1, choice2, choice3] AS choices,
               {answer} AS answer
        FROM read_csv({quoted(files)}, header = {header}, columns = {{{columns}}}, delim = ',', quote = '"',
                      escape = '"', filename = true)
        """


def _is_wrapped(connection: DuckDBPyConnection, file: Path) -> bool:
    columns = connection.execute("SELECT column_name FROM (DESCRIBE SELECT * FROM read_parquet(?))", [str(file)])
    return columns.fetchall() == [("train",)]


def _has_header(file: Path) -> bool:
    with file.open(encoding="utf-8") as lines:
        return lines.readline().strip().lower().startswith("question,")
