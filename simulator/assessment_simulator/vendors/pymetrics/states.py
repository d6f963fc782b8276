"""The states of an order: the one table of its statuses and of the moves between them.

The eight statuses are those of the vendor's client (`PontemOrderStatuses`). One move is documented, from Completed to
Fulfilled when an order that has results is read. All other moves are our reading of the names, in the order in which
the vendor lists them.
"""

from typing import Final

from assessment_simulator.core.states import DiagramPosition, State, StateMachine

RECORD_KIND: Final = "order"

REJECTED: Final = "Rejected"
PENDING: Final = "Pending"
ACCEPTED: Final = "Accepted"
NOT_STARTED: Final = "Not Started"
IN_PROGRESS: Final = "In Progress"
COMPLETED: Final = "Completed"
FULFILLED: Final = "Fulfilled"
EXPIRED: Final = "Expired"

STATE_MACHINE = StateMachine(
    states={
        REJECTED: "the order was turned down; nothing more happens",
        PENDING: "the order has come in and waits to be accepted",
        ACCEPTED: "the order was accepted; the candidate is not invited yet",
        NOT_STARTED: "the candidate is invited and has not begun",
        IN_PROGRESS: "the candidate has begun",
        COMPLETED: "the candidate has finished; nobody has fetched the results yet",
        FULFILLED: "the results were fetched",
        EXPIRED: "the order lapsed before the candidate finished",
    },
    moves={
        (PENDING, "accept"): ACCEPTED,
        (NOT_STARTED, "accept"): ACCEPTED,
        (ACCEPTED, "accept"): ACCEPTED,
        (ACCEPTED, "invite"): NOT_STARTED,
        (NOT_STARTED, "start"): IN_PROGRESS,
        (IN_PROGRESS, "start"): IN_PROGRESS,
        (IN_PROGRESS, "complete"): COMPLETED,
        (PENDING, "reject"): REJECTED,
        (ACCEPTED, "reject"): REJECTED,
        (NOT_STARTED, "reject"): REJECTED,
        (PENDING, "expire"): EXPIRED,
        (ACCEPTED, "expire"): EXPIRED,
        (NOT_STARTED, "expire"): EXPIRED,
        (IN_PROGRESS, "expire"): EXPIRED,
        (COMPLETED, "fulfil"): FULFILLED,
    },
    happy_path=("accept", "invite", "start", "complete"),
)

# Statuses that no timer changes; a completed order can still be read, which fulfils it.
SETTLED = frozenset({REJECTED, COMPLETED, EXPIRED, FULFILLED})

# States that many moves lead to span several rows, so that straight arrows reach them.
DIAGRAM_POSITIONS: dict[State, DiagramPosition] = {
    REJECTED: DiagramPosition(0, 0, 3), PENDING: DiagramPosition(1, 0), ACCEPTED: DiagramPosition(1, 1),
    NOT_STARTED: DiagramPosition(1, 2), IN_PROGRESS: DiagramPosition(1, 3), COMPLETED: DiagramPosition(1, 4),
    FULFILLED: DiagramPosition(1, 5), EXPIRED: DiagramPosition(2, 0, 4),
}  # fmt: skip
