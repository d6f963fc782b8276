"""Keeps the servers of a test run: one for each settings, whoever asks for it and however often.

Under pytest-xdist the workers share a folder of the controller's: the first that asks starts the server, under a lock,
and notes there where it is. Each server ends with the controller, which outlives every worker. The controller cannot
start it: only a worker knows the settings, for a test-suite may override the fixture.
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

_INSTALL = "under pytest-xdist the simulator needs filelock: pip install 'assessment-simulator[pytest]'"


class Kept(NamedTuple):
    """A server that runs: where, and what its control API asks for (None in open access)."""

    url: str
    control_token: str | None


class Keeper:
    """The servers of the run that this process controls."""

    def __init__(self) -> None:
        self._folder = TemporaryDirectory(prefix="simulator-")
        self._leash = socket.create_server(("127.0.0.1", 0))
        """Each server connects to it, and ends when that connection does."""

    def server(self, settings: Settings) -> Kept:
        """The server with these settings, started now if it is not there yet; RuntimeError when it does not start."""
        return _kept(self.address(), settings)

    def all(self) -> list[Kept]:
        """The servers that were asked for."""
        return [_read(place) for place in sorted(Path(self._folder.name).glob("*.json"))]

    def said(self) -> str:
        """What the servers have written to standard error."""
        places = sorted(Path(self._folder.name).glob("*.log"))
        return "".join(place.read_text(encoding="utf-8", errors="replace") for place in places)

    def address(self) -> dict[str, Any]:
        """What another process needs for `shared`."""
        return {"folder": self._folder.name, "port": self._leash.getsockname()[1]}

    def close(self) -> None:
        """Stop all of them."""
        held: list[socket.socket] = []
        self._leash.setblocking(False)
        with suppress(BlockingIOError):
            while True:
                held.append(self._leash.accept()[0])
        for connection in held:
            with suppress(OSError):  # its server has ended already
                connection.shutdown(socket.SHUT_WR)
        for connection in held:
            connection.settimeout(ENDS_WITHIN + 5)
            with connection, suppress(OSError):
                connection.recv(1)  # returns when the server has ended
        self._leash.close()
        self._folder.cleanup()


def shared(address: dict[str, Any], settings: Settings) -> Kept:
    """The server of a keeper in another process, started now if it is not there yet; RuntimeError as in `Keeper`."""
    try:
        from filelock import FileLock
    except ModuleNotFoundError:
        raise RuntimeError(_INSTALL) from None

    with FileLock(Path(address["folder"]) / "lock"):
        return _kept(address, settings)


def _kept(address: dict[str, Any], settings: Settings) -> Kept:
    name = sha256(written(settings).encode()).hexdigest()
    place = Path(address["folder"]) / f"{name}.json"
    if not place.exists():
        closed = settings.access == "closed"
        token = (settings.control_token or secrets.token_urlsafe(24)) if closed else None
        url = start(replace(settings, control_token=token), place.with_suffix(".log"), address["port"])
        place.write_text(json.dumps({"url": url, "control_token": token}))
    return _read(place)


def _read(place: Path) -> Kept:
    return Kept(**json.loads(place.read_text()))
