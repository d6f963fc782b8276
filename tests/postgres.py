"""PostgreSQL for the tests: Debian's, on loopback, in a folder of its own; or the one that `POSTGRES_URL` names."""

import os
import shutil
import subprocess
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import mkdtemp

from tests.waiting import free_port

USER = "sim"


class Postgres:
    """PostgreSQL in a folder of its own; `url` has no database, such as `postgresql://sim@127.0.0.1:5432`.

    `prefix` runs its programs elsewhere, for example in a network namespace.
    """

    def __init__(self, *settings: str, host: str = "127.0.0.1", prefix: Sequence[str] = ()) -> None:
        [self._binaries] = sorted(Path("/usr/lib/postgresql").glob("*/bin"))[-1:]
        self.folder, self.port = Path(mkdtemp(prefix="postgres-")), free_port()
        self.url = f"postgresql://{USER}@{host}:{self.port}"
        self._as_nobody_special = [*prefix, *(["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else [])]
        if os.getuid() == 0:
            shutil.chown(self.folder, "postgres", "postgres")
        base = (f"listen_addresses={host}", "fsync=off", "max_connections=300")
        self._settings = " ".join(f"-c {setting}" for setting in (*base, *settings))

    def run(self, program: str, *options: str) -> None:
        """Run a program of PostgreSQL."""
        _run([*self._as_nobody_special, str(self._binaries / program), *options])

    def create(self, network: str = "127.0.0.1/32") -> None:
        """Create the database files; clients in that network need no password, not even to copy them."""
        self.run("initdb", "-D", str(self.data), "-A", "trust", "-U", USER, "--no-sync", "-E", "UTF8", "--locale=C")
        with (self.data / "pg_hba.conf").open("a") as rules:
            rules.write(f"host all all {network} trust\nhost replication all {network} trust\n")

    @property
    def data(self) -> Path:
        """The folder of the database files."""
        return self.folder / "data"

    def start(self) -> None:
        """Start the server and wait until it takes connections."""
        options = f"{self._settings} -p {self.port} -k {self.folder}"
        self.run("pg_ctl", "-D", str(self.data), "-w", "-l", str(self.folder / "log"), "-o", options, "start")

    def stop(self, mode: str = "immediate") -> None:
        """Stop the server; `immediate` is like a crash."""
        self.run("pg_ctl", "-D", str(self.data), "-w", "-m", mode, "stop")

    def restart(self, mode: str = "immediate") -> None:
        """Stop the server, and start it again."""
        self.stop(mode)
        self.start()

    def promote(self) -> None:
        """Make a standby the primary."""
        self.run("pg_ctl", "-D", str(self.data), "-w", "promote")

    def wait_until_replayed(self, primary: "Postgres") -> None:
        """As a standby, return when all that the primary has committed so far is here."""
        import psycopg

        with psycopg.connect(f"{primary.url}/postgres", autocommit=True) as there:
            [(end,)] = there.execute("SELECT pg_current_wal_flush_lsn()").fetchall()
        with psycopg.connect(f"{self.url}/postgres", autocommit=True) as here:
            question = "SELECT pg_last_wal_replay_lsn() >= %s::pg_lsn"
            while here.execute(question, (end,)).fetchall() != [(True,)]:
                time.sleep(0.01)

    def pause_replication(self) -> None:
        """As a standby, receive nothing any more."""
        import psycopg

        with psycopg.connect(f"{self.url}/postgres", autocommit=True) as here:
            here.execute("ALTER SYSTEM SET primary_conninfo = ''")
            here.execute("SELECT pg_reload_conf()")
            while here.execute("SELECT 1 FROM pg_stat_wal_receiver").fetchall():
                time.sleep(0.01)

    @contextmanager
    def running(self) -> Iterator["Postgres"]:
        """Create it, and run it for as long as the block lasts."""
        try:
            self.create()
            self.start()
            yield self
        finally:
            self.close()

    def close(self) -> None:
        """Stop the server if it runs, and delete its files."""
        with suppress(subprocess.CalledProcessError):
            self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


@contextmanager
def postgres() -> Iterator[str]:
    """A server's address without a database, such as `postgresql://sim@127.0.0.1:5432`."""
    given = os.environ.get("POSTGRES_URL")
    if given:
        yield given.rstrip("/")
        return
    with Postgres().running() as server:
        yield server.url


def new_database(server: str) -> str:
    """The address of a new, empty database."""
    import psycopg

    name = f"t{uuid.uuid4().hex}"
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    return f"{server}/{name}"


def _run(command: list[str]) -> None:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/", timeout=60)
