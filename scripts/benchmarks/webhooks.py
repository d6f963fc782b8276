"""How long a webhook takes: from sending the call that completes an assessment to its arrival at a listener here."""

import asyncio
import re
import time
from array import array
from collections.abc import Callable
from contextlib import closing
from statistics import quantiles

from benchmarks.figures import Figure, Goal
from benchmarks.load import MOST_WAITED, Plan, connect
from benchmarks.requests import KEY, assessment, completion
from benchmarks.servers import SIMULATOR, CannotMeasure, Server, Use

P95 = Goal("simulator", 10)
_PATIENCE = 10
_END = b"\r\n\r\n"
_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
_KEEPING = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"
_CLOSING = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


class Listener(asyncio.Protocol):
    """Answers every request with an empty 200 as soon as it has arrived whole, and passes its body to `note`.

    With `close` it then closes the connection.
    """

    def __init__(self, note: Callable[[bytes], None], *, close: bool = False) -> None:
        self._note = note
        self._close = close
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A sender is here."""
        self._transport: asyncio.Transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        """Take in a request; its body's length stands in its head."""
        self._buffer += data
        head, found, body = self._buffer.partition(_END)
        length = _LENGTH.search(head)
        if found and len(body) >= int(length[1] if length else 0):
            self._note(body)
            self._buffer = b""
            self._transport.write(_CLOSING if self._close else _KEEPING)
            if self._close:
                self._transport.close()


async def webhook(completions: int) -> list[Figure]:
    """Complete so many assessments, one after another; the first, which imports the HTTP client, counts apart."""
    arrivals: asyncio.Queue[float] = asyncio.Queue()

    def note(_: bytes) -> None:
        arrivals.put_nowait(time.perf_counter())

    listener = await asyncio.get_running_loop().create_server(lambda: Listener(note), "127.0.0.1", 0)
    hook = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}/completed"
    with closing(listener), Server(SIMULATOR) as simulator:
        created = [_create(simulator, hook, number) for number in range(completions + 1)]
        used, own_used, began = simulator.use(), Use.of("self"), time.perf_counter()
        first, *others = [1_000 * await _complete(simulator, id, arrivals) for id in created]
        took = time.perf_counter() - began
        waited = max(simulator.use().since(used, took).waited, Use.of("self").since(own_used, took).waited)
    hundredths = quantiles(others, n=100)
    return [
        Figure("webhook", "completion to webhook: p50", "ms", hundredths[49]),
        Figure("webhook", "completion to webhook: p95", "ms", hundredths[94], goal=P95, disturbed=waited > MOST_WAITED),
        Figure("webhook", "completion to webhook: slowest", "ms", max(others)),
        Figure("webhook", "completion to webhook: a server's first", "ms", first),
    ]


def _create(simulator: Server, hook: str, number: int) -> str:
    answer = simulator.ask("POST", "/api/v1/behavioralassessments", {"api-key": KEY}, assessment(hook, number))
    return str(answer["assessmentId"])


async def _complete(simulator: Server, id: str, arrivals: "asyncio.Queue[float]") -> float:
    """Seconds from sending the call, over a connection that is open already, to the webhook's arrival."""
    connection = await connect(simulator, Plan(iter((completion(simulator, id),)), b"200"), array("d"))
    began = time.perf_counter()
    connection.begin(deadline=began)
    await connection.finished
    connection.close()
    try:
        return await asyncio.wait_for(arrivals.get(), _PATIENCE) - began
    except TimeoutError:
        raise CannotMeasure(f"no webhook arrived within {_PATIENCE} s") from None
