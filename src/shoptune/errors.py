"""Errors that the user can fix. Each states, on one line, the place, the problem and the remedy."""

from __future__ import annotations

import difflib
import errno
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Problem:
    """One problem.

    Attributes:
        file: the file, folder or option with the problem.
        where: the place in the file (a key path, a line, a tensor's name), or empty for the whole file.
        what: a description of the problem.
        remedy: an instruction for the user.
    """

    file: str | Path
    where: str
    what: str
    remedy: str

    def __str__(self) -> str:
        """`<file>: <where>: <what>; <remedy>`, always on a single line."""
        place = ": ".join(part for part in (str(self.file), self.where) if part)
        return " ".join(f"{place}: {self.what}; {self.remedy}".split())


class ShoptuneError(Exception):
    """An error that the user can fix; the command prints one line per problem and exits with status 2."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: Sequence[Problem] = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


# System errors that the user can fix, with their remedies.
_REFUSALS = {
    errno.ENOSPC: "free some space, or choose an --out on another disk",
    errno.EDQUOT: "free some space, or choose an --out on another disk",
    errno.ENOTDIR: "choose a folder",
    errno.EISDIR: "choose a file",
    errno.ENAMETOOLONG: "choose a shorter path",
    errno.EROFS: "choose a path on a writable disk",
    errno.EACCES: "correct its permissions, or choose another path",
    errno.EPERM: "correct its permissions, or choose another path",
}


def refusal(error: OSError) -> Problem | None:
    """Convert a system error that the user can fix, such as a full disk, into a problem; None for other errors."""
    if error.errno not in _REFUSALS:
        return None
    what = (error.strerror or str(error)).lower()
    return Problem(error.filename or "disk", "", what, _REFUSALS[error.errno])


def fail(file: str | Path, where: str, what: str, remedy: str) -> ShoptuneError:
    """Return the error for a single problem, to be raised by the caller."""
    return ShoptuneError([Problem(file, where, what, remedy)])


def nearest(word: str, words: Iterable[str], otherwise: str = "") -> str:
    """A remedy that names the valid word nearest to a mistyped one, or else `otherwise`, or all valid words."""
    valid = sorted(words)
    close = difflib.get_close_matches(word, valid, n=1, cutoff=0.6)
    return f"did you mean '{close[0]}'?" if close else otherwise or f"valid: {', '.join(valid)}"


def key_path(location: Iterable[int | str]) -> str:
    """Format a location in a config, such as `adapters[1].weight`."""
    text = ""
    for part in location:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text


def shorten(value: object, limit: int = 60) -> str:
    """Return the `repr` of a value, truncated to `limit` characters."""
    text = repr(value)
    return text if len(text) <= limit else text[: limit - 1] + "…"
