"""MMLU, in any of its three forms; files of all forms may lie side by side or in folders.

Hub Parquet: `question, subject, choices, answer` (0-3). CSV with a header: `question, choice0..choice3, answer` (0-3).
The original release's CSV: no header, question, four choices, answer as a letter.

The hub's `auxiliary_train` wraps its columns in one, `train`. It has no subjects, nor has the original's folder of that
name, whose files (`race.csv`, `arc_easy.csv`) are called after where they are from: their subject is the empty text.
A download of the hub's whole repository has each question twice, under `all` and under its subject; it becomes one row.

The test split is left out: it is what models are compared on.

Table: mmlu(key, subject, question, choices, answer).
"""

from __future__ import annotations

import re
from pathlib import Path

from shoptune.data.readers.files import quoted
from shoptune.data.readers.source_reader import SourceReader
from shoptune.data.readers.table import Table
from shoptune.errors import fail

FILES = ("*.parquet", "*.csv")

_COLUMNS = ("question", "subject", "choices", "answer")
_CSV_COLUMNS = dict.fromkeys(("question", "choice0", "choice1", "choice2", "choice3", "answer"), "VARCHAR")

# The published test split: `test-00000-of-00001.parquet`, `marketing_test.csv`, or a folder `test`.
_TEST = re.compile(r"(?:^|[/_])test(?:-\d[^/]*)?(?:\.parquet|\.csv|/[^/]*)$")


def register(reader: SourceReader) -> None:
    """Create the source's table."""
    found = reader.find(*FILES)
    files = [file for file in found if not _TEST.search(file.as_posix())]
    if not files:
        raise fail(
            found[0].parent, "", "holds the test split alone", "add its dev, validation or auxiliary_train files"
        )
    if len(files) < len(found):
        reader.missing["files of the published test split, which is not trained on"] = len(found) - len(files)
    parquet = [file for file in files if file.suffix == ".parquet"]
    wrapped = [file for file in parquet if reader.parquet_columns(file) == ["train"]]
    flat = [file for file in parquet if file not in wrapped]
    tables = [file for file in files if file.suffix == ".csv"]
    with_header = [file for file in tables if _has_header(file)]
    original = [file for file in tables if file not in with_header]
    names, parts = ", ".join(_COLUMNS), []
    if wrapped:
        parts.append(f"SELECT {names} FROM (SELECT unnest(train) FROM read_parquet({quoted(wrapped)}))")
    if flat:
        parts.append(f"SELECT {names} FROM {reader.parquet(flat, _COLUMNS)}")
    if with_header:
        reader.csv(Table("mmlu_with_header", with_header, _CSV_COLUMNS))
        parts.append(_select("raw_mmlu_with_header", answer="TRY_CAST(answer AS INTEGER)"))
    if original:
        reader.csv(Table("mmlu_original", original, _CSV_COLUMNS), header=False)
        parts.append(_select("raw_mmlu_original", answer="ascii(upper(trim(answer))) - ascii('A')"))
    reader.create(
        "mmlu",
        f"""
        SELECT md5(concat_ws('|', subject, question, array_to_string(choices, '|'), answer)) AS key, {names}
        FROM (SELECT DISTINCT * REPLACE (coalesce(subject, '') AS subject) FROM ({" UNION ALL ".join(parts)}))
        """,
    )


def _select(table: str, *, answer: str) -> str:
    # The subject is the file's name without its split: marketing_test.csv.
    return f"""
        SELECT question,
               CASE WHEN regexp_matches(filename, '[/\\\\]auxiliary_train[/\\\\]') THEN ''
                    ELSE regexp_replace(parse_filename(filename, true), '_(dev|val|test)$', '') END AS subject,
               [choice0, choice1, choice2, choice3] AS choices,
               {answer} AS answer
        FROM {table}
        """


def _has_header(file: Path) -> bool:
    with file.open(encoding="utf-8", errors="replace") as lines:
        return lines.readline().strip().lower().startswith("question,")
