"""The log in a database: its interface, and the statements that are alike in SQLite and PostgreSQL.

The methods that deal with other processes are those of a log that has one process; `postgresql` overrides them.
"""
# ruff: noqa: B027  most of these do nothing then

import asyncio
import json
import secrets
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from hashlib import blake2b
from importlib import resources
from typing import Any

from assessment_simulator.core.text import SANDBOX_NAME
from assessment_simulator.storage import (
    SETTLES_WITHIN,
    Batch,
    Claimed,
    Deleted,
    Found,
    Listed,
    LogError,
    Position,
    Unusable,
    Unwritten,
)
from assessment_simulator.storage.pauses import Pause

# Rows that one statement deletes or fetches, so that no statement keeps others waiting for long.
AT_ONCE = 500
# The same for parts of images, which are larger.
PARTS_AT_ONCE = 20
# The first format of version 0.2.
OLDEST_FORMAT = 10
# Runs a statement of a transaction, with values for its question marks; returns the rows.
Run = Callable[..., Awaitable[list[tuple[Any, ...]]]]


def migrations(dialect: str, found: int, where: str) -> list[tuple[int, str]]:
    """The numbered scripts that lead from the format that was found (0: an empty database) to the newest.

    Raises `Unusable` where the format is one that this version does not read.
    """
    folder = resources.files("assessment_simulator.storage") / "migrations" / dialect
    scripts = sorted((int(path.name[:4]), path.read_text()) for path in folder.iterdir() if path.name.endswith(".sql"))
    if 0 < found < OLDEST_FORMAT:
        raise Unusable(f"{where} was written by version 0.1, whose logs are not read; use another one, or delete it")
    if found > scripts[-1][0]:
        raise Unusable(f"{where} was written by a newer version (format {found}; this one knows {scripts[-1][0]})")
    return [(number, script) for number, script in scripts if number > found]


class Log(ABC):
    """Stores the commits of sandboxes.

    Methods raise `Unwritten` or `Unusable`. Each has happened when it returns, either in whole or not at all. Times are
    the machine's, in ticks.
    """

    # `sqlite` or `postgresql`.
    kind: str
    # Where other processes forward requests to; "" where there are none.
    address = ""
    # The id of this process's session, where processes share the log: another one after the session was lost.
    owner: int | None = None
    # Sandboxes that were claimed from a process that is gone, or taken from one that cannot be reached.
    takeovers = 0
    # The SQL condition for sandboxes that no process owns; in a log of one process all may be claimed.
    unowned = "TRUE"

    @abstractmethod
    def transaction(self, *, writes: bool = True) -> AbstractAsyncContextManager[Run]:
        """A transaction: all statements in it, or none. Raises `Unwritten`, or `Unusable` where it only reads."""

    @abstractmethod
    async def write(self, batches: Sequence[Batch]) -> frozenset[int]:
        """Append commits in one transaction.

        Returns the keys of those that were not written because this process does not own the sandbox, or because the
        log has another position.
        """

    @abstractmethod
    async def new_key(self) -> int:
        """A key for a new sandbox: greater than those before, and never used again."""

    # Sessions and ownership, which only a log of several processes has.

    async def start(self) -> None:
        """Begin, in the event loop that the other methods run in."""

    @abstractmethod
    async def close(self) -> None:
        """End; sandboxes that are still owned have no owner any more."""

    @property
    def is_confirmed(self) -> bool:
        """Whether this process has certainly not lost its sandboxes to another one; else `confirm` it first."""
        return True

    async def confirm(self, within: float = SETTLES_WITHIN) -> None:
        """Return as soon as `is_confirmed`; raises `Unusable` where that takes longer than so many seconds."""

    async def claim(self, name: str) -> Found | Claimed | None:
        """Own the sandbox of that name from now on, unless another live process does; None where there is none."""
        async with self.transaction(writes=False) as run:
            rows = await run("SELECT key, about, number, digest FROM sandbox WHERE name = ?", name)
        return found_in(name, rows[0]) if rows else None

    async def release(self, keys: Sequence[int]) -> None:
        """Own these no more."""

    def stop_claiming(self) -> None:
        """Claim nothing more: the process is about to end."""

    async def free(self, server: int) -> None:
        """Let the sandboxes of a process be claimed, if its session has ended."""

    async def take(self, name: str, server: int) -> None:
        """Own a sandbox of a process that cannot be reached, and end that process's session by force.

        Returns when that process certainly answers nothing more for it. Nothing happens if the sandbox was taken by
        force a moment ago and its owner is alive.
        """

    # Reading.

    async def ready(self) -> None:
        """Check that the log can be written; raises where it cannot."""
        await self.confirm()
        async with self.transaction() as run:
            # A change that leaves nothing, but that is written: else a full disk would not be noticed.
            await run("INSERT INTO ended_session (id, until) VALUES (?, ?) ON CONFLICT DO NOTHING", "ready", 0)
            await run("DELETE FROM ended_session WHERE id = ?", "ready")

    async def read(self, key: int, apply: Callable[[int, bytes, bool], None]) -> Position:
        """Call `apply` with the parts of the last image, then with the commits after it; returns the last position.

        `apply` gets the number of the commit, the bytes, and whether they are of the image. Raises `Unusable` where
        they are not those that were written, `Deleted` where there is no such sandbox.
        """
        columns = "name, number, digest, image, image_chain, image_digest"
        async with self.transaction(writes=False) as run:
            rows = await run(f"SELECT {columns} FROM sandbox WHERE key = ?", key)  # noqa: S608
            if not rows:
                raise Deleted
            name, number, digest, image, image_chain, image_digest = rows[0]

            def damaged(what: str) -> Unusable:
                shown = f"is damaged in the log: {what}"
                return Unusable(f"sandbox {name} {shown}", f"the sandbox {shown}")

            pause, parts = Pause(), blake2b(digest_size=16)
            part, position = 0, Position(image, bytes(image_chain))
            query = "SELECT data FROM image WHERE sandbox = ? AND number = ? AND part >= ? ORDER BY part LIMIT ?"
            while data := await run(query, key, image, part, PARTS_AT_ONCE):
                for (piece,) in data:
                    parts.update(piece)
                    apply(image, bytes(piece), True)
                part += len(data)
                await pause.if_due()
            query = "SELECT number, data FROM entry WHERE sandbox = ? AND number > ? ORDER BY number LIMIT 200"
            while commits := await run(query, key, position.number):
                for found, data in commits:
                    position = position.after(bytes(data))
                    if found != position.number:
                        raise damaged(f"commit {position.number} is missing")
                    apply(found, bytes(data), False)
                await pause.if_due()
        if parts.digest() != bytes(image_digest):
            raise damaged(f"its image as of commit {image} is not the one that was written")
        if position != Position(number, bytes(digest)):
            what = "are missing" if position.number < number else "are not those that were written"
            raise damaged(f"its commits up to {number} {what}")
        return position

    async def count(self, name: str = "") -> tuple[int, bool]:
        """How many sandboxes there are, and whether one of them has that name."""
        async with self.transaction(writes=False) as run:
            [(count, is_taken)] = await run("SELECT count(*), count(*) FILTER (WHERE name = ?) FROM sandbox", name)
        return count, bool(is_taken)

    async def listed(self, most: int | None = None, until: str | None = None, text: str = "") -> list[Listed]:
        """The sandboxes, newest first: those with the text in their names, or the first `most` of them.

        With `until`, the list begins with the sandbox of that name, whether or not it has the text; it is empty where
        there is none.
        """
        found: list[Listed] = []
        pause, last = Pause(), 2**62
        is_asked, values = "TRUE", tuple[str, ...]()
        if until is not None:
            is_asked, values = "key <= (SELECT key FROM sandbox WHERE name = ?)", (until,)
        if text:  # in a pattern, only `_` and `%` of what is no name have a meaning
            is_asked += " AND (name = ? OR name LIKE ?)"
            values += until or "", f"%{text}%" if SANDBOX_NAME.fullmatch(text) else ""
        query = f"SELECT key, name, about, summary FROM sandbox WHERE key < ? AND {is_asked} ORDER BY key DESC LIMIT ?"  # noqa: S608
        async with self.transaction(writes=False) as run:
            while rows := await run(query, last, *values, AT_ONCE if most is None else min(AT_ONCE, most - len(found))):
                for _, name, about, summary in rows:
                    found.append(Listed(name, json.loads(about), json.loads(summary)))
                    await pause.if_due()
                last = rows[-1][0]
        return found

    async def due(self, now: int, after: int, most: int) -> list[tuple[int, str]]:
        """Keys and names of unowned sandboxes that have something to do by now, by key; only those behind `after`."""
        query = f"SELECT key, name FROM sandbox WHERE due <= ? AND key > ? AND {self.unowned} ORDER BY key LIMIT ?"  # noqa: S608
        async with self.transaction(writes=False) as run:
            return [(key, name) for key, name in await run(query, now, after, most)]

    async def unused(self, since: int | None, most: int | None) -> list[str]:
        """The sandboxes not used since then, and those beyond the `most` used last; none of another process."""
        mine = f"(owner = {self.owner or 0} OR {self.unowned})"
        names: list[tuple[Any, ...]] = []
        async with self.transaction(writes=False) as run:
            if since is not None:
                names += await run(f"SELECT name FROM sandbox WHERE used < ? AND {mine}", since)  # noqa: S608
            if most is not None:
                kept = "SELECT name FROM sandbox ORDER BY used DESC, key DESC LIMIT ?"
                names += await run(f"SELECT name FROM sandbox WHERE name NOT IN ({kept}) AND {mine}", most)  # noqa: S608
        return list(dict.fromkeys(name for (name,) in names))

    # Creating, changing and deleting.

    async def create(
        self, name: str, about: dict[str, Any], image: Iterable[bytes], due: int | None, summary: bytes, now: int
    ) -> Found | None:
        """Create a sandbox of this process, with an image of it as commit 0; None where the name is taken.

        The parts of the image are written one at a time, so that a large fork delays no other call. They belong to a
        key that no sandbox has until its row is written, in one transaction with the last part.
        """
        key, pause, digest = await self.new_key(), Pause(), blake2b(digest_size=16)
        add = "INSERT INTO image (sandbox, number, part, data) VALUES (?, 0, ?, ?)"
        waiting: bytes | None = None
        part = 0
        for data in image:
            digest.update(data)
            if waiting is not None:
                async with self.transaction() as run:
                    await run(add, key, part, waiting)
                part += 1
                await pause.if_due()
            waiting = data
        chain = Position(0, secrets.token_bytes(16))  # so that a sandbox that is created again has another chain
        async with self.transaction() as run:
            made = await run(
                "INSERT INTO sandbox (key, name, about, owner, number, digest, image, image_chain, image_digest, due,"
                " summary, used) VALUES (?, ?, ?, ?, ?, ?, 0, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING RETURNING key",
                key, name, json.dumps(about), self.owner, *chain, chain.digest, digest.digest(), due, summary.decode(),
                now,
            )  # fmt: skip
            if made and waiting is not None:
                await run(add, key, part, waiting)
        if made:
            return Found(key, name, about, chain)
        await self._delete_rows("image", key, 0)
        return None

    async def _check_owner(self, run: Run, key: int) -> None:
        """Raise `Unwritten` where another process owns a sandbox; none can claim it before the transaction ends."""
        query = "SELECT 1 FROM sandbox WHERE key = ? AND owner = ? FOR NO KEY UPDATE"
        if self.owner is not None and not await run(query, key, self.owner):
            raise Unwritten("another server owns the sandbox")

    async def touch(self, keys: Sequence[int], now: int) -> None:
        """Note that these sandboxes are in use now."""
        for first in range(0, len(keys), AT_ONCE):
            async with self.transaction() as run:
                for key in keys[first : first + AT_ONCE]:
                    await run("UPDATE sandbox SET used = ? WHERE key = ?", now, key)

    async def delete(self, key: int) -> None:
        """Delete a sandbox: it is gone after the first transaction, its commits some at a time after that."""
        async with self.transaction() as run:
            await self._check_owner(run, key)
            await run("DELETE FROM credential WHERE sandbox = ?", key)
            await run("DELETE FROM sandbox WHERE key = ?", key)
        with suppress(LogError):  # what is left of it is never read
            await self._delete_rows("entry", key, 2**62)
            await self._delete_rows("image", key, 2**62)

    async def _delete_rows(self, table: str, key: int, last: int) -> None:
        """Delete commits or images of a sandbox up to a number, some rows at a time; others are answered in between."""
        row, most = ("number", AT_ONCE) if table == "entry" else ("number, part", PARTS_AT_ONCE)
        some = f"SELECT {row} FROM {table} WHERE sandbox = ? AND number <= ? ORDER BY {row} LIMIT {most}"  # noqa: S608
        delete = f"DELETE FROM {table} WHERE sandbox = ? AND ({row}) IN ({some}) RETURNING 1"  # noqa: S608
        while True:
            async with self.transaction() as run:
                deleted = await run(delete, key, key, last)
            if len(deleted) < most:
                return
            await asyncio.sleep(0)

    async def write_image(self, key: int, number: int, part: int, data: bytes) -> None:
        """Write a part of an image as of that commit, which is not read before it is settled."""
        async with self.transaction() as run:
            await self._check_owner(run, key)
            if part == 0:  # of one that was not finished
                await run("DELETE FROM image WHERE sandbox = ? AND number = ?", key, number)
            await run("INSERT INTO image (sandbox, number, part, data) VALUES (?, ?, ?, ?)", key, number, part, data)

    async def settle_image(self, key: int, position: Position, digest: bytes) -> None:
        """The image as of that position is whole, and `digest` is that of its parts: delete what is older."""
        async with self.transaction() as run:
            await self._check_owner(run, key)
            settled = await run(
                "UPDATE sandbox SET image = ?, image_chain = ?, image_digest = ?"
                " WHERE key = ? AND image < ? AND number >= ? RETURNING 1",
                *position, digest, key, position.number, position.number,
            )  # fmt: skip
        if settled:
            await self._delete_rows("entry", key, position.number)
            await self._delete_rows("image", key, position.number - 1)

    # Credentials and login sessions.

    async def opened_by(self, kind: str, id: bytes) -> str | None:
        """The name of the sandbox that a credential opens; `id` is a digest of its id."""
        query = "SELECT name FROM credential JOIN sandbox ON sandbox = key WHERE kind = ? AND id = ?"
        async with self.transaction(writes=False) as run:
            found = await run(query, kind, id)
        return found[0][0] if found else None

    async def locks(self, key: int) -> list[tuple[str, bytes, bytes]]:
        """What opens a sandbox: kinds of credentials, with digests of id and secret."""
        async with self.transaction(writes=False) as run:
            rows = await run("SELECT kind, id, secret FROM credential WHERE sandbox = ?", key)
        return [(kind, bytes(id), bytes(secret)) for kind, id, secret in rows]

    async def lock(self, key: int, locks: Sequence[tuple[str, bytes, bytes]]) -> None:
        """Let these credentials, and no others, open a sandbox."""
        async with self.transaction() as run:
            await self._check_owner(run, key)
            await run("DELETE FROM credential WHERE sandbox = ?", key)
            for lock in locks:
                await run("INSERT INTO credential (kind, id, secret, sandbox) VALUES (?, ?, ?, ?)", *lock, key)

    async def end_session(self, id: str, until: int, now: int) -> None:
        """Accept a login session no more; it would have ended by itself at `until`."""
        async with self.transaction() as run:
            await run("DELETE FROM ended_session WHERE until < ?", now)
            await run("INSERT INTO ended_session (id, until) VALUES (?, ?) ON CONFLICT DO NOTHING", id, until)

    async def has_ended(self, id: str) -> bool:
        """Whether a login session was ended."""
        async with self.transaction(writes=False) as run:
            return bool(await run("SELECT 1 FROM ended_session WHERE id = ?", id))


def found_in(name: str, row: Sequence[Any]) -> Found:
    """A sandbox from a row of key, about, number and digest."""
    key, about, number, digest = row
    return Found(key, name, json.loads(about), Position(number, bytes(digest)))
