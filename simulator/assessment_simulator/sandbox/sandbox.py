"""One isolated world. Every change of it is a commit, and `Sandbox` is the only place where commits are made.

Nothing here waits: a call is answered and committed in one step of the event loop, so every request is atomic. What
there is to remember, and the effects that change it, stand in `memory`; changes that no vendor decides in `watched`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from assessment_simulator.core.decision import TOKEN, Decision, Record, Timer, WebhookEvent
from assessment_simulator.core.faults import Fault
from assessment_simulator.core.links import Links
from assessment_simulator.core.mail import MAIL
from assessment_simulator.core.request import VendorRequest, VendorResponse
from assessment_simulator.core.retry_schedule import Attempt, Delivery
from assessment_simulator.core.seeded_random import SeededRandom, secret_of
from assessment_simulator.core.vendor import Operation, Vendor, handle
from assessment_simulator.sandbox.invitation_limit import within_limit
from assessment_simulator.sandbox.memory import lapsed
from assessment_simulator.sandbox.state import State, Stored, rendered
from assessment_simulator.sandbox.watched import Event, Watched, one_step
from assessment_simulator.storage.pauses import Pause

_COMMITS = frozenset({"commit", "configure", "owe", "restore"})
"""The effects that count as commits."""
AT_ONCE = 50
"""Timers that are fired in one commit."""
Ask = Callable[[int, SeededRandom, int], VendorRequest]
"""Makes the VendorRequest, once it is known at which instant, with which chance and after how many recent calls."""


class Sandbox(Watched):
    """Records, clock, seed and webhooks of one name. It is also the `World` that the vendors look at."""

    def __init__(self, name: str, seed: int | str, opening: State, vendors: Mapping[str, Vendor]) -> None:
        super().__init__(seed, opening, frozenset(vendor.record_kind for vendor in vendors.values()))
        self.name = name
        self.secret = secret_of(seed, name)
        self._links = Links(name, self.secret)
        self.vendors = vendors
        self.committed: Callable[[], None] = lambda: None
        """Called after each commit of this process."""
        self.mailed: Callable[[str], None] | None = None
        """Called with the id of each mail that this process has committed; the relay takes it from there."""

    # The World, as the vendors see it.

    def get(self, kind: str, id: str) -> Stored | None:
        seen = self.seen.get(kind)
        if seen is None or seen.id != id:  # the rules of one call look at the same few records again and again
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
        """Fills links in; after a reset and after other credentials they have other seals."""
        epoch = (self.generation, self.renewals)
        if self._links.epoch != epoch:
            self._links = Links(self.name, self.secret, epoch)
        return self._links

    def told(self, word: str, told: tuple[Any, ...]) -> None:
        """An effect is durable: tell who waits, count it, and relay mails."""
        self.announce(word, told)
        if word in _COMMITS:
            self.committed()
        if word == "commit" and self.mailed is not None:
            for kind, id, _, _ in told[2]:
                if kind == MAIL:
                    self.mailed(id)

    # Calls.

    @one_step
    def handle(self, vendor: Vendor, operation: Operation, ask: Ask) -> VendorResponse:
        """Answer a call and apply the decision; timers due by now fire first, those that it sets for now at once.

        Many that are due are fired by `fire_due_timers` before.
        """
        now = self.now()
        self._ring_all(now)
        call = ask(now, self.draw(), self._count_recent(vendor, now))
        reply = self._answer(vendor, operation, call)
        self._ring_all(now)
        return reply

    @one_step
    def dry_run(self, vendor: Vendor, operation: Operation, ask: Ask) -> VendorResponse:
        """What a call would be answered; nothing of it is made true, though alarms due by now ring as before any."""
        now = self.now()
        self._ring_all(now)
        return handle(vendor, operation, ask(now, self.draw(), self._count_recent(vendor, now)), self).response

    @one_step
    def expire(self, token: str) -> None:
        """Let an access token lapse now, unless it did before."""
        stored, now = self.get(TOKEN, token), self.now()
        if stored is not None and now < stored.status:
            record = Record(TOKEN, token, now, stored.public, stored.internal)
            self.commit(Decision(VendorResponse(204), (record,)), VendorRequest("", now, self.draw(), ""))

    @one_step
    def forget_tokens(self) -> None:
        """Let no access token that was given out so far be good any more."""
        lapsed = tuple(Record(TOKEN, token.id, 0, token.public, token.internal) for token in self.state.all(TOKEN))
        self.commit(Decision(VendorResponse(204), lapsed), VendorRequest("", self.now(), self.draw(), ""))

    @one_step
    def end_links(self) -> None:
        """Let no candidate's or report's link that was given out so far open anything any more."""
        self._do("renew")

    @property
    def has_due_timers(self) -> bool:
        """Whether timers are due that have not fired."""
        return self._is_due(self.now())

    def _is_due(self, now: int) -> bool:
        alarm = self.state.next_alarm()
        return alarm is not None and alarm.at is not None and alarm.at <= now

    async def fire_due_timers(self) -> None:
        """Fire every timer that is due, each at its own moment: some at a time, so that others are answered meanwhile.

        Returns with nothing left to fire, unless the sandbox was closed.
        """
        pause = Pause()
        while not self.is_closed and self._ring_some():
            await pause.if_due()

    @one_step
    def _ring_some(self) -> bool:
        """Fire some of the timers that are due; whether there are more."""
        now = self.now()
        for _ in range(AT_ONCE):
            alarm = self.state.next_alarm()
            if alarm is None or alarm.at is None or alarm.at > now:
                return False
            self._ring(alarm, alarm.at)
        return self._is_due(now)

    def _ring_all(self, now: int) -> None:
        if not self.state.ringing or self.state.ringing[0][0] > now:
            return
        while (alarm := self.state.next_alarm()) is not None and alarm.at is not None and alarm.at <= now:
            self._ring(alarm, alarm.at)

    def _ring(self, alarm: Timer, at: int) -> None:
        vendor = self.vendors[alarm.vendor]
        self._do("alarm", Timer(alarm.operation, alarm.id, None))
        call = VendorRequest(alarm.operation, at, self.draw(), alarm.base_url, params={"id": alarm.id})
        if self._answer(vendor, vendor.actions[alarm.operation], call).status < 400:
            self.emit(Event(self.next_place(), at, alarm.operation, alarm.id))

    def draw(self) -> SeededRandom:
        """The chance of the next commit."""
        return SeededRandom(self.secret, self.state.sequence + 1)

    def _count_recent(self, vendor: Vendor, now: int) -> int:
        """How many calls came within the minute before `now`; counted only where a limit is set."""
        if self.state.config.rate_limit is None:
            return 0
        calls = self.recent.get(vendor.id, ())
        return len(calls) - lapsed(calls, now)

    def _answer(self, vendor: Vendor, operation: Operation, call: VendorRequest) -> VendorResponse:
        decision = handle(vendor, operation, call, self)
        if self.state.config.invitation_limit is not None:
            decision = within_limit(decision, vendor, call, self, self.state, self.kinds)
        if decision.changes or call.random.used:
            self.commit(decision, call)
        if self.state.config.rate_limit is not None and call.method and decision.response.status != 429:
            self._do("let_in", vendor.id, call.now)
        return decision.response

    # Commits.

    @one_step
    def commit(self, decision: Decision, call: VendorRequest) -> None:
        """Make a decision true, in one step; what could fail, rendering the records, comes first."""
        saved = rendered(decision.records)
        owed = tuple(
            [
                Delivery(notice.id, self._addressed(notice, call.base_url), call.now, call.now)
                for notice in decision.webhook_events
            ]
        )
        self._do("commit", call.now, call.operation, saved, decision.deleted, decision.timers, owed)
        self.watch()

    def _addressed(self, notice: WebhookEvent, base: str) -> WebhookEvent:
        return replace(notice, body=self.links.fill_text(notice.body, base))

    @one_step
    def match_fault(self, vendor: Vendor, call: VendorRequest) -> Fault | None:
        """The fault that strikes a call, if one does."""
        return None if self.faults is None else self.faults.on_call(vendor, call, self, self.count)

    @one_step
    def record_attempt(self, delivery: Delivery, attempt: Attempt, epoch: int, place: int) -> None:
        """Keep an attempt, unless the sandbox was reset or restored since it began."""
        known = self.state.pending.get(delivery.id)
        if epoch != self.epoch or known is None or len(known.attempts) != len(delivery.attempts):
            return
        fault = self._doubling(delivery, attempt)
        double = None
        if fault is not None:
            id, now = f"{delivery.id}-duplicate-{self.state.sequence + 1}", self.now()
            double = Delivery(id, delivery.event, now, now, fault=fault.id, duplicate_key=delivery.ordering_key)
            attempt = replace(attempt, fault=fault.id)
        self._do("attempt", delivery.id, attempt, self.now(), double)
        self.emit(Event(place, attempt.at, "attempt", delivery.id))
        self.watch()

    def _doubling(self, delivery: Delivery, attempt: Attempt) -> Fault | None:
        """The fault that has a delivered notice posted once more, if one does."""
        if self.faults is None or attempt.outcome != "delivered" or attempt.fault is not None:
            return None
        return self.faults.on_delivered(delivery, self.count)
