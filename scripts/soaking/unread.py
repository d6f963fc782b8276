"""What happens to calls, and to the end, of a server whose standard error is not read."""

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass

from assessment_contracts.kit import Connection, Unreachable, serve_command
from assessment_simulator.settings import Settings
from assessment_simulator.testing.server_process import written
from benchmarks.servers import Server

GRACE = 2.0
"""Seconds that the servers have to finish what they began."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How many calls a server answered, how long its end took, and its exit status; -9 where it did not end."""

    kind: str
    answered: int
    seconds: float
    status: int


async def unread(calls: int) -> AsyncIterator[Ended]:
    """Ask each kind of server so often, then end it by SIGTERM."""
    serve = serve_command("--access-log", "--grace", str(GRACE))
    kinds = {
        "serve": serve,
        "the server of the pytest plugin": [sys.executable, "-m", "assessment_simulator.testing.server_process"],
    }
    for kind, command in kinds.items():
        yield await asyncio.to_thread(_ended, kind, command, calls)


def _ended(kind: str, command: Sequence[str], calls: int) -> Ended:
    reading, writing = os.pipe()
    settings = written(Settings(port=0, access_log=True, grace=GRACE))  # which the plugin's server reads first
    try:
        with Server(command, first_line=settings, stderr=writing) as server:
            answered = _answered(server.url, calls)
            began = time.perf_counter()
            status = server.terminate(GRACE + 10)
            return Ended(kind, answered, time.perf_counter() - began, status)
    finally:
        os.close(reading)
        os.close(writing)


def _answered(url: str, calls: int) -> int:
    answered = 0
    with closing(Connection(url)) as connection, suppress(Unreachable):  # then fewer were answered
        for _ in range(calls):
            answered += connection.request("GET", "/_simulator/health").status == 200
    return answered
