"""One sandbox: isolated data, clock and webhooks. Every change of it is made here.

Theory of operation:

- `handle` answers one vendor request: it fires the timers that are due, lets the vendor decide (`core.vendor.handle`,
  which is pure), and applies the decision. Nothing waits in between, so each request is atomic.
- All data is in `Memory`, and every change is a row of `memory.CHANGES`. Methods marked `transactional` make one commit
  of all their changes. Without a log a change is final at once. With a log, `CommitQueue` applies it in memory and
  writes it; a response, and everything else that follows, waits until the commit is durable (`settled`, `on_commit`).
- When a change is durable, `durable` does what follows, in this order: events and waits, the counter of commits, mails.
  Then the webhook worker looks for what is due, and at last the response leaves.
- If commits are lost, memory is ahead of the log. The worker pauses, and the registry reads the sandbox again.
- A sandbox that is closed (deleted, or released to another process) does nothing more. `is_deleted` tells which.
"""

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import wraps
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, Protocol, TypeVar

from assessment_simulator.core.config import Config
from assessment_simulator.core.decision import MAIL, TOKEN, Decision, Record, Timer, VendorResponse
from assessment_simulator.core.faults import Counter, Fault
from assessment_simulator.core.links import Links
from assessment_simulator.core.request import VendorRequest
from assessment_simulator.core.retry_schedule import Attempt, Delivery
from assessment_simulator.core.seeded_random import SeededRandom, secret_of
from assessment_simulator.core.vendor import Operation, Vendor, failure_response, handle
from assessment_simulator.sandbox import request_changes
from assessment_simulator.sandbox.clock import Clock
from assessment_simulator.sandbox.journal import Journal
from assessment_simulator.sandbox.memory import CHANGES, LoggedMemory, expired
from assessment_simulator.sandbox.state import State, Stored, rendered
from assessment_simulator.sandbox.watchers import CLOCK, CLOSING, CONFIG, DELIVERY, ENDED, EVERYTHING, FAULTS, Watcher
from assessment_simulator.storage.pauses import Pause

if TYPE_CHECKING:
    from assessment_simulator.sandbox.commit_queue import Commits

NAME = re.compile(r"[a-z0-9-]{1,64}", re.ASCII)
"""The form of a sandbox's name."""
T = TypeVar("T")
P = ParamSpec("P")
S = TypeVar("S", bound="Sandbox")
AT_ONCE = 50
"""Timers that are fired in one commit."""
_COUNTED = frozenset({"commit", "configure", "enqueue", "restore"})
"""The changes that the counter of commits counts."""
_PUBLISHED = {
    "configure": CONFIG, "set_clock": CLOCK, "set_faults": FAULTS, "restore": EVERYTHING, "reset": EVERYTHING,
    "renew": EVERYTHING,
}  # fmt: skip
"""What event streams and waits are told of a change, where that is not about one record."""
AtTime = Callable[[int, SeededRandom, int], VendorRequest]
"""Makes a request from the sandbox's time, the random numbers of the next commit, and the number of recent requests."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened: when, what (`complete`, `attempt` …), and to which invitation or delivery.

    `order` sorts events of one moment by when they began.
    """

    order: int
    at: int
    what: str
    id: str


class Worker(Protocol):
    """Fires the timers and sends the webhooks of one sandbox (`webhooks.worker`)."""

    @property
    def is_advancing(self) -> bool: ...
    @property
    def is_busy(self) -> bool: ...
    @property
    def is_sending(self) -> bool: ...
    def wake(self) -> None:
        """Look for what is due."""

    def requeue(self) -> None:
        """The data was read again: queue everything but the attempts in progress."""

    def pause(self) -> None:
        """Commits were lost: start nothing until the data was read again."""

    async def advance(self, target: int | None) -> list[Event]: ...
    def stop_sending(self) -> None: ...
    async def close(self, *, is_deleted: bool = False) -> None: ...


def transactional(method: Callable[Concatenate[S, P], T], /) -> Callable[Concatenate[S, P], T]:
    """Make all changes of a method one commit: it is kept as a whole or lost as a whole."""

    @wraps(method)
    def wrapped(self: S, /, *args: P.args, **more: P.kwargs) -> T:
        if self.commits is None:
            return method(self, *args, **more)
        return self.commits.step(lambda: method(self, *args, **more))

    return wrapped


class Sandbox(LoggedMemory):
    """Records, clock, seed and webhooks of one name. It is also the `SandboxView` of the vendors."""

    def __init__(self, name: str, seed: int | str, initial: State, vendors: Mapping[str, Vendor]) -> None:
        super().__init__(seed, initial, frozenset(vendor.record_kind for vendor in vendors.values()))
        self.name = name
        self.secret = secret_of(seed, name)
        self.vendors = vendors
        self.commits: Commits | None = None
        """The queue of its commits; None without a log."""
        self.worker: Worker | None = None
        self.count_commit: Callable[[], None] = lambda: None
        self.relay_mail: Callable[[str], None] | None = None
        """Called with the id of each mail of a durable commit."""
        self.refresh: Callable[[], Awaitable[None]] = _nothing_to_read
        """Reads the sandbox from the log again after commits were lost."""
        self.listeners: list[Callable[[Event], None]] = []
        self.watchers: list[Watcher] = []
        """Event streams and waits; each is called with what changed and its id."""
        self.journal = Journal(self.config.journal, self.watchers)
        self._journal_generation = self.generation
        self._links = Links(name, self.secret)
        self._order = 0
        self.is_leaving = False
        """Whether the server stops: nothing that somebody waits for can happen any more."""
        self.is_closed = self.is_deleted = False

    # The view of the vendors.

    def get(self, kind: str, id: str) -> Stored | None:
        seen = self.seen.get(kind)
        if seen is None or seen.id != id:  # the rules of one request look at the same few records again and again
            seen = self.state.get(kind, id)
            if seen is not None:
                self.seen[kind] = seen
        return seen

    def latest_id(self, index: str, value: str) -> str | None:
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
    def links(self) -> Links:
        """Completes the links of this sandbox; a reset and new credentials change their seals."""
        epoch = (self.generation, self.renewals)
        if self._links.epoch != epoch:
            self._links = Links(self.name, self.secret, epoch)
        return self._links

    @property
    def config(self) -> Config:
        """The settings."""
        return self.state.config

    def now(self) -> int:
        """The sandbox's time in ticks."""
        return self.state.clock.now()

    def random(self) -> SeededRandom:
        """The random numbers of the next commit."""
        return SeededRandom(self.secret, self.state.sequence + 1)

    # Vendor requests and timers.

    @transactional
    def handle(self, vendor: Vendor, operation: Operation, at_time: AtTime) -> VendorResponse:
        """Answer a request and apply the vendor's decision.

        The timers that are due fire first, and those that the request sets for now fire at once. `fire_due_timers`
        must be called before if many may be due.
        """
        now = self.now()
        self._fire_until(now)
        response = self._decide(vendor, operation, at_time(now, self.random(), self._recent_requests(vendor, now)))
        self._fire_until(now)
        return response

    @transactional
    def dry_run(self, vendor: Vendor, operation: Operation, at_time: AtTime) -> VendorResponse:
        """The response to a request that is not applied; timers that are due fire nevertheless."""
        now = self.now()
        self._fire_until(now)
        request = at_time(now, self.random(), self._recent_requests(vendor, now))
        return handle(vendor, operation, request, self).response

    def _recent_requests(self, vendor: Vendor, now: int) -> int:
        """How many requests came within the minute before `now`; counted only where a limit is set."""
        if self.state.config.rate_limit is None:
            return 0
        times = self.recent.get(vendor.id, ())
        return len(times) - expired(times, now)

    def _decide(self, vendor: Vendor, operation: Operation, request: VendorRequest) -> VendorResponse:
        decision = handle(vendor, operation, request, self)
        limit = self.state.config.invitation_limit
        if limit is not None and self.state.count(self.kinds) >= limit:  # our own limit; no vendor knows it
            created = [record for record in decision.records if record.kind in self.kinds]
            if any(self.state.get(record.kind, record.id) is None for record in created):
                hint = f"this sandbox holds {limit} invitations, as many as its setting invitation_limit admits"
                response = failure_response(vendor, 503, request, self)
                decision = Decision(response._replace(hints=(f"{hint}; raise it or reset",)))
        if decision.changes or request.random.used:
            self.commit(decision, request)
        if self.state.config.rate_limit is not None and request.method and decision.response.status != 429:
            self._change("count_request", vendor.id, request.now)
        return decision.response

    @property
    def has_due_timers(self) -> bool:
        """Whether timers are due that have not fired."""
        heap = self.state.timer_heap  # its first entry may be stale; then `fire_due_timers` has nothing to do
        return bool(heap) and heap[0][0] <= self.now()

    async def fire_due_timers(self) -> None:
        """Fire every timer that is due, each at its own moment, in bounded commits with pauses for other requests.

        Afterwards none is due, unless the sandbox was closed.
        """
        pause = Pause()
        while not self.is_closed and self._fire_some():
            await pause.if_due()

    @transactional
    def _fire_some(self) -> bool:
        """Fire at most `AT_ONCE` timers. Returns whether more are due."""
        return self._fire_until(self.now(), AT_ONCE)

    def _fire_until(self, now: int, most: int | None = None) -> bool:
        """Fire the timers that are due at `now`, at most `most`. Returns whether more are due."""
        fired = 0
        while self.state.timer_heap and self.state.timer_heap[0][0] <= now:
            timer = self.state.next_timer()
            if timer is None or timer.at is None or timer.at > now:
                break
            if fired == most:
                return True
            fired += 1
            vendor, at = self.vendors[timer.vendor], timer.at
            self._change("timer", Timer(timer.operation, timer.id, None))
            request = VendorRequest(timer.operation, at, self.random(), timer.base_url, params={"id": timer.id})
            if self._decide(vendor, vendor.actions[timer.operation], request).status < 400:
                self.report(Event(self.next_order(), at, timer.operation, timer.id))
        return False

    @transactional
    def commit(self, decision: Decision, request: VendorRequest) -> None:
        """Apply a decision. Rendering the records is the one step that can fail, so it comes first."""
        records = rendered(decision.records)
        deliveries = []
        for event in decision.webhook_events:
            body = self.links.fill_text(event.body, request.base_url)
            deliveries.append(Delivery(event.id, replace(event, body=body), request.now, request.now))
        self._change(
            "commit", request.now, request.operation, records, decision.deleted, decision.timers, tuple(deliveries)
        )  # fmt: skip
        self.wake_worker()

    @transactional
    def expire_token(self, token: str) -> None:
        """Expire an access token now, unless it expired before."""
        stored, now = self.get(TOKEN, token), self.now()
        if stored is not None and now < stored.status:
            record = Record(TOKEN, token, now, stored.public, stored.internal)
            self.commit(Decision(VendorResponse(204), (record,)), VendorRequest("", now, self.random(), ""))

    @transactional
    def revoke_credentials(self) -> None:
        """Revoke all access tokens and all links of candidates and reports."""
        tokens = tuple(Record(TOKEN, token.id, 0, token.public, token.internal) for token in self.state.all(TOKEN))
        self.commit(Decision(VendorResponse(204), tokens), VendorRequest("", self.now(), self.random(), ""))
        self._change("renew")

    # Faults and webhooks.

    @transactional
    def set_faults(self, faults: tuple[Fault, ...]) -> None:
        """Replace all injected faults."""
        self._change("set_faults", faults)

    @transactional
    def match_fault(self, vendor: Vendor, request: VendorRequest) -> Fault | None:
        """The fault to inject into a request, if any."""
        if self.faults is None:
            return None
        token = vendor.bearer_token(request) if vendor.bearer_token else ""
        has_token = bool(token) and self.get(TOKEN, token) is not None
        return self.faults.on_call(vendor.id, request, self.count_fault, has_token=has_token)

    @transactional
    def count_fault(self, place: int, counter: Counter) -> None:
        """Keep the counter of the fault at this place in the list."""
        self._change("count_fault", place, counter)

    @transactional
    def record_attempt(self, delivery: Delivery, attempt: Attempt, epoch: int, order: int) -> None:
        """Keep an attempt, unless the sandbox was reset or restored since it began.

        A fault may send a delivered webhook a second time: then a duplicate is queued.
        """
        known = self.state.pending.get(delivery.id)
        if epoch != self.epoch or known is None or len(known.attempts) != len(delivery.attempts):
            return
        duplicate = None
        if self.faults is not None and attempt.outcome == "delivered" and attempt.fault is None:
            fault = self.faults.on_delivered(delivery, self.count_fault)
            if fault is not None:
                id, now = f"{delivery.id}-duplicate-{self.state.sequence + 1}", self.now()
                duplicate = Delivery(id, delivery.event, now, now, fault=fault.id, duplicate_key=delivery.ordering_key)
                attempt = replace(attempt, fault=fault.id)
        self._change("attempt", delivery.id, attempt, self.now(), duplicate)
        self.report(Event(order, attempt.at, "attempt", delivery.id))
        self.wake_worker()

    @transactional
    def postpone(self, fault: Fault, delivery: Delivery, until: int) -> None:
        """Let a delivery wait until an instant, or let the next one overtake it, as the fault says."""
        self._change("reorder" if fault.do == "reorder" else "postpone", delivery.id, until, fault.id)

    @transactional
    def release(self, now: int) -> None:
        """Release the delivery that is held back."""
        self._change("release", now)

    @transactional
    def replay(self, delivery: Delivery, url: str | None) -> Delivery:
        """Queue a webhook once more, as a delivery of its own, to `url` if given."""
        now = self.now()
        event = delivery.event if url is None else replace(delivery.event, url=url, named=False)
        again = Delivery(f"{event.id}-replay-{self.state.sequence + 1}", event, now, now)
        self._change("enqueue", again)
        self.wake_worker()
        return again

    def wake_worker(self) -> None:
        """Let the webhook worker look for what is due, as soon as all changes so far are durable."""
        if self.worker is not None:
            self.on_commit(self.worker.wake)

    # The whole state at once.

    @transactional
    def configure(self, config: Config) -> None:
        """Replace the settings."""
        self._change("configure", config)
        self._state_replaced()

    @transactional
    def set_clock(self, clock: Clock) -> None:
        """Replace the clock."""
        self._change("set_clock", clock)
        self.wake_worker()

    @transactional
    def snapshot(self) -> str:
        """Keep the present state. Returns its id."""
        id = f"snapshot-{self.snapshots_taken + 1}"
        self._change("snapshot", id, self.now())
        return id

    @transactional
    def delete_snapshot(self, id: str) -> None:
        """Delete a snapshot; its id is not used again until a reset."""
        self._change("delete_snapshot", id)

    @transactional
    def restore(self, id: str) -> None:
        """Restore a snapshot: records, clock and pending deliveries; today's tokens stay valid."""
        self._change("restore", id, self.snapshots[id].clock.let_go())
        self._state_replaced()

    @transactional
    def reset(self) -> None:
        """Return to the initial state; tokens, snapshots, faults and whatever is in progress become void."""
        self._change("reset")
        self._state_replaced()

    def _state_replaced(self) -> None:
        self.on_commit(self._bound_journal)
        self.wake_worker()

    def _bound_journal(self) -> None:
        """Apply the journal's settings, and empty it after a reset."""
        if self._journal_generation != self.generation:
            self._journal_generation = self.generation
            self.journal.clear()
        self.journal.set_limits(self.config.journal)

    # Commits.

    def _change(self, name: str, *arguments: Any) -> None:
        """Change the data. Every change goes through here."""
        if self.commits is None:
            CHANGES[name](self, *arguments)
            request_changes.note()
            self.durable(name, arguments)
        else:
            self.commits.change(name, arguments)  # calls `durable` later

    def durable(self, name: str, arguments: tuple[Any, ...]) -> None:
        """A change is durable: do what follows."""
        if self.watchers:
            if name == "commit":
                _, _, saved, deleted, _, deliveries = arguments
                for kind, id in (*((kind, id) for kind, id, _, _ in saved), *deleted):
                    self.publish(kind, id)
                for delivery in deliveries:
                    self.publish(DELIVERY, delivery.id)
            elif name in ("attempt", "enqueue"):
                self.publish(DELIVERY, arguments[0] if name == "attempt" else arguments[0].id)
            elif name in _PUBLISHED:
                self.publish(_PUBLISHED[name])
        if name in _COUNTED:
            self.count_commit()
        if name == "commit" and self.relay_mail is not None:
            for kind, id, _, _ in arguments[2]:
                if kind == MAIL:
                    self.relay_mail(id)

    def step(self, body: Callable[[], T]) -> T:
        """Call `body`; all its changes are one commit."""
        return body() if self.commits is None else self.commits.step(body)

    def on_commit(self, action: Callable[[], None]) -> None:
        """Call `action` once all changes so far are durable; never if they are lost."""
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
        """Whether a response may leave at once."""
        return self.commits is None or self.commits.is_settled

    async def settled(self) -> None:
        """Return when a response may leave: all changes are durable, and this process still owns the sandbox."""
        if self.commits is not None and not self.commits.is_settled:
            await self.commits.settled()

    def reloaded(self) -> None:
        """The data was read from the log again."""
        self._bound_journal()
        if self.worker is not None:
            self.worker.requeue()
        self.wake_worker()
        self.publish(EVERYTHING)

    def refused(self) -> None:
        """Commits were lost."""
        if self.worker is not None:
            self.worker.pause()

    # Events, and the end.

    def next_order(self) -> int:
        """The `order` of an event that begins now."""
        self._order += 1
        return self._order

    def report(self, event: Event) -> None:
        """Pass an event to the advance in progress, if any."""
        for listener in self.listeners:
            listener(event)

    def publish(self, what: str, id: str = "") -> None:
        """Tell event streams and waits what changed."""
        for watcher in self.watchers:
            watcher(what, id)

    def leave(self) -> None:
        """The server is about to stop: end all waits, also those that begin from now on."""
        self.is_leaving = True
        self.publish(CLOSING)

    def close(self, *, is_deleted: bool) -> None:
        """Stop everything that was begun. A sandbox that was not deleted goes on in another process, or later."""
        self.is_closed, self.is_deleted = True, is_deleted
        if self.commits is not None:  # what is in the log stays there
            self.commits.end()
        self.faults = None
        self.replace_state(State(self.config, Clock()))
        self._state_replaced()
        self.worker = None
        self.publish(ENDED if is_deleted else CLOSING)


async def _nothing_to_read() -> None:
    """Without a log nothing is lost."""
