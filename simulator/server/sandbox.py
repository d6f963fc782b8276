"""One isolated world. Every change of it is a commit, and `Sandbox` is the only place where commits are made.

Nothing here waits: a call is answered and committed in one step of the event loop, so every request is atomic.
"""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from simulator.core import instant
from simulator.core.call import BASE, SEAL, Call, Reply
from simulator.core.config import Config
from simulator.core.decision import TOKEN, Alarm, Decision, Notice, Record
from simulator.core.delivery import Attempt, Delivery
from simulator.core.draw import Draw, seal, secret_of
from simulator.core.vendor import Operation, Vendor, answer
from simulator.server.clock import Clock
from simulator.server.faults import Faults
from simulator.server.journal import CLOCK, CONFIG, DELIVERY, ENDED, EVERYTHING, FAULTS, Journal, Watcher
from simulator.server.state import State, Stored

Ask = Callable[[int, Draw, int], Call]
"""Makes the Call, once it is known at which instant, with which chance and after how many recent calls."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened: when, what (`complete`, `attempt` …), and to which invitation or delivery.

    `place` orders events of one moment by when they began, whoever answered first.
    """

    place: int
    at: int
    what: str
    id: str


class Sandbox:
    """Records, clock, seed and webhooks of one name. It is also the `World` that the vendors look at."""

    def __init__(self, name: str, seed: int | str, opening: State, vendors: Mapping[str, Vendor]) -> None:
        self.name = name
        self.seed = seed
        self.secret = secret_of(seed, name)
        self.seal = f"{name}.{seal(self.secret, 'link')}"
        self.sealed = self.seal.encode()
        self.vendors = vendors
        self.kinds = frozenset(vendor.kind for vendor in vendors.values())
        """The kinds of records that are invitations."""
        self.state = opening.copy()
        self.snapshots: dict[str, State] = {}
        self.generation = 0
        self.moment = 0
        """The instant at which the last call was answered."""
        self.epoch = 0
        """Raised by reset, restore and delete: what was begun in an older one may not act any more."""
        self.watch: Callable[[], None] = lambda: None
        """Called after each commit; the dispatcher looks there for what is due."""
        self.listeners: list[Callable[[Event], None]] = []
        self.faults: Faults | None = None
        """What goes wrong on purpose; None where nothing does."""
        self.watchers: list[Watcher] = []
        """Those who wait for something to happen here; told what changed, and its id."""
        self.journal = Journal(self.config.journal, self.watchers)
        self._opening = opening
        self._place = 0
        self._recent: dict[str, deque[int]] = {}
        self._seen: dict[str, Stored] = {}
        """The record of each kind that was looked at last, while nothing has changed."""

    # The World, as the vendors see it.

    @property
    def config(self) -> Config:
        return self.state.config

    def get(self, kind: str, id: str) -> Stored | None:
        seen = self._seen.get(kind)
        if seen is None or seen.id != id:  # the rules of one call look at the same few records again and again
            seen = self.state.get(kind, id)
            if seen is not None:
                self._seen[kind] = seen
        return seen

    def latest(self, index: str, value: str) -> str | None:
        chain = self.state.indexes.get((index, value))
        return chain[0] if chain else None

    def ids(self, index: str, value: str) -> Sequence[str]:
        found: list[str] = []
        chain = self.state.indexes.get((index, value))
        while chain:
            found.append(chain[0])
            chain = chain[1]
        return found[::-1]

    def all(self, kind: str) -> Sequence[Stored]:
        return self.state.all(kind)

    def page(self, kind: str, skip: int, top: int) -> Sequence[Stored]:
        return self.state.page(kind, skip, top)

    @property
    def commits(self) -> int:
        """How many commits there were since it was opened or reset; those that a fork brought along are not its own."""
        return self.state.sequence - self._opening.sequence

    # Calls.

    def now(self) -> int:
        """This sandbox's time in ticks."""
        return self.state.clock.now()

    def call(self, vendor: Vendor, operation: Operation, ask: Ask) -> Reply:
        """Answer a call and make the decision true; alarms due by now ring first, those it sets for now at once."""
        self.moment = now = self.now()
        self.ring(now)
        call = ask(now, self.draw(), self._count_recent(vendor, now))
        reply = self._answer(vendor, operation, call)
        self.ring(now)
        return reply

    def consider(self, vendor: Vendor, operation: Operation, ask: Ask) -> Reply:
        """What a call would be answered; nothing of it is made true, though alarms due by now ring as before any."""
        self.moment = now = self.now()
        self.ring(now)
        return answer(vendor, operation, ask(now, self.draw(), self._count_recent(vendor, now)), self).reply

    def expire(self, token: str) -> None:
        """Let an access token lapse now, unless it did before."""
        stored, now = self.get(TOKEN, token), self.now()
        if stored is not None and now < stored.status:
            record = Record(TOKEN, token, now, stored.face, stored.facts)
            self.commit(Decision(Reply(204), (record,)), Call("", now, self.draw(), ""))

    def ring(self, now: int) -> None:
        """Ring every alarm due by `now`, in order, each at its own moment."""
        if self.state.ringing is None or self.state.ringing[1][0] > now:
            return
        while (alarm := self.state.next_alarm()) is not None and alarm.at is not None and alarm.at <= now:
            self._ring(alarm, alarm.at)

    def ring_now(self) -> list[Event]:
        """Ring every alarm due by this sandbox's present time, and tell what happened."""
        events: list[Event] = []
        note = events.append
        self.listeners.append(note)
        try:
            self.ring(self.now())
        finally:
            self.listeners.remove(note)
        return events

    def _ring(self, alarm: Alarm, at: int) -> None:
        vendor = self.vendors[alarm.vendor]
        self.state.set_alarm(Alarm(alarm.operation, alarm.id, None))
        call = Call(alarm.operation, at, self.draw(), alarm.base, params={"id": alarm.id})
        if self._answer(vendor, vendor.actions[alarm.operation], call).status < 400:
            self.emit(Event(self.next_place(), at, alarm.operation, alarm.id))

    def draw(self) -> Draw:
        """The chance of the next commit."""
        return Draw(self.secret, self.state.sequence + 1)

    def _count_recent(self, vendor: Vendor, now: int) -> int:
        """How many calls came within the minute before `now`; counted only where a limit is set."""
        if self.state.config.rate_limit is None:
            return 0
        calls = self._recent.setdefault(vendor.id, deque(maxlen=self.config.rate_limit))
        while calls and not now - instant.MINUTE < calls[0] <= now:
            calls.popleft()
        return len(calls)

    def _answer(self, vendor: Vendor, operation: Operation, call: Call) -> Reply:
        decision = answer(vendor, operation, call, self)
        if decision.changes or call.draw.used:
            self.commit(decision, call)
        if self.state.config.rate_limit is not None and call.method and decision.reply.status != 429:
            self._recent.setdefault(vendor.id, deque(maxlen=self.config.rate_limit)).append(call.now)
        return decision.reply

    # Commits.

    def commit(self, decision: Decision, call: Call) -> None:
        """Make a decision true, in one step; what could fail, rendering the records, comes first."""
        state = self.state
        self._seen.clear()
        state.save(decision.records, call.now)
        for kind, id in decision.forgotten:
            state.forget(kind, id)
        state.history.note(decision, self.kinds, call.now, call.operation)
        state.sequence += 1
        for alarm in decision.alarms:
            state.set_alarm(alarm)
        for notice in decision.notices:
            state.owe(Delivery(notice.id, self._addressed(notice, call.base), call.now, call.now))
        self.watch()
        if self.watchers:
            changed = ((record.kind, record.id) for record in decision.records)
            for what, id in (*changed, *decision.forgotten, *((DELIVERY, notice.id) for notice in decision.notices)):
                self.tell(what, id)

    def _addressed(self, notice: Notice, base: str) -> Notice:
        return replace(notice, body=notice.body.replace(BASE, base).replace(SEAL, self.seal))

    def next_place(self) -> int:
        """The place of an event that begins now."""
        self._place += 1
        return self._place

    def emit(self, event: Event) -> None:
        """Tell whoever listens that something happened."""
        for listener in self.listeners:
            listener(event)

    def tell(self, what: str, id: str = "") -> None:
        """Tell whoever waits that something changed."""
        for watcher in self.watchers:
            watcher(what, id)

    def configure(self, config: Config) -> None:
        """Take over other settings."""
        if config.rate_limit != self.config.rate_limit:
            self._recent.clear()
        self.state.config = config
        self.journal.bound(config.journal)
        self.state.sequence += 1
        self.watch()
        self.tell(CONFIG)

    def set_clock(self, clock: Clock) -> None:
        """Take over another clock."""
        self.state.clock = clock
        self.watch()
        self.tell(CLOCK)

    def misbehave(self, faults: Faults | None) -> None:
        """Let these faults go wrong from now on, and no others."""
        self.faults = faults
        self.tell(FAULTS)

    def attempted(self, delivery: Delivery, attempt: Attempt, epoch: int, place: int) -> None:
        """Keep an attempt, unless the sandbox was reset or restored since it began."""
        if epoch != self.epoch:
            return
        self.emit(Event(place, attempt.at, "attempt", delivery.id))
        if self.faults is not None:
            attempt = self._doubled(self.faults, delivery, attempt)
        self.state.after(self.state.pending[delivery.id], attempt)
        if attempt.answer is not None:
            self.state.release(self.now())
        self.watch()
        self.tell(DELIVERY, delivery.id)

    def _doubled(self, faults: Faults, delivery: Delivery, attempt: Attempt) -> Attempt:
        """The attempt with the fault that has its notice posted once more, if one does."""
        if attempt.verdict != "delivered" or attempt.fault is not None:
            return attempt
        fault = faults.on_delivered(delivery)
        if fault is None:
            return attempt
        self.state.sequence += 1
        id, now = f"{delivery.id}-duplicate-{self.state.sequence}", self.now()
        self.state.owe_next(Delivery(id, delivery.notice, now, now, fault=fault.id, doubles=delivery.line))
        return replace(attempt, fault=fault.id)

    def replay(self, delivery: Delivery, url: str) -> Delivery:
        """Send a notice once more, as a delivery of its own, to `url`."""
        self.state.sequence += 1
        notice = replace(delivery.notice, url=url)
        again = Delivery(f"{notice.id}-replay-{self.state.sequence}", notice, self.now(), self.now())
        self.state.owe(again)
        self.watch()
        self.tell(DELIVERY, again.id)
        return again

    # The whole state at once.

    def snapshot(self) -> str:
        """Keep the present state; the id leads back to it."""
        id = f"snapshot-{len(self.snapshots) + 1}"
        self.snapshots[id] = self.state.kept()
        return id

    def restore(self, id: str) -> None:
        """Bring back a snapshot: its records, clock and unfinished deliveries; the tokens of today stay good."""
        self._begin_again(self.snapshots[id].restored(self.state))

    def reset(self) -> None:
        """Go back to the opening state; tokens, snapshots, faults and whatever was begun are void."""
        self.snapshots.clear()
        self.generation += 1
        self.faults = None
        self.journal.clear()
        self._begin_again(self._opening.copy())

    def _begin_again(self, state: State) -> None:
        self.epoch += 1
        self._recent.clear()
        self._seen.clear()
        self.state = state
        self.journal.bound(self.config.journal)
        self.watch()
        self.tell(EVERYTHING)

    def close(self) -> None:
        """Let nothing that was begun act any more."""
        self.faults = None
        self._begin_again(State(self.config, Clock()))
        self.watch = lambda: None
        self.tell(ENDED)
