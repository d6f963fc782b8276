"""The log in a SQLite file.

A transaction is one write to the file's write-ahead log. The operating system has it when `commit` returns, so it
outlives the process however that ends; it is forced to the disk only when SQLite moves it into the file itself, so
the last moments may be lost where the machine loses power.
"""

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from simulator.server.log import Found, Unusable, Unwritten

_APPLICATION = 0x53696D31
"""Marks the file as ours."""
_SPAN = 1 << 40
"""So many commits a sandbox may have: a commit's place is its sandbox's number times this, plus its own."""

MIGRATIONS = (
    """
    CREATE TABLE sandbox (
        key INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE, about TEXT NOT NULL,
        image INTEGER NOT NULL DEFAULT 0, wake INTEGER
    ) STRICT;
    CREATE INDEX sandbox_wake ON sandbox (wake) WHERE wake IS NOT NULL;
    CREATE TABLE entry (place INTEGER PRIMARY KEY, data BLOB NOT NULL) STRICT;
    CREATE TABLE image (
        sandbox INTEGER NOT NULL, number INTEGER NOT NULL, part INTEGER NOT NULL, data BLOB NOT NULL,
        UNIQUE (sandbox, number, part)
    ) STRICT;
    CREATE TABLE credential (
        kind TEXT NOT NULL, id BLOB NOT NULL, secret BLOB NOT NULL, sandbox INTEGER NOT NULL, PRIMARY KEY (kind, id)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX credential_sandbox ON credential (sandbox);
    """,
)
"""What leads from one number of the format (SQLite's `user_version`) to the next; never changed, only added to."""


class SqliteLog:
    """Commits in a file that is this process's alone."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._database = sqlite3.connect(path, timeout=0, isolation_level=None, check_same_thread=False)
            self._prepare()
        except sqlite3.Error as problem:
            raise Unusable(f"{path}: {_explained(problem)}") from None

    def _prepare(self) -> None:
        run = self._database.execute
        run("PRAGMA locking_mode = EXCLUSIVE")
        version, application = run("PRAGMA user_version").fetchone()[0], run("PRAGMA application_id").fetchone()[0]
        empty = run("SELECT count(*) FROM sqlite_schema").fetchone()[0] == 0
        if application != _APPLICATION and not (empty and application == 0):
            raise Unusable(f"{self._path}: is a database of another program")
        if version > len(MIGRATIONS):
            raise Unusable(
                f"{self._path}: was written by a newer version (its format is {version}, this knows {len(MIGRATIONS)})"
            )
        if not empty and (found := run("PRAGMA quick_check(1)").fetchone()[0]) != "ok":
            raise Unusable(f"{self._path}: is damaged: {found.splitlines()[-1]}")
        run("PRAGMA journal_mode = WAL")
        run("PRAGMA synchronous = NORMAL")
        run("BEGIN EXCLUSIVE")  # whoever else has the file makes this fail; from now on nobody else gets it
        for number, script in enumerate(MIGRATIONS[version:], version + 1):
            for statement in filter(str.strip, script.split(";")):
                run(statement)
            run(f"PRAGMA user_version = {number}")
        run(f"PRAGMA application_id = {_APPLICATION}")
        run("COMMIT")

    @contextmanager
    def _whole(self) -> Iterator[sqlite3.Connection]:
        """What happens in the block happens in whole or not at all."""
        try:
            self._database.execute("BEGIN IMMEDIATE")
            yield self._database
            self._database.execute("COMMIT")
        except sqlite3.Error as problem:
            self._roll_back()
            raise Unwritten(f"the log {self._path} cannot be written: {problem}") from None

    def _roll_back(self) -> None:
        if self._database.in_transaction:
            self._database.execute("ROLLBACK")

    def _ask(self, question: str, *values: Any) -> Iterator[tuple[Any, ...]]:
        try:
            yield from self._database.execute(question, values)
        except sqlite3.Error as problem:
            raise Unusable(f"the log {self._path} cannot be read: {problem}") from None

    def names(self) -> list[str]:
        """The names of all sandboxes, in the order of their opening."""
        return [name for (name,) in self._ask("SELECT name FROM sandbox ORDER BY key")]

    def find(self, name: str) -> Found | None:
        """The sandbox of that name."""
        for key, about in self._ask("SELECT key, about FROM sandbox WHERE name = ?", name):
            return Found(key, name, json.loads(about))
        return None

    def count(self) -> int:
        """How many sandboxes there are."""
        (count,) = next(self._ask("SELECT count(*) FROM sandbox"))
        return int(count)

    def opened_by(self, kind: str, id: bytes) -> str | None:
        """The name of the sandbox that a credential opens; of its id there is a digest."""
        question = "SELECT name FROM credential JOIN sandbox ON sandbox = key WHERE kind = ? AND id = ?"
        return next((name for (name,) in self._ask(question, kind, id)), None)

    def locks(self, key: int) -> Sequence[tuple[str, bytes, bytes]]:
        """What opens a sandbox: kinds of credentials, with digests of id and secret."""
        return [*self._ask("SELECT kind, id, secret FROM credential WHERE sandbox = ?", key)]

    def lock(self, key: int, locks: Sequence[tuple[str, bytes, bytes]]) -> None:
        """Let these, and nothing else, open a sandbox."""
        with self._whole() as database:
            database.execute("DELETE FROM credential WHERE sandbox = ?", (key,))
            database.executemany("INSERT INTO credential VALUES (?, ?, ?, ?)", [(*lock, key) for lock in locks])

    def open(self, name: str, about: dict[str, Any], image: Sequence[bytes], wake: int | None) -> int:
        """Begin a sandbox with an image of it, number 0."""
        with self._whole() as database:
            row = (name, json.dumps(about), wake)
            key = database.execute("INSERT INTO sandbox (name, about, wake) VALUES (?, ?, ?)", row).lastrowid
            database.executemany("INSERT INTO image VALUES (?, 0, ?, ?)", [(key, *one) for one in enumerate(image)])
        return key or 0

    def read(self, key: int) -> Iterator[tuple[int, bytes]]:
        """The parts of the last image, then the commits after it; each with its number."""
        question = """SELECT number, data FROM image WHERE sandbox = ?
                      AND number = (SELECT image FROM sandbox WHERE key = sandbox) ORDER BY part"""
        yield from self._ask(question, key)
        begin = key * _SPAN
        question = """SELECT place - ?, data FROM entry WHERE place > ? + (SELECT image FROM sandbox WHERE key = ?)
                      AND place < ? ORDER BY place"""
        yield from self._ask(question, begin, begin, key, begin + _SPAN)

    def append(self, key: int, number: int, data: bytes, wake: tuple[int | None] | None = None) -> None:
        """Keep a commit under its number, and, where one is given, when the sandbox must be looked at."""
        with self._whole() as database:
            database.execute("INSERT INTO entry VALUES (?, ?)", (key * _SPAN + number, data))
            if wake is not None:
                database.execute("UPDATE sandbox SET wake = ? WHERE key = ?", (*wake, key))

    def wake(self, key: int, wake: int | None) -> None:
        """Keep when the sandbox must be looked at."""
        with self._whole() as database:
            database.execute("UPDATE sandbox SET wake = ? WHERE key = ?", (wake, key))

    def draft(self, key: int, number: int, part: int, data: bytes) -> None:
        """Keep a part of an image as of that commit, which counts for nothing until it is settled."""
        with self._whole() as database:
            if part == 0:
                database.execute("DELETE FROM image WHERE sandbox = ? AND number >= ?", (key, number))
            question = "INSERT INTO image SELECT key, ?, ?, ? FROM sandbox WHERE key = ?"  # it may be gone meanwhile
            database.execute(question, (number, part, data, key))

    def settle(self, key: int, number: int) -> None:
        """The image as of that commit is whole: what is older is deleted."""
        with self._whole() as database:
            database.execute("UPDATE sandbox SET image = ? WHERE key = ?", (number, key))
            database.execute("DELETE FROM image WHERE sandbox = ? AND number <> ?", (key, number))
            database.execute("DELETE FROM entry WHERE place > ? AND place <= ?", (key * _SPAN, key * _SPAN + number))

    def delete(self, key: int) -> None:
        """Forget a sandbox."""
        with self._whole() as database:
            database.execute("DELETE FROM sandbox WHERE key = ?", (key,))
            database.execute("DELETE FROM credential WHERE sandbox = ?", (key,))
            database.execute("DELETE FROM image WHERE sandbox = ?", (key,))
            database.execute("DELETE FROM entry WHERE place > ? AND place < ?", (key * _SPAN, (key + 1) * _SPAN))

    def due(self, now: int) -> list[str]:
        """The sandboxes that must be looked at by now."""
        return [name for (name,) in self._ask("SELECT name FROM sandbox WHERE wake <= ?", now)]

    def close(self) -> None:
        """End; what is in the write-ahead log moves into the file."""
        self._database.close()


def _explained(problem: sqlite3.Error) -> str:
    if "locked" in str(problem):
        return "another server has it; one process at a time can use it"
    if "not a database" in str(problem):
        return "is no SQLite database, or a damaged one"
    return str(problem)
