"""The servers of a test run: one for each `Settings`.

Under pytest-xdist the workers share a folder of the controller's. The first worker that needs a server starts it, under
a lock, and writes its address there; the controller cannot start it, because a test suite may override the fixture with
the settings. Each server ends with the controller, which ends after all workers.
"""

import json
import secrets
import socket
from contextlib import suppress
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from assessment_simulator.settings import Settings
from assessment_simulator.testing.server_process import ENDS_WITHIN, start, written


class PooledServer(NamedTuple):
    """A running server; the control token is None in open access."""

    url: str
    control_token: str | None


class ServerPool:
    """The servers of the test run that this process controls."""

    def __init__(self) -> None:
        self._folder = TemporaryDirectory(prefix="simulator-")
        self._lifeline = socket.create_server(("127.0.0.1", 0))
        """Each server connects to it, and ends when that connection is closed."""

    def address(self) -> dict[str, Any]:
        """What `server` needs, also in another process."""
        return {"folder": self._folder.name, "port": self._lifeline.getsockname()[1]}

    def all(self) -> list[PooledServer]:
        """The servers that were started."""
        return [_read(path) for path in sorted(Path(self._folder.name).glob("*.json"))]

    def stderr(self) -> str:
        """What the servers have written to standard error."""
        logs = sorted(Path(self._folder.name).glob("*.log"))
        return "".join(log.read_text(encoding="utf-8", errors="replace") for log in logs)

    def close(self) -> None:
        """Stop all servers."""
        connections: list[socket.socket] = []
        self._lifeline.setblocking(False)
        with suppress(BlockingIOError):
            while True:
                connections.append(self._lifeline.accept()[0])
        for connection in connections:
            # Its server has ended already.
            with suppress(OSError):
                connection.shutdown(socket.SHUT_WR)
        for connection in connections:
            connection.settimeout(ENDS_WITHIN + 5)
            with connection, suppress(OSError):
                # Returns when the server has ended.
                connection.recv(1)
        self._lifeline.close()
        self._folder.cleanup()


def server(address: dict[str, Any], settings: Settings) -> PooledServer:
    """The server of a pool with these settings, started if necessary; raises RuntimeError if it does not start."""
    name = sha256(written(settings).encode()).hexdigest()
    path = Path(address["folder"]) / f"{name}.json"
    if not path.exists():
        closed = settings.access == "closed"
        token = (settings.control_token or secrets.token_urlsafe(24)) if closed else None
        url = start(replace(settings, control_token=token), path.with_suffix(".log"), address["port"])
        path.write_text(json.dumps({"url": url, "control_token": token}))
    return _read(path)


def shared_server(address: dict[str, Any], settings: Settings) -> PooledServer:
    """As `server`, for one of several processes."""
    try:
        from filelock import FileLock
    except ModuleNotFoundError:
        install = "pip install 'assessment-simulator[pytest]'"
        raise RuntimeError(f"under pytest-xdist the simulator needs filelock: {install}") from None

    with FileLock(Path(address["folder"]) / "lock"):
        return server(address, settings)


def _read(path: Path) -> PooledServer:
    return PooledServer(**json.loads(path.read_text()))
