"""The log in a SQLite file.

A transaction is one write to the file's write-ahead log. The operating system has it when a commit returns, so it
outlives the process however that ends; it is forced to the disk only when SQLite moves it into the file itself, so the
last moments may be lost where the machine loses power.
"""

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from time import monotonic, sleep
from typing import Any

from simulator.server.log import Unusable
from simulator.server.log.sql import Rows, SqlLog

_APPLICATION = 0x53696D31
"""Marks the file as ours."""
PATIENCE = 10.0
"""Seconds that a process waits at its start for another to end its transaction."""
STEP = 3.0
"""The same for a step: whoever waits must say in time that it is alive (`DEAD_AFTER`)."""

MIGRATIONS = (
    """
    CREATE TABLE sandbox (
        key INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE, about TEXT NOT NULL,
        image INTEGER NOT NULL DEFAULT 0, drafter TEXT, wake INTEGER, used INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX sandbox_wake ON sandbox (wake) WHERE wake IS NOT NULL;
    CREATE INDEX sandbox_used ON sandbox (used);
    CREATE TABLE entry (
        sandbox INTEGER NOT NULL, number INTEGER NOT NULL, data BLOB NOT NULL, UNIQUE (sandbox, number)
    ) STRICT;
    CREATE TABLE image (
        sandbox INTEGER NOT NULL, number INTEGER NOT NULL, part INTEGER NOT NULL, data BLOB NOT NULL,
        UNIQUE (sandbox, number, part)
    ) STRICT;
    CREATE TABLE credential (
        kind TEXT NOT NULL, id BLOB NOT NULL, secret BLOB NOT NULL, sandbox INTEGER NOT NULL, PRIMARY KEY (kind, id)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX credential_sandbox ON credential (sandbox);
    CREATE TABLE process (owner TEXT PRIMARY KEY, seen INTEGER NOT NULL) STRICT, WITHOUT ROWID;
    """,
    """
    ALTER TABLE process ADD COLUMN address TEXT;
    CREATE TABLE secret (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID;
    """,
)
"""What leads from one number of the format (SQLite's `user_version`) to the next; never changed, only added to."""


class SqliteLog(SqlLog):
    """Commits in a file: this process's alone, or, `shared`, of several on one machine."""

    errors = sqlite3.Error

    def __init__(self, path: Path, *, shared: bool = False) -> None:
        super().__init__()
        self.where = str(path)
        self.shared = shared
        self._patience = PATIENCE if shared else 0
        try:
            self._database = sqlite3.connect(
                path, timeout=self._patience, isolation_level=None, check_same_thread=False
            )
            with ExitStack() as stack:
                stack.callback(self._database.close)  # who is refused must not stand in the way of others
                self._prepare()
                stack.pop_all()
            self._file = self._found()
        except sqlite3.Error as problem:
            raise Unusable(f"{path}: {_explained(problem)}") from None

    def _prepare(self) -> None:
        if not self.shared:
            self.run("PRAGMA locking_mode = EXCLUSIVE")
        with self._alone():
            if self._is_new():
                self._migrate()
        if (found := self._pragma("quick_check(1)")) != "ok":
            raise Unusable(f"{self.where}: is damaged: {found.splitlines()[-1]}")
        with self._alone():
            self._migrate()
        self._write_ahead()
        self.run("PRAGMA synchronous = NORMAL")
        if self.shared:
            self.run(f"PRAGMA busy_timeout = {STEP * 1_000:.0f}")

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """What is looked at in the block stays as it is until the block has changed it.

        Fails where somebody has the file for himself, or is to have it no more.
        """
        self.run("BEGIN EXCLUSIVE")
        try:
            yield
            self.run("COMMIT")
        except BaseException:
            self._roll_back()
            raise

    def _is_new(self) -> bool:
        """Whether nobody has written to the file yet; who has must have been one of us."""
        application = self._pragma("application_id")
        empty: bool = self.run("SELECT count(*) FROM sqlite_schema").fetchall()[0][0] == 0
        if application != _APPLICATION and not (empty and application == 0):
            raise Unusable(f"{self.where}: is a database of another program")
        return empty

    def _migrate(self) -> None:
        version = self._pragma("user_version")
        if version > len(MIGRATIONS):
            raise Unusable(
                f"{self.where}: was written by a newer version (its format is {version}, this knows {len(MIGRATIONS)})"
            )
        for number, script in enumerate(MIGRATIONS[version:], version + 1):
            for statement in filter(str.strip, script.split(";")):
                self.run(statement)
            self.run(f"PRAGMA user_version = {number}")
            self.run(f"PRAGMA application_id = {_APPLICATION}")

    def _write_ahead(self) -> None:
        """Have commits written to a log of SQLite's own; for that it does not wait by itself until others let it."""
        deadline = monotonic() + self._patience
        while True:
            try:
                self.run("PRAGMA journal_mode = WAL")
            except sqlite3.OperationalError as problem:
                if problem.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or monotonic() > deadline:
                    raise
                sleep(0.01)
            else:
                return

    def _pragma(self, name: str) -> Any:
        return self.run(f"PRAGMA {name}").fetchall()[0][0]

    def run(self, statement: str, values: Sequence[Any] = ()) -> Rows:
        """Run a statement."""
        return self._database.execute(statement, values)

    def _shown(self, problem: Exception) -> str:
        return f": {problem}"  # SQLite names no path

    def take(self, key: int) -> None:
        """Begin a transaction; the file knows one writer at a time."""
        if self._found() != self._file:  # what is written to it would be gone with this process
            raise sqlite3.OperationalError("the file was removed or replaced; put it back, or begin anew with another")
        self.run("BEGIN IMMEDIATE")

    def _found(self) -> tuple[int, int] | None:
        """Which file is at the path, if any is."""
        try:
            found = os.stat(self.where)  # noqa: PTH116  for every commit, and a path costs as much again
        except OSError:
            return None
        return found.st_dev, found.st_ino

    def version(self) -> int:
        """Another number whenever another process has committed anything."""
        return int(self._ask("PRAGMA data_version")[0][0]) if self.shared else 0

    def close(self) -> None:
        """End; what is in the write-ahead log moves into the file."""
        self._database.close()


def _explained(problem: sqlite3.Error) -> str:
    if "locked" in str(problem):
        return "another server has it; one process at a time can use it, unless all are started with --workers"
    if "not a database" in str(problem):
        return "is no SQLite database, or a damaged one"
    return str(problem)
