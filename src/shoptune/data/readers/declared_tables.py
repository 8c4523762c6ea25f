"""The tables that a recipe declares under `tables:`, with the files that they are read from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from glob import glob, has_magic
from pathlib import Path
from typing import Any

from shoptune.data.readers.files import refuse_lfs_pointers
from shoptune.data.recipe import Task
from shoptune.errors import Problem, ShoptuneError

_FORMATS = (".csv", ".tsv", ".jsonl", ".ndjson", ".json", ".parquet")
_COMPRESSIONS = (".gz", ".zst")


@dataclass(frozen=True)
class DeclaredTable:
    """One table.

    Attributes:
        files: the files that it is read from, sorted by path.
        columns: DuckDB types of columns whose type is not inferred.
        sample_by: the column whose values a sample keeps or drops as a whole, or None.
    """

    files: tuple[Path, ...]
    columns: Mapping[str, str]
    sample_by: str | None


@dataclass(frozen=True)
class DeclaredTables:
    """The tables of one recipe.

    Attributes:
        recipe: the recipe's file.
        tables: its tables, by name.
    """

    recipe: Path
    tables: Mapping[str, DeclaredTable]

    def __str__(self) -> str:
        """The recipe's file, for messages."""
        return str(self.recipe)

    @property
    def files(self) -> list[Path]:
        """The files of all tables, each one once."""
        return sorted({file for table in self.tables.values() for file in table.files})

    def inputs(self, prefix: str) -> dict[str, Path]:
        """The files as a stage's inputs."""
        return {
            f"{prefix}/{name}/{number}-{file.name}": file
            for name, table in self.tables.items()
            for number, file in enumerate(table.files)
        }

    def settings(self) -> dict[str, Any]:
        """Everything that determines the tables, other than the files, as JSON values."""
        return {
            name: {"columns": dict(table.columns), "sample_by": table.sample_by} for name, table in self.tables.items()
        }


def format_of(file: Path) -> str:
    """A file's suffix without that of its compression: `.csv` for `reviews.csv.gz`."""
    return Path(file.stem).suffix.lower() if file.suffix in _COMPRESSIONS else file.suffix.lower()


def declared_tables(task: Task) -> DeclaredTables:
    """The tables of a task's recipe. Paths are relative to the recipe, then to the current folder.

    Raises:
        ShoptuneError: a pattern matches no file, or a file is not in a format that can be read; all problems together.
    """
    found, problems = {}, []
    for name, declared in task.tables.items():
        files: set[Path] = set()
        for pattern in declared.files:
            matches = _matches(task.file, pattern)
            files.update(matches)
            where = f"tables.{name}"
            if not matches:
                what = f"no file matches '{pattern}' in {task.file.absolute().parent} or in the current folder"
                problems.append(Problem(task.file, where, what, "correct the path"))
            problems += [
                Problem(task.file, where, f"{file} is in a format that is not known", f"valid: {_known_formats()}")
                for file in matches
                if format_of(file) not in _FORMATS
            ]
        found[name] = DeclaredTable(tuple(sorted(files)), declared.columns, declared.sample_by)
    if problems:
        raise ShoptuneError(problems)
    refuse_lfs_pointers({file for table in found.values() for file in table.files})
    return DeclaredTables(task.file, found)


def _known_formats() -> str:
    return f"{', '.join(_FORMATS)}, also with {' or '.join(_COMPRESSIONS)}"


def _matches(recipe: Path, pattern: str) -> list[Path]:
    for folder in (recipe.parent, Path()):
        if (folder / pattern).is_file():
            return [folder / pattern]
        if has_magic(pattern):
            found = [Path(name) for name in glob(str(folder / pattern), recursive=True)]  # noqa: PTH207 - may be absolute
            if files := [file for file in found if file.is_file()]:
                return files
    return []
