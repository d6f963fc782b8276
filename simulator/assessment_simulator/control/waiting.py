"""`POST S/await`: waits for a request, a webhook or an invitation with the given members."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from assessment_simulator.control.bodies import values
from assessment_simulator.control.deliveries import delivery_view
from assessment_simulator.control.invitations import find_invitation
from assessment_simulator.control.models.deliveries import Delivery, WholeDelivery
from assessment_simulator.control.models.invitations import Invitation
from assessment_simulator.control.models.journal import Awaiting
from assessment_simulator.control.operation import ControlCall
from assessment_simulator.core import instant
from assessment_simulator.http.problem_details import Problem
from assessment_simulator.journal.redaction import Mask
from assessment_simulator.journal.views import call_view, message_view, whole_call_view
from assessment_simulator.journal.wait import CannotHappen, Subject, View, nearest, wait_for
from assessment_simulator.sandbox.sandbox import Sandbox
from assessment_simulator.sandbox.watchers import CALL, DELIVERY
from assessment_simulator.storage import json_codec

LONGEST_WAIT = 60 * instant.SECOND


async def wait(call: ControlCall, body: Awaiting) -> bytes:
    """Wait until something has happened; what has happened already counts."""
    what, ticks = body.chosen, instant.parse_duration(body.within)
    if ticks is None or ticks > LONGEST_WAIT:
        raise Problem(422, f"within: {body.within[:40]!r} is no ISO 8601 duration such as PT5S, of at most PT60S")
    wanted = getattr(body, what)
    subject = SUBJECTS[what](call.sandbox, call.base)

    async def disconnected() -> None:
        while (await call.request.receive())["type"] != "http.disconnect":
            pass

    try:
        found = await wait_for(call.sandbox, subject, wanted, ticks / instant.SECOND, disconnected)
    except CannotHappen as problem:
        raise Problem(410, f"{problem}: what was awaited cannot happen any more") from None
    if found is None:
        raise Problem(408, f"no such {what} within {body.within}", nearest=nearest(subject, wanted))
    return json_codec.dumps(found)


def _requests(sandbox: Sandbox, base: str) -> Subject:
    """Requests to the vendors, as the journal shows them."""
    journal, mask = sandbox.journal, Mask(sandbox.name)

    def short(id: str) -> View | None:
        exchange = journal.find(id)
        return None if exchange is None else call_view(exchange, mask)

    def whole(id: str) -> View | None:
        exchange = journal.find(id)
        return None if exchange is None else whole_call_view(exchange, mask, sandbox.links)

    return Subject(frozenset({CALL}), lambda: [exchange.id for exchange in reversed(journal)], short, whole)


def _webhooks(sandbox: Sandbox, base: str) -> Subject:
    """Deliveries of which at least one attempt was made."""
    mask = Mask(sandbox.name)

    def view(is_whole: bool, id: str) -> View | None:
        delivery = sandbox.state.deliveries.get(id)
        if delivery is None or not delivery.attempts:
            return None
        model = WholeDelivery if is_whole else Delivery
        view: View = mask.value(values(model, delivery_view(sandbox.state, delivery)))
        if not is_whole:
            return view
        for attempt in view["attempts"]:
            for message in filter(None, (attempt["request"], attempt["answer"])):
                message["body"] = mask.body(message["body"])
        newest = view["attempts"][-1]
        return {**view, "request": _parsed(newest["request"], mask), "answer": _parsed(newest["answer"], mask)}

    def ids() -> list[str]:
        return [*reversed(sandbox.state.deliveries)]

    return Subject(frozenset({DELIVERY}), ids, partial(view, False), partial(view, True))


def _parsed(message: Mapping[str, Any] | None, mask: Mask) -> dict[str, Any] | None:
    """A message of an attempt with its headers as an object, and its body parsed."""
    if message is None:
        return None
    headers = {name.lower(): value for name, value in message["headers"]}
    return {**message, **message_view(headers, message["body"].encode(), mask)}


def _invitations(sandbox: Sandbox, base: str) -> Subject:
    """Invitations of both vendors; their links are what a candidate would follow, so they are shown in full."""

    def view(id: str) -> View | None:
        found = find_invitation(sandbox, id)
        if found is None:
            return None
        view = values(Invitation, found[1])
        links = {what: sandbox.links.fill_text(link, base) for what, link in view["links"].items()}
        return {**view, "links": links}

    kinds = frozenset(vendor.record_kind for vendor in sandbox.vendors.values())
    return Subject(kinds, lambda: sandbox.ids("invitation", "")[::-1], view, view)


SUBJECTS: dict[str, Callable[[Sandbox, str], Subject]] = {
    "request": _requests, "webhook": _webhooks, "invitation": _invitations,
}  # fmt: skip
"""What can be waited for, by its name; for a sandbox and the base URL of the caller."""
