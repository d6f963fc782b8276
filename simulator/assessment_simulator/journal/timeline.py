"""What happened to one invitation, and what will: calls, moves, mail, notices, attempts, alarms, in order of time."""

from collections.abc import Iterator
from typing import NamedTuple

from assessment_simulator.core import instant
from assessment_simulator.core.retry_schedule import Attempt, Delivery
from assessment_simulator.core.vendor import Vendor
from assessment_simulator.journal import search
from assessment_simulator.journal.redaction import Mask
from assessment_simulator.journal.search import state_title
from assessment_simulator.sandbox.sandbox import Sandbox

KINDS = ("call", "move", "mail", "notice", "attempt", "alarm")
"""What an entry can be, in the order in which those of one instant stand: a call makes the move that sends the mail."""


class Entry(NamedTuple):
    """One thing that happened or, if `due`, is to happen.

    `id` leads on: to the call, the mail or the delivery, else to the invitation itself. `operation` is that of a call,
    a move or an alarm, `before` and `after` are the statuses of a move, `status` is that of an HTTP answer.
    """

    at: int
    what: str
    id: str
    text: str
    due: bool = False
    operation: str | None = None
    before: str | int | None = None
    after: str | int | None = None
    status: int | None = None


def timeline(sandbox: Sandbox, vendor: Vendor, id: str) -> list[Entry]:
    """The entries of an invitation, with the calls that mention it; secrets in addresses are masked."""
    mask = Mask(sandbox.name)
    found = [
        *_calls(sandbox, id, mask),
        *_moves(sandbox, vendor, id),
        *_mails(sandbox, id),
        *_deliveries(sandbox, id, mask),
        *_alarms(sandbox, vendor, id),
    ]
    found.sort(key=lambda one: (one.at, KINDS.index(one.what)))
    return found


def _calls(sandbox: Sandbox, id: str, mask: Mask) -> Iterator[Entry]:
    for one in sandbox.journal.mentioning(id):
        answered = "no answer left" if one.status is None else str(one.status)
        text = f"{one.request.method} {mask.plain(one.request.path)}: {answered}"
        yield Entry(one.at, "call", one.id, text, operation=one.operation, status=one.status)


def _moves(sandbox: Sandbox, vendor: Vendor, id: str) -> Iterator[Entry]:
    for at, operation, before, after in sandbox.state.history.of(id):
        reached = state_title(vendor.machine, after)
        left = "" if before is None else f"{state_title(vendor.machine, before)} → "
        yield Entry(at, "move", id, f"{operation}: {left}{reached}", operation=operation, before=before, after=after)


def _mails(sandbox: Sandbox, id: str) -> Iterator[Entry]:
    for stored in search.mails(sandbox, {"invitation": id}):
        face = stored.public
        moment = instant.parse(face["at"])
        if moment is not None:
            yield Entry(moment.at, "mail", stored.id, f"to {face['to']}: {face['subject']}")


def _deliveries(sandbox: Sandbox, id: str, mask: Mask) -> Iterator[Entry]:
    for delivery in reversed([*search.deliveries(sandbox, {"invitation": id})]):
        yield Entry(delivery.created, "notice", delivery.id, f"for {mask.plain(delivery.event.url)}: {delivery.state}")
        yield from _attempts(delivery, sandbox.state.next_attempt(delivery))


def _attempts(delivery: Delivery, due: int | None) -> list[Entry]:
    made = [
        Entry(
            one.at, "attempt", delivery.id, f"attempt {one.number}: {_came(one)}",
            status=None if one.answer is None else one.answer.status,
        )
        for one in delivery.attempts
    ]  # fmt: skip
    if due is not None:
        made.append(Entry(due, "attempt", delivery.id, f"attempt {len(made) + 1} is due", due=True))
    return made


def _came(attempt: Attempt) -> str:
    met = "" if attempt.fault is None else f", met by fault {attempt.fault}"
    return (attempt.error or "no answer" if attempt.answer is None else str(attempt.answer.status)) + met


def _alarms(sandbox: Sandbox, vendor: Vendor, id: str) -> Iterator[Entry]:
    for operation in vendor.actions:
        ringing = sandbox.state.alarms.get((id, operation))
        if ringing is not None:
            yield Entry(ringing[0], "alarm", id, f"{operation} is due", due=True, operation=operation)
