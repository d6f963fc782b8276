"""The log in a SQLite file, which one process has for itself.

A transaction is one write to the file's write-ahead log. The operating system has it when a commit returns, so it
outlives the process however that ends; it is forced to the disk only when SQLite moves it into the file itself, so the
last moments may be lost where the machine loses power.

Statements run in the event loop: a transaction of some commits takes a few hundredths of a millisecond.
"""

import os
import sqlite3
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any

from assessment_simulator.storage import Batch, Unusable, Unwritten
from assessment_simulator.storage.log import Log, Run, migrations

# Marks the file as ours.
_APPLICATION = 0x53696D31


class SqliteLog(Log):
    """Commits in a file; this process has all of its sandboxes."""

    kind = "sqlite"
    is_confirmed = True

    def __init__(self, path: Path) -> None:
        self.where = str(path)
        try:
            # Created readable for its owner only; SQLite gives the files beside it the same mode. An existing file is
            # not opened: to close it would end the locks that this process has on it.
            with suppress(FileExistsError):
                descriptor = os.open(os.path.realpath(path), os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
                try:
                    if sys.platform != "win32":
                        os.fchmod(descriptor, 0o600)  # the umask may have removed bits
                finally:
                    os.close(descriptor)
            self._database = sqlite3.connect(path, timeout=0, isolation_level=None, check_same_thread=False)
            with ExitStack() as stack:
                stack.callback(self._database.close)  # a refused process must not keep the file locked
                self._prepare()
                stack.pop_all()
            self._file = self._file_at_path()
        except OSError as problem:
            raise Unusable(f"{path}: {_obstacle(self.where) or problem.strerror}") from None
        except sqlite3.Error as problem:
            if (why := _unwritable(self.where, problem)) is None:
                why = str(problem)
                if "locked" in why:
                    why = "another server has it; a SQLite file is for one process"
                elif "not a database" in why:
                    why = "is no SQLite database, or a damaged one"
            raise Unusable(f"{path}: {why}") from None

    def _prepare(self) -> None:
        """Lock the file, check that it is ours, and bring its tables to the newest format."""
        run = self._database.execute

        def pragma(name: str) -> Any:
            return run(f"PRAGMA {name}").fetchone()[0]

        run("PRAGMA locking_mode = EXCLUSIVE")
        run("BEGIN EXCLUSIVE")
        try:
            is_empty = run("SELECT count(*) FROM sqlite_schema").fetchone()[0] == 0
            application = pragma("application_id")
            if application != _APPLICATION and not (is_empty and application == 0):
                raise Unusable(f"{self.where}: is a database of another program")  # noqa: TRY301
            if not is_empty and (flaw := pragma("quick_check(1)")) != "ok":
                raise Unusable(f"{self.where}: is damaged: {flaw.splitlines()[-1]}")  # noqa: TRY301
            for number, script in migrations("sqlite", int(pragma("user_version")), self.where):
                for statement in script.split(";\n"):
                    run(statement)
                run(f"PRAGMA user_version = {number}")
                run(f"PRAGMA application_id = {_APPLICATION}")
            for table in ("entry", "image"):  # of sandboxes whose creation or deletion was interrupted
                run(f"DELETE FROM {table} WHERE sandbox NOT IN (SELECT key FROM sandbox)")  # noqa: S608
            self._last_key: int = run("SELECT coalesce(max(seq), 0) FROM sqlite_sequence").fetchone()[0]
            run("COMMIT")
        except BaseException:
            with suppress(sqlite3.Error):
                run("ROLLBACK")
            raise
        run("PRAGMA journal_mode = WAL")
        run("PRAGMA synchronous = NORMAL")

    async def close(self) -> None:
        """End; what is in the write-ahead log moves into the file."""
        self._database.close()

    async def new_key(self) -> int:
        """A key for a new sandbox."""
        self._last_key += 1
        return self._last_key

    @asynccontextmanager
    async def transaction(self, *, writes: bool = True) -> AsyncIterator[Run]:
        """A transaction. Reads are not isolated; the check of positions detects a write in between."""

        async def run(statement: str, *values: Any) -> list[tuple[Any, ...]]:
            return self._database.execute(statement, values).fetchall()

        with self._transaction(writes):
            yield run

    @contextmanager
    def _transaction(self, writes: bool) -> Iterator[None]:
        try:
            if writes:
                if self._file_at_path() != self._file:  # what is written to it would be gone with this process
                    why = "the file was removed or replaced; put it back, or start with another"
                    raise sqlite3.OperationalError(why)  # noqa: TRY301
                self._database.execute("BEGIN IMMEDIATE")
            yield
            if writes:
                self._database.execute("COMMIT")
        except BaseException as problem:
            if writes:
                with suppress(sqlite3.Error):  # there was nothing
                    self._database.execute("ROLLBACK")
            if not isinstance(problem, sqlite3.Error):
                raise
            what, why = "written" if writes else "read", _unwritable(self.where, problem) or str(problem)
            text, shown = f"the log {self.where} cannot be {what}: {why}", f"the log cannot be {what}: {problem}"
            raise (Unwritten(text, shown) if writes else Unusable(text, shown)) from None

    async def write(self, batches: Sequence[Batch]) -> frozenset[int]:
        """Append commits in one transaction; returns the keys of sandboxes that the log has in another position."""
        refused = set()
        with self._transaction(writes=True):
            for key, before, commits, after, due, summary in batches:
                changed = self._database.execute(
                    "UPDATE sandbox SET number = ?, digest = ?, due = ?, summary = ?"
                    " WHERE key = ? AND number = ? AND digest = ?",
                    (*after, due, summary.decode(), key, *before),
                ).rowcount
                if not changed:
                    refused.add(key)
                    continue
                self._database.executemany(
                    "INSERT INTO entry (sandbox, number, data) VALUES (?, ?, ?)",
                    [(key, number, data) for number, data in enumerate(commits, before.number + 1)],
                )
        return frozenset(refused)

    def _file_at_path(self) -> tuple[int, int] | None:
        try:
            found = os.stat(self.where)  # noqa: PTH116  for every commit, and a path costs as much again
        except OSError:
            return None
        return found.st_dev, found.st_ino


def _unwritable(path: str, problem: sqlite3.Error) -> str | None:
    """Why SQLite cannot write, where that is because the file or its folder is read-only."""
    code = getattr(problem, "sqlite_errorcode", 0)
    is_about_files = code & 0xFF in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_IOERR)
    return _obstacle(path) if is_about_files and code != sqlite3.SQLITE_READONLY_DBMOVED else None


def _obstacle(path: str) -> str | None:
    """Why a file cannot be written or created: the place is read-only or missing; None where it can."""
    file = Path(os.path.realpath(path))
    folder = file.parent
    if not folder.is_dir():
        return f"there is no folder {folder}"
    if file.is_dir():
        return "is a folder"
    if sys.platform != "win32" and os.statvfs(folder).f_flag & os.ST_RDONLY:
        return "is on a read-only file system"
    if file.exists() and not os.access(file, os.W_OK):
        return "is read-only for this user"
    if not os.access(folder, os.W_OK | os.X_OK):
        return f"is in the folder {folder}, which is read-only for this user"
    return None
