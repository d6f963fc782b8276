"""A simple sandbox for tests of vendors: their view of a sandbox, without a server."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from assessment_simulator.core import instant
from assessment_simulator.core.config import Config
from assessment_simulator.core.decision import Decision, Timer, VendorResponse, WebhookEvent
from assessment_simulator.core.links import Links
from assessment_simulator.core.request import MISSING, VendorRequest
from assessment_simulator.core.seeded_random import SeededRandom
from assessment_simulator.core.vendor import Vendor, finish, handle

# 2026-11-01T12:00:00Z.
NOW = 17_935_344_000_000_000
BASE_URL = "http://127.0.0.1:8787"


@dataclass(frozen=True, slots=True)
class FakeStored:
    """A record as it was saved."""

    id: str
    status: Any
    public: dict[str, Any]
    internal: Mapping[str, Any]


@dataclass
class FakeSandbox:
    """One sandbox in dictionaries; `now` changes only when a test changes it."""

    config: Config = field(default_factory=Config)
    name: str = "test"
    secret: bytes = b"a secret that no one else has"
    generation: int = 0
    open_access: bool = True
    now: int = NOW
    sequence: int = 0
    records: dict[tuple[str, str], FakeStored] = field(default_factory=dict)
    index: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    timers: dict[tuple[str, str], Timer] = field(default_factory=dict)
    webhook_events: list[WebhookEvent] = field(default_factory=list)

    @property
    def links(self) -> Links:
        return Links(self.name, self.secret)

    def get(self, kind: str, id: str) -> FakeStored | None:
        return self.records.get((kind, id))

    def latest_id(self, index: str, value: str) -> str | None:
        found = self.ids(index, value)
        return found[-1] if found else None

    def ids(self, index: str, value: str) -> Sequence[str]:
        return self.index.get((index, value), [])

    def all(self, kind: str) -> Sequence[FakeStored]:
        return [stored for (its_kind, _), stored in self.records.items() if its_kind == kind]

    def page(self, kind: str, skip: int, top: int) -> Sequence[FakeStored]:
        return self.all(kind)[skip : skip + top]

    def apply(self, decision: Decision) -> None:
        """Apply a decision."""
        self.sequence += 1
        for record in decision.records:
            stored = FakeStored(record.id, record.status, dict(record.public), record.internal)
            self.records[record.kind, record.id] = stored
            for key in record.keys:
                ids = self.index.setdefault(key, [])
                ids[:] = [id for id in ids if id != record.id] + [record.id]
        for key in decision.deleted:
            del self.records[key]
        for timer in decision.timers:
            self.timers.pop((timer.operation, timer.id), None)
            if timer.at is not None:
                self.timers[timer.operation, timer.id] = timer
        self.webhook_events += decision.webhook_events

    def call(self, operation: str, body: Any = MISSING, **members: Any) -> VendorRequest:
        """A request at the current time."""
        return VendorRequest(
            operation, self.now, SeededRandom(self.secret, self.sequence + 1), BASE_URL, body=body, **members
        )

    def handle(self, vendor: Vendor, operation: str, body: Any = MISSING, **members: Any) -> VendorResponse:
        """Have a vendor handle a request, and apply its decision."""
        decision = handle(vendor, vendor.operations[operation], self.call(operation, body, **members), self)
        self.apply(decision)
        *_, response = finish(decision.response)
        return response

    def fire_timers(self, vendor: Vendor, after: int = 0) -> None:
        """Advance by `after` ticks, and fire the timers that are due, in order, each at its own time."""
        end = self.now + after
        while due := [timer for timer in self.timers.values() if timer.at is not None and timer.at <= end]:
            first = min(due, key=lambda timer: (timer.at, timer.operation))
            del self.timers[first.operation, first.id]
            self.now = first.at or self.now
            self.handle(vendor, first.operation, params={"id": first.id})
        self.now = end

    def memory(self) -> tuple[object, ...]:
        """The whole state, to compare it with a later one."""
        index = {key: tuple(ids) for key, ids in self.index.items()}
        return dict(self.records), index, dict(self.timers), tuple(self.webhook_events)

    def set_behaviour(self, **flags: str | int | bool | None) -> None:
        """Set behaviour flags: `pi_list_limit=50` sets `pi.list_limit`."""
        wanted = {id.replace("_", ".", 1): value for id, value in flags.items()}
        self.config = replace(self.config, behaviour={**self.config.behaviour, **wanted})


def at(text: str) -> int:
    """The instant that an ISO 8601 text means."""
    moment = instant.parse(text)
    assert moment is not None, text
    return moment.at
