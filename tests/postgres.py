"""PostgreSQL for the tests: Debian's, on loopback, in a folder of its own; or the one that `POSTGRES_URL` names."""

import os
import shutil
import socket
import subprocess
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp

USER = "sim"


@contextmanager
def postgres() -> Iterator[str]:
    """A server's address without a database, such as `postgresql://sim@127.0.0.1:5432`."""
    given = os.environ.get("POSTGRES_URL")
    if given:
        yield given.rstrip("/")
        return
    [binaries] = sorted(Path("/usr/lib/postgresql").glob("*/bin"))[-1:]
    folder, port = Path(mkdtemp(prefix="postgres-")), _free_port()
    as_nobody_special = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []
    if as_nobody_special:
        shutil.chown(folder, "postgres", "postgres")
    control = [*as_nobody_special, str(binaries / "pg_ctl"), "-D", str(folder / "data"), "-w"]
    _run([*as_nobody_special, str(binaries / "initdb"), "-D", str(folder / "data"), "-A", "trust", "-U", USER,
          "--no-sync", "-E", "UTF8", "--locale=C"])  # fmt: skip
    settings = f"-c listen_addresses=127.0.0.1 -p {port} -k {folder} -c fsync=off -c max_connections=300"
    _run([*control, "-l", str(folder / "log"), "-o", settings, "start"])
    try:
        yield f"postgresql://{USER}@127.0.0.1:{port}"
    finally:
        _run([*control, "-m", "immediate", "stop"])
        shutil.rmtree(folder, ignore_errors=True)


def new_database(server: str) -> str:
    """The address of a new, empty database."""
    import psycopg

    name = f"t{uuid.uuid4().hex}"
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    return f"{server}/{name}"


def _run(command: list[str]) -> None:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd="/", timeout=60)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port
