"""The errors a user can mend: what is wrong, where, and what to do, in one line each."""

from __future__ import annotations

import difflib
import errno
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong.

    Attributes:
        file: the file or folder in which it is.
        where: the place in it (a key path, a line, a tensor name), or empty when it is the whole file.
        what: what was found.
        remedy: what the user should do.
    """

    file: str | Path
    where: str
    what: str
    remedy: str

    def __str__(self) -> str:
        """`<file>: <where>: <what>; <remedy>`, on one line whatever the parts hold."""
        place = ": ".join(part for part in (str(self.file), self.where) if part)
        return " ".join(f"{place}: {self.what}; {self.remedy}".split())


class ShoptuneError(Exception):
    """Something the user can mend; the command ends with one line a problem and exit status 2."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: Sequence[Problem] = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


# What the system refuses and a user can mend, with the remedy.
_REFUSALS = {
    errno.ENOSPC: "free some space, or name an --out on another disk",
    errno.EDQUOT: "free some space, or name an --out on another disk",
    errno.EROFS: "name a path on a disk that can be written to",
    errno.EACCES: "correct its permissions, or name another path",
    errno.EPERM: "correct its permissions, or name another path",
}


def refusal(error: OSError) -> Problem | None:
    """A refusal of the system's that a user can mend, such as a full disk; None for other errors."""
    if error.errno not in _REFUSALS:
        return None
    what = (error.strerror or str(error)).lower()
    return Problem(error.filename or "disk", "", what, _REFUSALS[error.errno])


def fail(file: str | Path, where: str, what: str, remedy: str) -> ShoptuneError:
    """The error for a single problem, ready to raise."""
    return ShoptuneError([Problem(file, where, what, remedy)])


def nearest(word: str, words: Iterable[str]) -> str:
    """A remedy that names the valid word nearest to a mistyped one, or lists the valid words."""
    valid = sorted(words)
    close = difflib.get_close_matches(word, valid, n=1, cutoff=0.6)
    return f"did you mean '{close[0]}'?" if close else f"valid: {', '.join(valid)}"


def key_path(location: Iterable[int | str]) -> str:
    """A place in a config as text: `adapters[1].weight`."""
    text = ""
    for part in location:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text


def shorten(value: object, limit: int = 60) -> str:
    """A value as Python writes it, cut to `limit` characters."""
    text = repr(value)
    return text if len(text) <= limit else text[: limit - 1] + "…"
