"""What can be waited for in a sandbox: calls, webhooks, and states of invitations."""

from collections.abc import Callable
from functools import partial

from assessment_simulator.control.bodies import values
from assessment_simulator.control.views import known_invitation
from assessment_simulator.journal.recorder import CALL, DELIVERY, Exchange
from assessment_simulator.journal.redaction import Mask
from assessment_simulator.journal.views import awaited_delivery, call_view, whole_call_view
from assessment_simulator.journal.wait import Things, View
from assessment_simulator.sandbox.sandbox import Sandbox


def _calls(sandbox: Sandbox, base: str) -> Things:
    """Calls by HTTP, as the journal shows them."""
    journal, mask = sandbox.journal, Mask(sandbox.name)

    def seen(view: Callable[[Exchange, Mask], View], id: str) -> View | None:
        exchange = journal.find(id)
        return None if exchange is None else view(exchange, mask)

    return Things(
        frozenset({CALL}),
        lambda: [exchange.id for exchange in reversed([*journal])],
        partial(seen, call_view),
        partial(seen, whole_call_view),
    )


def _webhooks(sandbox: Sandbox, base: str) -> Things:
    """Deliveries of which at least one attempt was made."""
    from assessment_simulator.control.models.deliveries import Delivery, told

    mask = Mask(sandbox.name)

    def seen(whole: bool, id: str) -> View | None:
        delivery = sandbox.state.deliveries.get(id)
        if delivery is None or not delivery.attempts:
            return None
        if whole:
            return awaited_delivery(sandbox, delivery, mask)
        short: View = mask.value(values(Delivery, told(sandbox.state, delivery)))
        return short

    return Things(
        frozenset({DELIVERY}),
        lambda: [*reversed(sandbox.state.deliveries)],
        partial(seen, False),
        partial(seen, True),
    )


def _invitations(sandbox: Sandbox, base: str) -> Things:
    """Invitations of both vendors; their links are what a candidate would follow, so they are shown in full."""
    from assessment_simulator.control.models.invitations import Invitation

    def seen(id: str) -> View | None:
        known = known_invitation(sandbox, id)
        if known is None:
            return None
        view = values(Invitation, known[1])
        links = {what: sandbox.links.fill(link, base) for what, link in view["links"].items()}
        return {**view, "links": links}

    kinds = frozenset(vendor.kind for vendor in sandbox.vendors.values())
    return Things(kinds, lambda: sandbox.ids("invitation", "")[::-1], seen, seen)


THINGS: dict[str, Callable[[Sandbox, str], Things]] = {
    "request": _calls, "webhook": _webhooks, "invitation": _invitations,
}  # fmt: skip
"""What can be waited for, by its name; made for a sandbox and the base address of whoever waits."""
