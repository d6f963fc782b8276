"""The measured processes: started on a core of their own, asked, weighed and stopped."""

import contextlib
import http.client
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

ROOT = Path(__file__).resolve().parents[2]
SIMULATOR = (sys.executable, "-m", "assessment_simulator", "serve", "--port", "0")
BARE = (sys.executable, "-m", "benchmarks.bare")
_LISTENING = "listening on http://"
_PATIENCE = 30


class CannotMeasure(Exception):
    """A server did not start, or did not answer as it should: there is no figure to give."""


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


class Server:
    """One server process; `started` is how many seconds it took to its first answer.

    `path` is where node looks for packages; what a server says that is not `loud` is thrown away.
    """

    def __init__(self, command: tuple[str, ...], path: str = "", *, loud: bool = True) -> None:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("SIMULATOR_")}
        environment["PYTHONPATH"] = str(ROOT / "scripts")
        environment |= {"NODE_PATH": path} if path else {}
        self._name = " ".join(command[1:])
        out = subprocess.PIPE if loud else subprocess.DEVNULL
        began = time.perf_counter()
        with server_core():
            self._process = subprocess.Popen(
                command, cwd=ROOT, env=environment, stdout=out, stderr=None if loud else out
            )
        try:
            self.host, self.port = self._address()
            self._greet()
        except BaseException:
            self.stop()
            raise
        self.started = time.perf_counter() - began

    def _address(self) -> tuple[str, int]:
        line = self._process.stdout.readline().decode().strip() if self._process.stdout else ""
        if not line.startswith(_LISTENING):
            raise CannotMeasure(f"{self._name} did not start; it said {line!r}")
        host, _, port = line.removeprefix(_LISTENING).rpartition(":")
        return host, int(port)

    def _greet(self) -> None:
        """The first answer."""
        self.ask("GET", "/_simulator/health")

    def ask(
        self, method: str, path: str, headers: Mapping[str, str] | None = None, body: Mapping[str, Any] | None = None
    ) -> Any:
        """One call outside the measurement; gives the parsed answer."""
        connection = http.client.HTTPConnection(self.host, self.port, timeout=_PATIENCE)
        with contextlib.closing(connection):
            sent = None if body is None else json.dumps(body)
            connection.request(method, path, sent, {"content-type": "application/json", **(headers or {})})
            answer = connection.getresponse()
            content = answer.read()
        if answer.status >= 300:
            raise CannotMeasure(f"{method} {path} answered {answer.status}: {content[:300]!r}")
        return json.loads(content)

    def resident(self) -> int:
        """Bytes of memory that are its own or shared, as the kernel counts them (VmRSS)."""
        for line in _proc(self._process.pid, "status").splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1_024
        raise CannotMeasure("the kernel does not say how much memory the server has")

    def use(self) -> "Use":
        """The processor time of its one busy thread."""
        return Use.of(self._process.pid)

    def stop(self) -> None:
        """End the process that was started here."""
        self._process.terminate()
        try:
            self._process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
