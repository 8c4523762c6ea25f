"""ATOMIC 2020: common-sense knowledge about everyday events, as tab-separated lines without a header.

A line holds an event (`PersonX wears a blazer`), a relation (`xReact`) and what stands in it (`dignified`). `none` says
that annotators found nothing. The published development and test splits are left out.

Table: atomic(key, head, relation, tail).
"""

from __future__ import annotations

import re

from shoptune.data.readers.source_reader import SourceReader
from shoptune.data.readers.table import Table
from shoptune.errors import fail

FILES = ("*.tsv",)

_COLUMNS = {"head": "VARCHAR", "relation": "VARCHAR", "tail": "VARCHAR"}
_HELD_OUT = re.compile(r"(?:^|[/_-])(?:dev|test)\b[^/]*$")


def register(reader: SourceReader) -> None:
    """Create the source's table."""
    found = reader.find(*FILES)
    files = [file for file in found if not _HELD_OUT.search(file.as_posix())]
    if not files:
        raise fail(found[0].parent, "", "holds published development and test splits alone", "add train.tsv")
    if len(files) < len(found):
        reader.missing["files of published splits, which are not trained on"] = len(found) - len(files)
    reader.csv(Table("atomic", files, _COLUMNS), header=False, delimiter="\t")
    reader.create(
        "atomic",
        """
        SELECT md5(concat_ws('|', head, relation, tail)) AS key, head, relation, tail
        FROM (SELECT DISTINCT trim(head) AS head, trim(relation) AS relation, trim(tail) AS tail FROM raw_atomic)
        WHERE head <> '' AND relation <> '' AND tail <> '' AND lower(tail) <> 'none'
        """,
    )
