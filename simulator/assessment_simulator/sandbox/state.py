"""What one sandbox remembers, in plain dictionaries.

The values of the dictionaries are immutable (tuples, frozen dataclasses), so a copy of a dictionary is a true copy.
Snapshots, forks and restores make such copies; 100,000 entries take a millisecond or two.
"""

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from heapq import heapify, heappop, heappush
from itertools import islice
from typing import Any

from assessment_simulator.core import instant
from assessment_simulator.core.config import Config
from assessment_simulator.core.decision import TOKEN, Record, Timer
from assessment_simulator.sandbox.clock import Clock
from assessment_simulator.sandbox.delivery_queue import STALE, DeliveryQueue
from assessment_simulator.sandbox.history import History
from assessment_simulator.storage import json_codec

Row = tuple[Any, bytes, bytes]
"""A record's status, face and facts. Bytes and tuples of bytes are no burden to the garbage collector."""
Chain = tuple[str, Any] | None
"""Ids, newest first: (id, the chain of the older ones)."""
AlarmKey = tuple[str, str]
"""An invitation's id and the operation."""
Ringing = tuple[int, int, Timer]
"""When an alarm is due, its number and the alarm. No two numbers are equal, so heaps never compare alarms."""
Saved = tuple[str, str, Row, tuple[tuple[str, str], ...]]
"""A record as it is kept: its kind, id, row, and the keys that lead to it."""

MOST_TOKENS = 10_000
"""So many bearer tokens a sandbox keeps; the oldest is forgotten for the next."""


class Stored:
    """A record as it was saved; what a reply shows of it is `raw`, parsed only for whoever asks for `public`."""

    __slots__ = ("_internal", "id", "raw", "status")

    def __init__(self, id: str, row: Row) -> None:
        self.id = id
        self.status, self.raw, self._internal = row

    @property
    def public(self) -> dict[str, Any]:
        """What the vendor shows, with placeholders for base address and seal."""
        public: dict[str, Any] = json_codec.loads(self.raw)
        return public

    @property
    def internal(self) -> Mapping[str, Any]:
        """What only the simulator knows."""
        internal: dict[str, Any] = json_codec.loads(self._internal)
        return internal


_EMPTY: Mapping[str, Row] = {}


class State(DeliveryQueue):
    """Everything that a snapshot brings back. Only `Sandbox` changes the one that is in force."""

    __slots__ = ("alarms", "alarms_set", "clock", "config", "history", "indexes", "ringing", "tables")

    def __init__(self, config: Config, clock: Clock) -> None:
        super().__init__()
        self.config = config
        self.clock = clock
        self.tables: dict[str, dict[str, Row]] = {}
        """Records by kind and id, in the order of their first saving."""
        self.indexes: dict[tuple[str, str], Chain] = {}
        self.history = History()
        self.alarms: dict[AlarmKey, Ringing] = {}
        self.alarms_set = 0
        """How many alarms were ever set: the next one's number. Of those due at one instant, the lowest rings first."""
        self.ringing: list[Ringing] = []
        """A heap of the values of `alarms`; those that `alarms` no longer holds are stale."""

    def copy(self) -> "State":
        """The same state, to be changed apart from this one."""
        twin = self._records()
        self.copy_deliveries(twin)
        twin.clock = self.clock
        if TOKEN in self.tables:
            twin.tables[TOKEN] = self.tables[TOKEN].copy()
        return twin

    def kept(self, now: int) -> "State":
        """A copy for a snapshot, without the tokens, whose clock stands still at `now`."""
        twin = self._records()
        self.copy_deliveries(twin)
        twin.clock = Clock(self.clock.mode, now, held=True)
        return twin

    def restored(self, present: "State", clock: Clock) -> "State":
        """A copy of what was kept, to take the place of the present state, whose tokens stay good."""
        twin = self.copy()
        twin.clock = clock
        twin.sequence = present.sequence + 1
        if TOKEN in present.tables:
            twin.tables[TOKEN] = present.tables[TOKEN]
        twin.queue_again()
        return twin

    def forked(self) -> "State":
        """The records, alarms and settings, without the clock, the deliveries and the tokens."""
        return self._records()

    def _records(self) -> "State":
        """A copy without the clock, the deliveries and the tokens."""
        twin = State(self.config, Clock())
        twin.sequence = self.sequence
        twin.tables = {kind: table.copy() for kind, table in self.tables.items() if kind != TOKEN}
        twin.indexes, twin.history = self.indexes.copy(), self.history.copy()
        twin.alarms, twin.alarms_set, twin.ringing = self.alarms.copy(), self.alarms_set, self.ringing.copy()
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
        """All records of a kind, newest first, one at a time; others may be saved meanwhile."""
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
        """The table of a kind, which is made if there is none."""
        table = self.tables.get(kind)
        if table is None:
            # The oldest token is removed again and again, and a plain dictionary looks for its first entry from the
            # start, past all that were removed.
            table = self.tables[kind] = OrderedDict() if kind == TOKEN else {}
        return table

    def save(self, saved: Iterable[Saved], now: int) -> None:
        """Remember rendered records, and the keys that lead to them; a record that was there keeps its place.

        Tokens that lapsed long before `now` are forgotten.
        """
        for kind, id, row, keys in saved:
            self.table(kind)[id] = row
            for key in keys:
                chain = self.indexes.get(key)
                if chain is None or chain[0] != id:
                    self.indexes[key] = (id, chain)
            if kind == TOKEN:
                _tidy(self.tables[TOKEN], now)

    def forget(self, kind: str, id: str) -> None:
        """Forget a record."""
        del self.tables[kind][id]

    def set_alarm(self, alarm: Timer) -> None:
        """Set, move or take back an alarm."""
        key = (alarm.id, alarm.operation)
        if alarm.at is None:
            self.alarms.pop(key, None)
        else:
            self.alarms[key] = ringing = (alarm.at, self.alarms_set, alarm)
            self.alarms_set += 1
            heappush(self.ringing, ringing)
        if len(self.ringing) > 2 * len(self.alarms) + STALE:
            self.ringing = [*self.alarms.values()]
            heapify(self.ringing)

    def next_alarm(self) -> Timer | None:
        """The alarm that rings first; removes the stale entries before it."""
        while self.ringing:
            first = self.ringing[0]
            alarm = first[2]
            if self.alarms.get((alarm.id, alarm.operation)) is first:
                return alarm
            heappop(self.ringing)
        return None

    def next_due(self) -> int | None:
        """When the next alarm rings or the next attempt is made."""
        alarm, tried = self.next_alarm(), self.next_try()
        if alarm is None or alarm.at is None:
            return tried
        return alarm.at if tried is None or alarm.at < tried else tried


def rendered(records: Iterable[Record]) -> tuple[Saved, ...]:
    """Records as they are kept; raises where one cannot be rendered."""
    return tuple([(record.kind, record.id, _row(record), record.keys) for record in records])


def _row(record: Record) -> Row:
    return (
        record.status,
        json_codec.tight(json_codec.dumps(record.public)),
        json_codec.tight(json_codec.dumps(record.internal)),
    )


def _tidy(tokens: dict[str, Row], now: int) -> None:
    """Forget the oldest tokens: those that lapsed a day ago, and those that are more than anyone can be using."""
    lapsed = now - instant.DAY
    while tokens:
        oldest = next(iter(tokens))
        if tokens[oldest][0] > lapsed and len(tokens) <= MOST_TOKENS:
            return
        del tokens[oldest]
