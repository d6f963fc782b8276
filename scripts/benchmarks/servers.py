"""The measured processes: started on a core of their own, asked, weighed and stopped."""

import asyncio
import contextlib
import json
import os
import ssl
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

from assessment_contracts.kit import Connection, NotStarted, ServerProcess, Unreachable, serve_command

ROOT = Path(__file__).resolve().parents[2]
SIMULATOR = serve_command()
BARE = (sys.executable, "-m", "benchmarks.bare")
_PATIENCE = 30


class CannotMeasure(Exception):
    """A server did not answer as it should: there is no figure to give."""


FAILED = (CannotMeasure, NotStarted, Unreachable, OSError)
"""What ends a measurement without a figure."""


def cores() -> tuple[int, int] | None:
    """The servers' core and the generator's; None where they cannot be chosen."""
    if not hasattr(os, "sched_getaffinity"):
        return None
    allowed = sorted(os.sched_getaffinity(0))
    return (allowed[0], allowed[-1]) if len(allowed) > 1 else None


CORES = cores()


def take_generator_core() -> None:
    """Leave the servers' core to them."""
    if CORES:
        os.sched_setaffinity(0, {CORES[1]})


def new_loop() -> asyncio.AbstractEventLoop:
    """The generator's event loop: uvloop's where there is one."""
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()


@contextlib.contextmanager
def server_core() -> Iterator[None]:
    """What is started meanwhile runs on the servers' core from its first instruction on."""
    if CORES:
        os.sched_setaffinity(0, {CORES[0]})
    try:
        yield
    finally:
        take_generator_core()


@dataclass(frozen=True, slots=True)
class Use:
    """Seconds that a process ran, and seconds that it could have run, but somebody else had its core."""

    ran: float
    waited: float

    @classmethod
    def of(cls, process: int | str) -> Self:
        """Since the process began, as the kernel counts them."""
        ran, waited, _ = _proc(process, "schedstat").split()
        return cls(int(ran) / 1e9, int(waited) / 1e9)

    def since(self, before: Self, seconds: float) -> "Use":
        """Both as parts of so many seconds that have passed since `before`."""
        return Use((self.ran - before.ran) / seconds, (self.waited - before.waited) / seconds)


def _proc(process: int | str, name: str) -> str:
    try:
        return Path(f"/proc/{process}/{name}").read_text()
    except OSError as problem:
        raise CannotMeasure(f"memory and processor time are read from /proc: {problem}") from None


class Server(ServerProcess):
    """One server process on the servers' core; `started` is how many seconds it took to its first answer.

    `path` is where node looks for packages. `tls` is with what the generator connects: None for a plain connection, or
    a context and the name of the host.
    """

    tls: tuple[ssl.SSLContext, str] | None = None

    def __init__(self, command: Sequence[str], path: str = "", **popen: Any) -> None:
        environ = {"PYTHONPATH": str(ROOT / "scripts")} | ({"NODE_PATH": path} if path else {})
        super().__init__(command, environ=environ, within=_PATIENCE, cwd=ROOT, **popen)

    def start(self) -> Self:
        """Start the process and wait for its first answer."""
        began = time.perf_counter()
        with server_core():
            super().start()
        self.host, self.port = str(urlsplit(self.url).hostname), int(urlsplit(self.url).port or 0)
        try:
            self._greet()
        except BaseException:
            self.stop()
            raise
        self.started = time.perf_counter() - began
        return self

    def _greet(self) -> None:
        """The first answer."""
        self.ask("GET", "/_simulator/health")

    def ask(
        self, method: str, path: str, headers: Mapping[str, str] | None = None, body: Mapping[str, Any] | None = None,
        patience: float = _PATIENCE,
    ) -> Any:  # fmt: skip
        """One call outside the measurement; gives the parsed answer."""
        sent = b"" if body is None else json.dumps(body).encode()
        with contextlib.closing(Connection(self.url, patience=lambda: patience)) as connection:
            answer = connection.request(method, path, {"content-type": "application/json", **(headers or {})}, sent)
        if answer.status >= 300:
            raise CannotMeasure(f"{method} {path} answered {answer.status}: {answer.text[:300]}")
        return answer.json

    def resident(self) -> int:
        """Bytes of memory that are its own or shared, as the kernel counts them (VmRSS)."""
        for line in _proc(self.pid, "status").splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1_024
        raise CannotMeasure("the kernel does not say how much memory the server has")

    def use(self) -> "Use":
        """The processor time of its one busy thread."""
        return Use.of(self.pid)
