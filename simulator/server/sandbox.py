"""One isolated world. Every change of it is a commit, and `Sandbox` is the only place where commits are made.

Nothing here waits: a call is answered and committed in one step of the event loop, so every request is atomic. What
there is to remember, and the effects that change it, stand in `memory`.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from simulator.core import instant
from simulator.core.call import BASE, SEAL, Call, Reply
from simulator.core.config import Config
from simulator.core.decision import TOKEN, Alarm, Decision, Notice, Record
from simulator.core.delivery import Attempt, Delivery
from simulator.core.draw import Draw, seal, secret_of
from simulator.core.faults import Fault, Tally
from simulator.core.vendor import Operation, Vendor, answer
from simulator.server.clock import Clock
from simulator.server.journal import CLOCK, CONFIG, DELIVERY, ENDED, EVERYTHING, FAULTS, Journal, Watcher
from simulator.server.log import Deleted
from simulator.server.log.ledger import Ledger, Remembering
from simulator.server.memory import EFFECTS, Effect
from simulator.server.state import State, Stored, rendered

T = TypeVar("T")
P = ParamSpec("P")
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


def _one_step(method: Callable[Concatenate["Sandbox", P], T], /) -> Callable[Concatenate["Sandbox", P], T]:
    """All that a method changes is one commit of the log, where there is one: it comes true as a whole, or not."""

    @wraps(method)
    def stepped(self: "Sandbox", /, *args: P.args, **more: P.kwargs) -> T:
        if self.ledger is None:
            return method(self, *args, **more)
        return self.ledger.step(lambda: method(self, *args, **more))

    return stepped


class Sandbox(Remembering):
    """Records, clock, seed and webhooks of one name. It is also the `World` that the vendors look at."""

    def __init__(self, name: str, seed: int | str, opening: State, vendors: Mapping[str, Vendor]) -> None:
        super().__init__(seed, opening, frozenset(vendor.kind for vendor in vendors.values()))
        self.name = name
        self.secret = secret_of(seed, name)
        self.seal = f"{name}.{seal(self.secret, 'link')}"
        self.sealed = self.seal.encode()
        self.vendors = vendors
        self.ledger: Ledger | None = None
        """Where its effects are written down; None where nothing is kept."""
        self.moment = 0
        """The instant at which the last call was answered."""
        self.watch: Callable[[], None] = lambda: None
        """Called after each commit; the dispatcher looks there for what is due."""
        self.rest: Callable[[], None] = lambda: None
        """Called in its place where something could not be kept: what is due waits a while."""
        self.listeners: list[Callable[[Event], None]] = []
        self.watchers: list[Watcher] = []
        """Those who wait for something to happen here; told what changed, and its id."""
        self.journal = Journal(self.config.journal, self.watchers)
        self._place = 0

    def step(self, body: Callable[[], T]) -> T:
        """Do something as one step: where there is a log, all that it changes is one commit."""
        return body() if self.ledger is None else self.ledger.step(body)

    def _do(self, word: str, *told: Any) -> None:
        """Change something: every change there is goes through here."""
        if self.ledger is None:
            EFFECTS[word](self, *told)
            self.told(word, told)
        else:
            self.ledger.change(word, told)  # which lets it be told when it is kept

    def told(self, word: str, told: tuple[Any, ...]) -> None:
        """Tell whoever waits what an effect has changed."""
        if self.watchers:
            for what, id in news(word, told):
                self.tell(what, id)

    # The World, as the vendors see it.

    @property
    def config(self) -> Config:
        return self.state.config

    def get(self, kind: str, id: str) -> Stored | None:
        seen = self.seen.get(kind)
        if seen is None or seen.id != id:  # the rules of one call look at the same few records again and again
            seen = self.state.get(kind, id)
            if seen is not None:
                self.seen[kind] = seen
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

    # Calls.

    def now(self) -> int:
        """This sandbox's time in ticks."""
        return self.state.clock.now()

    @_one_step
    def call(self, vendor: Vendor, operation: Operation, ask: Ask) -> Reply:
        """Answer a call and make the decision true; alarms due by now ring first, those it sets for now at once."""
        self.moment = now = self.now()
        self._ring_all(now)
        call = ask(now, self.draw(), self._count_recent(vendor, now))
        reply = self._answer(vendor, operation, call)
        self._ring_all(now)
        return reply

    @_one_step
    def consider(self, vendor: Vendor, operation: Operation, ask: Ask) -> Reply:
        """What a call would be answered; nothing of it is made true, though alarms due by now ring as before any."""
        self.moment = now = self.now()
        self._ring_all(now)
        return answer(vendor, operation, ask(now, self.draw(), self._count_recent(vendor, now)), self).reply

    @_one_step
    def expire(self, token: str) -> None:
        """Let an access token lapse now, unless it did before."""
        stored, now = self.get(TOKEN, token), self.now()
        if stored is not None and now < stored.status:
            record = Record(TOKEN, token, now, stored.face, stored.facts)
            self.commit(Decision(Reply(204), (record,)), Call("", now, self.draw(), ""))

    @_one_step
    def ring(self, now: int) -> None:
        """Ring every alarm due by `now`, in order, each at its own moment."""
        self._ring_all(now)

    def _ring_all(self, now: int) -> None:
        if self.state.ringing is None or self.state.ringing[1][0] > now:
            return
        while (alarm := self.state.next_alarm()) is not None and alarm.at is not None and alarm.at <= now:
            self._ring(alarm, alarm.at)

    @_one_step
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
        self._do("alarm", Alarm(alarm.operation, alarm.id, None))
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
        calls = self.recent.get(vendor.id)
        if calls is None:
            return 0
        while calls and not now - instant.MINUTE < calls[0] <= now:
            calls.popleft()
        return len(calls)

    def _answer(self, vendor: Vendor, operation: Operation, call: Call) -> Reply:
        decision = answer(vendor, operation, call, self)
        if decision.changes or call.draw.used:
            self.commit(decision, call)
        if self.state.config.rate_limit is not None and call.method and decision.reply.status != 429:
            self._do("let_in", vendor.id, call.now)
        return decision.reply

    # Commits.

    @_one_step
    def commit(self, decision: Decision, call: Call) -> None:
        """Make a decision true, in one step; what could fail, rendering the records, comes first."""
        saved = rendered(decision.records)
        owed = tuple(
            [Delivery(notice.id, self._addressed(notice, call.base), call.now, call.now) for notice in decision.notices]
        )
        self._do("commit", call.now, call.operation, saved, decision.forgotten, decision.alarms, owed)
        self.watch()

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

    @_one_step
    def configure(self, config: Config) -> None:
        """Take over other settings."""
        self._do("configure", config)
        self.journal.bound(config.journal)
        self.watch()

    @_one_step
    def set_clock(self, clock: Clock) -> None:
        """Take over another clock."""
        self._do("turn", clock)
        self.watch()

    @_one_step
    def misbehave(self, faults: tuple[Fault, ...]) -> None:
        """Let these faults go wrong from now on, and no others."""
        self._do("misbehave", faults)

    @_one_step
    def struck(self, vendor: Vendor, call: Call) -> Fault | None:
        """The fault that strikes a call, if one does."""
        return None if self.faults is None else self.faults.on_call(vendor, call, self, self.count)

    @_one_step
    def count(self, place: int, tally: Tally) -> None:
        """Remember what the fault at this place has met and struck."""
        self._do("count", place, tally)

    @_one_step
    def attempted(self, delivery: Delivery, attempt: Attempt, epoch: int, place: int) -> None:
        """Keep an attempt, unless the sandbox was reset or restored since it began."""
        if epoch != self.epoch:
            return
        fault = self._doubling(delivery, attempt)
        double = None
        if fault is not None:
            id, now = f"{delivery.id}-duplicate-{self.state.sequence + 1}", self.now()
            double = Delivery(id, delivery.notice, now, now, fault=fault.id, doubles=delivery.line)
            attempt = replace(attempt, fault=fault.id)
        self._do("attempt", delivery.id, attempt, self.now(), double)
        self.emit(Event(place, attempt.at, "attempt", delivery.id))
        self.watch()

    def _doubling(self, delivery: Delivery, attempt: Attempt) -> Fault | None:
        """The fault that has a delivered notice posted once more, if one does."""
        if self.faults is None or attempt.verdict != "delivered" or attempt.fault is not None:
            return None
        return self.faults.on_delivered(delivery, self.count)

    @_one_step
    def put_off(self, fault: Fault, delivery: Delivery, until: int) -> None:
        """Let a fault have a delivery wait, or have another pass it, until an instant at the latest."""
        self._do("overtake" if fault.do == "reorder" else "put_off", delivery.id, until, fault.id)

    @_one_step
    def release(self, now: int) -> None:
        """Let the delivery that is held go."""
        self._do("release", now)

    @_one_step
    def replay(self, delivery: Delivery, url: str) -> Delivery:
        """Send a notice once more, as a delivery of its own, to `url`."""
        notice, now = replace(delivery.notice, url=url), self.now()
        again = Delivery(f"{notice.id}-replay-{self.state.sequence + 1}", notice, now, now)
        self._do("owe", again)
        self.watch()
        return again

    # The whole state at once.

    @_one_step
    def snapshot(self) -> str:
        """Keep the present state; the id leads back to it."""
        id = f"snapshot-{len(self.snapshots) + 1}"
        self._do("snapshot", id, self.now())
        return id

    @_one_step
    def restore(self, id: str) -> None:
        """Bring back a snapshot: its records, clock and unfinished deliveries; the tokens of today stay good."""
        self._do("restore", id, self.snapshots[id].clock.let_go())
        self._look_again()

    @_one_step
    def reset(self) -> None:
        """Go back to the opening state; tokens, snapshots, faults and whatever was begun are void."""
        self.journal.clear()
        self._do("reset")
        self._look_again()

    def _look_again(self) -> None:
        """Another state is in force."""
        self.journal.bound(self.config.journal)
        self.watch()

    def reloaded(self, *, failed: bool) -> None:
        """What was remembered has been read from the log anew; where that is for a failure, nothing is hurried."""
        self.journal.bound(self.config.journal)
        if failed:
            self.rest()
        else:
            self.watch()
        self.tell(EVERYTHING)

    def heard(self, effects: Iterable[Effect]) -> None:
        """Another process has done this, and it is remembered here as well."""
        self.seen.clear()
        self.journal.bound(self.config.journal)
        rung: Alarm | None = None
        for word, told in effects:
            if word == "attempt":
                self.emit(Event(self.next_place(), told[1].at, "attempt", told[0]))
            elif word == "commit" and rung is not None and rung.operation == told[1]:
                self.emit(Event(self.next_place(), told[0], rung.operation, rung.id))
            rung = told[0] if word == "alarm" else None
            self.told(word, told)
        self.watch()

    def ended(self) -> None:
        """Another process has deleted the sandbox."""
        self.close()

    # Several processes.

    @_one_step
    def claim(self, delivery: Delivery, at_once: int) -> bool | None:
        """Whether this process is the one that tries a delivery that is due; None where it must wait for its turn.

        No more than `at_once` are tried at the same time at one origin, by all processes together.
        """
        if self.ledger is None or not self.ledger.shared:
            return True
        if not self.state.may_claim(delivery):
            return False
        origin = delivery.origin
        if sum(self.state.pending[id].origin == origin for id in self.state.claims) >= at_once:
            return None
        self._do("claim", delivery.id, self.ledger.owner)
        return True

    def present_epoch(self) -> int:
        """The epoch, after a look at what other processes have done; -1 where one has deleted the sandbox."""
        try:
            return self.step(lambda: self.epoch)
        except Deleted:
            return -1

    @property
    def played_elsewhere(self) -> bool:
        """Whether another process is playing an advance, and has the deliveries meanwhile."""
        return self.player is not None and not self._is_mine(self.player)

    def _is_mine(self, player: str) -> bool:
        return self.ledger is None or player.partition("/")[0] == self.ledger.owner

    @_one_step
    def begin_play(self) -> str | None:
        """Let the clock stand for an advance, and give it a name; None where another is under way."""
        if self.player is not None:
            return None
        player = f"{'' if self.ledger is None else self.ledger.owner}/{self.next_place()}"
        self._do("play", player)
        self.set_clock(self.state.clock.hold())
        return player

    @_one_step
    def end_play(self) -> None:
        """Let the clock go on as it was."""
        self._do("play", None)
        self.set_clock(self.state.clock.let_go())

    @_one_step
    def outlive(self, alive: frozenset[str]) -> None:
        """Take over what dead processes have left."""
        if self.player is not None and self.player.partition("/")[0] not in alive:
            self.end_play()
        if self.state.free(alive):
            self.watch()

    def close(self) -> None:
        """Let nothing that was begun act any more."""
        self.ledger = None  # what is in the log stays there
        self.faults = None
        self.begin_again(State(self.config, Clock()))
        self._look_again()
        self.watch = self.rest = lambda: None
        self.tell(ENDED)


def news(word: str, told: tuple[Any, ...]) -> list[tuple[str, str]]:
    """What an effect has changed, for those who wait: the words that they know, and ids."""
    if word == "commit":
        _, _, saved, forgotten, _, owed = told
        changed = [(kind, id) for kind, id, _, _ in saved]
        return [*changed, *forgotten, *((DELIVERY, delivery.id) for delivery in owed)]
    if word == "attempt":
        return [(DELIVERY, told[0])]
    if word == "owe":
        return [(DELIVERY, told[0].id)]
    return [(_NEWS[word], "")] if word in _NEWS else []


_NEWS = {"configure": CONFIG, "turn": CLOCK, "misbehave": FAULTS, "restore": EVERYTHING, "reset": EVERYTHING}
