"""What happened to one invitation and what is scheduled.

Requests, moves, mails, webhooks, attempts, timers, and the changes of the clock in between.
"""

from typing import NamedTuple

from assessment_simulator.core import instant
from assessment_simulator.core.vendor import Vendor
from assessment_simulator.journal import search
from assessment_simulator.journal.redaction import Mask
from assessment_simulator.sandbox.sandbox import Sandbox

# The kinds of entries, in the order of those of one instant: a call makes the move that sends the mail.
KINDS = ("call", "move", "mail", "notice", "attempt", "alarm", "clock")


class Entry(NamedTuple):
    """One event; `due` says that it is still to come.

    `id` is that of the call, the mail or the delivery, else the invitation's. `operation` is that of a call, a move or
    an alarm; `before` and `after` are the statuses of a move; `status` is an HTTP status, `rules` those that a call
    violates.
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
    rules: tuple[str, ...] = ()


def timeline(sandbox: Sandbox, vendor: Vendor, id: str) -> list[Entry]:
    """The entries of an invitation, in order of time; secrets in addresses are masked."""
    mask, state, entries = Mask(sandbox.name), sandbox.state, list[Entry]()
    for call in sandbox.journal.mentioning(id):
        result = "no answer left" if call.status is None else str(call.status)
        text = f"{call.request.method} {mask.plain(call.request.path)}: {result}"
        entries.append(
            Entry(call.at, "call", call.id, text, operation=call.operation, status=call.status, rules=call.rules)
        )
    for at, operation, before, after in state.history.of(id):
        left = "" if before is None else f"{vendor.state_machine.title(before)} → "
        text = f"{operation}: {left}{vendor.state_machine.title(after)}"
        entries.append(Entry(at, "move", id, text, operation=operation, before=before, after=after))
    for mail in search.mails(sandbox, {"invitation": id}):
        sent = instant.parse(mail.public["at"])
        if sent is not None:
            entries.append(Entry(sent.at, "mail", mail.id, f"to {mail.public['to']}: {mail.public['subject']}"))
    for delivery in reversed([*search.deliveries(sandbox, {"invitation": id})]):
        text = f"for {mask.plain(delivery.event.url)}: {delivery.state}"
        entries.append(Entry(delivery.created, "notice", delivery.id, text))
        for attempt in delivery.attempts:
            status = None if attempt.answer is None else attempt.answer.status
            result = (attempt.error or "no answer") if status is None else str(status)
            fault = "" if attempt.fault is None else f", met by fault {attempt.fault}"
            text = f"attempt {attempt.number}: {result}{fault}"
            entries.append(Entry(attempt.at, "attempt", delivery.id, text, status=status))
        due = state.next_attempt(delivery)
        if due is not None:
            text = f"attempt {len(delivery.attempts) + 1} is due"
            entries.append(Entry(due, "attempt", delivery.id, text, due=True))
    for operation in vendor.actions:
        timer = state.timers.get((id, operation))
        if timer is not None:
            entries.append(Entry(timer[0], "alarm", id, f"{operation} is due", due=True, operation=operation))
    created = min((entry.at for entry in entries), default=0)
    for before, after, text in sandbox.clock_changes:
        if max(before, after) > created:
            entries.append(Entry(after, "clock", id, text))
    entries.sort(key=lambda entry: (entry.at, KINDS.index(entry.what)))
    return entries
