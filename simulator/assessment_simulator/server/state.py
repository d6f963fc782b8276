"""What one sandbox remembers. A snapshot of it costs the same however much is stored."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from assessment_simulator.core import instant
from assessment_simulator.core.config import Config
from assessment_simulator.core.decision import TOKEN, Alarm, Record
from assessment_simulator.server import queue, wire
from assessment_simulator.server.clock import Clock
from assessment_simulator.server.history import History
from assessment_simulator.server.layers import Layers
from assessment_simulator.server.owed import Owed
from assessment_simulator.server.table import Table

Row = tuple[Any, bytes, bytes]
"""A record's status, face and facts. Bytes and tuples of bytes are no burden to the garbage collector."""
Chain = tuple[str, Any] | None
"""Ids, newest first: (id, the chain of the older ones)."""
AlarmKey = tuple[str, str]
"""An invitation's id and the operation."""
Saved = tuple[str, str, Row, tuple[tuple[str, str], ...]]
"""A record as it is kept: its kind, id, row, and the keys that lead to it."""

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


_EMPTY = Table()


class State(Owed):
    """Everything that a snapshot brings back. Only `Sandbox` changes the one that is in force."""

    __slots__ = ("alarms", "clock", "config", "history", "indexes", "ringing", "tables")

    def __init__(self, config: Config, clock: Clock) -> None:
        super().__init__()
        self.config = config
        self.clock = clock
        self.tables: dict[str, Table] = {}
        self.indexes: Layers[tuple[str, str], Chain] = Layers()
        self.history = History()
        self.alarms: Layers[AlarmKey, Alarm] = Layers()
        self.ringing: queue.Heap = None
        """Alarms by their time; those that `alarms` no longer holds are stale."""

    def copy(self) -> "State":
        """The same state, to be changed apart from this one; the cost does not grow with what is stored."""
        twin = State(self.config, self.clock)
        self.share_deliveries(twin)
        twin.ringing = self.ringing
        twin.tables = {kind: table.copy() for kind, table in self.tables.items()}
        twin.indexes, twin.alarms, twin.history = self.indexes.copy(), self.alarms.copy(), self.history.copy()
        return twin

    def kept(self, now: int) -> "State":
        """A copy for a snapshot, whose clock stands still at `now`."""
        twin = self.copy()
        twin.clock = Clock(twin.clock.mode, now, held=True)
        return twin

    def restored(self, present: "State", clock: Clock) -> "State":
        """A copy of what was kept, to take the place of the present state, whose tokens stay good."""
        twin = self.copy()
        twin.clock = clock
        twin.sequence = present.sequence + 1
        twin.tables[TOKEN] = present.tables.get(TOKEN, Table())
        twin.claims.clear()
        twin.queue_again()
        return twin

    def forked(self) -> "State":
        """The records, alarms and settings, without the clock, the deliveries and the tokens."""
        twin = self.copy()
        twin.clock = Clock()
        twin.forget_deliveries()
        twin.tables.pop(TOKEN, None)
        return twin

    def get(self, kind: str, id: str) -> Stored | None:
        """One record."""
        table = self.tables.get(kind)
        row = table.rows.get(id) if table else None
        return Stored(id, row) if row else None

    def all(self, kind: str) -> list[Stored]:
        """All records of a kind, oldest first."""
        return [Stored(id, row) for id, row in self.tables.get(kind, _EMPTY)]

    def newest(self, kind: str) -> Iterator[Stored]:
        """All records of a kind, newest first, one at a time."""
        return (Stored(id, row) for id, row in reversed(self.tables.get(kind, _EMPTY)))

    def save(self, saved: Iterable[Saved], now: int) -> None:
        """Remember rendered records, and the keys that lead to them.

        Tokens that lapsed long before `now` are let go meanwhile.
        """
        for kind, id, row, keys in saved:
            table = self.tables.get(kind)
            if table is None:
                table = self.tables[kind] = Table()
            table.save(id, row)
            for key in keys:
                chain = self.indexes.get(key)
                if chain is None or chain[0] != id:
                    self.indexes[key] = (id, chain)
            if kind == TOKEN:
                _tidy(table, now)

    def page(self, kind: str, skip: int, top: int) -> list[Stored]:
        """Some records of a kind, oldest first."""
        return [Stored(id, row) for id, row in self.tables.get(kind, _EMPTY).page(skip, top)]

    def forget(self, kind: str, id: str) -> None:
        """Forget a record."""
        self.tables[kind].forget(id)

    def set_alarm(self, alarm: Alarm) -> None:
        """Set, move or take back an alarm."""
        key = (alarm.id, alarm.operation)
        if alarm.at is not None:
            self.alarms[key] = alarm
            self.ringing = queue.add(self.ringing, (alarm.at, self.sequence, key))
        elif key in self.alarms:
            del self.alarms[key]

    def next_alarm(self) -> Alarm | None:
        """The alarm that rings first; forgets stale ones on the way."""
        while (item := queue.first(self.ringing)) is not None:
            alarm = self.alarms.get(item[2])
            if alarm is not None and alarm.at == item[0]:
                return alarm
            self.ringing = queue.rest(self.ringing)
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
    return (record.status, wire.tight(wire.dumps(record.face)), wire.tight(wire.dumps(record.facts)))


def _tidy(tokens: Table, now: int) -> None:
    """Forget the oldest tokens: those that lapsed a day ago, and those that are more than anyone can be using."""
    lapsed = now - instant.DAY
    while (oldest := tokens.first()) is not None and (oldest[1][0] <= lapsed or len(tokens.rows) > MOST_TOKENS):
        tokens.drop_first()
