"""Keeps the servers of a test run: one for each settings, whoever asks for it and however often.

Under pytest-xdist the controller keeps them, so that they outlive any worker, and workers ask it over a socket: only a
worker knows the settings, for a test-suite may override the fixture, and a suite without simulator needs no server.
"""

import hmac
import json
import secrets
import socket
import threading
from contextlib import suppress
from dataclasses import replace
from typing import Any, NamedTuple

from assessment_simulator.settings import Settings
from assessment_simulator.testing.subserver import Subserver, read, written


class Kept(NamedTuple):
    """A server that runs: where, and what its control API asks for (None in open access)."""

    url: str
    control_token: str | None


class Keeper:
    """The servers of this process. Safe to share between threads."""

    def __init__(self) -> None:
        self._servers: dict[str, tuple[Subserver, Kept]] = {}
        self._starting = threading.Lock()
        self._desk: Desk | None = None

    def server(self, settings: Settings) -> Kept:
        """The server with these settings, started now if it is not there yet; RuntimeError when it does not start."""
        key = written(settings)
        with self._starting:
            if key not in self._servers:
                closed = settings.access == "closed"
                token = (settings.control_token or secrets.token_urlsafe(24)) if closed else None
                subserver = Subserver(replace(settings, control_token=token))
                self._servers[key] = subserver, Kept(subserver.url, token)
            return self._servers[key][1]

    def all(self) -> list[Kept]:
        """The servers that were asked for."""
        return [kept for _, kept in self._servers.values()]

    def said(self) -> str:
        """What the servers have written to standard error."""
        return "".join(subserver.said() for subserver, _ in self._servers.values())

    def address(self) -> dict[str, Any]:
        """What another process needs for `ask`."""
        self._desk = self._desk or Desk(self)
        return self._desk.address

    def close(self) -> None:
        """Stop all of them."""
        if self._desk is not None:
            self._desk.close()
        for subserver, _ in self._servers.values():
            subserver.stop()
        self._servers.clear()


class Desk:
    """Where other processes of the test run ask a keeper for a server; a thread that sleeps until one does."""

    def __init__(self, keeper: Keeper) -> None:
        self._keeper = keeper
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.address = {"port": self._socket.getsockname()[1], "key": secrets.token_hex(16)}
        self._closing = False
        self._thread = threading.Thread(target=self._work, name="simulator desk", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Answer nobody any more."""
        self._closing = True
        with suppress(OSError):
            socket.create_connection(("127.0.0.1", self.address["port"]), timeout=5).close()  # wakes the thread
        self._thread.join(5)
        self._socket.close()

    def _work(self) -> None:
        while not self._closing:
            with suppress(OSError, ValueError):  # whoever asked went away, or is nobody of ours
                connection, _ = self._socket.accept()
                with connection:
                    connection.settimeout(5)
                    self._answer(connection)

    def _answer(self, connection: socket.socket) -> None:
        asked = json.loads(_line(connection) or "{}")
        if not hmac.compare_digest(str(asked.get("key")), str(self.address["key"])):
            return
        try:
            answer = self._keeper.server(read(asked["settings"]))._asdict()
        except RuntimeError as problem:
            answer = {"problem": str(problem)}
        connection.sendall(json.dumps(answer).encode() + b"\n")


def ask(address: dict[str, Any], settings: Settings) -> Kept:
    """The server that another process keeps; raises RuntimeError when it does not start, or nobody is there to ask."""
    try:
        with socket.create_connection(("127.0.0.1", address["port"]), timeout=90) as connection:
            connection.sendall(json.dumps({"key": address["key"], "settings": written(settings)}).encode() + b"\n")
            answer = json.loads(_line(connection))
    except (OSError, ValueError) as problem:
        raise RuntimeError(f"the test run's controller gave no server: {problem!r}") from problem
    if "problem" in answer:
        raise RuntimeError(answer["problem"])
    return Kept(**answer)


def _line(connection: socket.socket) -> bytes:
    with connection.makefile("rb") as stream:
        return stream.readline()
