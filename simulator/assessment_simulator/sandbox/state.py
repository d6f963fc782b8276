"""The state of one sandbox, in plain dictionaries: everything that a snapshot keeps, with the sandbox's clock.

A sandbox has no other source of time than its `Clock`, which follows the machine's clock until it is frozen.

The values of the dictionaries are immutable (tuples, frozen dataclasses), so a copy of a dictionary is a true copy.
Snapshots, forks and restores make such copies; 100,000 entries take a millisecond or two.

Deliveries with one ordering key go one after another: only the first of them is offered, and the next when that one is
delivered or has failed. A first one is in exactly one of three places: in the heap `due`, in flight (claimed, and its
attempt not recorded yet), or held back by a fault until another webhook was sent or its time has come.

Timers and deliveries have a heap each. An entry of a heap is stale if it was moved or is over by now; it is skipped
when it comes up.
"""

import time
from collections import OrderedDict
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from heapq import heapify, heappop, heappush
from itertools import islice
from typing import Any, Literal, NamedTuple, cast

from assessment_simulator.core import instant
from assessment_simulator.core.config import Config
from assessment_simulator.core.decision import TOKEN, Record, Timer
from assessment_simulator.core.retry_schedule import Attempt, Delivery
from assessment_simulator.storage import json_codec

# A record's status, public and internal fields. The garbage collector does not track bytes and tuples of bytes.
Row = tuple[Any, bytes, bytes]
# Ids, newest first: (id, the chain of the older ones).
Chain = tuple[str, Any] | None
# An invitation's id and the operation.
TimerKey = tuple[str, str]
# When a timer is due, its number and the timer. No two numbers are equal, so heaps never compare timers.
DueTimer = tuple[int, int, Timer]
# When a delivery is due, its number and its id. The number is in the log, so a restart keeps the order.
DueDelivery = tuple[int, int, str]
# The changes of one invitation, newest first: when, by which operation, the status from then on, the older ones.
Moves = tuple[int, str, Any, Any] | None
# A kind of invitation, the status before (None: none yet), the operation, the status after (None: deleted).
Step = tuple[str, Any, str, Any]
# A rendered record: kind, id, row, and the keys under which it is found.
Saved = tuple[str, str, Row, tuple[tuple[str, str], ...]]

# The most bearer tokens that a sandbox keeps.
MOST_TOKENS = 10_000
# A heap is rebuilt when half of it, and at least this many entries, are stale.
STALE = 1_000
_EMPTY: Mapping[str, Row] = {}


def machine_now() -> int:
    """The machine's time in ticks."""
    return time.time_ns() // 100


@dataclass(frozen=True, slots=True)
class Clock:
    """Running: `ahead` ticks ahead of the machine. Frozen: at `ahead` itself.

    `held` is a running clock that stands still during an advance; the control API shows it as running.
    """

    mode: Literal["running", "frozen"] = "running"
    ahead: int = 0
    held: bool = False

    def now(self) -> int:
        """The sandbox's time in ticks, at most the latest time that can be written."""
        now = self.ahead if self.held or self.mode == "frozen" else machine_now() + self.ahead
        return now if now < instant.LATEST else instant.LATEST

    @property
    def stands(self) -> bool:
        """Whether the clock stands still."""
        return self.held or self.mode == "frozen"

    def at(self, moment: int) -> "Clock":
        """The same clock, in the same mode, at another time."""
        return Clock(self.mode, moment if self.stands else moment - machine_now(), self.held)

    def freeze(self, moment: int) -> "Clock":
        """A clock that is frozen at `moment`."""
        return Clock("frozen", moment)

    def run(self) -> "Clock":
        """A clock that runs on from this one's time."""
        return Clock("running", self.now() - machine_now())

    def hold(self) -> "Clock":
        """The same clock, standing still until it is let go."""
        return Clock(self.mode, self.now(), held=True)

    def let_go(self) -> "Clock":
        """The clock as it was before it was held, at its present time."""
        return self.freeze(self.ahead) if self.mode == "frozen" else self.run()


class Stored:
    """A record as it was saved. A response contains it as `raw`; `public` and `internal` parse it."""

    __slots__ = ("_internal", "id", "raw", "status")

    def __init__(self, id: str, row: Row) -> None:
        self.id = id
        self.status, self.raw, self._internal = row

    @property
    def public(self) -> dict[str, Any]:
        """The fields that the vendor shows, with placeholders for base URL and seal."""
        return cast("dict[str, Any]", json_codec.loads(self.raw))

    @property
    def internal(self) -> Mapping[str, Any]:
        """The fields that only the simulator uses."""
        return cast("dict[str, Any]", json_codec.loads(self._internal))


class Move(NamedTuple):
    """One change of an invitation's status; `before` is None at its creation."""

    at: int
    operation: str
    before: Any
    after: Any


class History:
    """The changes of status of each invitation, and how often each step was made.

    Every creation passes here: an invitation costs one small tuple, made of what there is already.
    """

    __slots__ = ("chains", "tally")

    def __init__(self, chains: dict[str, Moves] | None = None, tally: dict[Step, int] | None = None) -> None:
        self.chains = chains or {}
        # This grows with the vendors' tables, not with the invitations.
        self.tally = tally or {}

    def add(
        self, saved: Iterable[tuple[str, str, Any, Any]], deleted: Iterable[tuple[str, str]], kinds: frozenset[str],
        at: int, operation: str,
    ) -> None:  # fmt: skip
        """Add what a commit changed of the invitations, which are the records of these kinds."""
        chains, tally = self.chains, self.tally
        for kind, id, row, _ in saved:
            if kind in kinds:
                status, older = row[0], chains.get(id)
                if older is None:
                    before = None
                elif (before := older[2]) == status:
                    continue
                chains[id] = (at, operation, status, older)
                step = (kind, before, operation, status)
                tally[step] = tally.get(step, 0) + 1
        for kind, id in deleted:
            if kind in kinds and (last := chains.get(id)) is not None:
                del chains[id]
                step = (kind, last[2], operation, None)
                tally[step] = tally.get(step, 0) + 1

    def of(self, id: str) -> list[Move]:
        """The changes of one invitation, oldest first."""
        found = []
        chain = self.chains.get(id)
        while chain is not None:
            at, operation, after, older = chain
            found.append(Move(at, operation, None if older is None else older[2], after))
            chain = older
        return found[::-1]


class State:
    """Everything that a snapshot keeps. Only the changes of `Sandbox` change the present state."""

    __slots__ = (
        "clock", "config", "deliveries", "due", "held_back", "history", "in_flight", "indexes", "ordering_keys",
        "pending", "sequence", "tables", "timer_heap", "timers", "timers_set",
    )  # fmt: skip

    def __init__(self, config: Config, clock: Clock) -> None:
        self.config = config
        self.clock = clock
        # The number of the last commit.
        self.sequence = 0
        # Records by kind and id, in the order of their first saving.
        self.tables: dict[str, dict[str, Row]] = {}
        self.indexes: dict[tuple[str, str], Chain] = {}
        self.history = History()
        self.timers: dict[TimerKey, DueTimer] = {}
        # How many timers were ever set; it numbers them. Of those due at one instant, the lowest fires first.
        self.timers_set = 0
        self.timer_heap: list[DueTimer] = []
        # All deliveries, oldest first; none is ever removed.
        self.deliveries: dict[str, Delivery] = {}
        # Those that are neither delivered nor failed.
        self.pending: dict[str, Delivery] = {}
        # The ids of pending deliveries by ordering key, in the order in which they go.
        self.ordering_keys: dict[str, tuple[str, ...]] = {}
        self.due: list[DueDelivery] = []
        self.in_flight: set[str] = set()
        self.held_back: str | None = None

    def copy(self) -> "State":
        """An independent copy."""
        twin = self.forked()
        twin.clock = self.clock
        if TOKEN in self.tables:
            twin.tables[TOKEN] = self.tables[TOKEN].copy()
        twin.deliveries, twin.pending = self.deliveries.copy(), self.pending.copy()
        twin.ordering_keys, twin.due = self.ordering_keys.copy(), self.due.copy()
        twin.held_back, twin.in_flight = self.held_back, self.in_flight.copy()
        return twin

    def forked(self) -> "State":
        """A copy of records, timers and settings, without the clock, the deliveries and the tokens."""
        twin = State(self.config, Clock())
        twin.sequence = self.sequence
        twin.tables = {kind: table.copy() for kind, table in self.tables.items() if kind != TOKEN}
        twin.indexes, twin.history = self.indexes.copy(), History(self.history.chains.copy(), self.history.tally.copy())
        twin.timers, twin.timers_set, twin.timer_heap = self.timers.copy(), self.timers_set, self.timer_heap.copy()
        return twin

    # Records.

    def get(self, kind: str, id: str) -> Stored | None:
        """One record."""
        table = self.tables.get(kind)
        row = table.get(id) if table else None
        return Stored(id, row) if row else None

    def all(self, kind: str) -> list[Stored]:
        """All records of a kind, oldest first."""
        return [Stored(id, row) for id, row in self.tables.get(kind, _EMPTY).items()]

    def newest(self, kind: str) -> Iterator[Stored]:
        """Iterate over all records of a kind, newest first; others may be saved between two of them."""
        rows = [*self.tables.get(kind, _EMPTY).items()]
        return (Stored(id, row) for id, row in reversed(rows))

    def page(self, kind: str, skip: int, top: int) -> list[Stored]:
        """Some records of a kind, oldest first."""
        table = self.tables.get(kind, _EMPTY)
        rows = islice(table.items(), min(skip, len(table)), min(skip + top, len(table)))
        return [Stored(id, row) for id, row in rows]

    def count(self, kinds: Iterable[str]) -> int:
        """How many records of these kinds there are."""
        return sum(len(self.tables.get(kind, _EMPTY)) for kind in kinds)

    def table(self, kind: str) -> dict[str, Row]:
        """The table of a kind, which is created if needed."""
        table = self.tables.get(kind)
        if table is None:
            # The oldest token is removed often, and a plain dictionary searches its first entry past all removed ones.
            table = self.tables[kind] = OrderedDict() if kind == TOKEN else {}
        return table

    def save(self, saved: Iterable[Saved], now: int) -> None:
        """Save rendered records and their keys. A record that exists keeps its place in the order.

        Tokens that expired more than a day before `now` are deleted, and the oldest of more than `MOST_TOKENS`.
        """
        for kind, id, row, keys in saved:
            self.table(kind)[id] = row
            for key in keys:
                chain = self.indexes.get(key)
                if chain is None or chain[0] != id:
                    self.indexes[key] = (id, chain)
            if kind == TOKEN:
                tokens = self.tables[TOKEN]
                while tokens:
                    oldest = next(iter(tokens))
                    if tokens[oldest][0] > now - instant.DAY and len(tokens) <= MOST_TOKENS:
                        break
                    del tokens[oldest]

    # Timers, and what is due next.

    def set_timer(self, timer: Timer) -> None:
        """Set, move or cancel a timer."""
        key = (timer.id, timer.operation)
        if timer.at is None:
            self.timers.pop(key, None)
        else:
            self.timers[key] = entry = (timer.at, self.timers_set, timer)
            self.timers_set += 1
            heappush(self.timer_heap, entry)
        if len(self.timer_heap) > 2 * len(self.timers) + STALE:
            self.timer_heap = [*self.timers.values()]
            heapify(self.timer_heap)

    def next_timer(self) -> Timer | None:
        """The timer that is due first; removes the stale entries before it."""
        while self.timer_heap:
            first = self.timer_heap[0]
            timer = first[2]
            if self.timers.get((timer.id, timer.operation)) is first:
                return timer
            heappop(self.timer_heap)
        return None

    def next_due(self) -> int | None:
        """When the next timer fires or the next attempt is made."""
        timer, delivery = self.next_timer(), self._next_delivery()
        times = [] if timer is None or timer.at is None else [timer.at]
        if delivery is not None:
            times.append(delivery[0])
        if self.held_back is not None:
            times.append(cast("int", self.pending[self.held_back].due))
        return min(times, default=None)

    # Deliveries.

    def enqueue(self, delivery: Delivery) -> None:
        """Add a new delivery behind all others with its ordering key."""
        delivery = replace(delivery, number=len(self.deliveries))
        key = delivery.ordering_key
        ids = self.ordering_keys[key] = (*self.ordering_keys.get(key, ()), delivery.id)
        self.store(delivery)
        if len(ids) == 1:
            self.push(delivery)
        elif ids[0] == self.held_back:
            self.held_back = None
            self.swap(replace(self.pending[ids[0]], due=delivery.due))

    def claim_due(self, now: int) -> Delivery | None:
        """Take the next delivery that is due by `now`; it is in flight until its attempt is recorded."""
        entry = self._next_delivery()
        if entry is None or entry[0] > now:
            return None
        heappop(self.due)
        self.in_flight.add(entry[2])
        return self.pending[entry[2]]

    def after(self, delivery: Delivery, attempt: Attempt) -> None:
        """Record an attempt: queue the delivery again, or, if it is over, the next with its ordering key."""
        delivery = delivery.after(attempt)
        self.in_flight.discard(delivery.id)
        self.store(delivery)
        if delivery.due is not None:
            self.push(delivery)
        elif rest := self.ordering_keys[delivery.ordering_key][1:]:
            self.ordering_keys[delivery.ordering_key] = rest
            self.push(self.pending[rest[0]])
        else:
            del self.ordering_keys[delivery.ordering_key]

    def queue_again(self, sparing: Container[str] = ()) -> None:
        """Queue the first of every ordering key, also those in flight, but not these: the state was just loaded."""
        firsts = [ids[0] for ids in self.ordering_keys.values()]
        self.in_flight = {id for id in firsts if id in sparing}
        queued = (self.pending[id] for id in firsts if id not in self.in_flight and id != self.held_back)
        self.due = [(cast("int", delivery.due), delivery.number, delivery.id) for delivery in queued]
        heapify(self.due)

    def release(self, now: int) -> None:
        """Queue the delivery that is held back, if there is one."""
        if self.held_back is not None:
            released = replace(self.pending[self.held_back], due=now)
            self.held_back = None
            self.store(released)
            self.push(released)

    def next_attempt(self, delivery: Delivery) -> int | None:
        """When a delivery is attempted next; None if it is over, or waits for the one before it."""
        ids = self.ordering_keys.get(delivery.ordering_key)
        return delivery.due if ids and ids[0] == delivery.id else None

    def store(self, delivery: Delivery) -> None:
        """Store a delivery without queueing it."""
        self.deliveries[delivery.id] = delivery
        if delivery.due is not None:
            self.pending[delivery.id] = delivery
        else:
            del self.pending[delivery.id]

    def push(self, delivery: Delivery) -> None:
        """Queue the first of an ordering key."""
        self.in_flight.discard(delivery.id)
        heappush(self.due, (cast("int", delivery.due), delivery.number, delivery.id))
        if len(self.due) > 2 * len(self.ordering_keys) + STALE:  # each key has at most one entry that is not stale
            self.due = [entry for entry in self.due if not self._is_stale(entry)]
            heapify(self.due)

    def swap(self, delivery: Delivery) -> None:
        """Store the first of an ordering key, and let the second go before it."""
        first, second, *rest = self.ordering_keys[delivery.ordering_key]
        self.ordering_keys[delivery.ordering_key] = (second, first, *rest)
        self.store(delivery)
        self.push(self.pending[second])

    def _next_delivery(self) -> DueDelivery | None:
        while self.due and self._is_stale(self.due[0]):
            heappop(self.due)
        return self.due[0] if self.due else None

    def _is_stale(self, entry: DueDelivery) -> bool:
        pending = self.pending.get(entry[2])
        return pending is None or pending.due != entry[0]


def rendered(records: Iterable[Record]) -> tuple[Saved, ...]:
    """Records in the form in which they are saved; raises TypeError if one cannot be rendered."""
    tight, dumps = json_codec.tight, json_codec.dumps
    return tuple(
        [
            (record.kind, record.id, (record.status, tight(dumps(record.public)), tight(dumps(record.internal))),
             record.keys)
            for record in records
        ]
    )  # fmt: skip
