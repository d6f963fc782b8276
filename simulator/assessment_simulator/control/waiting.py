"""`POST S/await`: waits for a request, a webhook or an invitation with the given members."""

from collections.abc import Callable
from functools import partial
from typing import Annotated, Any

from pydantic import Field
from typing_extensions import TypeAliasType  # in `typing` from Python 3.12 on

from assessment_simulator.control.bodies import OneOf, values
from assessment_simulator.control.deliveries import Delivery, WholeDelivery, delivery_view
from assessment_simulator.control.invitations import Invitation, find_invitation
from assessment_simulator.control.operation import ControlCall
from assessment_simulator.core import instant
from assessment_simulator.http.problem_details import Problem
from assessment_simulator.journal.redaction import Mask
from assessment_simulator.journal.search import invitation_of
from assessment_simulator.journal.views import call_view, message_view, whole_call_view
from assessment_simulator.journal.wait import CannotHappen, Subject, View, nearest, wait_for
from assessment_simulator.sandbox.sandbox import Sandbox
from assessment_simulator.sandbox.watchers import CALL, DELIVERY
from assessment_simulator.storage import json_codec

LONGEST_WAIT = 60 * instant.SECOND
_SECONDS = r"(?:[0-5]?[0-9](?:\.[0-9]{1,7})?|60)"
Wanted = TypeAliasType(
    "Wanted", Annotated[dict[str, Any], Field(description="members that it must have, with their values")]
)


class Awaiting(OneOf):
    """`POST …/await`: exactly one of the first three, and how long to wait."""

    choices = ("request", "webhook", "invitation")
    verb = "await"

    request: Wanted | None = Field(None, description="a request in the journal, as its single view shows it")
    webhook: Wanted | None = Field(
        None,
        description="a delivery, as its single view shows it; `request` and `answer` are those of the newest attempt, "
        "with parsed bodies",
    )
    invitation: Wanted | None = Field(None, description="an invitation")
    within: str = Field(
        "PT5S",
        description="timeout in real time, at most PT60S",
        json_schema_extra={"pattern": rf"^(?:PT(?:{_SECONDS}S|1M)|{_SECONDS}s|1m)$"},
    )


async def wait(call: ControlCall, body: Awaiting) -> bytes:
    """Wait until something has happened; what has happened already counts."""
    ticks = instant.parse_duration(body.within)
    if ticks is None or ticks > LONGEST_WAIT:
        raise Problem(422, f"within: {body.within[:40]!r} is no duration such as 5s or PT5S, of at most 60s")
    (what, wanted), *_ = ((what, getattr(body, what)) for what in SUBJECTS if getattr(body, what) is not None)
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

    def view(is_whole: bool, id: str) -> View | None:
        exchange = journal.find(id)
        if exchange is None:
            return None
        about = invitation_of(sandbox, exchange)
        return whole_call_view(exchange, mask, sandbox.links, about) if is_whole else call_view(exchange, mask, about)

    return Subject(
        frozenset({CALL}),
        lambda: [exchange.id for exchange in reversed(journal)],
        partial(view, False),
        partial(view, True),
    )


def _webhooks(sandbox: Sandbox, base: str) -> Subject:
    """Deliveries of which at least one attempt was made."""
    mask = Mask(sandbox.name)

    def view(is_whole: bool, id: str) -> View | None:
        delivery = sandbox.state.deliveries.get(id)
        if delivery is None or not delivery.attempts:
            return None
        model = WholeDelivery if is_whole else Delivery
        view: View = mask.value(values(model, delivery_view(sandbox, delivery)))
        if not is_whole:
            return view
        for attempt in view["attempts"]:
            for message in filter(None, (attempt["request"], attempt["answer"])):
                message["body"] = mask.body(message["body"])
        # The messages of the newest attempt, with their headers as objects and their bodies parsed.
        for name in ("request", "answer"):
            message = view[name] = view["attempts"][-1][name]
            if message is not None:
                headers = {name.lower(): value for name, value in message["headers"]}
                view[name] = {**message, **message_view(headers, message["body"].encode(), mask)}
        return view

    return Subject(
        frozenset({DELIVERY}), lambda: [*reversed(sandbox.state.deliveries)], partial(view, False), partial(view, True)
    )


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


# What can be waited for, by its name; for a sandbox and the base URL of the caller.
SUBJECTS: dict[str, Callable[[Sandbox, str], Subject]] = {
    "request": _requests, "webhook": _webhooks, "invitation": _invitations,
}  # fmt: skip
