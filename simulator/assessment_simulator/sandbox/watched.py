"""What is remembered in one sandbox, for those who watch it: the changes that no vendor decides.

Every change is an effect, and goes through `_do`. What a method changes is one step: where there is a log, one commit.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from assessment_simulator.core.config import Config
from assessment_simulator.core.faults import Counter, Fault
from assessment_simulator.core.retry_schedule import Delivery
from assessment_simulator.events.changes import news
from assessment_simulator.journal.recorder import CLOSING, ENDED, EVERYTHING, Journal, Watcher
from assessment_simulator.sandbox import changes
from assessment_simulator.sandbox.clock import Clock
from assessment_simulator.sandbox.commit_queue import Commits, Remembering
from assessment_simulator.sandbox.memory import EFFECTS
from assessment_simulator.sandbox.state import State

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
        if self.commits is None:
            return method(self, *args, **more)
        return self.commits.step(lambda: method(self, *args, **more))

    return stepped


class Watched(Remembering):
    """A memory, who watches it, and the journal beside it."""

    def __init__(self, seed: int | str, opening: State, kinds: frozenset[str]) -> None:
        super().__init__(seed, opening, kinds)
        self.commits: Commits | None = None
        """The queue of its commits; None where there is no log."""
        self.watch: Callable[[], None] = lambda: None
        """Called after each commit, once it is durable; the worker looks there for what is due."""
        self.requeue: Callable[[], None] = lambda: None
        """Called when everything was read anew: what is due must be taken anew, but what is being tried."""
        self.pause: Callable[[], None] = lambda: None
        """Called when commits were lost: what is due waits until the sandbox was read again."""
        self.refresh: Callable[[], Awaitable[None]] = _nothing_to_read
        """Reads the sandbox from the log again, where commits were lost."""
        self.listeners: list[Callable[[Event], None]] = []
        self.watchers: list[Watcher] = []
        """Those who wait for something to happen here; told what changed, and its id."""
        self.journal = Journal(self.config.journal, self.watchers)
        self._journalled = self.generation
        self._place = 0
        self.is_leaving = False
        """Whether the server is about to stop: what is waited for cannot happen any more."""
        self.is_closed = False
        """Whether it was deleted or released: nothing happens here any more."""
        self.is_deleted = False

    @property
    def config(self) -> Config:
        """The settings."""
        return self.state.config

    def now(self) -> int:
        """This sandbox's time in ticks."""
        return self.state.clock.now()

    def step(self, body: Callable[[], T]) -> T:
        """Do something as one step: where there is a log, all that it changes is one commit."""
        return body() if self.commits is None else self.commits.step(body)

    def then(self, action: Callable[[], None]) -> None:
        """Do something outside as soon as all that was changed so far is durable; never where it is lost."""
        if self.commits is None:
            action()
        else:
            self.commits.then(action)

    @property
    def is_current(self) -> bool:
        """Whether memory is what the log has; else the sandbox must be read from the log first."""
        return self.commits is None or self.commits.problem is None

    @property
    def is_settled(self) -> bool:
        """Whether an answer may leave at once."""
        return self.commits is None or self.commits.is_settled

    async def settled(self) -> None:
        """Return when an answer may leave: all changes so far are durable, and the sandbox is still this process's."""
        if self.commits is not None and not self.commits.is_settled:
            await self.commits.settled()

    def _do(self, word: str, *told: Any) -> None:
        """Change something: every change there is goes through here."""
        if self.commits is None:
            EFFECTS[word](self, *told)
            changes.note()
            self.told(word, told)
        else:
            self.commits.change(word, told)  # `told` is called when it is durable

    def announce(self, word: str, told: tuple[Any, ...]) -> None:
        """Tell those who wait what an effect has changed."""
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

    def leave(self) -> None:
        """The server is about to stop: end all waits, also those that begin from now on."""
        self.is_leaving = True
        self.tell(CLOSING)

    def tell(self, what: str, id: str = "") -> None:
        """Tell those who wait that something changed."""
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
    def set_faults(self, faults: tuple[Fault, ...]) -> None:
        """Let these faults go wrong from now on, and no others."""
        self._do("misbehave", faults)

    @one_step
    def count(self, place: int, tally: Counter) -> None:
        """Remember what the fault at this place has met and struck."""
        self._do("count", place, tally)

    @one_step
    def postpone(self, fault: Fault, delivery: Delivery, until: int) -> None:
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
        notice = delivery.event if url is None else replace(delivery.event, url=url, named=False)
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
        """Keep as many calls as the settings say, and none from before a reset."""
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
        """Commits were lost."""
        self.pause()

    def close(self, *, is_deleted: bool) -> None:
        """Let nothing that was begun act any more. If it was not deleted, it goes on elsewhere or later."""
        self.is_closed, self.is_deleted = True, is_deleted
        if self.commits is not None:  # what is in the log stays there
            self.commits.end()
        self.faults = None
        self.begin_again(State(self.config, Clock()))
        self._look_again()
        self.watch = self.requeue = self.pause = lambda: None
        self.tell(ENDED if is_deleted else CLOSING)


async def _nothing_to_read() -> None:
    """Without a log nothing is lost."""
