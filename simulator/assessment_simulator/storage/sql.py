"""The log in a database: the tables and statements that are alike in SQLite and PostgreSQL."""

import asyncio
import json
import secrets
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from hashlib import blake2b
from importlib import resources
from typing import Any

from assessment_simulator.sandbox.clock import machine_now
from assessment_simulator.storage import (
    SETTLES_WITHIN,
    Apply,
    Deleted,
    Found,
    Listed,
    LogError,
    Position,
    Unusable,
    Unwritten,
)
from assessment_simulator.storage.pauses import Pause

AT_ONCE = 500
"""Rows that one statement deletes or fetches, so that no statement keeps others waiting for long."""
PARTS_AT_ONCE = 20
"""The same for parts of images, which are larger."""
Run = Callable[..., Awaitable[list[tuple[Any, ...]]]]
"""Runs a statement of a transaction, with values for its question marks; returns the rows."""


OLDEST_FORMAT = 10
"""The first format of version 0.2."""


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


class SqlLog(ABC):
    """What both databases have in common. `transaction` begins one; `owner` is the id of this process's session."""

    owner: int | None = None

    @abstractmethod
    def transaction(self, *, writes: bool = True) -> AbstractAsyncContextManager[Run]:
        """A transaction: all statements in it, or none. Raises `Unwritten`, or `Unusable` where it only reads."""

    @abstractmethod
    async def confirm(self, within: float = SETTLES_WITHIN) -> None:
        """Return as soon as this process has certainly not lost its sandboxes to another one."""

    async def ready(self) -> None:
        """Check that the log can be written."""
        await self.confirm()
        async with self.transaction() as run:
            await run("UPDATE sandbox SET used = used WHERE key = 0")

    async def create(
        self, name: str, about: dict[str, Any], image: Sequence[bytes], due: int | None, summary: bytes
    ) -> Found | None:
        """Create a sandbox of this process, with an image of it as commit 0; None where the name is taken."""
        digest = blake2b(b"".join(image), digest_size=16).digest()
        chain = Position(0, secrets.token_bytes(16))  # so that a sandbox that is created again has another chain
        async with self.transaction() as run:
            made = await run(
                "INSERT INTO sandbox (name, about, owner, number, digest, image, image_chain, image_digest, due,"
                " summary, used) VALUES (?, ?, ?, ?, ?, 0, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING RETURNING key",
                name, json.dumps(about), self.owner, *chain, chain.digest, digest, due, summary.decode(), machine_now(),
            )  # fmt: skip
            for (key,) in made:
                for part, data in enumerate(image):
                    await run("INSERT INTO image (sandbox, number, part, data) VALUES (?, 0, ?, ?)", key, part, data)
                return Found(key, name, about, chain)
        return None

    async def read(self, key: int, apply: Apply) -> Position:
        """Call `apply` with the parts of the last image, then with the commits after it; returns the last position."""
        async with self.transaction(writes=False) as run:
            rows = await run(
                "SELECT name, number, digest, image, image_chain, image_digest FROM sandbox WHERE key = ?", key
            )
            if not rows:
                raise Deleted
            name, number, digest, image, image_chain, image_digest = rows[0]
            pause, parts = Pause(), blake2b(digest_size=16)
            part, position = 0, Position(image, bytes(image_chain))
            while data := await run(
                "SELECT data FROM image WHERE sandbox = ? AND number = ? AND part >= ? ORDER BY part LIMIT ?",
                key, image, part, PARTS_AT_ONCE,
            ):  # fmt: skip
                for (piece,) in data:
                    parts.update(piece)
                    apply(image, bytes(piece), True)
                part += len(data)
                await pause.if_due()
            while commits := await run(
                "SELECT number, data FROM entry WHERE sandbox = ? AND number > ? ORDER BY number LIMIT 200",
                key, position.number,
            ):  # fmt: skip
                for found, data in commits:
                    position = position.after(bytes(data))
                    if found != position.number:
                        raise _damaged(name, f"commit {position.number} is missing")
                    apply(found, bytes(data), False)
                await pause.if_due()
        if parts.digest() != bytes(image_digest):
            raise _damaged(name, f"its image as of commit {image} is not the one that was written")
        if position != Position(number, bytes(digest)):
            what = "are missing" if position.number < number else "are not those that were written"
            raise _damaged(name, f"its commits up to {number} {what}")
        return position

    async def _check_owner(self, run: Run, key: int) -> None:
        """Raise `Unwritten` where another process owns a sandbox; none can claim it before the transaction ends."""
        if self.owner is not None and not await run(
            "SELECT 1 FROM sandbox WHERE key = ? AND owner = ? FOR NO KEY UPDATE", key, self.owner
        ):
            raise Unwritten("another server owns the sandbox")

    async def delete(self, key: int) -> None:
        """Delete a sandbox: it is gone after the first transaction, its commits some at a time after that."""
        async with self.transaction() as run:
            await self._check_owner(run, key)
            await run("DELETE FROM credential WHERE sandbox = ?", key)
            await run("DELETE FROM sandbox WHERE key = ?", key)
        with suppress(LogError):  # what is left of it is never read
            await self._delete_commits(key)
            await self._delete_images(key)

    async def _delete_commits(self, key: int, last: int | None = None) -> None:
        """Delete the commits of a sandbox up to a number, some at a time; others are answered in between."""
        async with self.transaction(writes=False) as run:
            [(first, newest)] = await run("SELECT min(number), max(number) FROM entry WHERE sandbox = ?", key)
        if first is None:
            return
        for start in range(first, (newest if last is None else last) + 1, AT_ONCE):
            end = start + AT_ONCE if last is None else min(start + AT_ONCE, last + 1)
            async with self.transaction() as run:
                await run("DELETE FROM entry WHERE sandbox = ? AND number >= ? AND number < ?", key, start, end)
            await asyncio.sleep(0)

    async def _delete_images(self, key: int, before: int = 2**62) -> None:
        """Delete the images of a sandbox as of commits before a number, some parts at a time."""
        question = "SELECT number, max(part) FROM image WHERE sandbox = ? AND number < ? GROUP BY number"
        async with self.transaction(writes=False) as run:
            found = await run(question, key, before)
        for number, last in found:
            for start in range(0, last + 1, PARTS_AT_ONCE):
                said = "DELETE FROM image WHERE sandbox = ? AND number = ? AND part >= ? AND part < ?"
                async with self.transaction() as run:
                    await run(said, key, number, start, start + PARTS_AT_ONCE)
                await asyncio.sleep(0)

    async def exists(self, name: str) -> bool:
        """Whether there is a sandbox of that name."""
        async with self.transaction(writes=False) as run:
            return bool(await run("SELECT 1 FROM sandbox WHERE name = ?", name))

    async def every(self) -> list[Listed]:
        """All sandboxes, in the order of their creation."""
        found: list[Listed] = []
        pause, last = Pause(), 0
        async with self.transaction(writes=False) as run:
            question = "SELECT key, name, about, summary FROM sandbox WHERE key > ? ORDER BY key LIMIT ?"
            while rows := await run(question, last, AT_ONCE):
                for _, name, about, summary in rows:
                    found.append(Listed(name, json.loads(about), json.loads(summary)))
                    await pause.if_due()
                last = rows[-1][0]
        return found

    async def count(self) -> int:
        """How many sandboxes there are."""
        async with self.transaction(writes=False) as run:
            return int((await run("SELECT count(*) FROM sandbox"))[0][0])

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
            mine = "owner = ?" if self.owner is not None else "owner IS ?"
            settled = await run(
                f"UPDATE sandbox SET image = ?, image_chain = ?, image_digest = ?"  # noqa: S608
                f" WHERE key = ? AND {mine} AND image < ? AND number >= ? RETURNING 1",
                *position, digest, key, self.owner, position.number, position.number,
            )  # fmt: skip
        if settled:
            await self._delete_commits(key, position.number)
            await self._delete_images(key, position.number)

    # Credentials and sessions.

    async def opened_by(self, kind: str, id: bytes) -> str | None:
        """The name of the sandbox that a credential opens; `id` is a digest of its id."""
        async with self.transaction(writes=False) as run:
            found = await run(
                "SELECT name FROM credential JOIN sandbox ON sandbox = key WHERE kind = ? AND id = ?", kind, id
            )
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
            for kind, id, secret in locks:
                await run(
                    "INSERT INTO credential (kind, id, secret, sandbox) VALUES (?, ?, ?, ?)", kind, id, secret, key
                )

    async def end_session(self, id: str, until: int) -> None:
        """Accept a login session no more; it would have ended by itself at `until`."""
        async with self.transaction() as run:
            await run("DELETE FROM ended_session WHERE until < ?", machine_now())
            await run("INSERT INTO ended_session (id, until) VALUES (?, ?) ON CONFLICT DO NOTHING", id, until)

    async def has_ended(self, id: str) -> bool:
        """Whether a login session was ended."""
        async with self.transaction(writes=False) as run:
            return bool(await run("SELECT 1 FROM ended_session WHERE id = ?", id))


def _damaged(name: str, what: str) -> Unusable:
    return Unusable(f"sandbox {name} is damaged in the log: {what}", f"the sandbox is damaged in the log: {what}")


def found_in(name: str, row: tuple[Any, ...]) -> Found:
    """A sandbox from a row of key, about, number and digest."""
    key, about, number, digest = row
    return Found(key, name, json.loads(about), Position(number, bytes(digest)))


async def unused_in(run: Run, since: int | None, most: int | None, where: str = "TRUE") -> list[str]:
    """The names of sandboxes not used since then, and of those beyond the `most` used last, that `where` admits."""
    names: list[tuple[Any, ...]] = []
    if since is not None:
        names += await run(f"SELECT name FROM sandbox WHERE used < ? AND {where}", since)  # noqa: S608
    if most is not None:
        kept = "SELECT name FROM sandbox ORDER BY used DESC, key DESC LIMIT ?"
        names += await run(f"SELECT name FROM sandbox WHERE name NOT IN ({kept}) AND {where}", most)  # noqa: S608
    return list(dict.fromkeys(name for (name,) in names))
