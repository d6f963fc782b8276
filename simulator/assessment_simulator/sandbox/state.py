"""The state of one sandbox, in plain dictionaries: everything that a snapshot keeps.

The values of the dictionaries are immutable (tuples, frozen dataclasses), so a copy of a dictionary is a true copy.
Snapshots, forks and restores make such copies; 100,000 entries take a millisecond or two.
"""

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from heapq import heapify, heappop, heappush
from itertools import islice
from typing import Any, NamedTuple

from assessment_simulator.core import instant
from assessment_simulator.core.config import Config
from assessment_simulator.core.decision import TOKEN, Record, Timer
from assessment_simulator.sandbox.clock import Clock
from assessment_simulator.sandbox.delivery_queue import STALE, DeliveryQueue
from assessment_simulator.storage import json_codec

Row = tuple[Any, bytes, bytes]
"""A record's status, public and internal fields. The garbage collector does not track bytes and tuples of bytes."""
Chain = tuple[str, Any] | None
"""Ids, newest first: (id, the chain of the older ones)."""
TimerKey = tuple[str, str]
"""An invitation's id and the operation."""
DueTimer = tuple[int, int, Timer]
"""When a timer is due, its number and the timer. No two numbers are equal, so heaps never compare timers."""
Moves = tuple[int, str, Any, Any] | None
"""The changes of one invitation, newest first: when, by which operation, the status from then on, the older ones."""
Step = tuple[str, Any, str, Any]
"""A kind of invitation, the status before (None: none yet), the operation, the status after (None: deleted)."""
Saved = tuple[str, str, Row, tuple[tuple[str, str], ...]]
"""A rendered record: kind, id, row, and the keys under which it is found."""

MOST_TOKENS = 10_000
"""The most bearer tokens that a sandbox keeps."""


class Stored:
    """A record as it was saved. A response contains it as `raw`; `public` and `internal` parse it."""

    __slots__ = ("_internal", "id", "raw", "status")

    def __init__(self, id: str, row: Row) -> None:
        self.id = id
        self.status, self.raw, self._internal = row

    @property
    def public(self) -> dict[str, Any]:
        """The fields that the vendor shows, with placeholders for base URL and seal."""
        public: dict[str, Any] = json_codec.loads(self.raw)
        return public

    @property
    def internal(self) -> Mapping[str, Any]:
        """The fields that only the simulator uses."""
        internal: dict[str, Any] = json_codec.loads(self._internal)
        return internal


_EMPTY: Mapping[str, Row] = {}


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

    def __init__(self) -> None:
        self.chains: dict[str, Moves] = {}
        self.tally: dict[Step, int] = {}
        """Grows with the vendors' tables, not with the invitations."""

    def copy(self) -> "History":
        """An independent copy."""
        twin = History()
        twin.chains, twin.tally = self.chains.copy(), self.tally.copy()
        return twin

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


class State(DeliveryQueue):
    """Everything that a snapshot keeps. Only `Sandbox` changes the present state."""

    __slots__ = ("clock", "config", "history", "indexes", "tables", "timer_heap", "timers", "timers_set")

    def __init__(self, config: Config, clock: Clock) -> None:
        super().__init__()
        self.config = config
        self.clock = clock
        self.tables: dict[str, dict[str, Row]] = {}
        """Records by kind and id, in the order of their first saving."""
        self.indexes: dict[tuple[str, str], Chain] = {}
        self.history = History()
        self.timers: dict[TimerKey, DueTimer] = {}
        self.timers_set = 0
        """How many timers were ever set; it numbers them. Of those due at one instant, the lowest fires first."""
        self.timer_heap: list[DueTimer] = []
        """A heap of the values of `timers`; an entry that is no longer in `timers` is stale."""

    def copy(self) -> "State":
        """An independent copy."""
        twin = self.forked()
        self.copy_deliveries(twin)
        twin.clock = self.clock
        if TOKEN in self.tables:
            twin.tables[TOKEN] = self.tables[TOKEN].copy()
        return twin

    def kept(self, now: int) -> "State":
        """A copy for a snapshot: without the tokens, and with a clock that stands still at `now`."""
        twin = self.forked()
        self.copy_deliveries(twin)
        twin.clock = Clock(self.clock.mode, now, held=True)
        return twin

    def restored(self, present: "State", clock: Clock) -> "State":
        """A copy of this snapshot that replaces the present state; the present tokens stay valid."""
        twin = self.copy()
        twin.clock = clock
        twin.sequence = present.sequence + 1
        if TOKEN in present.tables:
            twin.tables[TOKEN] = present.tables[TOKEN]
        twin.queue_again()
        return twin

    def forked(self) -> "State":
        """A copy of records, timers and settings, without the clock, the deliveries and the tokens."""
        twin = State(self.config, Clock())
        twin.sequence = self.sequence
        twin.tables = {kind: table.copy() for kind, table in self.tables.items() if kind != TOKEN}
        twin.indexes, twin.history = self.indexes.copy(), self.history.copy()
        twin.timers, twin.timers_set, twin.timer_heap = self.timers.copy(), self.timers_set, self.timer_heap.copy()
        return twin

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
        timer, attempt = self.next_timer(), self.next_try()
        if timer is None or timer.at is None:
            return attempt
        return timer.at if attempt is None or timer.at < attempt else attempt


def rendered(records: Iterable[Record]) -> tuple[Saved, ...]:
    """Records in the form in which they are saved; raises TypeError if one cannot be rendered."""
    return tuple(
        [
            (record.kind, record.id, (record.status, _json(record.public), _json(record.internal)), record.keys)
            for record in records
        ]
    )


def _json(value: Mapping[str, Any]) -> bytes:
    return json_codec.tight(json_codec.dumps(value))
