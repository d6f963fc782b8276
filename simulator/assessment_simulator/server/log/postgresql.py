"""The log in PostgreSQL, which several processes on several machines share.

Each step is a transaction that holds the row of its sandbox, so that steps of one sandbox follow one another whoever
makes them. The driver is asked from the event loop and waited for: a step is as atomic as everywhere, and nothing else
is answered meanwhile by this process.
"""

import asyncio
import os
import socket
from collections.abc import AsyncGenerator, Sequence
from functools import cache
from itertools import count
from time import monotonic
from typing import TYPE_CHECKING, Any

from assessment_simulator.server.log import Unusable
from assessment_simulator.server.log.sql import Rows, SqlLog

if TYPE_CHECKING:
    import psycopg

_LOCK = 0x53696D31
"""Held by whoever brings the tables up to date."""
SETTINGS = (
    "SET lock_timeout = '3s'; SET idle_in_transaction_session_timeout = '2s';"
    " SET default_transaction_isolation = 'read committed'"
)
"""How long a step waits for another process to end its own: whoever waits must say in time that it is alive, and says
so once a second (`DEAD_AFTER`). One that has stopped in the middle of its own is not waited for so long; and who has
waited sees what was committed meanwhile."""

_DEFAULTS = {
    "connect_timeout": "2", "keepalives_idle": "5", "keepalives_interval": "2", "keepalives_count": "3",
    "tcp_user_timeout": "10000",
}  # fmt: skip
"""What an address may say otherwise: a database that cannot be reached any more is noticed within some ten seconds."""
ANYWAY = 1.0
"""Seconds after which other processes may have committed something even if none has said so: who listens through a
pooler of connections, or over a network that has gone silent, hears nothing."""
QUICK = 0.5
"""Seconds within which a database refuses a connection that is there; where nobody answers it takes longer."""
GAP = 0.005
"""Seconds between two readings of what was committed: a burst is read at once."""

MIGRATIONS = (
    """
    CREATE TABLE sandbox (
        key BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name TEXT NOT NULL UNIQUE, about TEXT NOT NULL,
        image BIGINT NOT NULL DEFAULT 0, drafter TEXT, wake BIGINT, used BIGINT NOT NULL
    );
    CREATE INDEX sandbox_wake ON sandbox (wake) WHERE wake IS NOT NULL;
    CREATE INDEX sandbox_used ON sandbox (used);
    CREATE TABLE entry (
        sandbox BIGINT NOT NULL, number BIGINT NOT NULL, data BYTEA NOT NULL, PRIMARY KEY (sandbox, number)
    );
    CREATE TABLE image (
        sandbox BIGINT NOT NULL, number BIGINT NOT NULL, part BIGINT NOT NULL, data BYTEA NOT NULL,
        PRIMARY KEY (sandbox, number, part)
    );
    CREATE TABLE credential (
        kind TEXT NOT NULL, id BYTEA NOT NULL, secret BYTEA NOT NULL, sandbox BIGINT NOT NULL, PRIMARY KEY (kind, id)
    );
    CREATE INDEX credential_sandbox ON credential (sandbox);
    CREATE TABLE process (owner TEXT PRIMARY KEY, seen BIGINT NOT NULL);
    """,
    """
    ALTER TABLE process ADD COLUMN address TEXT;
    CREATE TABLE secret (name TEXT PRIMARY KEY, value BYTEA NOT NULL);
    """,
    """
    CREATE FUNCTION simulator_tell() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'DELETE' THEN PERFORM pg_notify('simulator', OLD.key::text);
        ELSE PERFORM pg_notify('simulator', NEW.sandbox::text);
        END IF;
        RETURN NULL;
    END
    $$;
    CREATE TRIGGER told AFTER INSERT ON entry FOR EACH ROW EXECUTE FUNCTION simulator_tell();
    CREATE TRIGGER told AFTER DELETE ON sandbox FOR EACH ROW EXECUTE FUNCTION simulator_tell();
    """,
)
"""What leads from one number of the format (in the table `simulator_format`) to the next; only added to."""


class PostgresqlLog(SqlLog):
    """Commits in a database that other processes have, too."""

    shared = True

    def __init__(self, url: str) -> None:
        super().__init__()
        try:
            import psycopg
        except ModuleNotFoundError:
            hint = "pip install 'assessment-simulator[postgres]'"
            raise Unusable(f"needs the driver psycopg: {hint}") from None
        self.errors = psycopg.Error
        self._looks = count()
        self._connection: psycopg.Connection[Any] | None = None
        self._within = False
        self._held: dict[int, tuple[float, Exception]] = {}
        """Sandboxes that somebody held for too long, until when nobody waits for them, and what was the matter."""
        self._failure: psycopg.Error | None = None
        self._again = 0.0
        """Before which moment no connection is tried again, and what was the matter with the last."""
        try:
            given: dict[str, Any] = psycopg.conninfo.conninfo_to_dict(url)
            self._url = psycopg.conninfo.make_conninfo(**{**_DEFAULTS, **given})
            self.where = psycopg.conninfo.make_conninfo(**{**given, "password": "***"})  # so that nobody reads it
        except psycopg.ProgrammingError:
            raise Unusable("is no address of a PostgreSQL database: postgresql://USER@HOST/DATABASE") from None
        try:
            self._migrate()
        except psycopg.Error as problem:
            raise Unusable(str(problem).strip()) from None

    def _migrate(self) -> None:
        self.run("BEGIN")
        self.run("SELECT pg_advisory_xact_lock(?)", (_LOCK,))
        self.run("CREATE TABLE IF NOT EXISTS simulator_format (number BIGINT NOT NULL)")
        version = self.run("SELECT coalesce(max(number), 0) FROM simulator_format").fetchall()[0][0]
        if version > len(MIGRATIONS):
            raise Unusable(f"was written by a newer version (its format is {version}, this knows {len(MIGRATIONS)})")
        for number, script in enumerate(MIGRATIONS[version:], version + 1):
            self.run(script)
            self.run("INSERT INTO simulator_format VALUES (?)", (number,))
        self._enlist()
        self.run("COMMIT")

    def run(self, statement: str, values: Sequence[Any] = ()) -> Rows:
        """Run a statement; one that begins something is run on a new connection where the old one is lost."""
        connection = self._connected()
        try:
            rows = connection.execute(_spelt(statement), values or None)
        except self.errors:
            if self._within or not connection.closed:
                raise
            rows = self._connected().execute(_spelt(statement), values or None)
        finally:
            self._within = (self._within or statement == "BEGIN") and statement not in ("COMMIT", "ROLLBACK")
        return rows if rows.description else _Changed(rows.rowcount)

    def _connected(self) -> "psycopg.Connection[Any]":
        if self._connection is None or (self._connection.closed and not self._within):
            self._connection = self._connect()
        return self._connection

    def _connect(self) -> "psycopg.Connection[Any]":
        """A new connection; after one that failed slowly the next is tried so much later that others are answered."""
        import psycopg

        if self._failure is not None and monotonic() < self._again:
            raise self._failure
        began, self._failure = monotonic(), None
        try:
            connection = psycopg.connect(self._url, autocommit=True)
            connection.execute(SETTINGS)
        except psycopg.Error as problem:
            took = monotonic() - began
            if took > QUICK:
                self._failure, self._again = problem.with_traceback(None), monotonic() + took
            raise
        return connection

    @property
    def is_lost(self) -> bool:  # type: ignore[override]
        """Whether the connection broke off."""
        return self._connection is None or self._connection.closed

    def take(self, key: int) -> None:
        """Begin a transaction that holds a sandbox; one that was waited for in vain is not waited for again at once."""
        held = self._held.get(key)
        if held is not None and monotonic() < held[0]:
            raise held[1]
        self._held.pop(key, None)
        self.run("BEGIN")
        if key:
            try:
                self.run("SELECT key FROM sandbox WHERE key = ? FOR UPDATE", (key,))
            except self.errors as problem:
                self._held[key] = (monotonic() + ANYWAY, problem.with_traceback(None))
                raise

    def host(self) -> str:
        """The address from which this machine reaches the database; others reach it there, too."""
        if self._connection is None or self._connection.closed:
            return super().host()
        with socket.socket(fileno=os.dup(self._connection.fileno())) as connected:
            if connected.family not in (socket.AF_INET, socket.AF_INET6):
                return super().host()
            return str(connected.getsockname()[0])

    def version(self) -> int:
        """Another number each time: that nobody has committed anything is known only by asking."""
        return next(self._looks)

    async def news(self) -> AsyncGenerator[frozenset[int] | None]:
        """Whenever other processes have committed anything, at once: the database tells whoever listens."""
        from psycopg import AsyncConnection

        try:
            async with await AsyncConnection.connect(self._url, autocommit=True) as listening:
                await listening.execute("LISTEN simulator")
                yield None  # what was committed before it listened
                while True:
                    told = [one async for one in listening.notifies(timeout=ANYWAY, stop_after=1)]
                    keys = frozenset(int(one.payload) for one in told if one.pid != self._pid)
                    if keys or not told:
                        yield keys or None
                    await asyncio.sleep(GAP)
        except self.errors as problem:
            raise Unusable(f"the log {self.where} cannot be listened to: {str(problem).strip()}") from None

    @property
    def _pid(self) -> int:
        """The number by which the database knows this process's commits; 0 where there is no connection."""
        return 0 if self._connection is None or self._connection.closed else self._connection.info.backend_pid

    def close(self) -> None:
        """End."""
        if self._connection is not None:
            if not self.is_lost:
                self._leave()
            self._connection.close()


class _Changed:
    """How many rows a statement has changed that shows none."""

    def __init__(self, rowcount: int) -> None:
        self.rowcount = rowcount

    def fetchall(self) -> list[Any]:
        return []


@cache
def _spelt(statement: str) -> bytes:
    return statement.replace("?", "%s").encode()
