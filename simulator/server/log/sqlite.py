"""The log in a SQLite file.

A transaction is one write to the file's write-ahead log. The operating system has it when `commit` returns, so it
outlives the process however that ends; it is forced to the disk only when SQLite moves it into the file itself, so
the last moments may be lost where the machine loses power.
"""

import json
import secrets
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from simulator.core import instant
from simulator.server.clock import machine_now
from simulator.server.log import Found, Unusable, Unwritten

_APPLICATION = 0x53696D31
"""Marks the file as ours."""
_SPAN = 1 << 40
"""So many commits a sandbox may have: a commit's place is its sandbox's number times this, plus its own."""

MIGRATIONS = (
    """
    CREATE TABLE sandbox (
        key INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE, about TEXT NOT NULL,
        image INTEGER NOT NULL DEFAULT 0, drafter TEXT, wake INTEGER
    ) STRICT;
    CREATE INDEX sandbox_wake ON sandbox (wake) WHERE wake IS NOT NULL;
    CREATE TABLE entry (place INTEGER PRIMARY KEY, data BLOB NOT NULL) STRICT;
    CREATE TABLE image (
        sandbox INTEGER NOT NULL, number INTEGER NOT NULL, part INTEGER NOT NULL, data BLOB NOT NULL,
        UNIQUE (sandbox, number, part)
    ) STRICT;
    CREATE TABLE credential (
        kind TEXT NOT NULL, id TEXT NOT NULL, sandbox INTEGER NOT NULL, PRIMARY KEY (kind, id)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX credential_sandbox ON credential (sandbox);
    CREATE TABLE process (owner TEXT PRIMARY KEY, seen INTEGER NOT NULL) STRICT, WITHOUT ROWID;
    """,
)
"""What leads from one number of the format (SQLite's `user_version`) to the next; never changed, only added to."""


PATIENCE = 10.0
"""Seconds that a process waits for another to end its transaction."""
DEAD_AFTER = 5 * instant.SECOND
"""A process that has not said for so long that it is alive is taken for dead."""


class SqliteLog:
    """Commits in a file: this process's alone, or, `shared`, of several on one machine."""

    def __init__(self, path: Path, *, shared: bool = False) -> None:
        self._path = path
        self.shared = shared
        self._begun = False
        self.owner = secrets.token_hex(8)
        try:
            self._database = sqlite3.connect(
                path, timeout=PATIENCE if shared else 0, isolation_level=None, check_same_thread=False
            )
            self._prepare()
        except sqlite3.Error as problem:
            raise Unusable(f"{path}: {_explained(problem)}") from None

    def _prepare(self) -> None:
        run = self._database.execute
        if not self.shared:
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
        run(
            "BEGIN EXCLUSIVE"
        )  # where it is not shared, whoever else has the file makes this fail, and nobody else gets it
        version = run("PRAGMA user_version").fetchone()[0]  # another process may have been first
        for number, script in enumerate(MIGRATIONS[version:], version + 1):
            for statement in filter(str.strip, script.split(";")):
                run(statement)
            run(f"PRAGMA user_version = {number}")
        run(f"PRAGMA application_id = {_APPLICATION}")
        run("COMMIT")

    @contextmanager
    def _whole(self) -> Iterator[sqlite3.Connection]:
        """What happens in the block happens in whole or not at all; within `begin` and `end` it is a part of that."""
        if self._begun:
            try:
                yield self._database
            except sqlite3.Error as problem:
                raise self._unwritten(problem) from None
            return
        try:
            self._database.execute("BEGIN IMMEDIATE")
            yield self._database
            self._database.execute("COMMIT")
        except sqlite3.Error as problem:
            self._roll_back()
            raise self._unwritten(problem) from None

    def _unwritten(self, problem: sqlite3.Error) -> Unwritten:
        return Unwritten(f"the log {self._path} cannot be written: {problem}")

    def _roll_back(self) -> None:
        if self._database.in_transaction:
            self._database.execute("ROLLBACK")

    def _ask(self, question: str, *values: Any) -> Iterator[tuple[Any, ...]]:
        try:
            yield from self._database.execute(question, values)
        except sqlite3.Error as problem:
            raise Unusable(f"the log {self._path} cannot be read: {problem}") from None

    # Several processes.

    def version(self) -> int:
        """Another number whenever another process has committed anything."""
        return next(self._ask("PRAGMA data_version"))[0] if self.shared else 0

    def newest(self, key: int) -> tuple[int, int] | None:
        """The numbers of the last image and the last commit of a sandbox; None when it was deleted."""
        begin = key * _SPAN
        question = """SELECT image, (SELECT max(place) FROM entry WHERE place > ? AND place < ?)
                      FROM sandbox WHERE key = ?"""
        for image, place in self._ask(question, begin, begin + _SPAN, key):
            return image, max(image, (place or 0) - begin)
        return None

    def since(self, key: int, number: int) -> list[tuple[int, bytes]]:
        """The commits after that number."""
        begin = key * _SPAN
        question = "SELECT place - ?, data FROM entry WHERE place > ? AND place < ? ORDER BY place"
        return [*self._ask(question, begin, begin + number, begin + _SPAN)]

    def begin(self) -> None:
        """Let nobody else commit until `end`."""
        try:
            self._database.execute("BEGIN IMMEDIATE")
        except sqlite3.Error as problem:
            raise self._unwritten(problem) from None
        self._begun = True

    def end(self, *, well: bool) -> None:
        """What was appended since `begin` is kept, or, where not all is well, forgotten."""
        self._begun = False
        try:
            self._database.execute("COMMIT" if well else "ROLLBACK")
        except sqlite3.Error as problem:
            self._roll_back()
            if well:
                raise self._unwritten(problem) from None

    def beat(self) -> None:
        """Say that this process is alive."""
        if self.shared:
            with self._whole() as database:
                now = machine_now()
                database.execute("INSERT OR REPLACE INTO process VALUES (?, ?)", (self.owner, now))
                database.execute("DELETE FROM process WHERE seen < ?", (now - 12 * DEAD_AFTER,))

    def alive(self) -> frozenset[str]:
        """The processes that have said so lately."""
        if not self.shared:
            return frozenset((self.owner,))
        question = "SELECT owner FROM process WHERE seen > ?"
        return frozenset({self.owner, *(owner for (owner,) in self._ask(question, machine_now() - DEAD_AFTER))})

    # Sandboxes.

    def names(self) -> list[str]:
        """The names of all sandboxes, in the order of their opening."""
        return [name for (name,) in self._ask("SELECT name FROM sandbox ORDER BY key")]

    def find(self, name: str) -> Found | None:
        """The sandbox of that name."""
        for key, about in self._ask("SELECT key, about FROM sandbox WHERE name = ?", name):
            return Found(key, name, json.loads(about))
        return None

    def opened_by(self, kind: str, id: str) -> str | None:
        """The name of the sandbox that a credential opens."""
        question = "SELECT name FROM credential JOIN sandbox ON sandbox = key WHERE kind = ? AND id = ?"
        return next((name for (name,) in self._ask(question, kind, id)), None)

    def open(
        self, name: str, about: dict[str, Any], credentials: Sequence[tuple[str, str]], image: Sequence[bytes],
        wake: int | None,
    ) -> int | None:  # fmt: skip
        """Begin a sandbox with an image of it, number 0; None where there is one of that name."""
        with self._whole() as database:
            row = (name, json.dumps(about), wake)
            question = "INSERT INTO sandbox (name, about, wake) VALUES (?, ?, ?) ON CONFLICT DO NOTHING"
            if database.execute(question, row).rowcount == 0:
                return None
            [key] = database.execute("SELECT key FROM sandbox WHERE name = ?", (name,)).fetchone()
            database.executemany("INSERT INTO credential VALUES (?, ?, ?)", [(*one, key) for one in credentials])
            database.executemany("INSERT INTO image VALUES (?, 0, ?, ?)", [(key, *one) for one in enumerate(image)])
        return int(key)

    def read(self, key: int) -> Iterator[tuple[int, bytes]]:
        """The parts of the last image, then the commits after it; each with its number."""
        question = """SELECT number, data FROM image WHERE sandbox = ?
                      AND number = (SELECT image FROM sandbox WHERE key = sandbox) ORDER BY part"""
        whole = not self._database.in_transaction
        if whole:
            self._database.execute("BEGIN")  # so that both are read as of one moment
        try:
            image = [*self._ask(question, key)]
            yield from [*image, *self.since(key, image[0][0] if image else 0)]
        finally:
            if whole:
                self._roll_back()

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
        """Keep a part of an image as of that commit, which counts for nothing until it is settled.

        Who begins one takes it away from whoever is at it.
        """
        with self._whole() as database:
            if part == 0:
                database.execute("UPDATE sandbox SET drafter = ? WHERE key = ?", (self.owner, key))
                question = "DELETE FROM image WHERE sandbox = ? AND number <> (SELECT image FROM sandbox WHERE key = ?)"
                database.execute(question, (key, key))
            question = "INSERT INTO image SELECT key, ?, ?, ? FROM sandbox WHERE key = ? AND drafter = ?"
            database.execute(question, (number, part, data, key, self.owner))

    def settle(self, key: int, number: int) -> None:
        """The image as of that commit is whole: what is older is deleted."""
        with self._whole() as database:
            question = "UPDATE sandbox SET image = ?, drafter = NULL WHERE key = ? AND drafter = ?"
            if database.execute(question, (number, key, self.owner)).rowcount == 0:
                return
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
