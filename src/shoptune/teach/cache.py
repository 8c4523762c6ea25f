"""Saved answers, so that no prompt is paid for twice: a SQLite database in the user's cache folder."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path
from types import TracebackType
from typing import Any

from shoptune.config.paths import plain
from shoptune.errors import fail
from shoptune.infer.chats import Chat
from shoptune.teach.backend import Reply, Teacher

FILE = "answers.sqlite"
_SECONDS_TO_WAIT = 60.0  # for another process that is writing
_TABLE = """
    CREATE TABLE IF NOT EXISTS answers (
        key TEXT PRIMARY KEY, teacher TEXT NOT NULL, text TEXT NOT NULL, prompt_tokens INTEGER NOT NULL,
        answer_tokens INTEGER NOT NULL, is_complete INTEGER NOT NULL
    ) WITHOUT ROWID
    """


def cache_key(teacher: Teacher, prompt: Chat) -> str:
    """Return the SHA-256 digest of everything that decides an answer: model, messages, schema and sampling."""
    sampling = [prompt.max_tokens, prompt.temperature, prompt.seed if prompt.temperature else 0]
    parts = [teacher.identity, list(prompt.messages), prompt.schema, sampling]
    return hashlib.sha256(json.dumps(plain(parts), sort_keys=True).encode()).hexdigest()


class AnswerCache:
    """The saved answers of all recipes and teachers.

    Several processes can use it together. When `add` returns, no kill of the process can lose the answers.

    Args:
        folder: the folder of the database; it is created.
        read_only: do not create or change anything.

    Raises:
        ShoptuneError: the file in the folder is not such a database.
    """

    def __init__(self, folder: Path, *, read_only: bool = False) -> None:
        self._file = folder / FILE
        self._connection: sqlite3.Connection | None = None
        if read_only and not self._file.is_file():
            return
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._connection = sqlite3.connect(self._file, timeout=_SECONDS_TO_WAIT, check_same_thread=False)
        try:
            if not read_only:
                self._connection.execute("PRAGMA journal_mode = WAL")
                self._connection.execute("PRAGMA synchronous = NORMAL")
                self._connection.execute(_TABLE)
            self._connection.execute("SELECT key FROM answers LIMIT 1")
        except sqlite3.DatabaseError as error:
            self._connection.close()
            raise fail(self._file, "", f"cannot be used ({error})", "delete it, or choose another --cache") from error

    def __enter__(self) -> AnswerCache:
        """Return the cache itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close the database."""
        if self._connection:
            self._connection.close()

    def find(self, keys: Iterable[str]) -> dict[str, Reply]:
        """Return the saved replies, by key."""
        found: dict[str, Reply] = {}
        if self._connection is None:
            return found
        query = "SELECT text, prompt_tokens, answer_tokens, is_complete FROM answers WHERE key = ?"
        with closing(self._connection.cursor()) as cursor:
            for key in dict.fromkeys(keys):
                row: tuple[Any, ...] | None = cursor.execute(query, (key,)).fetchone()
                if row:
                    found[key] = Reply(row[0], row[1], row[2], bool(row[3]))
        return found

    def add(self, teacher: Teacher, replies: Sequence[tuple[str, Reply]]) -> None:
        """Save replies by key, in one transaction; those of failed requests are not saved, and old ones are kept."""
        rows = [
            (key, teacher.name, reply.text, reply.prompt_tokens, reply.answer_tokens, int(reply.is_complete))
            for key, reply in replies
            if reply.failure is None
        ]
        if rows and self._connection:
            with self._connection:
                self._connection.executemany("INSERT OR IGNORE INTO answers VALUES (?, ?, ?, ?, ?, ?)", rows)
