"""What the control API shows: rules, sandboxes, clocks, invitations and deliveries as JSON values."""

from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from assessment_simulator.core import instant
from assessment_simulator.core.delivery import Attempt, Delivery
from assessment_simulator.core.rules import Rule
from assessment_simulator.core.vendor import Invitation, Vendor
from assessment_simulator.server import wire
from assessment_simulator.server.masking import ALONE
from assessment_simulator.server.problems import Problem
from assessment_simulator.server.sandbox import Sandbox
from assessment_simulator.server.state import State
from assessment_simulator.server.watched import Event


def catalogue(vendors: Mapping[str, Vendor]) -> list[dict[str, Any]]:
    """Every rule as JSON values."""
    return [_rule(vendor, rule) for vendor in vendors.values() for rule in vendor.rules]


def _rule(vendor: Vendor, rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.id,
        "vendor": vendor.id,
        "place": rule.place,
        "statement": rule.statement,
        "standing": rule.standing.value,
        "source": str(rule.source),
        "status": rule.status,
        "status_standing": rule.of_status.standing.value,
        "status_source": str(rule.of_status.source),
        "body_standing": rule.of_body.standing.value,
        "body_source": str(rule.of_body.source),
    }


def sandbox_view(sandbox: Sandbox, calls: int) -> dict[str, Any]:
    """A sandbox in short; so many calls are in its journal."""
    return {
        "name": sandbox.name,
        "seed": sandbox.seed,
        "now": instant.seven_digits(sandbox.now()),
        "mode": sandbox.state.clock.mode,
        "snapshots": list(sandbox.snapshots),
        "counts": _counts(sandbox, calls),
    }


def _counts(sandbox: Sandbox, calls: int) -> dict[str, int]:
    """How much there is of what the lists show, without looking at any of it."""
    tables = sandbox.state.tables
    return {
        "invitations": sum(len(tables[kind].rows) for kind in sandbox.kinds if kind in tables),
        "deliveries": len(sandbox.state.deliveries.rows),
        "journal": calls,
        "mail": len(tables["mail"].rows) if "mail" in tables else 0,
    }


def clock_view(sandbox: Sandbox, events: list[Event]) -> dict[str, Any]:
    """A clock, and what happened while it was turned."""
    return {
        "now": instant.seven_digits(sandbox.now()),
        "mode": sandbox.state.clock.mode,
        "events": events_view(events),
    }


def events_view(events: list[Event]) -> list[dict[str, Any]]:
    """What happened while a clock was turned."""
    return [{"at": instant.seven_digits(e.at), "what": e.what, "id": e.id} for e in events]


def invitation_view(invitation: Invitation) -> dict[str, Any]:
    """An invitation of either vendor; the links still hold placeholders."""
    return {
        "id": invitation.id,
        "vendor": invitation.vendor,
        "status": invitation.status,
        "candidate": dict(invitation.candidate),
        "created": instant.seven_digits(invitation.created),
        "links": dict(invitation.links),
    }


def known_invitation(sandbox: Sandbox, id: str) -> tuple[Vendor, Invitation] | None:
    """The invitation of that id, and whose it is."""
    for vendor in sandbox.vendors.values():
        stored = sandbox.get(vendor.kind, id)
        if stored is not None:
            return vendor, vendor.view(stored)
    return None


def find_invitation(sandbox: Sandbox, id: str) -> tuple[Vendor, Invitation]:
    """The same; raises `Problem` 404 where there is none."""
    found = known_invitation(sandbox, id)
    if found is None:
        raise Problem(404, f"sandbox {sandbox.name!r} has no invitation {id!r}")
    return found


def linked(base: str, sandbox: Sandbox, value: Any) -> Response:
    """JSON with the caller's base address and the seals in its links."""
    return Response(sandbox.links.set_out(wire.dumps(value), base), media_type="application/json")


def delivery_view(state: State, delivery: Delivery, *, whole: bool = False) -> dict[str, Any]:
    """A delivery with its attempts; `whole` adds what was sent and answered.

    Who may call the listener is hidden; a notice's own words, with the seals of links, are the listener's to see.
    """
    due = state.next_attempt(delivery)
    return {
        "id": delivery.id,
        "invitation": delivery.notice.invitation,
        "url": ALONE.plain(delivery.notice.url),
        "state": delivery.state,
        "next": None if due is None else instant.seven_digits(due),
        "attempts": [attempt_view(attempt, whole=whole) for attempt in delivery.attempts],
    }


def attempt_view(attempt: Attempt, *, whole: bool = False) -> dict[str, Any]:
    """An attempt; `whole` adds what was sent and answered."""
    short = {
        "number": attempt.number,
        "at": instant.seven_digits(attempt.at),
        "status": attempt.answer.status if attempt.answer else None,
        "error": attempt.error,
        "duration": attempt.duration,
    }
    return short | _exchange(attempt) if whole else short


def _exchange(attempt: Attempt) -> dict[str, Any]:
    request, answer = attempt.request, attempt.answer
    return {
        "request": {
            "method": "POST",
            "url": request.url,
            "headers": [[name, ALONE.header(name, value)] for name, value in request.headers],
            "body": request.body.decode("utf-8", "replace"),
        },
        "fault": attempt.fault,
        "answer": answer and {
            "status": answer.status,
            "headers": [[name, ALONE.header(name, value)] for name, value in answer.headers],
            "body": answer.body,
        },
    }  # fmt: skip
