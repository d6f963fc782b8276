"""What is remembered in one sandbox, for those who watch it: the changes that no vendor decides.

Every change is an effect, and goes through `_do`. What a method changes is one step: where there is a log, one commit.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from assessment_simulator.core.config import Config
from assessment_simulator.core.decision import Alarm
from assessment_simulator.core.delivery import Delivery
from assessment_simulator.core.faults import Fault, Tally
from assessment_simulator.server import changes
from assessment_simulator.server.clock import Clock
from assessment_simulator.server.journal import ENDED, EVERYTHING, Journal, Watcher
from assessment_simulator.server.log import Deleted
from assessment_simulator.server.log.ledger import Ledger, Remembering
from assessment_simulator.server.memory import EFFECTS, Effect
from assessment_simulator.server.news import news
from assessment_simulator.server.state import State

T = TypeVar("T")
P = ParamSpec("P")
W = TypeVar("W", bound="Watched")


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened: when, what (`complete`, `attempt` …), and to which invitation or delivery.

    `place` orders events of one moment by when they began, whoever answered first.
    """

    place: int
    at: int
    what: str
    id: str


def one_step(method: Callable[Concatenate[W, P], T], /) -> Callable[Concatenate[W, P], T]:
    """All that a method changes is one commit of the log, where there is one: it comes true as a whole, or not."""

    @wraps(method)
    def stepped(self: W, /, *args: P.args, **more: P.kwargs) -> T:
        if self.ledger is None:
            return method(self, *args, **more)
        return self.ledger.step(lambda: method(self, *args, **more))

    return stepped


class Watched(Remembering):
    """A memory, who watches it, and the journal beside it."""

    def __init__(self, seed: int | str, opening: State, kinds: frozenset[str]) -> None:
        super().__init__(seed, opening, kinds)
        self.ledger: Ledger | None = None
        """Where its effects are written down; None where nothing is kept."""
        self.watch: Callable[[], None] = lambda: None
        """Called after each commit, once it is kept; the dispatcher looks there for what is due."""
        self.requeue: Callable[[], None] = lambda: None
        """Called when everything was read anew: what is due must be taken anew, but what is being tried."""
        self.pause: Callable[[], None] = lambda: None
        """Called where something could not be kept: what is due waits a while."""
        self.listeners: list[Callable[[Event], None]] = []
        self.watchers: list[Watcher] = []
        """Those who wait for something to happen here; told what changed, and its id."""
        self.journal = Journal(self.config.journal, self.watchers)
        self._journalled = self.generation
        self.leaving: Callable[[], None] = self.close
        """Called when another process has deleted it: it must not be found here any more."""
        self._place = 0
        self.is_closed = False
        """Whether it was deleted, or let go from memory: nothing happens here any more."""

    @property
    def config(self) -> Config:
        """The settings."""
        return self.state.config

    def now(self) -> int:
        """This sandbox's time in ticks."""
        return self.state.clock.now()

    def step(self, body: Callable[[], T]) -> T:
        """Do something as one step: where there is a log, all that it changes is one commit."""
        return body() if self.ledger is None else self.ledger.step(body)

    def then(self, action: Callable[[], None]) -> None:
        """Do something in the world when what this step changes is kept; if it cannot be, do not."""
        if self.ledger is None:
            action()
        else:
            self.ledger.then(action)

    def _do(self, word: str, *told: Any) -> None:
        """Change something: every change there is goes through here."""
        if self.ledger is None:
            EFFECTS[word](self, *told)
            changes.note()
            self.told(word, told)
        else:
            self.ledger.change(word, told)  # which lets it be told when it is kept

    def announce(self, word: str, told: tuple[Any, ...]) -> None:
        """Tell whoever waits what an effect has changed, whichever process it is of."""
        if self.watchers:
            for what, id in news(word, told):
                self.tell(what, id)

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

    # What people and processes do.

    @one_step
    def configure(self, config: Config) -> None:
        """Take over other settings."""
        self._do("configure", config)
        self._look_again()

    @one_step
    def set_clock(self, clock: Clock) -> None:
        """Take over another clock."""
        self._do("turn", clock)
        self.watch()

    @one_step
    def misbehave(self, faults: tuple[Fault, ...]) -> None:
        """Let these faults go wrong from now on, and no others."""
        self._do("misbehave", faults)

    @one_step
    def count(self, place: int, tally: Tally) -> None:
        """Remember what the fault at this place has met and struck."""
        self._do("count", place, tally)

    @one_step
    def put_off(self, fault: Fault, delivery: Delivery, until: int) -> None:
        """Let a fault have a delivery wait, or have another pass it, until an instant at the latest."""
        self._do("overtake" if fault.do == "reorder" else "put_off", delivery.id, until, fault.id)

    @one_step
    def release(self, now: int) -> None:
        """Let the delivery that is held go."""
        self._do("release", now)

    @one_step
    def replay(self, delivery: Delivery, url: str | None) -> Delivery:
        """Send a notice once more, as a delivery of its own, to `url` where one is given."""
        now = self.now()
        notice = delivery.notice if url is None else replace(delivery.notice, url=url, named=False)
        again = Delivery(f"{notice.id}-replay-{self.state.sequence + 1}", notice, now, now)
        self._do("owe", again)
        self.watch()
        return again

    # The whole state at once.

    @one_step
    def snapshot(self) -> str:
        """Keep the present state; the id leads back to it."""
        id = f"snapshot-{self.snapshots_taken + 1}"
        self._do("snapshot", id, self.now())
        return id

    @one_step
    def delete_snapshot(self, id: str) -> None:
        """Delete a snapshot; its id is not used again until a reset."""
        self._do("delete_snapshot", id)

    @one_step
    def restore(self, id: str) -> None:
        """Bring back a snapshot: its records, clock and unfinished deliveries; the tokens of today stay good."""
        self._do("restore", id, self.snapshots[id].clock.let_go())
        self._look_again()

    @one_step
    def reset(self) -> None:
        """Go back to the opening state; tokens, snapshots, faults and whatever was begun are void."""
        self._do("reset")
        self._look_again()

    def _look_again(self) -> None:
        """Another state is in force, or other settings are."""
        self.then(self._bound_journal)
        self.watch()

    def _bound_journal(self) -> None:
        """Keep as many calls as the settings say, and none from before a reset, whichever process made it."""
        if self._journalled != self.generation:
            self._journalled = self.generation
            self.journal.clear()
        self.journal.bound(self.config.journal)

    def reloaded(self) -> None:
        """What was remembered has been read from the log anew."""
        self._bound_journal()
        self.requeue()
        self.watch()
        self.tell(EVERYTHING)

    def refused(self) -> None:
        """Something could not be kept: nothing is hurried now."""
        self.pause()

    def heard(self, effects: Iterable[Effect]) -> None:
        """Another process has done this, and it is remembered here as well."""
        self.seen.clear()
        self._bound_journal()
        rung: Alarm | None = None
        for word, told in effects:
            if word == "attempt":
                self.emit(Event(self.next_place(), told[1].at, "attempt", told[0]))
            elif word == "commit" and rung is not None and rung.operation == told[1]:
                self.emit(Event(self.next_place(), told[0], rung.operation, rung.id))
            rung = told[0] if word == "alarm" else None
            self.announce(word, told)
        self.watch()

    def ended(self) -> None:
        """Another process has deleted the sandbox."""
        self.leaving()

    # Several processes.

    @one_step
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

    @one_step
    def begin_play(self) -> str | None:
        """Let the clock stand for an advance, and give it a name; None where another is under way."""
        if self.player is not None:
            return None
        player = f"{'' if self.ledger is None else self.ledger.owner}/{self.next_place()}"
        self._do("play", player)
        self.set_clock(self.state.clock.hold())
        return player

    @one_step
    def end_play(self, player: str) -> None:
        """Let the clock go on as it was, unless that advance has ended already."""
        if self.player == player:
            self._do("play", None)
            self.set_clock(self.state.clock.let_go())

    @one_step
    def outlive(self, alive: frozenset[str], trying: Callable[[], frozenset[str]]) -> None:
        """Take over what dead processes have left, and what this one has claimed and is not `trying` by then."""
        if self.player is not None and self.player.partition("/")[0] not in alive:
            self.end_play(self.player)
        if self.state.free(lambda id, owner: id in trying() if self._is_mine(owner) else owner in alive):
            self.watch()

    def close(self) -> None:
        """Let nothing that was begun act any more."""
        self.is_closed = True
        self.ledger = None  # what is in the log stays there
        self.faults = None
        self.begin_again(State(self.config, Clock()))
        self._look_again()
        self.watch = self.requeue = self.pause = self.leaving = lambda: None
        self.tell(ENDED)
