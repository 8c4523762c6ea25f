"""A raw table: which files it is read from, and what a record looks like."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from shoptune.data.readers.malformed import Expected


@dataclass(frozen=True)
class Table:
    """A raw table, read from files.

    Attributes:
        name: in SQL the table is `raw_<name>`.
        files: the files to read.
        columns: names and DuckDB types; the table has one more column, `filename`.
        required: columns that every record has; a record without one of them is malformed.
    """

    name: str
    files: Sequence[Path]
    columns: Mapping[str, str]
    required: Sequence[str] = ()

    @property
    def expected(self) -> Expected:
        """The fields of a record."""
        return Expected(tuple(self.columns), self.required)

    @property
    def listed(self) -> str:
        """The columns in the form that DuckDB's readers take."""
        return "{" + ", ".join(f"{_text(name)}: {_text(kind)}" for name, kind in self.columns.items()) + "}"

    @property
    def is_malformed(self) -> str:
        """SQL: a record that lacks a required column, or has no value at all, which is what a broken line gives."""
        empty = " AND ".join(f"{identifier(name)} IS NULL" for name in self.columns)
        return " OR ".join([f"({empty})", *(f"{identifier(name)} IS NULL" for name in self.required)])


def identifier(name: str) -> str:
    """A column's name in SQL."""
    return '"' + name.replace('"', '""') + '"'


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
