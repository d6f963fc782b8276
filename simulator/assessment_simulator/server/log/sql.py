"""The log in a database: the statements, which are the same for every kind of it."""

import asyncio
import json
import secrets
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Protocol

from assessment_simulator.server.clock import machine_now
from assessment_simulator.server.log import MARKS, Found, Unusable, Unwritten, mark_of
from assessment_simulator.server.log.pulse import Pulse

GAP = 0.05
"""Seconds between two looks for what other processes have committed."""


class Rows(Protocol):
    """What a statement has found, and how many rows it has changed."""

    @property
    def rowcount(self) -> int: ...
    def fetchall(self) -> list[Any]: ...


class SqlLog(ABC):
    """Commits in a database. `run` runs one statement, whose values stand where it has question marks."""

    shared = False
    is_lost = False
    """Whether nobody can say how the last statement ended."""
    where = ""
    """How the log is called in messages."""
    errors: type[Exception] = Exception
    """What `run` raises."""

    def __init__(self) -> None:
        self.owner = secrets.token_hex(8)
        self._begun = False
        self._pulse = Pulse()
        self._address: str | None = None

    @abstractmethod
    def run(self, statement: str, values: Sequence[Any] = ()) -> Rows:
        """Run a statement."""

    @abstractmethod
    def take(self, key: int) -> None:
        """Begin a transaction; nobody else commits anything to this sandbox until it ends. 0 is no sandbox's number."""

    @abstractmethod
    def close(self) -> None:
        """End."""

    # Transactions.

    def begin(self, key: int) -> None:
        """Let nobody else commit to a sandbox until `end`."""
        try:
            self.take(key)
        except self.errors as problem:
            self._roll_back()
            raise self._unwritten(problem) from None
        self._begun = True

    def end(self, *, well: bool) -> None:
        """What was appended since `begin` is kept, or, where not all is well, forgotten."""
        self._begun = False
        if not well:
            self._roll_back()
            return
        self._commit()

    def _commit(self) -> None:
        try:
            self.run("COMMIT")
        except self.errors as problem:
            is_uncertain = self.is_lost
            self._roll_back()
            raise self._unwritten(problem, is_uncertain=is_uncertain) from None

    @contextmanager
    def _whole(self, key: int = 0) -> Iterator[None]:
        """What happens in the block happens in whole or not at all; within `begin` and `end` it is a part of that."""
        if self._begun:
            try:
                yield
            except self.errors as problem:
                raise self._unwritten(problem) from None
            return
        try:
            self.take(key)
            yield
            self._commit()
        except self.errors as problem:
            self._roll_back()
            raise self._unwritten(problem) from None
        except BaseException:
            self._roll_back()
            raise

    def _roll_back(self) -> None:
        with suppress(self.errors):  # there was nothing, or nobody is there any more
            self.run("ROLLBACK")

    def _unwritten(self, problem: Exception, *, is_uncertain: bool = False) -> Unwritten:
        why = f"the log {self.where} cannot be written: {self.explained(problem)}"
        return Unwritten(why, f"the log cannot be written{self._shown(problem)}", is_uncertain=is_uncertain)

    def explained(self, problem: Exception) -> str:
        """What the database complains of."""
        return str(problem).strip()

    def _ask(self, question: str, *values: Any) -> list[Any]:
        try:
            return self.run(question, values).fetchall()
        except self.errors as problem:
            said = f"the log {self.where} cannot be read: {self.explained(problem)}"
            raise Unusable(said, f"the log cannot be read{self._shown(problem)}") from None

    def _shown(self, problem: Exception) -> str:
        """What of a problem may be shown to callers, who must not learn where a database is and who may use it."""
        return ""

    # Several processes.

    @abstractmethod
    def version(self) -> int:
        """Another number whenever another process has committed anything."""

    async def news(self) -> AsyncGenerator[frozenset[int] | None]:
        """Whenever other processes have committed anything; to which sandboxes is not known."""
        heard = self.version()
        while True:
            await asyncio.sleep(GAP)
            if (version := self.version()) != heard:
                heard = version
                yield None

    def newest(self, key: int) -> tuple[int, int] | None:
        """The numbers of the last image and the last commit of a sandbox; None when it was deleted."""
        question = "SELECT image, (SELECT max(number) FROM entry WHERE sandbox = key) FROM sandbox WHERE key = ?"
        for image, number in self._ask(question, key):
            return image, max(image, number or 0)
        return None

    def since(self, key: int, number: int) -> list[tuple[int, bytes]]:
        """The commits after that number."""
        return self._ask("SELECT number, data FROM entry WHERE sandbox = ? AND number > ? ORDER BY number", key, number)

    def _enlist(self) -> None:
        """Take a name whose mark no other process has; in a transaction that shuts others out.

        The marks of processes that have ended become free when they say so, or when the others forget them.
        """
        seen: dict[int, int] = {}
        for owner, at in self.run("SELECT owner, seen FROM process").fetchall():
            seen[mark_of(owner)] = max(at, seen.get(mark_of(owner), at))
        free = [mark for mark in range(MARKS) if mark not in seen] or [min(seen, key=lambda mark: seen[mark])]
        drawn = secrets.randbits(63)
        self.owner = f"{drawn - drawn % MARKS + secrets.choice(free):016x}"
        self.run("INSERT INTO process (owner, seen) VALUES (?, ?)", (self.owner, machine_now()))

    def _leave(self) -> None:
        """Let others have the mark, and what this process has begun."""
        with suppress(self.errors):  # then they find out
            self.run("DELETE FROM process WHERE owner = ?", (self.owner,))

    def beat(self) -> None:
        """Say that this process is alive."""
        if self.shared:
            with self._whole():
                now = machine_now()
                said = """INSERT INTO process (owner, seen, address) VALUES (?, ?, ?)
                          ON CONFLICT (owner) DO UPDATE SET seen = excluded.seen, address = excluded.address"""
                self.run(said, (self.owner, now, self._address))
                for silent in self._pulse.silent():
                    self.run("DELETE FROM process WHERE owner = ? AND seen = ?", silent)
            self._pulse.beat()

    def alive(self) -> frozenset[str]:
        """The processes that have said so lately."""
        if not self.shared:
            return frozenset((self.owner,))
        self._pulse.hear(self._ask("SELECT owner, seen FROM process"))
        return self._pulse.alive() | {self.owner}

    def host(self) -> str:
        """Where on this machine the other processes that share the log can reach this one."""
        return "127.0.0.1"

    def introduce(self, address: str | None) -> bytes:
        """Tell those others an address, or that there is none any more. Gives the secret that all of them know."""
        self._address = address
        self.beat()
        with self._whole():
            said = "INSERT INTO secret VALUES ('peers', ?) ON CONFLICT DO NOTHING"
            self.run(said, (secrets.token_bytes(32),))
        return bytes(self._ask("SELECT value FROM secret WHERE name = 'peers'")[0][0])

    def peers(self) -> list[tuple[str, str]]:
        """The other processes that are alive and have told an address, each with it."""
        alive = self.alive()
        told = self._ask("SELECT owner, address FROM process WHERE address IS NOT NULL AND owner <> ?", self.owner)
        return [(owner, address) for owner, address in told if owner in alive]

    # Sandboxes.

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
        return int(self._ask("SELECT count(*) FROM sandbox")[0][0])

    def opened_by(self, kind: str, id: bytes) -> str | None:
        """The name of the sandbox that a credential opens; of its id there is a digest."""
        question = "SELECT name FROM credential JOIN sandbox ON sandbox = key WHERE kind = ? AND id = ?"
        return next((name for (name,) in self._ask(question, kind, id)), None)

    def locks(self, key: int) -> list[tuple[str, bytes, bytes]]:
        """What opens a sandbox: kinds of credentials, with digests of id and secret."""
        return [*self._ask("SELECT kind, id, secret FROM credential WHERE sandbox = ?", key)]

    def lock(self, key: int, locks: Sequence[tuple[str, bytes, bytes]]) -> None:
        """Let these, and nothing else, open a sandbox."""
        with self._whole(key):
            self.run("DELETE FROM credential WHERE sandbox = ?", (key,))
            for lock in locks:
                self.run("INSERT INTO credential VALUES (?, ?, ?, ?)", (*lock, key))

    def open(self, name: str, about: dict[str, Any], image: Sequence[bytes], wake: int | None) -> int | None:
        """Begin a sandbox with an image of it, number 0; None where there is one of that name."""
        with self._whole():
            said = (
                "INSERT INTO sandbox (name, about, wake, used) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING RETURNING key"
            )
            made = self.run(said, (name, json.dumps(about), wake, machine_now())).fetchall()
            for [key] in made:
                for part, piece in enumerate(image):
                    self.run("INSERT INTO image VALUES (?, 0, ?, ?)", (key, part, piece))
        return made[0][0] if made else None

    def read(self, key: int) -> Iterator[tuple[int, bytes]]:
        """The parts of the last image, then the commits after it; each with its number."""
        if self._begun:
            yield from self._both(key)
            return
        with self._whole(key):  # so that both are read as of one moment
            found = self._both(key)
        yield from found

    def _both(self, key: int) -> list[tuple[int, bytes]]:
        question = """SELECT number, data FROM image
                      WHERE sandbox = ? AND number = (SELECT image FROM sandbox WHERE key = sandbox) ORDER BY part"""
        image = self._ask(question, key)
        return [*image, *self.since(key, image[0][0] if image else 0)]

    def append(self, key: int, number: int, data: bytes, wake: tuple[int | None] | None = None) -> None:
        """Keep a commit under its number, and, where one is given, when the sandbox must be looked at."""
        with self._whole(key):
            self.run("INSERT INTO entry VALUES (?, ?, ?)", (key, number, data))
            if wake is not None:
                self.run("UPDATE sandbox SET wake = ? WHERE key = ?", (*wake, key))

    def wake(self, key: int, wake: int | None) -> None:
        """Keep when the sandbox must be looked at."""
        with self._whole(key):
            self.run("UPDATE sandbox SET wake = ? WHERE key = ?", (wake, key))

    def draft(self, key: int, number: int, part: int, data: bytes) -> None:
        """Keep a part of an image as of that commit, which counts for nothing until it is settled.

        Who begins one takes it away from whoever is at it.
        """
        with self._whole(key):
            if part == 0:
                self.run("UPDATE sandbox SET drafter = ? WHERE key = ?", (self.owner, key))
                said = "DELETE FROM image WHERE sandbox = ? AND number <> (SELECT image FROM sandbox WHERE key = ?)"
                self.run(said, (key, key))
            said = """INSERT INTO image (sandbox, number, part, data)
                      SELECT key, ?, ?, ? FROM sandbox WHERE key = ? AND drafter = ?
                      ON CONFLICT DO NOTHING"""  # an image as of the same commit is the same image
            self.run(said, (number, part, data, key, self.owner))

    def settle(self, key: int, number: int) -> None:
        """The image as of that commit is whole: what is older is deleted."""
        with self._whole(key):
            # Never backwards: commits that a newer image of another process stands for are gone.
            said = "UPDATE sandbox SET image = ?, drafter = NULL WHERE key = ? AND drafter = ? AND image < ?"
            if self.run(said, (number, key, self.owner, number)).rowcount:
                self.run("DELETE FROM image WHERE sandbox = ? AND number <> ?", (key, number))
                self.run("DELETE FROM entry WHERE sandbox = ? AND number <= ?", (key, number))

    def delete(self, key: int) -> None:
        """Forget a sandbox."""
        with self._whole(key):
            self.run("DELETE FROM credential WHERE sandbox = ?", (key,))
            self.run("DELETE FROM image WHERE sandbox = ?", (key,))
            self.run("DELETE FROM entry WHERE sandbox = ?", (key,))
            self.run("DELETE FROM sandbox WHERE key = ?", (key,))

    def due(self, now: int) -> list[str]:
        """The sandboxes that must be looked at by now."""
        return [name for (name,) in self._ask("SELECT name FROM sandbox WHERE wake <= ?", now)]

    def stamp(self, key: int) -> None:
        """Keep that a sandbox is in use now."""
        with self._whole(key):
            self.run("UPDATE sandbox SET used = ? WHERE key = ?", (machine_now(), key))

    def unused(self, since: int | None, most: int | None) -> list[tuple[str, int]]:
        """Names and numbers of the sandboxes not used since then, and of those beyond the `most` used last."""
        found: list[tuple[str, int]] = []
        if since is not None:
            found += self._ask("SELECT name, key FROM sandbox WHERE used < ?", since)
        if most is not None:
            found += self._ask("SELECT name, key FROM sandbox ORDER BY used DESC, key DESC")[most:]
        return list(dict.fromkeys((name, key) for name, key in found))
