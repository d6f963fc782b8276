"""What one sandbox remembers, in persistent maps: a snapshot is a reference, not a copy of tables."""

from collections.abc import Iterator, Mapping
from typing import Any, cast

from immutables import Map

from simulator.core import instant
from simulator.core.config import Config
from simulator.core.decision import TOKEN, Alarm, Record
from simulator.core.delivery import Attempt, Delivery
from simulator.server import queue, wire
from simulator.server.clock import Clock

Row = tuple[Any, bytes, bytes]
"""A record's status, face and facts. Bytes and tuples of bytes are no burden to the garbage collector."""
Chain = tuple[str, Any] | None
"""Ids, newest first: (id, the chain of the older ones)."""
AlarmKey = tuple[str, str]
"""An invitation's id and the operation."""


MOST_TOKENS = 10_000
"""So many bearer tokens a sandbox keeps; the oldest is forgotten for the next."""


class Stored:
    """A record as it was saved; what a reply shows of it is `raw`, parsed only for whoever asks for `face`."""

    __slots__ = ("_facts", "id", "raw", "status")

    def __init__(self, id: str, row: Row) -> None:
        self.id = id
        self.status, self.raw, self._facts = row

    @property
    def face(self) -> dict[str, Any]:
        """What the vendor shows, with placeholders for base address and seal."""
        face: dict[str, Any] = wire.loads(self.raw)
        return face

    @property
    def facts(self) -> Mapping[str, Any]:
        """What only the simulator knows."""
        facts: dict[str, Any] = wire.loads(self._facts)
        return facts


class Table:
    """Values of one kind, by id and in the order of their first saving."""

    __slots__ = ("_begin", "_end", "_order", "rows")

    rows: "Map[str, Any]"

    def __init__(self) -> None:
        self.rows = Map()
        self._order: Map[int, str] = Map()
        self._begin = self._end = 0

    def save(self, id: str, value: Any) -> "Table":
        """The table with that value in it, at its old place if it had one."""
        table = self._copy()
        if id not in self.rows:
            table._order = self._order.set(self._end, id)
            table._end += 1
        table.rows = self.rows.set(id, value)
        return table

    def first(self) -> tuple[str, Any] | None:
        """The id and value saved first."""
        return (self._order[self._begin], self.rows[self._order[self._begin]]) if self.rows else None

    def rest(self) -> "Table":
        """The table without its first value."""
        table = self._copy()
        table.rows = self.rows.delete(self._order[self._begin])
        table._order = self._order.delete(self._begin)
        table._begin += 1
        return table

    def _copy(self) -> "Table":
        table = Table.__new__(Table)
        table.rows, table._order, table._begin, table._end = self.rows, self._order, self._begin, self._end
        return table

    def __iter__(self) -> Iterator[tuple[str, Any]]:
        for place in range(self._begin, self._end):
            id = self._order[place]
            yield id, self.rows[id]


_EMPTY = Table()


class State:
    """Everything that a snapshot brings back; each value in it is immutable.

    A commit writes into a copy and puts it in the place of the old one, so it happens whole or not at all.
    """

    __slots__ = (
        "alarms", "clock", "config", "deliveries", "due", "indexes", "lines", "pending", "ringing", "sequence",
        "tables",
    )  # fmt: skip

    sequence: int
    """The number of the last commit."""
    config: Config
    clock: Clock
    tables: "Map[str, Table]"
    indexes: "Map[tuple[str, str], Chain]"
    alarms: "Map[AlarmKey, Alarm]"
    ringing: queue.Heap
    """Alarms by their time; those that `alarms` no longer holds are stale."""
    deliveries: Table
    pending: "Map[str, Delivery]"
    """Deliveries not yet delivered or given up."""
    lines: "Map[str, tuple[str, ...]]"
    """Pending deliveries by invitation, the oldest first: only the head of a line may be tried."""
    due: queue.Heap
    """Heads of lines by the time of their next attempt; taken out when the attempt is put on its way."""

    @classmethod
    def new(cls, config: Config, clock: Clock) -> "State":
        """A state with no records."""
        state = cls()
        state.sequence, state.config, state.clock = 0, config, clock
        state.tables, state.indexes, state.alarms, state.ringing = Map(), Map(), Map(), None
        state.deliveries, state.pending, state.lines, state.due = Table(), Map(), Map(), None
        return state

    def copy(self) -> "State":
        """The same state, to be changed apart from this one; the cost does not grow with what is stored."""
        state = State()
        for name in State.__slots__:
            setattr(state, name, getattr(self, name))
        return state

    def get(self, kind: str, id: str) -> Stored | None:
        """One record."""
        row = self.tables.get(kind, _EMPTY).rows.get(id)
        return None if row is None else Stored(id, row)

    def all(self, kind: str) -> list[Stored]:
        """All records of a kind, oldest first."""
        return [Stored(id, row) for id, row in self.tables.get(kind, _EMPTY)]

    def save(self, record: Record, now: int) -> None:
        """Remember a record, and the keys that lead to it; tokens that lapsed long ago are let go meanwhile."""
        row = (record.status, _tight(wire.dumps(record.face)), _tight(wire.dumps(record.facts)))
        table = self.tables.get(record.kind, _EMPTY).save(record.id, row)
        self.tables = self.tables.set(record.kind, _current(table, now) if record.kind == TOKEN else table)
        for key in record.keys:
            chain = self.indexes.get(key)
            if chain is None or chain[0] != record.id:
                self.indexes = self.indexes.set(key, (record.id, chain))

    def set_alarm(self, alarm: Alarm) -> None:
        """Set, move or take back an alarm."""
        key = (alarm.id, alarm.operation)
        if alarm.at is not None:
            self.alarms = self.alarms.set(key, alarm)
            self.ringing = queue.add(self.ringing, (alarm.at, self.sequence, key))
        elif key in self.alarms:
            self.alarms = self.alarms.delete(key)

    def next_alarm(self) -> Alarm | None:
        """The alarm that rings first; forgets stale ones on the way."""
        while (item := queue.first(self.ringing)) is not None:
            alarm = self.alarms.get(item[2])
            if alarm is not None and alarm.at == item[0]:
                return alarm
            self.ringing = queue.rest(self.ringing)
        return None

    def owe(self, delivery: Delivery) -> None:
        """Put a new delivery at the end of its invitation's line."""
        line = (*self.lines.get(delivery.notice.invitation, ()), delivery.id)
        self.lines = self.lines.set(delivery.notice.invitation, line)
        self._keep(delivery)
        if len(line) == 1:
            self._queue(delivery)

    def after(self, delivery: Delivery, attempt: Attempt) -> None:
        """Keep an attempt; a delivery that is over leaves its line, and the next in it is due."""
        delivery = delivery.after(attempt)
        self._keep(delivery)
        if delivery.due is not None:
            self._queue(delivery)
        else:
            self._leave_line(delivery)

    def _keep(self, delivery: Delivery) -> None:
        self.deliveries = self.deliveries.save(delivery.id, delivery)
        if delivery.due is not None:
            self.pending = self.pending.set(delivery.id, delivery)
        else:
            self.pending = self.pending.delete(delivery.id)

    def _leave_line(self, delivery: Delivery) -> None:
        invitation = delivery.notice.invitation
        line = self.lines[invitation][1:]
        self.lines = self.lines.set(invitation, line) if line else self.lines.delete(invitation)
        if line:
            self._queue(self.pending[line[0]])

    def _queue(self, delivery: Delivery) -> None:
        self.due = queue.add(self.due, (cast("int", delivery.due), self.sequence, delivery.id))

    def queue_again(self) -> None:
        """Queue the head of every line: what was on its way when this state was kept is due once more."""
        self.due = None
        for line in self.lines.values():
            self._queue(self.pending[line[0]])

    def take_due(self, now: int) -> Delivery | None:
        """Take the next delivery out of the queue if it is due by `now`."""
        item = queue.first(self.due)
        if item is None or item[0] > now:
            return None
        self.due = queue.rest(self.due)
        return self.pending[item[2]]

    def next_due(self) -> int | None:
        """When the next alarm rings or the next attempt is made."""
        alarm, item = self.next_alarm(), queue.first(self.due)
        times = [at for at in (alarm.at if alarm else None, item[0] if item else None) if at is not None]
        return min(times, default=None)

    def forget_deliveries(self) -> None:
        """Owe nobody anything, and remember no attempts."""
        self.deliveries, self.pending, self.lines, self.due = Table(), Map(), Map(), None


def _current(tokens: Table, now: int) -> Table:
    """The tokens without those at the front that lapsed a day ago, or that are more than anyone can be using."""
    lapsed = now - instant.DAY
    while (oldest := tokens.first()) is not None and (oldest[1][0] <= lapsed or len(tokens.rows) > MOST_TOKENS):
        tokens = tokens.rest()
    return tokens


def _tight(data: bytes) -> bytes:
    """The same bytes without the slack that orjson leaves behind them."""
    return bytes(memoryview(data))
