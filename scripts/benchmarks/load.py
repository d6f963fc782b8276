"""The load generator: raw requests over keep-alive connections, each sending its next as soon as it is answered."""

import asyncio
import gc
import time
from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from benchmarks.servers import CannotMeasure, Server, Use

CONNECTIONS = 16
MOST_WAITED = 0.05
"""A slice is quiet when no side stood in line for its core for longer than this part of it."""
_END = b"\r\n\r\n"
_LENGTH = b"content-length: "


@dataclass(frozen=True, slots=True)
class Slice:
    """What came of one: answers a second, each answer's seconds, and what both sides had of their cores."""

    rate: float
    latencies: "array[float]"
    server: Use
    generator: Use

    @property
    def quiet(self) -> bool:
        """Whether no other process held up either side for long."""
        return max(self.server.waited, self.generator.waited) <= MOST_WAITED


@dataclass(frozen=True, slots=True)
class Plan:
    """What to send for how long, which status each answer must have, and who wants to see the answers."""

    requests: Iterator[bytes]
    status: bytes
    seconds: float = float("inf")
    see: Callable[[bytes], None] | None = None


class Connection(asyncio.Protocol):
    """One connection: a request, its whole answer, the next request."""

    def __init__(self, plan: Plan, latencies: "array[float]") -> None:
        self.finished: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._plan = plan
        self._latencies = latencies
        self._buffer = b""
        self._sent = self._deadline = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Nothing is sent yet."""
        self._transport: asyncio.Transport = transport  # type: ignore[assignment]

    def begin(self, deadline: float) -> None:
        """Send the first request; after `deadline` no other follows."""
        self._deadline = deadline
        self._next()

    def _next(self) -> None:
        request = next(self._plan.requests, None)
        if request is None:
            self._finish()
            return
        self._sent = time.perf_counter()
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        """Note the answer when it is whole."""
        if self._buffer:
            data = self._buffer + data
        head = data.find(_END)
        if head < 0 or len(data) < head + 4 + _length(data, head):
            self._buffer = data
            return
        now = time.perf_counter()
        self._buffer = b""
        self._latencies.append(now - self._sent)
        if data[9:12] != self._plan.status:
            self._finish(CannotMeasure(f"an answer was not {self._plan.status.decode()}: {data[:400]!r}"))
            return
        if self._plan.see is not None:
            self._plan.see(data)
        if now < self._deadline:
            self._next()
        else:
            self._finish()

    def connection_lost(self, exc: Exception | None) -> None:
        """The server may not hang up on us."""
        self._finish(CannotMeasure(f"the server closed a connection: {exc}"))

    def _finish(self, problem: CannotMeasure | None = None) -> None:
        if self.finished.done():
            return
        if problem is None:
            self.finished.set_result(None)
        else:
            self.finished.set_exception(problem)

    def close(self) -> None:
        """Hang up."""
        self._transport.close()


def _length(data: bytes, head: int) -> int:
    at = data.find(_LENGTH, 0, head)
    if at < 0:
        at = data.lower().find(_LENGTH, 0, head)  # others write it in capitals
    if at < 0 and data[9:12] == b"204":
        return 0
    if at < 0:
        raise CannotMeasure(f"an answer has no content-length: {data[:400]!r}")
    return int(data[at + len(_LENGTH) : data.index(b"\r", at)])


async def run(server: Server, plan: Plan, connections: int = CONNECTIONS) -> Slice:
    """Send the plan's requests over so many connections, and wait for the last answer."""
    latencies = array("d")
    opened = [await connect(server, plan, latencies) for _ in range(connections)]
    gc.collect()
    gc.disable()
    try:
        used, own_used, began = server.use(), Use.of("self"), time.perf_counter()
        for connection in opened:
            connection.begin(began + plan.seconds)
        await asyncio.gather(*(connection.finished for connection in opened))
        took = time.perf_counter() - began
        used, own_used = server.use().since(used, took), Use.of("self").since(own_used, took)
    finally:
        gc.enable()
        for connection in opened:
            connection.close()
    return Slice(len(latencies) / took, latencies, used, own_used)


async def connect(server: Server, plan: Plan, latencies: "array[float]") -> Connection:
    """Open a connection on which nothing is sent yet."""
    loop = asyncio.get_running_loop()
    context, name = server.tls or (None, None)
    _, connection = await loop.create_connection(
        lambda: Connection(plan, latencies), server.host, server.port, ssl=context, server_hostname=name
    )
    return connection
