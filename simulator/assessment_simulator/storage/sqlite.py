"""The log in a SQLite file, which one process has for itself.

A transaction is one write to the file's write-ahead log. The operating system has it when a commit returns, so it
outlives the process however that ends; it is forced to the disk only when SQLite moves it into the file itself, so the
last moments may be lost where the machine loses power.

Statements run in the event loop: a transaction of some commits takes a few hundredths of a millisecond.
"""

import os
import sqlite3
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import ExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from assessment_simulator.sandbox.clock import machine_now
from assessment_simulator.storage import SETTLES_WITHIN, Batch, Claimed, Found, Unusable, Unwritten
from assessment_simulator.storage.sql import AT_ONCE, Run, SqlLog, found_in, migrations, unused_in

_APPLICATION = 0x53696D31
"""Marks the file as ours."""


class SqliteLog(SqlLog):
    """Commits in a file. There is no owner: whoever has the file has all sandboxes."""

    kind = "sqlite"
    address = ""
    takeovers = 0
    is_confirmed = True

    def __init__(self, path: Path) -> None:
        self.where = str(path)
        try:
            _create(self.where)
            self._database = sqlite3.connect(path, timeout=0, isolation_level=None, check_same_thread=False)
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
        run = self._database.execute
        run("PRAGMA locking_mode = EXCLUSIVE")
        run("BEGIN EXCLUSIVE")
        try:
            found = self._checked()
            for number, script in migrations("sqlite", found, self.where):
                for statement in script.split(";\n"):
                    run(statement)
                run(f"PRAGMA user_version = {number}")
                run(f"PRAGMA application_id = {_APPLICATION}")
            for table in ("entry", "image"):  # of sandboxes whose deletion was interrupted
                run(f"DELETE FROM {table} WHERE sandbox NOT IN (SELECT key FROM sandbox)")  # noqa: S608
            run("COMMIT")
        except BaseException:
            with suppress(sqlite3.Error):
                run("ROLLBACK")
            raise
        run("PRAGMA journal_mode = WAL")
        run("PRAGMA synchronous = NORMAL")

    def _checked(self) -> int:
        """The format of the file; raises `Unusable` where it is not ours, or damaged."""
        is_empty = self._database.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0] == 0
        application = self._pragma("application_id")
        if application != _APPLICATION and not (is_empty and application == 0):
            raise Unusable(f"{self.where}: is a database of another program")
        if not is_empty and (flaw := self._pragma("quick_check(1)")) != "ok":
            raise Unusable(f"{self.where}: is damaged: {flaw.splitlines()[-1]}")
        return int(self._pragma("user_version"))

    def _pragma(self, name: str) -> Any:
        return self._database.execute(f"PRAGMA {name}").fetchone()[0]

    async def start(self) -> None:
        """Nothing needs to be begun."""

    async def close(self) -> None:
        """End; what is in the write-ahead log moves into the file."""
        self._database.close()

    async def confirm(self, within: float = SETTLES_WITHIN) -> None:
        """No other process can have the file."""

    @asynccontextmanager
    async def transaction(self, *, writes: bool = True) -> AsyncIterator[Run]:
        """A transaction: all statements in it, or none."""

        # Reads are not isolated; the position check detects a write in between.
        async def run(statement: str, *values: Any) -> list[tuple[Any, ...]]:
            return self._database.execute(statement, values).fetchall()

        try:
            if not writes:
                yield run
                return
            self._begin()
            yield run
            self._database.execute("COMMIT")
        except BaseException as problem:
            if writes:
                self._roll_back()
            if not isinstance(problem, sqlite3.Error):
                raise
            raise self._failed(problem, "written" if writes else "read") from None

    def _begin(self) -> None:
        if self._found() != self._file:  # what is written to it would be gone with this process
            raise sqlite3.OperationalError("the file was removed or replaced; put it back, or begin anew with another")
        self._database.execute("BEGIN IMMEDIATE")

    def _roll_back(self) -> None:
        with suppress(sqlite3.Error):  # there was nothing
            self._database.execute("ROLLBACK")

    def _failed(self, problem: sqlite3.Error, what: str) -> Unwritten | Unusable:
        why = _unwritable(self.where, problem) or str(problem)
        text, shown = f"the log {self.where} cannot be {what}: {why}", f"the log cannot be {what}: {problem}"
        return Unwritten(text, shown) if what == "written" else Unusable(text, shown)

    def _found(self) -> tuple[int, int] | None:
        """Which file is at the path, if any is."""
        try:
            found = os.stat(self.where)  # noqa: PTH116  for every commit, and a path costs as much again
        except OSError:
            return None
        return found.st_dev, found.st_ino

    async def write(self, batches: Sequence[Batch]) -> frozenset[int]:
        """Append commits in one transaction; returns the keys of sandboxes that the log has in another position."""
        refused = set()
        execute = self._database.execute
        try:
            self._begin()
            for key, before, commits, after, due, summary in batches:
                changed = execute(
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
            execute("COMMIT")
        except sqlite3.Error as problem:
            self._roll_back()
            raise self._failed(problem, "written") from None
        return frozenset(refused)

    async def claim(self, name: str) -> Found | Claimed | None:
        """The sandbox of that name; all are this process's."""
        async with self.transaction(writes=False) as run:
            rows = await run("SELECT key, about, number, digest FROM sandbox WHERE name = ?", name)
        return found_in(name, rows[0]) if rows else None

    async def release(self, keys: Sequence[int]) -> None:
        """Nobody else can own them."""

    def stop_claiming(self) -> None:
        """Nobody else can claim what this process leaves."""

    async def touch(self, keys: Sequence[int]) -> None:
        """Keep that these sandboxes are in use now."""
        now = machine_now()
        for some in range(0, len(keys), AT_ONCE):
            async with self.transaction() as run:
                for key in keys[some : some + AT_ONCE]:
                    await run("UPDATE sandbox SET used = ? WHERE key = ?", now, key)

    async def depose(self, server: int, *, by_force: bool) -> None:
        """There is no other process."""

    async def due(self, now: int, after: int, most: int) -> list[tuple[int, str]]:
        """Keys and names of sandboxes that have something to do by now; those in memory are among them."""
        question = "SELECT key, name FROM sandbox WHERE due <= ? AND key > ? ORDER BY key LIMIT ?"
        async with self.transaction(writes=False) as run:
            return [(key, name) for key, name in await run(question, now, after, most)]

    async def unused(self, since: int | None, most: int | None) -> list[str]:
        """The sandboxes not used since then, and those beyond the `most` used last."""
        async with self.transaction(writes=False) as run:
            return await unused_in(run, since, most)


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
        return "another server has it; a SQLite file is for one process"
    if "not a database" in str(problem):
        return "is no SQLite database, or a damaged one"
    return str(problem)
