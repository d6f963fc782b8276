"""Sandboxes in a log with nothing around them, and what they remember in a form that can be compared."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator, Sequence
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from typing import Any, TypeVar

from assessment_simulator.app import VENDORS
from assessment_simulator.core.config import Config
from assessment_simulator.core.decision import VendorResponse
from assessment_simulator.core.request import MISSING, VendorRequest
from assessment_simulator.core.seeded_random import SeededRandom
from assessment_simulator.sandbox.codec import image, parts
from assessment_simulator.sandbox.commit_queue import Commits, Writer, due_of, summary_of
from assessment_simulator.sandbox.sandbox import Sandbox
from assessment_simulator.sandbox.state import Clock, State, machine_now
from assessment_simulator.storage import Batch, Found, Unwritten
from assessment_simulator.storage.sqlite import SqliteLog

T = TypeVar("T")
SEED = "seed"


class Failing(SqliteLog):
    """A log in a temporary file that can be full."""

    def __init__(self) -> None:
        self._folder = Path(mkdtemp())
        super().__init__(self._folder / "log.db")
        self.full = False

    async def close(self) -> None:
        """Close the log and delete its folder."""
        await super().close()
        rmtree(self._folder)

    async def write(self, batches: Sequence[Batch]) -> frozenset[int]:
        """Append commits, or fail in the middle."""
        if self.full:
            raise Unwritten("database or disk is full")
        return await super().write(batches)


class World:
    """A log with sandboxes and an event loop of its own, and nothing around them."""

    def __init__(self, log: SqliteLog) -> None:
        self.log = log
        self.writer = Writer(log)
        self._runner = asyncio.Runner()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run something in the loop."""
        return self._runner.run(work)

    def do(self, sandbox: Sandbox, work: Callable[[], T]) -> T:
        """Do something with a sandbox, and wait until it is durable."""

        async def done() -> T:
            result = work()
            await sandbox.settled()
            return result

        return self.run(done())

    def opened(self, name: str = "a", state: State | None = None) -> Sandbox:
        """A new sandbox, its clock frozen at the first instant there is."""
        sandbox = Sandbox(name, SEED, state or State(Config(), Clock("frozen", 0)), VENDORS)
        about = {"seed": SEED, "sampled": False}
        created = self.log.create(name, about, parts(sandbox), due_of(sandbox), summary_of(sandbox), machine_now())
        found = self.run(created)
        assert found
        sandbox.commits = Commits(self.log, self.writer, found, sandbox)
        return sandbox

    def read_again(self, name: str = "a") -> Sandbox:
        """The sandbox as the log has it."""
        found = self.run(self.log.claim(name))
        assert isinstance(found, Found)
        sandbox = Sandbox(name, SEED, State(Config(), Clock()), VENDORS)
        sandbox.commits = Commits(self.log, self.writer, found, sandbox)
        self.run(sandbox.commits.load())
        return sandbox

    def close(self) -> None:
        """End."""
        self.run(self.writer.close())
        self.run(self.log.close())
        self._runner.close()


def portrait(sandbox: Sandbox) -> list[Any]:
    """All that a sandbox holds, in order."""
    twin = sandbox.state.copy()
    twin.queue_again()
    return [*image(sandbox), ("due", twin.next_due())]


def sharing(sandbox: Sandbox) -> list[int]:
    """Which values of the opening state, the snapshots and the present state are one object: equal numbers."""
    values: list[Any] = []
    for state in (sandbox.initial, *sandbox.snapshots.values(), sandbox.state):
        for kind in sorted(state.tables):
            values += state.tables[kind].values()
        for chain in (*state.indexes.values(), *state.history.chains.values()):
            values += _links(chain)
        values += [*state.timers.values(), *state.deliveries.values(), *state.ordering_keys.values()]
    numbers: dict[int, int] = {}
    return [numbers.setdefault(id(value), len(numbers)) for value in values]


def _links(chain: Any) -> Iterator[Any]:
    while chain is not None:
        yield chain
        chain = chain[-1]


def ask(sandbox: Sandbox, vendor: str, name: str, body: Any = MISSING, **params: str) -> VendorResponse:
    """Let a vendor handle a request."""
    table = VENDORS[vendor]
    access = {"api-key": f"sim-{sandbox.name}"}

    def made(now: int, draw: SeededRandom, recent: int) -> VendorRequest:
        return VendorRequest(
            name, now, draw, "http://here", "GET", "/x", params, {}, access, "application/json", body, recent
        )  # fmt: skip

    return sandbox.handle(table, table.operations[name], made)


def create(sandbox: Sandbox, email: str = "ada@example.com", webhook: str | None = None) -> VendorResponse:
    """A new assessment of The Predictive Index."""
    body = {
        "firstName": "Ada", "lastName": "Lovelace", "email": email, "assessmentStatusWebHook": webhook,
    }  # fmt: skip
    return ask(sandbox, "predictive_index", "create_assessment", {k: v for k, v in body.items() if v is not None})


def ids(sandbox: Sandbox) -> Sequence[str]:
    """The ids of all assessments."""
    return [stored.id for stored in sandbox.all(VENDORS["predictive_index"].record_kind)]
