"""One sandbox: isolated data, clock and webhooks. Every change of it is made here.

Theory of operation:

- `handle` answers one vendor request: it fires the timers that are due, lets the vendor decide (`core.vendor.handle`,
  which is pure), and applies the decision. Nothing waits in between, so each request is atomic.
- A method marked `change` is one change, and nothing else changes the data. A change reads no clock and no random
  numbers, so a log is read back by calling the same methods with the arguments that were written (`codec`).
- All changes of a step (`step`, or a method marked `transactional`) are one commit. Without a log a change is final at
  once. With a log, `commit_queue` applies it in memory and writes it; a response, and everything else that follows,
  waits until the commit is durable (`settled`, `on_commit`).
- When a change is durable, `durable` does what follows, in this order: events and waits, the counter of commits, mails,
  the journal's limits. Then the webhook worker looks for what is due, and at last the response leaves.
- If commits are lost, memory is ahead of the log. The worker pauses, and the registry reads the sandbox again.
- A sandbox that is closed (deleted, or released to another process) does nothing more. `is_deleted` tells which.
"""

from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import wraps
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar, TypeVarTuple, cast

from assessment_simulator.core import instant
from assessment_simulator.core.config import Config
from assessment_simulator.core.decision import MAIL, TOKEN, Decision, Record, Timer, VendorResponse
from assessment_simulator.core.faults import Counter, Fault, FaultPlan
from assessment_simulator.core.links import Links
from assessment_simulator.core.request import VendorRequest
from assessment_simulator.core.retry_schedule import Attempt, Delivery
from assessment_simulator.core.seeded_random import SeededRandom, secret_of
from assessment_simulator.core.vendor import Operation, Vendor, failure_response, handle
from assessment_simulator.sandbox import request_changes
from assessment_simulator.sandbox.journal import Journal
from assessment_simulator.sandbox.state import Clock, Saved, State, Stored, rendered
from assessment_simulator.sandbox.watchers import CLOCK, CLOSING, CONFIG, DELIVERY, ENDED, EVERYTHING, FAULTS, Watcher
from assessment_simulator.storage.pauses import Pause

if TYPE_CHECKING:
    from assessment_simulator.sandbox.commit_queue import Commits
    from assessment_simulator.webhooks.worker import WebhookWorker

T = TypeVar("T")
P = ParamSpec("P")
Ts = TypeVarTuple("Ts")
S = TypeVar("S", bound="Sandbox")
# Makes a request from the sandbox's time, the random numbers of the next commit, and the number of recent requests.
AtTime = Callable[[int, SeededRandom, int], VendorRequest]
# Timers that are fired in one commit.
AT_ONCE = 50
_CLOCK_CHANGES = 100
# Every type of change by its name in the log, which is the method's. `codec.VALUES` says how arguments are written.
CHANGES: dict[str, Callable[..., None]] = {}
# What follows each type of change: the counter of commits counts it, the worker looks for what is due, the journal gets
# other limits, and what event streams and waits are told, where that is not about one record.
_COUNTED = frozenset({"commit", "configure", "enqueue", "restore"})
_WAKING = frozenset({"commit", "attempt", "enqueue", "configure", "set_clock", "restore", "reset"})
_LIMITING = frozenset({"configure", "restore", "reset"})
_PUBLISHED = {
    "configure": CONFIG, "set_clock": CLOCK, "set_faults": FAULTS, "restore": EVERYTHING, "reset": EVERYTHING,
    "renew": EVERYTHING,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened: when, what (`complete`, `attempt` …), and to which invitation or delivery.

    `order` sorts events of one moment by when they began.
    """

    order: int
    at: int
    what: str
    id: str


def transactional(method: Callable[Concatenate[S, P], T], /) -> Callable[Concatenate[S, P], T]:
    """Make all changes of a method one commit, which is kept or lost as a whole.

    Without a log each change is final at once: an error does not undo the changes before it.
    """

    @wraps(method)
    def wrapped(self: S, /, *args: P.args, **more: P.kwargs) -> T:
        if self.commits is None:
            return method(self, *args, **more)
        return self.commits.step(lambda: method(self, *args, **more))

    return wrapped


def change(method: Callable[[S, *Ts], None], /) -> Callable[[S, *Ts], None]:
    """Make a method a change: it is committed, written to the log, and read back by its name."""
    name = method.__name__.removeprefix("_")
    CHANGES[name] = method

    @wraps(method)
    def committed(self: S, /, *args: *Ts) -> None:
        if self.commits is None:
            method(self, *args)
            request_changes.note()
            self.durable(name, args)
        else:
            self.commits.change(name, args)  # calls `durable` later
        if name in _WAKING:
            self.wake_worker()

    return committed


class Sandbox:
    """Records, clock, seed and webhooks of one name. It is also the `SandboxView` of the vendors."""

    def __init__(self, name: str, seed: int | str, initial: State, vendors: Mapping[str, Vendor]) -> None:
        self.name = name
        self.seed = seed
        self.secret = secret_of(seed, name)
        self.vendors = vendors
        # The kinds of records that are invitations.
        self.kinds = frozenset(vendor.record_kind for vendor in vendors.values())

        # The data that a log keeps. `initial` is the state after a reset.
        self.initial = initial
        self.state = initial.copy()
        self.snapshots: dict[str, State] = {}
        # Since the last reset. It numbers the ids, so none is used twice.
        self.snapshots_taken = 0
        # How often the sandbox was reset, and how often its credentials were renewed; both invalidate older links.
        self.generation = self.renewals = 0
        # Whether a key with the sandbox's name opens it.
        self.open_access = True
        # Raised by reset, restore and delete: what began in an older epoch may not act any more.
        self.epoch = 0
        self.faults: FaultPlan | None = None
        # By vendor, the times of the last requests; only where a limit is set.
        self.recent: dict[str, deque[int]] = {}

        # The queue of its commits; None without a log.
        self.commits: Commits | None = None
        self.worker: WebhookWorker | None = None
        self.count_commit: Callable[[], None] | None = None
        # Called with the id of each mail of a durable commit.
        self.relay_mail: Callable[[str], None] | None = None
        # Reads the sandbox from the log again after commits were lost.
        self.refresh: Callable[[], Awaitable[object]] | None = None
        self.listeners: list[Callable[[Event], None]] = []
        # Event streams and waits; each is called with what changed and its id.
        self.watchers: list[Watcher] = []
        self.journal = Journal(self.config.journal, self.watchers)
        self._journal_generation = self.generation
        self._links = Links(name, self.secret)
        self._order = 0
        self.is_advancing = False
        # The last changes of the clock that a control call made: when it was, then, and what was done. They are not in
        # the log, as the journal, and a reset empties them.
        self.clock_changes: deque[tuple[int, int, str]] = deque(maxlen=_CLOCK_CHANGES)
        # Whether its opening state and each reset have the sample data.
        self.is_sampled = False
        # Whether the server stops: nothing that somebody waits for can happen any more.
        self.is_leaving = False
        self.is_closed = self.is_deleted = False

    # The view of the vendors.

    def get(self, kind: str, id: str) -> Stored | None:
        return self.state.get(kind, id)

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

    def all(self, kind: str) -> Iterator[Stored]:
        table = self.state.tables.get(kind, {})
        # Each is made when it is read: making 25,000 at once keeps other requests waiting for tens of milliseconds.
        return map(Stored, [*table], [*table.values()])

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
    def handle(
        self, vendor: Vendor, operation: Operation, at_time: AtTime, *, is_dry_run: bool = False
    ) -> VendorResponse:
        """Answer a request and apply the vendor's decision, unless it `is_dry_run`.

        The timers that are due fire first, and those that the request sets for now fire at once. `fire_due_timers`
        must be called before if many may be due.
        """
        now = self.now()
        self._fire_until(now)
        recent = 0
        if self.state.config.rate_limit is not None:
            times = self.recent.get(vendor.id, ())
            recent = len(times) - expired(times, now)
        request = at_time(now, self.random(), recent)
        if is_dry_run:
            return self._decision(vendor, operation, request).response
        response = self._decide(vendor, operation, request)
        self._fire_until(now)
        return response

    def _decision(self, vendor: Vendor, operation: Operation, request: VendorRequest) -> Decision:
        decision = handle(vendor, operation, request, self)
        limit = self.state.config.invitation_limit
        if limit is not None and self.state.count(self.kinds) >= limit:  # our own limit; no vendor knows it
            created = [record for record in decision.records if record.kind in self.kinds]
            if any(self.state.get(record.kind, record.id) is None for record in created):
                hint = f"this sandbox holds {limit} invitations, as many as its setting invitation_limit admits"
                response = failure_response(vendor, 503, request, self)
                return Decision(response._replace(hints=(f"{hint}; raise it or reset",)))
        return decision

    def _decide(self, vendor: Vendor, operation: Operation, request: VendorRequest) -> VendorResponse:
        decision = self._decision(vendor, operation, request)
        if any(decision[1:]) or request.random.count:  # a change, or a number of the commit's own was taken
            self.commit(decision, request)
        if self.state.config.rate_limit is not None and request.method and decision.response.status != 429:
            self._count_request(vendor.id, request.now)
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
        while not self.is_closed and self.step(lambda: self._fire_until(self.now(), AT_ONCE)):
            await pause.if_due()

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
            self._timer(Timer(timer.operation, timer.id, None))
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
        self._commit(request.now, request.operation, records, decision.deleted, decision.timers, tuple(deliveries))

    @change
    def _commit(
        self, now: int, operation: str, saved: tuple[Saved, ...], deleted: tuple[tuple[str, str], ...],
        timers: tuple[Timer, ...], deliveries: tuple[Delivery, ...],
    ) -> None:  # fmt: skip
        state = self.state
        state.save(saved, now)
        for kind, id in deleted:
            del state.tables[kind][id]
        state.history.add(saved, deleted, self.kinds, now, operation)
        state.sequence += 1
        for timer in timers:
            state.set_timer(timer)
        for delivery in deliveries:
            state.enqueue(delivery)

    @change
    def _timer(self, timer: Timer) -> None:
        self.state.set_timer(timer)

    @change
    def _count_request(self, vendor: str, at: int) -> None:
        times = self.recent.get(vendor)
        if times is None:
            times = self.recent[vendor] = deque(maxlen=self.state.config.rate_limit)
        for _ in range(expired(times, at)):
            times.popleft()
        times.append(at)

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
        self._renew()

    @change
    def _renew(self) -> None:
        self.renewals += 1

    # Faults and webhooks.

    @change
    def set_faults(self, faults: tuple[Fault, ...]) -> None:
        """Replace all injected faults."""
        self.faults = FaultPlan(faults, self.seed) if faults else None

    @change
    def count_fault(self, place: int, counter: Counter) -> None:
        """Keep the counter of the fault at this place in the list."""
        if self.faults is not None:
            self.faults.counters[place] = counter

    @transactional
    def claim_due(self, most: int) -> tuple[list[tuple[Delivery, Fault | None]], bool]:
        """Take at most `most` deliveries that are due, each with the fault that loses its attempt.

        Returns also whether more may be due. A fault may postpone a delivery, or let the next one overtake it.
        """
        state, now = self.state, self.now()
        claimed: list[tuple[Delivery, Fault | None]] = []
        for _ in range(most):
            if state.held_back is not None and cast("int", state.pending[state.held_back].due) <= now:
                self._release(now)  # it has waited long enough for another one
            delivery = state.claim_due(now)
            if delivery is None:
                return claimed, False
            fault = None
            if self.faults is not None:
                # Another may not overtake it if one is held back, or if the next was overtaken by this one.
                behind = state.ordering_keys[delivery.ordering_key][1:2]
                may_wait = state.held_back is None and all(state.pending[id].fault is None for id in behind)
                fault = self.faults.on_attempt(delivery, self.count_fault, may_wait=may_wait)
            if fault is not None and fault.do in ("delay", "reorder"):
                until = min(now + (instant.parse_duration(fault.duration or "") or 0), instant.LATEST)
                postpone = self._reorder if fault.do == "reorder" else self._postpone
                postpone(delivery.id, until, fault.id)
            else:
                claimed.append((delivery, fault))
        return claimed, True

    @change
    def _postpone(self, id: str, until: int, fault: str) -> None:
        """Queue a claimed delivery again for a later instant; the fault does not match it again."""
        later = replace(self.state.pending[id], due=until, fault=fault)
        self.state.store(later)
        self.state.push(later)

    @change
    def _reorder(self, id: str, until: int, fault: str) -> None:
        """Let the next with its ordering key overtake a claimed delivery; if there is none, hold it back until then."""
        state, delivery = self.state, self.state.pending[id]
        state.in_flight.discard(id)
        if len(state.ordering_keys[delivery.ordering_key]) > 1:
            state.swap(replace(delivery, fault=fault))
        else:
            state.store(replace(delivery, due=until, fault=fault))
            state.held_back = id

    @change
    def _release(self, now: int) -> None:
        self.state.release(now)

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
        self._attempt(delivery.id, attempt, self.now(), duplicate)
        self.report(Event(order, attempt.at, "attempt", delivery.id))

    @change
    def _attempt(self, id: str, attempt: Attempt, now: int, duplicate: Delivery | None) -> None:
        state = self.state
        if duplicate is not None:  # it goes right behind the first one
            state.sequence += 1
            first, *rest = state.ordering_keys[duplicate.ordering_key]
            state.ordering_keys[duplicate.ordering_key] = (first, duplicate.id, *rest)
            state.store(replace(duplicate, number=len(state.deliveries)))
        state.after(state.pending[id], attempt)
        if attempt.answer is not None:  # a delivery that is held back goes after another one's response
            state.release(now)

    @transactional
    def replay(self, delivery: Delivery, url: str | None) -> Delivery:
        """Queue a webhook once more, as a delivery of its own, to `url` if given."""
        now = self.now()
        event = delivery.event if url is None else replace(delivery.event, url=url, named=False)
        again = Delivery(f"{event.id}-replay-{self.state.sequence + 1}", event, now, now)
        self._enqueue(again)
        return again

    @change
    def _enqueue(self, delivery: Delivery) -> None:
        self.state.sequence += 1
        self.state.enqueue(delivery)

    def wake_worker(self) -> None:
        """Let the webhook worker look for what is due, as soon as all changes so far are durable."""
        if self.worker is not None:
            self.on_commit(self.worker.wake)

    # The whole state at once.

    @change
    def configure(self, config: Config) -> None:
        """Replace the settings."""
        if config.rate_limit != self.state.config.rate_limit:
            self.recent.clear()
        self.state.config = config
        self.state.sequence += 1

    @change
    def set_clock(self, clock: Clock) -> None:
        """Replace the clock."""
        self.state.clock = clock

    @transactional
    def snapshot(self) -> str:
        """Keep the present state. Returns its id."""
        id = f"snapshot-{self.snapshots_taken + 1}"
        self._snapshot(id, self.now())
        return id

    @change
    def _snapshot(self, id: str, now: int) -> None:
        kept = self.snapshots[id] = self.state.copy()
        kept.tables.pop(TOKEN, None)
        kept.clock = Clock(kept.clock.mode, now, held=True)
        self.snapshots_taken += 1

    @change
    def delete_snapshot(self, id: str) -> None:
        """Delete a snapshot; its id is not used again until a reset."""
        del self.snapshots[id]

    @transactional
    def restore(self, id: str) -> None:
        """Restore a snapshot: records, clock and pending deliveries; today's tokens stay valid."""
        self._restore(id, self.snapshots[id].clock.let_go())

    @change
    def _restore(self, id: str, clock: Clock) -> None:
        present, restored = self.state, self.snapshots[id].copy()
        restored.clock = clock
        restored.sequence = present.sequence + 1
        if TOKEN in present.tables:
            restored.tables[TOKEN] = present.tables[TOKEN]
        restored.queue_again()
        self.replace_state(restored)

    @change
    def reset(self) -> None:
        """Return to the initial state; tokens, snapshots, faults and whatever is in progress become void."""
        self.snapshots.clear()
        self.snapshots_taken = 0
        self.generation += 1
        self.faults = None
        self.replace_state(self.initial.copy())

    def become(self, other: "Sandbox") -> None:
        """Take over a copy of all data of another sandbox of this name; attempts under way there are queued again.

        This one must be new: nothing is committed.
        """
        self.initial, self.snapshots, self.snapshots_taken = other.initial, dict(other.snapshots), other.snapshots_taken
        self.generation, self.renewals, self.epoch = other.generation, other.renewals, other.epoch
        self._journal_generation, self.is_sampled = other.generation, other.is_sampled
        self.faults = None if other.faults is None else other.faults.copy()
        self.state = other.state.copy()
        if self.state.clock.held:
            self.state.clock = self.state.clock.let_go()
        self.state.queue_again()
        self.journal = other.journal.copy(self.watchers)
        self.clock_changes = other.clock_changes.copy()

    def replace_state(self, state: State) -> None:
        """Make another state the present one, and begin an epoch; only changes and `codec` call this."""
        self.epoch += 1
        self.recent.clear()
        self.state = state

    # Commits.

    def durable(self, name: str, arguments: Sequence[Any]) -> None:
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
        if self.count_commit is not None and name in _COUNTED:
            self.count_commit()
        if self.relay_mail is not None and name == "commit":
            for kind, id, _, _ in arguments[2]:
                if kind == MAIL:
                    self.relay_mail(id)
        if name in _LIMITING:
            self.limit_journal()

    def limit_journal(self) -> None:
        """Apply the journal's settings, and empty it after a reset."""
        if self._journal_generation != self.generation:
            self._journal_generation = self.generation
            self.journal.clear()
            self.clock_changes.clear()
        self.journal.set_limits(self.config.journal)

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

    # Events, and the end.

    @property
    def is_busy(self) -> bool:
        """Whether an advance or a webhook is under way."""
        return self.is_advancing or (self.worker is not None and self.worker.is_busy)

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
        self.worker = None
        self.publish(ENDED if is_deleted else CLOSING)


def expired(times: Iterable[int], now: int) -> int:
    """How many of the oldest requests are not of the last minute, or are in the future after the clock went back."""
    count = 0
    for at in times:
        if now - instant.MINUTE < at <= now:
            break
        count += 1
    return count
