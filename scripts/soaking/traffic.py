"""Rounds of mixed calls in a few sandboxes that are emptied again: much is done, and nothing must be left of it."""

from collections.abc import Iterator
from itertools import islice, repeat
from typing import NamedTuple

from benchmarks import load
from benchmarks.load import Plan
from benchmarks.requests import Orders, request
from benchmarks.servers import Server

PI = "/api/v1/behavioralassessments"
_ORDERS, _ASSESSMENTS = 200, 60
_PI_ID = b'"assessmentId":"'


class Phase(NamedTuple):
    """Requests that are all answered alike."""

    status: bytes
    requests: Iterator[bytes]


class Round:
    """Everything that is done in one sandbox until it is emptied; `asked` counts the requests."""

    def __init__(self, server: Server, name: str, hook: str) -> None:
        self._server = server
        self._hook = hook
        self._control = f"/_simulator/sandboxes/{name}"
        self._key = {"api-key": f"sim-{name}"}
        self._orders = Orders(server, f"sim-{name}")
        self._assessments: list[str] = []
        self.asked = 2  # for the token, and for the configuration

    async def play(self, *, leave: bool) -> None:
        """Ask all of it; then empty the sandbox, or (`leave`) delete it."""
        await self._ask(Phase(b"201", self._orders.creations(_ORDERS)), self._orders)
        await self._ask(Phase(b"201", self._made()))
        for phase in self._phases():
            await self._ask(phase)
        ends = ("DELETE", "", b"204") if leave else ("POST", "/reset", b"200")
        await self._ask(Phase(ends[2], iter([self._knob(ends[0], ends[1])])))

    async def _ask(self, phase: Phase, orders: Orders | None = None) -> None:
        see = orders.note if orders else self._note
        done = await load.run(self._server, Plan(phase.requests, phase.status, see=see), connections=8)
        self.asked += len(done.latencies)

    def _note(self, answer: bytes) -> None:
        if answer[9:12] == b"201" and _PI_ID in answer:
            at = answer.index(_PI_ID) + len(_PI_ID)
            self._assessments.append(answer[at : at + 36].decode())

    def _made(self) -> Iterator[bytes]:
        for number in range(_ASSESSMENTS):
            body = b'{"firstName":"Ada","lastName":"L","email":"ada-%d@example.com","assessmentStatusWebHook":"%b"}'
            yield request(self._server, "POST", PI, self._key, body % (number, self._hook.encode()))

    def _phases(self) -> Iterator[Phase]:
        """What is asked of orders and assessments that are there."""
        yield Phase(b"200", islice(self._orders.reads(), 3 * _ORDERS))
        yield Phase(b"200", (self._pi("GET", f"{PI}/{id}") for id in self._assessments * 2))
        yield Phase(b"200", repeat(self._pi("GET", f"{PI}?$filter=lastName%20eq%20%27L%27&$top=20"), 20))
        yield Phase(b"400", repeat(self._pi("POST", PI, b'{"firstName":1}'), 40))
        yield Phase(b"401", repeat(request(self._server, "GET", PI, {"api-key": "nobody"}), 20))
        yield Phase(b"404", repeat(self._pi("GET", f"{PI}/6f1c7a52-3b0e-4d55-9a7c-2f6a1e0b9c3d"), 20))
        ids = [*self._orders.ids[:60], *self._assessments]
        yield Phase(b"200", (self._knob("POST", f"/invitations/{id}/complete") for id in ids))
        yield Phase(b"201", repeat(self._knob("POST", "/snapshots"), 2))
        for method, path, body in (
            ("PATCH", "/config", b'{"invitation_days":9}'), ("POST", "/clock", b'{"advance":"PT1H"}'),
            ("POST", "/snapshots/snapshot-1/restore", b""), ("POST", "/clock", b'{"advance":"P30D"}'),
            ("GET", "/journal?newest=50", b""), ("GET", "/deliveries", b""), ("GET", "/mail", b""),
            ("GET", "/coverage", b""), ("GET", "/states/pymetrics.svg", b""),
        ):  # fmt: skip
            yield Phase(b"200", iter([self._knob(method, path, body)]))

    def _pi(self, method: str, path: str, body: bytes = b"") -> bytes:
        return request(self._server, method, path, self._key, body)

    def _knob(self, method: str, path: str, body: bytes = b"") -> bytes:
        return request(
            self._server, method, f"{self._control}{path}", {"content-length": "0"} if not body else {}, body
        )
