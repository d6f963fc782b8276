"""What one sandbox owes listeners: deliveries, in which order they go, and which is due next."""

from collections.abc import Callable, Container
from dataclasses import replace
from typing import cast

from assessment_simulator.core.delivery import Attempt, Delivery
from assessment_simulator.server import queue
from assessment_simulator.server.layers import Layers
from assessment_simulator.server.table import Table


class Owed:
    """The deliveries' part of a state; `sequence` keeps those that are due at one moment in order."""

    __slots__ = ("away", "claims", "deliveries", "due", "held", "lines", "pending", "sequence")

    def __init__(self) -> None:
        self.sequence = 0
        """The number of the last commit."""
        self.forget_deliveries()

    def forget_deliveries(self) -> None:
        """Owe nobody anything, and remember no attempts."""
        self.deliveries = Table()
        self.pending: Layers[str, Delivery] = Layers()
        """Deliveries not yet delivered or given up."""
        self.lines: Layers[str, tuple[str, ...]] = Layers()
        """Pending deliveries by line, the oldest first: only the head of a line may be tried."""
        self.due: queue.Heap = None
        """Heads of lines by the time of their next attempt; taken out when the attempt is put on its way."""
        self.held: str | None = None
        """The one head of a line that is in no queue: a fault keeps it until another notice was sent, or it is due."""
        self.away: frozenset[str] = frozenset()
        """Deliveries that were taken out of the queue and are not back: their attempts are on their way."""
        self.claims: dict[str, str] = {}
        """Where several processes share a log: deliveries that one of them is trying, and which."""

    def share_deliveries(self, twin: "Owed") -> None:
        """Let a copy have the same deliveries."""
        twin.sequence, twin.due, twin.held, twin.away = self.sequence, self.due, self.held, self.away
        twin.claims = self.claims.copy()
        twin.deliveries, twin.pending, twin.lines = self.deliveries.copy(), self.pending.copy(), self.lines.copy()

    def owe(self, delivery: Delivery) -> None:
        """Put a new delivery at the end of its line."""
        line = (*(self.lines.get(delivery.line) or ()), delivery.id)
        self.lines[delivery.line] = line
        self._keep(delivery)
        if len(line) == 1:
            self._queue(delivery)
        elif line[0] == self.held:
            self.held = None
            self._let_pass(replace(self.pending[line[0]], due=delivery.due))

    def owe_next(self, delivery: Delivery) -> None:
        """Put a new delivery right behind the head of its line."""
        head, *rest = self.lines[delivery.line]
        self.lines[delivery.line] = (head, delivery.id, *rest)
        self._keep(delivery)

    def put_off(self, delivery: Delivery, until: int, fault: str) -> None:
        """Let a delivery that was taken out of the queue wait until an instant; the fault meets it no more."""
        later = replace(delivery, due=until, fault=fault)
        self._keep(later)
        self._queue(later)

    def overtake(self, delivery: Delivery, until: int, fault: str) -> None:
        """Let the next in its line pass a delivery that was taken out of the queue; without one, hold it until then."""
        self.away -= {delivery.id}
        if len(self.lines[delivery.line]) > 1:
            self._let_pass(replace(delivery, fault=fault))
        else:
            self._keep(replace(delivery, due=until, fault=fault))
            self.held = delivery.id

    def may_hold(self, delivery: Delivery) -> bool:
        """Whether the next notice may overtake this one: not while one waits already, or this would overtake itself."""
        behind = self.lines[delivery.line][1:2]
        return self.held is None and all(self.pending[id].fault is None for id in behind)

    def release(self, now: int) -> None:
        """Let the delivery that is held go."""
        if self.held is not None:
            freed = replace(self.pending[self.held], due=now)
            self.held = None
            self._keep(freed)
            self._queue(freed)

    def _let_pass(self, delivery: Delivery) -> None:
        """Change places with the next in the line, which is due from now on."""
        first, second, *rest = self.lines[delivery.line]
        self.lines[delivery.line] = (second, first, *rest)
        self._keep(delivery)
        self._queue(self.pending[second])

    def after(self, delivery: Delivery, attempt: Attempt) -> None:
        """Keep an attempt; a delivery that is over leaves its line, and the next in it is due."""
        delivery = delivery.after(attempt)
        self.away -= {delivery.id}
        self.claims.pop(delivery.id, None)
        self._keep(delivery)
        if delivery.due is not None:
            self._queue(delivery)
        else:
            self._leave_line(delivery)

    def _keep(self, delivery: Delivery) -> None:
        self.deliveries.save(delivery.id, delivery)
        if delivery.due is not None:
            self.pending[delivery.id] = delivery
        else:
            del self.pending[delivery.id]

    def _leave_line(self, delivery: Delivery) -> None:
        rest = self.lines[delivery.line][1:]
        if rest:
            self.lines[delivery.line] = rest
            self._queue(self.pending[rest[0]])
        else:
            del self.lines[delivery.line]

    def _queue(self, delivery: Delivery) -> None:
        self.away -= {delivery.id}
        self.due = queue.add(self.due, (cast("int", delivery.due), self.sequence, delivery.id))

    def next_attempt(self, delivery: Delivery) -> int | None:
        """When a delivery is tried next; None when it is over, or waits for the one before it."""
        line = self.lines.get(delivery.line)
        return delivery.due if line and line[0] == delivery.id else None

    def queue_again(self, sparing: Container[str] = ()) -> None:
        """Queue the head of every line: what was on its way when this state was kept is due again, but not these."""
        self.due, self.away = None, frozenset()
        for name in self.lines:
            head = self.lines[name][0]
            if head in sparing:
                self.away |= {head}
            elif head != self.held:
                self._queue(self.pending[head])

    def put_back(self, delivery: Delivery) -> None:
        """Queue a delivery again that was taken out, and with which nothing could be done."""
        self._queue(delivery)

    def overdue(self, now: int) -> bool:
        """Whether the delivery that is held need not wait any longer."""
        return self.held is not None and self._until(self.held) <= now

    def take_due(self, now: int) -> Delivery | None:
        """Take the next delivery out of the queue if it is due by `now`."""
        item = self._first()
        if item is None or item[0] > now:
            return None
        self.due = queue.rest(self.due)
        self.away |= {item[2]}
        return self.pending[item[2]]

    def _first(self) -> queue.Item | None:
        """What is first in the queue; forgets on the way what another process has claimed or tried meanwhile."""
        while (item := queue.first(self.due)) is not None:
            waiting = self.pending.get(item[2])
            if waiting is not None and waiting.due == item[0] and item[2] not in self.claims:
                return item
            self.due = queue.rest(self.due)
        return None

    def claim(self, id: str, owner: str) -> None:
        """A process is trying a delivery; nobody else may."""
        self.claims[id] = owner

    def may_claim(self, delivery: Delivery) -> bool:
        """Whether a delivery that was due is so still, and is tried by nobody."""
        line = self.lines.get(delivery.line)
        known = self.pending.get(delivery.id) == delivery and delivery.id not in self.claims
        return known and line is not None and line[0] == delivery.id and self.held != delivery.id

    def free(self, is_held: Callable[[str, str], bool]) -> bool:
        """Take back the claims, each told by delivery and owner, that nobody works at; whether there was any."""
        lost = [id for id, owner in self.claims.items() if not is_held(id, owner)]
        for id in lost:
            del self.claims[id]
            self._queue(self.pending[id])
        return bool(lost)

    def next_try(self) -> int | None:
        """When the next attempt is made, or a delivery is held no longer."""
        item = self._first()
        times = [] if item is None else [item[0]]
        if self.held is not None:
            times.append(self._until(self.held))
        return min(times, default=None)

    def _until(self, id: str) -> int:
        return cast("int", self.pending[id].due)
