"""The log in PostgreSQL: several servers share it. `storage` says what ownership is; here it is decided.

Theory of operation:

- **Session.** A server opens one connection, registers in the table `server` under an id that is never used again, and
  holds the session-level advisory lock of that id. A row of `server` is visible only while its lock is held; it is
  deleted by its own server at the end, or by another one that could take its lock, which proves that the session ended.
- **Owner.** The column `sandbox.owner` names the owner. A sandbox whose owner is null, or has no row in `server`, is
  free. A server claims a free sandbox by compare-and-set on this column.
- **Commits** travel on the session, each transaction with the condition that the row of the sandbox names this server
  and has the position before it. A server that lost its session, or a sandbox, therefore writes nothing.
- **Lease.** PostgreSQL 14 or newer ends a session that is silent for `DATABASE_PATIENCE`; an older one ends only a
  session whose server cannot be reached. A silent server sends a statement after `BEAT` seconds, or after 1.5 times as
  many at most. It answers, and sends webhooks, only while the last statement that succeeded was sent less than `LEASE`
  seconds ago; so it stops before the database gives its sandboxes away, also when it was paused in between.
- **Taking by force** (`take`). A server that cannot reach an owner writes its own id into the row of the sandbox and
  has the database end the owner's session. A live owner sees that at once, opens a new session, keeps its other
  sandboxes and deletes its old row, which says that it no longer answers for the taken one. If the owner is silent, the
  taken sandbox may be used, and its others claimed, `LEASE` seconds after its lock was released: the network may have
  broken just before, and the owner may answer reads until its lease ends. The new owner keeps the sandbox for `TENURE`
  seconds at least while it is alive, so two servers that cannot reach each other do not take it with every call.
- **A lost session.** The server opens another one and takes the lock of the old id first, so that nothing of the old
  session can come later. Then it compares the positions of its sandboxes with its own: what was written is kept, what
  was not is written again. Where that is not possible within `SETTLES_WITHIN`, callers get 503.

Reading, claiming and looking for due sandboxes use a small pool of other connections. No LISTEN or NOTIFY is used:
every call that waits for something in a sandbox waits at its owner.
"""

import asyncio
import logging
import os
import random
import secrets
import select
import socket
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, nullcontext, suppress
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from assessment_simulator.core.text import install
from assessment_simulator.storage import SETTLES_WITHIN, Batch, Claimed, Found, LogError, Position, Unusable, Unwritten
from assessment_simulator.storage.log import AT_ONCE, Log, Run, found_in, migrations

if TYPE_CHECKING:
    import psycopg

# Seconds after which a session that has written nothing sends a statement.
BEAT = 0.5
# Seconds for which a statement that succeeded proves that the session is alive.
LEASE = 2.0
# Seconds for which a sandbox that was taken by force is not taken by force again, if its owner is alive.
TENURE = 10.0
# Seconds of silence after which the database ends the session.
DATABASE_PATIENCE = 4.0
# Seconds after which a statement that is not answered counts as lost, and the session with it.
STATEMENT = 4.0
# A free sandbox is claimed after up to so many seconds, at random, so that servers rarely claim the same one.
ADOPTION_DELAY = 0.05
# Sandboxes that a server claims at the same time.
ADOPTIONS = 8
# Connections for all that is not written on the session.
POOL = 4
# The class of our advisory locks; the lock of class and 0 is held while tables are created.
_LOCKS = 0x53696D
# The version of PostgreSQL from which on it has `idle_session_timeout`.
_ENDS_IDLE_SESSIONS = 140_000
# Set by statements, because PgBouncer refuses unknown start parameters.
_SESSION = f"""
    SET tcp_user_timeout = {DATABASE_PATIENCE * 1000:.0f}; SET tcp_keepalives_idle = 1;
    SET tcp_keepalives_interval = 1; SET tcp_keepalives_count = 3
"""
_EVERY = """
    SET lock_timeout = '3s'; SET idle_in_transaction_session_timeout = '3s';
    SET default_transaction_isolation = 'read committed'
"""
# Parameters of the address, unless it has them itself.
_DEFAULTS = {
    "connect_timeout": "2", "keepalives_idle": "1", "keepalives_interval": "1", "keepalives_count": "3",
    "tcp_user_timeout": "4000",
}  # fmt: skip
_APPEND = """
    WITH mine AS (
        UPDATE sandbox SET number = %s, digest = %b, due = %s, summary = %s
        WHERE key = %s AND owner = %s AND number = %s AND digest = %b RETURNING key
    )
    INSERT INTO entry (sandbox, number, data)
    SELECT key, new.number, new.data FROM mine, unnest(%s::bigint[], %b::bytea[]) AS new (number, data)
    RETURNING pg_backend_pid()
"""
# Of its own role's sessions everyone may see when they began their last statement.
_MAY_TAKE = f"""
    SELECT 1 FROM sandbox JOIN server ON id = owner LEFT JOIN pg_stat_activity AS session ON session.pid = server.pid
    WHERE name = ? AND owner = ? AND (
        taken IS NULL OR taken < clock_timestamp() - interval '{TENURE} s'
        OR session.query_start IS NULL OR session.query_start < clock_timestamp() - interval '{LEASE} s'
    )
"""  # noqa: S608
_log = logging.getLogger("simulator.log")
# Seconds, which also pass while the machine is suspended; `monotonic` stands still then on Linux.
uptime = partial(time.clock_gettime, time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic
# The last position of each sandbox that this process owns, by key.
Positions = Mapping[int, Position]


class PostgresqlLog(Log):
    """Commits in a database; this process owns the sandboxes that it has in memory."""

    kind = "postgresql"
    unowned = "(owner IS NULL OR NOT EXISTS (SELECT FROM server WHERE id = owner))"

    def __init__(self, url: str) -> None:
        try:
            import psycopg
            import psycopg_pool
        except ModuleNotFoundError:
            raise Unusable(f"needs the driver psycopg and its pool: {install('postgres')}") from None
        self._errors = (psycopg.Error, psycopg_pool.PoolTimeout, psycopg_pool.PoolClosed)
        # Where this server takes forwarded requests: HOST:PORT; to be set before `start`.
        self.address = ""
        # Called with what the log has, when another session took the place of one that was lost.
        self.regained: Callable[[Positions], None] = lambda positions: None
        self._session: psycopg.AsyncConnection[Any] | None = None
        self._pid = 0
        # Id and database process of the session that was lost, until another one took its place.
        self._lost: tuple[int, int] | None = None
        # When the last statement that succeeded on the session was sent.
        self._confirmed = 0.0
        # Polls the session for what psycopg has not read yet: an answer, or that the database has ended it.
        self._arrived: select.poll | None = None
        self._busy = asyncio.Lock()
        # Set when a statement must be sent at once, because a call waits for its answer.
        self._wanted = asyncio.Event()
        # Set when a statement has succeeded.
        self._answered = asyncio.Event()
        self._beating: asyncio.Task[None] | None = None
        self._adopting = asyncio.Semaphore(ADOPTIONS)
        # By id, the sessions that this server ends by force.
        self._ending: dict[int, asyncio.Task[None]] = {}
        # By name, the sandboxes that are being taken from a server that may still answer for them.
        self._taken: dict[str, asyncio.Task[None]] = {}
        # By id, when the lock of a session that was ended by force was seen free for the first time.
        self._ended: dict[int, float] = {}
        self._closing = False
        try:
            given: dict[str, Any] = psycopg.conninfo.conninfo_to_dict(url)
            self._url = psycopg.conninfo.make_conninfo(**{**_DEFAULTS, **given})
            self.where = psycopg.conninfo.make_conninfo(**{**given, "password": "***"})  # it is printed
        except psycopg.ProgrammingError:
            raise Unusable("is no address of a PostgreSQL database: postgresql://USER@HOST/DATABASE") from None
        try:
            with psycopg.connect(self._url, autocommit=True, prepare_threshold=None) as connection:
                self.host = _local_host(connection)
                self._refuse_transaction_pooler(connection)
                with connection.transaction():
                    connection.execute("SELECT pg_advisory_xact_lock(%s, 0)", (_LOCKS,))
                    connection.execute("CREATE TABLE IF NOT EXISTS simulator_format (number BIGINT NOT NULL)")
                    query = "SELECT coalesce(max(number), 0) FROM simulator_format"
                    [(found,)] = connection.execute(query).fetchall()
                    for number, script in migrations("postgresql", found, "the database"):
                        connection.execute(script.encode())
                        connection.execute("INSERT INTO simulator_format VALUES (%s)", (number,))
        except psycopg.Error as problem:
            raise Unusable(str(problem).strip()) from None

    def _refuse_transaction_pooler(self, one: "psycopg.Connection[Any]") -> None:
        """A pooler that shares one session among clients would share our lock, too."""
        import psycopg

        pid = "SELECT pg_backend_pid()"
        one.execute("SELECT pg_advisory_lock_shared(%s, 0)", (_LOCKS,))
        before = one.execute(pid).fetchone()
        with psycopg.connect(self._url, autocommit=True, prepare_threshold=None) as other:
            between = other.execute(pid).fetchone()
        if before == between or one.execute(pid).fetchone() != before:
            raise Unusable(
                "the address leads to a pooler in transaction mode, which cannot hold the lock of a server; "
                "connect to PostgreSQL directly, or set the pooler to session mode"
            )
        one.execute("SELECT pg_advisory_unlock_shared(%s, 0)", (_LOCKS,))

    async def start(self) -> None:
        """Open the session and the pool."""
        from psycopg_pool import AsyncConnectionPool

        async def configure(connection: "psycopg.AsyncConnection[Any]") -> None:
            await connection.execute(_EVERY)
            await connection.commit()

        self._pool: AsyncConnectionPool[Any] = AsyncConnectionPool(
            self._url, min_size=1, max_size=POOL, timeout=3.0, open=False, reconnect_timeout=0.5,
            kwargs={"autocommit": False, "prepare_threshold": None}, configure=configure,
        )  # fmt: skip
        try:
            await self._open()
            await self._pool.open()
        except self._errors as problem:
            raise Unusable(str(problem).strip()) from None
        self._beating = asyncio.get_running_loop().create_task(self._beat())

    async def close(self) -> None:
        """End; what is still owned is free from now on."""
        self._closing = True
        tasks = [*self._taken.values(), *self._ending.values(), *([self._beating] if self._beating else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        async with self._busy:
            if self._session is not None:
                with suppress(*self._errors), _breaking(self._session):
                    await self._session.execute("DELETE FROM server WHERE id = %s", (self.owner,))
                await self._session.close()
                self._session = None
        await self._pool.close(timeout=1.0)

    # The session.

    async def _open(self) -> None:
        """Open a session: register under a new id, with its lock held before anyone can see it."""
        from psycopg import AsyncConnection

        sent = uptime()
        session = await AsyncConnection.connect(self._url, autocommit=True, prepare_threshold=None)
        try:
            with _breaking(session):
                await session.execute(_EVERY)
                await session.execute(_SESSION)
                if session.info.server_version >= _ENDS_IDLE_SESSIONS:
                    await session.execute(f"SET idle_session_timeout = {DATABASE_PATIENCE * 1000:.0f}".encode())
                async with session.transaction():
                    # No sequence: a crash without synchronous commits, or a standby that missed the last ones, takes
                    # it back, and a server would take itself, or another one, for the session that it has lost.
                    id = 1 + secrets.randbelow(2**31 - 1)
                    register = "INSERT INTO server (id, pid, address) VALUES (%s, pg_backend_pid(), %s) RETURNING pid"
                    [(pid,)] = await (await session.execute(register, (id, self.address))).fetchall()
                    await session.execute("SELECT pg_advisory_lock(%s, %s::int)", (_LOCKS, id))
        except BaseException:
            _break(session)
            raise
        self.owner, self._pid, self._session = id, pid, session
        if hasattr(select, "poll"):
            self._arrived = select.poll()
            self._arrived.register(session.fileno(), select.POLLIN)
        self._confirmed = sent
        self._answered.set()

    @property
    def is_confirmed(self) -> bool:
        """Whether this process has certainly not lost its sandboxes."""
        return (
            self._session is not None
            and self._lost is None
            and uptime() - self._confirmed < LEASE
            # While a statement is in flight, what arrives is its answer. To confirm again for that would send another
            # statement with the next answer to come, and so on. Within the lease nobody else uses the sandboxes.
            and (self._busy.locked() or not (self._arrived and self._arrived.poll(0)))
        )

    async def confirm(self, within: float = SETTLES_WITHIN) -> None:
        """Return as soon as `is_confirmed`."""
        try:
            async with asyncio.timeout(within):
                while not self.is_confirmed:
                    self._wanted.set()
                    self._answered.clear()
                    await self._answered.wait()
        except TimeoutError:
            raise Unusable(f"the log {self.where} does not answer", "the log does not answer") from None

    async def _beat(self) -> None:
        """Keep the session alive; where it is lost, open another one."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(BEAT):
                    await self._wanted.wait()
            is_wanted = self._wanted.is_set()
            self._wanted.clear()
            if self._session is not None and uptime() - self._confirmed < BEAT / 2 and not is_wanted:
                continue
            async with self._busy:
                try:
                    if self._session is None:
                        await self._regain(uptime() + BEAT)
                        continue
                    with self._on_session() as session:
                        self._compare_pid(await (await session.execute("SELECT pg_backend_pid()")).fetchall())
                except Unwritten as problem:
                    _log.debug("%s", problem.why)
                except self._errors as problem:
                    _log.warning("a statement to %s failed: %s", self.where, str(problem).strip())
                    self._wanted.set()

    @contextmanager
    def _on_session(self) -> "Iterator[psycopg.AsyncConnection[Any]]":
        """For statements on the session; where they are not answered in time, the session is lost."""
        from psycopg import OperationalError

        sent, session = uptime(), self._session
        if session is None:
            raise OperationalError("there is no session")
        try:
            with _breaking(session):
                yield session
        except BaseException:
            if not _is_usable(session):
                self._drop()
            raise
        self._confirmed = sent
        self._answered.set()

    def _compare_pid(self, rows: list[tuple[Any, ...]]) -> None:
        """Compare the backend that answered with that of the session: a pooler may use the session of another client.

        Then the lock of this process proves nothing, and the session counts as lost.
        """
        from psycopg import OperationalError

        if rows and rows[0][0] != self._pid:
            self._drop()
            raise OperationalError("the session is another one; a pooler in transaction mode is between")

    def _drop(self) -> None:
        """The session is lost."""
        session, self._session = self._session, None
        if session is None or self.owner is None:
            return
        if self._lost is None:  # else this one was opened in its place, and owns nothing yet
            _log.warning("the session with %s was lost; another one is opened as soon as that is possible", self.where)
            self._lost = self.owner, self._pid
        _break(session)

    async def _regain(self, deadline: float) -> Positions:
        """Open another session in the place of the lost one; what the log has of this server's sandboxes."""
        while True:
            try:
                if self._session is None:
                    await self._open()
                if self._lost is None:
                    return {}
                id, pid = self._lost
                with self._on_session() as session:
                    # Taking its lock proves that the old session has ended.
                    delete = "DELETE FROM server WHERE id = %s AND pg_try_advisory_xact_lock(%s, %s::int) RETURNING 1"
                    has_ended = bool(await (await session.execute(delete, (id, _LOCKS, id))).fetchall())
                    if not has_ended:
                        query = "SELECT pg_terminate_backend(%s) FROM server WHERE id = %s"
                        has_ended = not await (await session.execute(query, (pid, id))).fetchall()
                if has_ended:
                    with self._on_session() as session:
                        inherit = "UPDATE sandbox SET owner = %s WHERE owner = %s RETURNING key, number, digest"
                        rows = await (await session.execute(inherit, (self.owner, id))).fetchall()
                    positions = {key: Position(number, bytes(digest)) for key, number, digest in rows}
                    self.regained(positions)
                    self._lost = None  # from here on this server answers again
                    _log.warning("another session took the place of the one that was lost")
                    return positions
                why = "the old session has not ended"
            except self._errors as problem:
                why = str(problem).strip()
            if uptime() >= deadline:
                given_up, self._session = self._session, None
                if given_up is not None:
                    _break(given_up)
                raise Unwritten(f"the log {self.where} cannot be used: {why}", "the log cannot be used")
            await asyncio.sleep(0.05)

    async def write(self, batches: Sequence[Batch]) -> frozenset[int]:
        """Append commits in one transaction; returns the keys of those that another server owns, or that are behind."""
        deadline = uptime() + SETTLES_WITHIN
        async with self._busy:
            is_uncertain = False
            refused: set[int] = set()
            while True:
                try:
                    if self._session is None:
                        # Nothing of the old session can come later, so each batch is in the log, or never will be.
                        positions = await self._regain(deadline)
                        left = [batch for batch in batches if positions.get(batch.key) == batch.before]
                        written = {batch.key for batch in batches if positions.get(batch.key) == batch.after}
                        refused |= {batch.key for batch in batches} - {batch.key for batch in left} - written
                        batches, is_uncertain = left, False
                        if batches and uptime() >= deadline:
                            raise Unwritten(f"the log {self.where} breaks off each time that it is written")  # noqa: TRY301
                    if not batches:
                        return frozenset(refused)
                    is_uncertain = True
                    with self._on_session() as session:
                        await self._append(session, batches, refused)
                    return frozenset(refused)
                except Unwritten as problem:
                    raise Unwritten(problem.why, problem.cause, is_uncertain=is_uncertain) from None
                except self._errors as problem:
                    text = str(problem).strip()
                    if self._session is not None:  # the database refused the transaction: nothing of it was kept
                        raise Unwritten(f"the log {self.where} cannot be written: {text}") from None
                    _log.debug("the session was lost in a write: %s", text)

    async def _append(
        self, session: "psycopg.AsyncConnection[Any]", batches: Sequence[Batch], refused: set[int]
    ) -> None:
        """Append in one transaction: a statement alone is one, and so are those of a pipeline up to its end."""
        async with session.pipeline() if len(batches) > 1 else nullcontext():
            cursors = []
            for key, before, commits, after, due, summary in batches:
                numbers = [*range(before.number + 1, after.number + 1)]
                values = (*after, due, summary.decode(), key, self.owner, *before, numbers, [*commits])
                cursors.append(await session.execute(_APPEND, values))
        for batch, cursor in zip(batches, cursors, strict=True):
            rows = await cursor.fetchall()
            if not rows:
                refused.add(batch.key)
            self._compare_pid(rows[:1])

    # The pool.

    @asynccontextmanager
    async def transaction(self, *, writes: bool = True) -> AsyncIterator[Run]:
        """A transaction on a connection of the pool."""
        is_ending = False
        try:
            # The pool's own check would wait some seconds between two broken connections, and there are many after an
            # outage. So does it where it cannot connect, unless its `reconnect_timeout` is short.
            for left in reversed(range(POOL + 1)):
                connection = await self._pool.getconn()
                try:
                    with _breaking(connection, 1.0):
                        await connection.execute("")
                    break
                except BaseException as problem:
                    await self._pool.putconn(connection)  # which replaces it
                    if not (left and isinstance(problem, self._errors)):
                        raise

            async def run(statement: str, *values: Any) -> list[tuple[Any, ...]]:
                with _breaking(connection):
                    cursor = await connection.execute(_spelt(statement), values or None)
                return await cursor.fetchall() if cursor.description else []

            try:
                async with connection:
                    yield run
                    is_ending = True  # from here on only the commit can fail, and its answer be lost
            finally:
                await self._pool.putconn(connection)
        except self._errors as problem:
            text = str(problem).strip()
            if writes:
                raise Unwritten(f"the log {self.where} cannot be written: {text}", is_uncertain=is_ending) from None
            raise Unusable(f"the log {self.where} cannot be read: {text}", "the log cannot be read") from None

    async def new_key(self) -> int:
        """A key for a new sandbox."""
        async with self.transaction(writes=False) as run:
            return int((await run("SELECT nextval(pg_get_serial_sequence('sandbox', 'key'))"))[0][0])

    async def claim(self, name: str) -> Found | Claimed | None:
        """Own the sandbox of that name from now on, unless another server does; None where there is none."""
        query = (
            "SELECT key, about, number, digest, owner, address FROM sandbox LEFT JOIN server ON id = owner"
            " WHERE name = ?"
        )
        claim = "UPDATE sandbox SET owner = ? WHERE name = ? AND owner IS NOT DISTINCT FROM ?::bigint RETURNING 1"
        while True:
            async with self._adopting:
                await self.confirm()
                async with self.transaction(writes=False) as run:
                    rows = await run(query, name)
                if not rows:
                    return None
                *found, owner, address = rows[0]
                ending = self._taken.get(name) or self._ending.get(owner)
                if ending is None:
                    if self._closing and (address is None or owner == self.owner):
                        # It is being released. The forwarding server looks again, until another server has it.
                        return Claimed(self.owner or 0, self.address)
                    if owner == self.owner:
                        return found_in(name, found)
                    if address is not None:
                        return Claimed(owner, address)
                    await asyncio.sleep(random.uniform(0, ADOPTION_DELAY))  # noqa: S311
                    async with self.transaction() as run:
                        if await run(claim, self.owner, name, owner):
                            self.takeovers += owner is not None
            if ending is not None:
                await asyncio.wait({ending}, timeout=LEASE + 1)
                if not ending.done():
                    why = "the process that owns this sandbox cannot be reached, and its session has not ended yet"
                    raise Unusable(f"sandbox {name}: {why}", why)

    async def release(self, keys: Sequence[int]) -> None:
        """Own these no more."""
        async with self.transaction() as run:
            await run("UPDATE sandbox SET owner = NULL WHERE key = ANY(?) AND owner = ?", [*keys], self.owner)

    def stop_claiming(self) -> None:
        """Claim nothing more: the server is about to end."""
        self._closing = True

    async def touch(self, keys: Sequence[int], now: int) -> None:
        """Note that these sandboxes are in use now.

        Those that are being written are left out, because they are in use: to wait for them could end in a deadlock
        with the writer.
        """
        unlocked = "SELECT key FROM sandbox WHERE key = ANY(?) FOR NO KEY UPDATE SKIP LOCKED"
        for first in range(0, len(keys), AT_ONCE):
            async with self.transaction() as run:
                await run(
                    f"UPDATE sandbox SET used = ? WHERE key IN ({unlocked})",  # noqa: S608
                    now, [*keys[first : first + AT_ONCE]],
                )  # fmt: skip

    async def due(self, now: int, after: int, most: int) -> list[tuple[int, str]]:
        """Keys and names of free sandboxes that have something to do by now."""
        await self._delete_ended("id <> ?", self.owner)
        return await super().due(now, after, most)

    # Other servers.

    async def free(self, server: int) -> None:
        """Let the sandboxes of a server be claimed, if its session has ended."""
        await self._delete_ended("id = ?", server)

    async def _delete_ended(self, which: str, *values: Any) -> None:
        """Delete the rows of servers whose session has ended; where it was ended by force, not before its lease has."""
        async with self.transaction() as run:
            query = f"SELECT id, forced FROM server WHERE {which} AND pg_try_advisory_xact_lock(?, id::int)"  # noqa: S608
            ended = await run(query, *values, _LOCKS)
            now = uptime()
            over = [id for id, forced in ended if not forced or now - self._ended.setdefault(id, now) >= LEASE]
            if over:
                await run("DELETE FROM server WHERE id = ANY(?)", over)
        for id in over:
            self._ended.pop(id, None)

    async def take(self, name: str, server: int) -> None:
        """Own a sandbox of a server that cannot be reached, and end that server's session by force."""
        # Registered before the row changes, so that no call is answered here before the other server's lease ends.
        await asyncio.shield(_shared(self._taken, name, partial(self._take, name, server)))

    async def _take(self, name: str, server: int) -> None:
        async with self.transaction() as run:
            if not await run(_MAY_TAKE, name, server):
                return
            # Committed before the session is ended: every server that finds it ended must wait for its lease.
            await run("UPDATE server SET forced = TRUE WHERE id = ?", server)
        with suppress(LogError):  # the session is ended in any case
            async with self.transaction() as run:
                # A server that comes back deletes its row first, so it cannot get the sandbox back while that is
                # locked. Its session is ended before the sandbox is changed, because it may have locked that.
                await run("SELECT pg_terminate_backend(pid) FROM server WHERE id = ? FOR UPDATE", server)
                taken = await run(
                    "UPDATE sandbox SET owner = ?, taken = clock_timestamp() WHERE name = ? AND owner = ? RETURNING 1",
                    self.owner, name, server,
                )  # fmt: skip
            self.takeovers += len(taken)
        await asyncio.shield(_shared(self._ending, server, partial(self._end, server)))

    async def _end(self, server: int) -> None:
        """End a session; returns when its server has opened another one, or cannot hold its lease any more."""
        while True:
            with suppress(LogError):
                async with self.transaction() as run:
                    query = "SELECT pid, pg_try_advisory_xact_lock(?, id::int) FROM server WHERE id = ?"
                    found = await run(query, _LOCKS, server)
                    if not found:
                        return
                    [(pid, has_ended)] = found
                    if not has_ended:
                        await run("SELECT pg_terminate_backend(?)", pid)
                if has_ended:
                    await self.free(server)
            await asyncio.sleep(0.05)


def _shared(
    tasks: dict[Any, asyncio.Task[None]], key: object, work: Callable[[], Coroutine[Any, Any, None]]
) -> asyncio.Task[None]:
    """A task that does this work; one for all who want it at the same time."""
    task = tasks.get(key)
    if task is None:
        task = tasks[key] = asyncio.get_running_loop().create_task(work())
        task.add_done_callback(lambda _: tasks.pop(key))
    return task


@contextmanager
def _breaking(connection: "psycopg.AsyncConnection[Any]", seconds: float = STATEMENT) -> Iterator[None]:
    """Break a connection when the block takes longer, so that what waits for it fails."""
    timer = asyncio.get_running_loop().call_later(seconds, _break, connection)
    try:
        yield
    finally:
        timer.cancel()


def _is_usable(connection: "psycopg.AsyncConnection[Any]") -> bool:
    """Whether a statement can follow one that failed.

    psycopg may leave a connection that breaks in a pipeline in pipeline mode, without calling it closed.
    """
    from psycopg.pq import PipelineStatus, TransactionStatus

    if connection.closed:
        return False
    info = connection.info
    return info.pipeline_status == PipelineStatus.OFF and info.transaction_status == TransactionStatus.IDLE


def _break(connection: "psycopg.AsyncConnection[Any]") -> None:
    """Shut a connection down without a message to the database: what waits for an answer gets an error.

    To close it, or to cancel what waits for it, would mean to wait for the database.
    """
    with suppress(Exception), socket.socket(fileno=os.dup(connection.fileno())) as connected:
        connected.shutdown(socket.SHUT_RDWR)


def _local_host(connection: "psycopg.Connection[Any]") -> str:
    """The address of this machine from which it reaches the database; other servers reach it there, too."""
    with socket.socket(fileno=os.dup(connection.fileno())) as connected:
        if connected.family not in (socket.AF_INET, socket.AF_INET6):
            return "127.0.0.1"
        return str(connected.getsockname()[0])


@cache
def _spelt(statement: str) -> bytes:
    return statement.replace("?", "%s").encode()
