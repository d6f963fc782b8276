"""A sandbox with its ledger and nothing around it, and what it remembers in a form that can be compared."""

import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from typing import Any

from assessment_simulator.app import VENDORS
from assessment_simulator.core.call import NOTHING, Call, Reply
from assessment_simulator.core.config import Config
from assessment_simulator.core.draw import Draw
from assessment_simulator.server.clock import Clock
from assessment_simulator.server.log import Log
from assessment_simulator.server.log.image import image, parts, still
from assessment_simulator.server.log.ledger import Ledger, wake_of
from assessment_simulator.server.log.sqlite import SqliteLog
from assessment_simulator.server.memory import Memory
from assessment_simulator.server.sandbox import Sandbox
from assessment_simulator.server.state import State

SEED = "seed"
GAMES = "6ac4d6b5-9a3e-4d0c-8f55-0d5a3f6d2b10"


class Failing(SqliteLog):
    """A log in a temporary file that can be full."""

    def __init__(self) -> None:
        self._folder = Path(mkdtemp())
        super().__init__(self._folder / "log.db")
        self.full = False

    def close(self) -> None:
        """Close the log and delete its folder."""
        super().close()
        rmtree(self._folder)

    def append(self, key: int, number: int, data: bytes, wake: tuple[int | None] | None = None) -> None:
        """Keep a commit, or fail in its middle."""
        if self.full:
            with self._whole(key):
                self.run("UPDATE sandbox SET wake = 1 WHERE key = ?", (key,))
                raise sqlite3.OperationalError("database or disk is full")
        super().append(key, number, data, wake)


def opened(log: Log, name: str = "a", state: State | None = None) -> Sandbox:
    """A new sandbox in a log, its clock frozen at the first instant there is."""
    sandbox = Sandbox(name, SEED, state or State(Config(), Clock("frozen", 0)), VENDORS)
    key = log.open(name, {"seed": SEED, "sampled": False}, [*parts(sandbox)], wake_of(sandbox))
    assert key
    sandbox.ledger = Ledger(log, key, sandbox)
    return sandbox


def read_again(log: Log, name: str = "a") -> Sandbox:
    """The sandbox as the log has it."""
    found = log.find(name)
    assert found
    sandbox = Sandbox(name, SEED, State(Config(), Clock()), VENDORS)
    sandbox.ledger = Ledger(log, found.key, sandbox)
    sandbox.ledger.load()
    return sandbox


def compact(log: Log, sandbox: Sandbox) -> None:
    """Put an image in the place of all commits."""
    assert sandbox.ledger
    for part, piece in enumerate(parts(still(sandbox))):
        log.draft(sandbox.ledger.key, sandbox.ledger.number, part, piece)
    log.settle(sandbox.ledger.key, sandbox.ledger.number)


def portrait(memory: Memory) -> list[Any]:
    """All that a memory holds, in order."""
    twin = memory.state.copy()
    twin.queue_again()
    return [*image(still(memory)), ("due", twin.next_due())]


def sharing(memory: Memory) -> list[int]:
    """Which values of the opening state, the snapshots and the present state are one object: equal numbers."""
    values: list[Any] = []
    for state in (memory.opening, *memory.snapshots.values(), memory.state):
        for kind in sorted(state.tables):
            values += state.tables[kind].values()
        for chain in (*state.indexes.values(), *state.history.chains.values()):
            values += _links(chain)
        values += [*state.alarms.values(), *state.deliveries.values(), *state.lines.values()]
    numbers: dict[int, int] = {}
    return [numbers.setdefault(id(value), len(numbers)) for value in values]


def _links(chain: Any) -> Iterator[Any]:
    while chain is not None:
        yield chain
        chain = chain[-1]


def ask(sandbox: Sandbox, vendor: str, name: str, body: Any = NOTHING, **params: str) -> Reply:
    """Let a vendor answer, by whatever door."""
    table = VENDORS[vendor]
    access = {"api-key": f"sim-{sandbox.name}"}

    def made(now: int, draw: Draw, recent: int) -> Call:
        return Call(
            name, now, draw, "http://here", "GET", "/x", params, {}, access, "application/json", body, recent
        )  # fmt: skip

    return sandbox.call(table, table.operations[name], made)


def create(sandbox: Sandbox, email: str = "ada@example.com", webhook: str | None = None) -> Reply:
    """A new assessment of The Predictive Index."""
    body = {
        "firstName": "Ada", "lastName": "Lovelace", "email": email, "assessmentStatusWebHook": webhook,
    }  # fmt: skip
    return ask(sandbox, "predictive_index", "create_assessment", {k: v for k, v in body.items() if v is not None})


def ids(sandbox: Sandbox) -> Sequence[str]:
    """The ids of all assessments."""
    return [stored.id for stored in sandbox.all(VENDORS["predictive_index"].kind)]
