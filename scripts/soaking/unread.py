"""What happens to calls, and to the end, of a server whose standard error is not read."""

import asyncio
import http.client
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from tempfile import TemporaryDirectory
from typing import IO, cast

from benchmarks.servers import ROOT, CannotMeasure, server_core

GRACE = 2.0
"""Seconds that the servers have to finish what they began."""
_LISTENING = "listening on http://"
_PLUGIN = """
import dataclasses, json
from assessment_simulator.settings import Settings
print(json.dumps(dataclasses.asdict(Settings(port=0, access_log=True, grace=%r))))
"""


@dataclass(frozen=True, slots=True)
class Ended:
    """How many calls a server answered, how long its end took, and its exit status; None where it did not end."""

    kind: str
    answered: int
    seconds: float
    status: int | None


async def unread(calls: int) -> AsyncIterator[Ended]:
    """Ask each kind of server so often, then end it by SIGTERM."""
    module = (sys.executable, "-m", "assessment_simulator")
    serve = (*module, "serve", "--port", "0", "--access-log", "--grace", str(GRACE))
    with TemporaryDirectory() as folder:
        kinds = {
            "serve": serve,
            "serve --workers 2": (*serve, "--workers", "2", "--log", f"sqlite:{folder}/log.db"),
            "the server of the pytest plugin": (sys.executable, "-m", "assessment_simulator.testing.subserver"),
        }
        settings = await asyncio.to_thread(_settings)
        for kind, command in kinds.items():
            yield await asyncio.to_thread(_ended, kind, command, settings, calls)


def _settings() -> bytes:
    """The line that the plugin's server reads first."""
    command = [sys.executable, "-c", _PLUGIN % GRACE]
    return subprocess.run(command, cwd=ROOT, capture_output=True, check=True, env=_environ()).stdout


def _ended(kind: str, command: tuple[str, ...], first: bytes, calls: int) -> Ended:
    reading, writing = os.pipe()
    with server_core():
        process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=writing, env=_environ()
        )
    os.close(writing)
    try:
        asked, said = cast("IO[bytes]", process.stdin), cast("IO[bytes]", process.stdout)
        asked.write(first)
        asked.flush()
        line = said.readline().decode().strip()
        if not line.startswith(_LISTENING):
            raise CannotMeasure(f"{' '.join(command)} did not start; it said {line!r}")
        answered = _answered(line.removeprefix(_LISTENING), calls)
        began = time.perf_counter()
        process.send_signal(signal.SIGTERM)
        try:
            status: int | None = process.wait(GRACE + 10)
        except subprocess.TimeoutExpired:
            status = None
        return Ended(kind, answered, time.perf_counter() - began, status)
    finally:
        process.kill()
        process.wait()
        os.close(reading)


def _answered(address: str, calls: int) -> int:
    connection, answered = http.client.HTTPConnection(address, timeout=10), 0
    try:
        for _ in range(calls):
            connection.request("GET", "/_simulator/health")
            answer = connection.getresponse()
            answer.read()
            answered += answer.status == 200
    except (OSError, http.client.HTTPException):
        pass  # fewer were answered, then
    finally:
        connection.close()
    return answered


def _environ() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("SIMULATOR_")}
