"""The pending webhooks of one sandbox: its deliveries, in which order they go, and which is due next.

The values of the dictionaries are immutable, so a copy of a dictionary is a true copy.
"""

from collections.abc import Container
from dataclasses import replace
from heapq import heapify, heappop, heappush
from typing import cast

from assessment_simulator.core.retry_schedule import Attempt, Delivery

Due = tuple[int, int, str]
"""When a delivery is due, its number and its id. No two are equal, and the number is in the log: a restart keeps the
order."""
STALE = 1_000
"""A heap is rebuilt when half of it, and at least this many entries, are stale."""


class DeliveryQueue:
    """The deliveries' part of a state; `sequence` is the number of the last commit."""

    __slots__ = ("deliveries", "due", "held_back", "in_flight", "ordering_keys", "pending", "sequence")

    def __init__(self) -> None:
        self.sequence = 0
        self.deliveries: dict[str, Delivery] = {}
        """All deliveries, oldest first; none is ever removed."""
        self.pending: dict[str, Delivery] = {}
        """Those that are neither delivered nor given up."""
        self.ordering_keys: dict[str, tuple[str, ...]] = {}
        """Pending deliveries by line, the oldest first: only the head of a line may be tried."""
        self.due: list[Due] = []
        """A heap of the heads of lines; an entry is taken out when its attempt begins."""
        self.held_back: str | None = None
        """The one head of a line that is in no queue: a fault keeps it until another notice was sent, or it is due."""
        self.in_flight: set[str] = set()
        """Deliveries that were taken out of the queue and are not back: their attempts are in progress."""

    def copy_deliveries(self, twin: "DeliveryQueue") -> None:
        """Give another state a copy of the deliveries."""
        twin.deliveries, twin.pending = self.deliveries.copy(), self.pending.copy()
        twin.ordering_keys = self.ordering_keys.copy()
        twin.due, twin.held_back, twin.in_flight = self.due.copy(), self.held_back, self.in_flight.copy()

    def enqueue(self, delivery: Delivery) -> None:
        """Put a new delivery at the end of its line."""
        delivery = self._numbered(delivery)
        line = (*self.ordering_keys.get(delivery.ordering_key, ()), delivery.id)
        self.ordering_keys[delivery.ordering_key] = line
        self._keep(delivery)
        if len(line) == 1:
            self._queue(delivery)
        elif line[0] == self.held_back:
            self.held_back = None
            self._let_pass(replace(self.pending[line[0]], due=delivery.due))

    def enqueue_next(self, delivery: Delivery) -> None:
        """Put a new delivery right behind the head of its line."""
        head, *rest = self.ordering_keys[delivery.ordering_key]
        self.ordering_keys[delivery.ordering_key] = (head, delivery.id, *rest)
        self._keep(self._numbered(delivery))

    def _numbered(self, delivery: Delivery) -> Delivery:
        return replace(delivery, number=len(self.deliveries))

    def postpone(self, delivery: Delivery, until: int, fault: str) -> None:
        """Let a delivery that was taken out of the queue wait until an instant; the fault meets it no more."""
        later = replace(delivery, due=until, fault=fault)
        self._keep(later)
        self._queue(later)

    def reorder(self, delivery: Delivery, until: int, fault: str) -> None:
        """Let the next in its line pass a delivery that was taken out of the queue; without one, hold it until then."""
        self.in_flight.discard(delivery.id)
        if len(self.ordering_keys[delivery.ordering_key]) > 1:
            self._let_pass(replace(delivery, fault=fault))
        else:
            self._keep(replace(delivery, due=until, fault=fault))
            self.held_back = delivery.id

    def may_reorder(self, delivery: Delivery) -> bool:
        """Whether the next notice may overtake this one: not while one waits already, or this would overtake itself."""
        behind = self.ordering_keys[delivery.ordering_key][1:2]
        return self.held_back is None and all(self.pending[id].fault is None for id in behind)

    def release(self, now: int) -> None:
        """Let the delivery that is held go."""
        if self.held_back is not None:
            freed = replace(self.pending[self.held_back], due=now)
            self.held_back = None
            self._keep(freed)
            self._queue(freed)

    def _let_pass(self, delivery: Delivery) -> None:
        """Change places with the next in the line, which is due from now on."""
        first, second, *rest = self.ordering_keys[delivery.ordering_key]
        self.ordering_keys[delivery.ordering_key] = (second, first, *rest)
        self._keep(delivery)
        self._queue(self.pending[second])

    def after(self, delivery: Delivery, attempt: Attempt) -> None:
        """Keep an attempt; a delivery that is over leaves its line, and the next in it is due."""
        delivery = delivery.after(attempt)
        self.in_flight.discard(delivery.id)
        self._keep(delivery)
        if delivery.due is not None:
            self._queue(delivery)
        else:
            self._leave_line(delivery)

    def _keep(self, delivery: Delivery) -> None:
        self.deliveries[delivery.id] = delivery
        if delivery.due is not None:
            self.pending[delivery.id] = delivery
        else:
            del self.pending[delivery.id]

    def _leave_line(self, delivery: Delivery) -> None:
        rest = self.ordering_keys[delivery.ordering_key][1:]
        if rest:
            self.ordering_keys[delivery.ordering_key] = rest
            self._queue(self.pending[rest[0]])
        else:
            del self.ordering_keys[delivery.ordering_key]

    def _queue(self, delivery: Delivery) -> None:
        self.in_flight.discard(delivery.id)
        heappush(self.due, _entry(delivery))
        if len(self.due) > 2 * len(self.ordering_keys) + STALE:  # each line has at most one entry that is not stale
            self.due = [entry for entry in self.due if not self._is_stale(entry)]
            heapify(self.due)

    def next_attempt(self, delivery: Delivery) -> int | None:
        """When a delivery is tried next; None when it is over, or waits for the one before it."""
        line = self.ordering_keys.get(delivery.ordering_key)
        return delivery.due if line and line[0] == delivery.id else None

    def queue_again(self, sparing: Container[str] = ()) -> None:
        """Queue the head of every line: what was on its way when this state was kept is due again, but not these."""
        heads = [line[0] for line in self.ordering_keys.values()]
        self.in_flight = {id for id in heads if id in sparing}
        self.due = [_entry(self.pending[id]) for id in heads if id not in self.in_flight and id != self.held_back]
        heapify(self.due)

    def overdue(self, now: int) -> bool:
        """Whether the delivery that is held need not wait any longer."""
        return self.held_back is not None and self._until(self.held_back) <= now

    def claim_due(self, now: int) -> Delivery | None:
        """Take the next delivery out of the queue if it is due by `now`."""
        entry = self._first()
        if entry is None or entry[0] > now:
            return None
        heappop(self.due)
        self.in_flight.add(entry[2])
        return self.pending[entry[2]]

    def _first(self) -> Due | None:
        """The entry that is due first; removes the stale ones before it."""
        while self.due and self._is_stale(self.due[0]):
            heappop(self.due)
        return self.due[0] if self.due else None

    def _is_stale(self, entry: Due) -> bool:
        """Whether the delivery was tried, or is over, since it was queued."""
        due, _, id = entry
        waiting = self.pending.get(id)
        return waiting is None or waiting.due != due

    def next_try(self) -> int | None:
        """When the next attempt is made, or a delivery is held no longer."""
        entry = self._first()
        times = [] if entry is None else [entry[0]]
        if self.held_back is not None:
            times.append(self._until(self.held_back))
        return min(times, default=None)

    def _until(self, id: str) -> int:
        return cast("int", self.pending[id].due)


def _entry(delivery: Delivery) -> Due:
    return (cast("int", delivery.due), delivery.number, delivery.id)
