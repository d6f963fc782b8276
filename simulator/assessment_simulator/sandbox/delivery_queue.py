"""The delivery queue of one sandbox: its webhook deliveries, in which order they go, and which is due next.

Deliveries with one ordering key go one after another: only the first of them is offered, and the next when that one is
delivered or has failed. A first one is in exactly one of three places: in the heap `due`, in flight (claimed, and its
attempt not recorded yet), or held back by a fault until another webhook was sent or its time has come.

An entry of the heap is stale if its delivery is over or has another due time by now; it is skipped when it comes up.
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
    """The deliveries' part of a sandbox's state; `sequence` is the number of the last commit."""

    __slots__ = ("deliveries", "due", "held_back", "in_flight", "ordering_keys", "pending", "sequence")

    def __init__(self) -> None:
        self.sequence = 0
        self.deliveries: dict[str, Delivery] = {}
        """All deliveries, oldest first; none is ever removed."""
        self.pending: dict[str, Delivery] = {}
        """Those that are neither delivered nor failed."""
        self.ordering_keys: dict[str, tuple[str, ...]] = {}
        """The ids of pending deliveries by ordering key, in the order in which they go."""
        self.due: list[Due] = []
        self.held_back: str | None = None
        self.in_flight: set[str] = set()

    def copy_deliveries(self, twin: "DeliveryQueue") -> None:
        """Give another state a copy of the deliveries."""
        twin.deliveries, twin.pending = self.deliveries.copy(), self.pending.copy()
        twin.ordering_keys, twin.due = self.ordering_keys.copy(), self.due.copy()
        twin.held_back, twin.in_flight = self.held_back, self.in_flight.copy()

    def enqueue(self, delivery: Delivery) -> None:
        """Add a new delivery behind all others with its ordering key."""
        delivery = replace(delivery, number=len(self.deliveries))
        key = delivery.ordering_key
        ids = self.ordering_keys[key] = (*self.ordering_keys.get(key, ()), delivery.id)
        self._store(delivery)
        if len(ids) == 1:
            self._push(delivery)
        elif ids[0] == self.held_back:
            self.held_back = None
            self._swap(replace(self.pending[ids[0]], due=delivery.due))

    def enqueue_next(self, delivery: Delivery) -> None:
        """Add a new delivery right behind the first one with its ordering key."""
        first, *rest = self.ordering_keys[delivery.ordering_key]
        self.ordering_keys[delivery.ordering_key] = (first, delivery.id, *rest)
        self._store(replace(delivery, number=len(self.deliveries)))

    def postpone(self, delivery: Delivery, until: int, fault: str) -> None:
        """Queue a claimed delivery again for a later instant; the fault does not match it again."""
        later = replace(delivery, due=until, fault=fault)
        self._store(later)
        self._push(later)

    def reorder(self, delivery: Delivery, until: int, fault: str) -> None:
        """Let the next with its ordering key overtake a claimed delivery; if there is none, hold it back until then."""
        self.in_flight.discard(delivery.id)
        if len(self.ordering_keys[delivery.ordering_key]) > 1:
            self._swap(replace(delivery, fault=fault))
        else:
            self._store(replace(delivery, due=until, fault=fault))
            self.held_back = delivery.id

    def may_reorder(self, delivery: Delivery) -> bool:
        """Whether another may overtake this one: not if one is held back, or the next was overtaken by this one."""
        behind = self.ordering_keys[delivery.ordering_key][1:2]
        return self.held_back is None and all(self.pending[id].fault is None for id in behind)

    def release(self, now: int) -> None:
        """Queue the delivery that is held back, if there is one."""
        if self.held_back is not None:
            released = replace(self.pending[self.held_back], due=now)
            self.held_back = None
            self._store(released)
            self._push(released)

    def overdue(self, now: int) -> bool:
        """Whether the delivery that is held back has waited long enough."""
        return self.held_back is not None and cast("int", self.pending[self.held_back].due) <= now

    def claim_due(self, now: int) -> Delivery | None:
        """Take the next delivery that is due by `now`; it is in flight until its attempt is recorded."""
        entry = self._first()
        if entry is None or entry[0] > now:
            return None
        heappop(self.due)
        self.in_flight.add(entry[2])
        return self.pending[entry[2]]

    def after(self, delivery: Delivery, attempt: Attempt) -> None:
        """Record an attempt: queue the delivery again, or, if it is over, the next with its ordering key."""
        delivery = delivery.after(attempt)
        self.in_flight.discard(delivery.id)
        self._store(delivery)
        if delivery.due is not None:
            self._push(delivery)
        elif rest := self.ordering_keys[delivery.ordering_key][1:]:
            self.ordering_keys[delivery.ordering_key] = rest
            self._push(self.pending[rest[0]])
        else:
            del self.ordering_keys[delivery.ordering_key]

    def queue_again(self, sparing: Container[str] = ()) -> None:
        """Queue the first of every ordering key, also those in flight, but not these: the state was just loaded."""
        firsts = [ids[0] for ids in self.ordering_keys.values()]
        self.in_flight = {id for id in firsts if id in sparing}
        self.due = [_entry(self.pending[id]) for id in firsts if id not in self.in_flight and id != self.held_back]
        heapify(self.due)

    def next_attempt(self, delivery: Delivery) -> int | None:
        """When a delivery is attempted next; None if it is over, or waits for the one before it."""
        ids = self.ordering_keys.get(delivery.ordering_key)
        return delivery.due if ids and ids[0] == delivery.id else None

    def next_try(self) -> int | None:
        """When something is due next in this queue."""
        entry = self._first()
        times = [] if entry is None else [entry[0]]
        if self.held_back is not None:
            times.append(cast("int", self.pending[self.held_back].due))
        return min(times, default=None)

    def _store(self, delivery: Delivery) -> None:
        self.deliveries[delivery.id] = delivery
        if delivery.due is not None:
            self.pending[delivery.id] = delivery
        else:
            del self.pending[delivery.id]

    def _swap(self, delivery: Delivery) -> None:
        """Store the first of an ordering key, and let the second go before it."""
        first, second, *rest = self.ordering_keys[delivery.ordering_key]
        self.ordering_keys[delivery.ordering_key] = (second, first, *rest)
        self._store(delivery)
        self._push(self.pending[second])

    def _push(self, delivery: Delivery) -> None:
        self.in_flight.discard(delivery.id)
        heappush(self.due, _entry(delivery))
        if len(self.due) > 2 * len(self.ordering_keys) + STALE:  # each key has at most one entry that is not stale
            self.due = [entry for entry in self.due if not self._is_stale(entry)]
            heapify(self.due)

    def _first(self) -> Due | None:
        while self.due and self._is_stale(self.due[0]):
            heappop(self.due)
        return self.due[0] if self.due else None

    def _is_stale(self, entry: Due) -> bool:
        pending = self.pending.get(entry[2])
        return pending is None or pending.due != entry[0]


def _entry(delivery: Delivery) -> Due:
    return (cast("int", delivery.due), delivery.number, delivery.id)
