"""Debian's PgBouncer before a database."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp
from urllib.parse import urlsplit

import psycopg

from tests.waiting import free_port, until


@contextmanager
def pgbouncer(log: str, mode: str) -> Iterator[str]:
    """The address of the same database through PgBouncer in this mode: session, transaction or statement."""
    parts, port, folder = urlsplit(log), free_port(), Path(mkdtemp(prefix="pgbouncer-"))
    settings = folder / "pgbouncer.ini"
    # With `auth_type = any` PgBouncer logs in as the user of the database line.
    settings.write_text(
        f"[databases]\n* = host={parts.hostname} port={parts.port} user={parts.username}\n"
        f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nauth_type = any\nunix_socket_dir =\n"
        f"admin_users = {parts.username}\npool_mode = {mode}\nmax_client_conn = 500\ndefault_pool_size = 100\n"
        + ("user = postgres\n" if os.getuid() == 0 else "")
    )
    folder.chmod(0o755)
    program = shutil.which("pgbouncer") or "/usr/sbin/pgbouncer"
    process = subprocess.Popen([program, "-q", str(settings)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    address = f"postgresql://{parts.username}@127.0.0.1:{port}{parts.path}"
    try:
        until(lambda: _answers(address))
        yield address
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
        shutil.rmtree(folder, ignore_errors=True)


def _answers(address: str) -> bool:
    try:
        psycopg.connect(address).close()
    except psycopg.OperationalError:
        return False
    return True
