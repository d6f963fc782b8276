"""The log in a SQLite file.

A transaction is one write to the file's write-ahead log. The operating system has it when a commit returns, so it
outlives the process however that ends; it is forced to the disk only when SQLite moves it into the file itself, so the
last moments may be lost where the machine loses power.
"""

import os
import sqlite3
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from time import monotonic, sleep
from typing import Any

from assessment_simulator.server.log import Unusable
from assessment_simulator.server.log.sql import Rows, SqlLog

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
            _create(self.where)
            self._database = sqlite3.connect(
                path, timeout=self._patience, isolation_level=None, check_same_thread=False
            )
            with ExitStack() as stack:
                stack.callback(self._database.close)  # who is refused must not stand in the way of others
                self._prepare()
                stack.pop_all()
            self._file = self._found()
        except OSError as problem:
            raise Unusable(f"{path}: {_obstacle(self.where) or problem.strerror}") from None
        except sqlite3.Error as problem:
            raise Unusable(f"{path}: {_explained(self.where, problem)}") from None

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
            if self.shared:
                self._enlist()
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
        if self.shared:
            self._leave()
        self._database.close()

    def explained(self, problem: Exception) -> str:
        """What SQLite complains of."""
        return (isinstance(problem, sqlite3.Error) and _unwritable(self.where, problem)) or super().explained(problem)


def _create(path: str) -> None:
    """Make the file, for its owner alone, if there is none. SQLite gives the files beside it the same mode.

    One that is there is not opened: to close it would end the locks that this process has on it.
    """
    try:
        descriptor = os.open(os.path.realpath(path), os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return
    try:
        if sys.platform != "win32":
            os.fchmod(descriptor, 0o600)  # whatever the umask took away
    finally:
        os.close(descriptor)


def _unwritable(path: str, problem: sqlite3.Error) -> str | None:
    """Why SQLite cannot write, where that is because the file or its folder is read-only."""
    code = getattr(problem, "sqlite_errorcode", 0)
    is_about_files = code & 0xFF in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_IOERR)
    return _obstacle(path) if is_about_files and code != sqlite3.SQLITE_READONLY_DBMOVED else None


def _obstacle(path: str) -> str | None:
    """Why a file cannot be written or made: a read-only place, or none at all; None where it can."""
    file = os.path.realpath(path)
    folder = os.path.dirname(file)  # noqa: PTH120
    if not os.path.isdir(folder):  # noqa: PTH112
        return f"there is no folder {folder}"
    if os.path.isdir(file):  # noqa: PTH112
        return "is a folder"
    if sys.platform != "win32" and os.statvfs(folder).f_flag & os.ST_RDONLY:
        return "is on a read-only file system"
    if os.path.exists(file) and not os.access(file, os.W_OK):  # noqa: PTH110
        return "is read-only for this user"
    if not os.access(folder, os.W_OK | os.X_OK):
        return f"is in the folder {folder}, which is read-only for this user"
    return None


def _explained(path: str, problem: sqlite3.Error) -> str:
    if (why := _unwritable(path, problem)) is not None:
        return why
    if "locked" in str(problem):
        return "another server has it; one process at a time can use it, unless all are started with --workers"
    if "not a database" in str(problem):
        return "is no SQLite database, or a damaged one"
    return str(problem)
