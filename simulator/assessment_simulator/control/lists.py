"""Control calls that list what a sandbox holds: invitations with their timelines, deliveries, mails."""

from collections.abc import Callable, Mapping

from starlette.requests import Request
from starlette.responses import Response

from assessment_simulator.control.bodies import answer, listed, text
from assessment_simulator.control.views import find_invitation, linked
from assessment_simulator.core.text import lower_uuid
from assessment_simulator.core.vendor import Vendor
from assessment_simulator.http import query_parameters
from assessment_simulator.http.query_parameters import Reader
from assessment_simulator.http.routing import Handler
from assessment_simulator.journal import search
from assessment_simulator.journal.timeline import timeline
from assessment_simulator.sandbox.sandbox import Sandbox
from assessment_simulator.storage import json_codec

STATES = ("pending", "delivered", "failed")
_LOOKS: dict[str, Reader] = {"newest": query_parameters.newest, "before": str.lower, "q": query_parameters.sought}


class ListControl:
    """Handlers of lists; `find` gives the sandbox that a request speaks of, `base` the address its caller uses."""

    def __init__(self, find: Callable[[Request], Sandbox], base: Callable[[Request], str]) -> None:
        self._find = find
        self._base = base

    def table(self, under: str) -> tuple[tuple[str, str, Handler], ...]:
        """The calls by method and path."""
        return (
            ("GET", f"{under}/invitations", self.invitations),
            ("GET", f"{under}/invitations/{{id}}/timeline", self.timeline),
            ("GET", f"{under}/deliveries", self.deliveries),
            ("GET", f"{under}/mail", self.mail),
        )

    async def invitations(self, request: Request) -> Response:
        """Both vendors' invitations, oldest first, or the newest of them."""
        from assessment_simulator.control.models.invitations import Invitation

        sandbox = self._find(request)
        wish = query_parameters.read(request, _LOOKS | _of_invitations(sandbox.vendors))
        found = await query_parameters.page(search.invitations(sandbox, wish), wish.get("newest"))
        views = await listed(Invitation, found, lambda one: one.vendor.view(one.stored))
        return linked(self._base(request), sandbox, views)

    async def timeline(self, request: Request) -> Response:
        """What happened to an invitation and what will, in order of time."""
        from assessment_simulator.control.models import invitations as models

        sandbox = self._find(request)
        vendor, invitation = find_invitation(sandbox, request.path_params["id"])
        return answer(list[models.Entry], timeline(sandbox, vendor, invitation.id))

    async def deliveries(self, request: Request) -> Response:
        """Every webhook owed or sent, oldest first, or the newest of them."""
        from assessment_simulator.control.models.deliveries import Delivery, told

        sandbox = self._find(request)
        wish = query_parameters.read(
            request, _LOOKS | {"state": query_parameters.one_of(STATES), "invitation": lower_uuid}
        )
        found = await query_parameters.page(search.deliveries(sandbox, wish), wish.get("newest"))
        return text(await listed(Delivery, found, lambda delivery: told(sandbox.state, delivery)))

    async def mail(self, request: Request) -> Response:
        """The e-mails that the vendors would have sent, oldest first, or the newest of them."""
        sandbox = self._find(request)
        wish = query_parameters.read(request, _LOOKS | {"invitation": lower_uuid})
        found = await query_parameters.page(search.mails(sandbox, wish), wish.get("newest"))
        # A mail is stored as it is shown; its model describes it.
        return linked(self._base(request), sandbox, json_codec.dumps(found))


def _of_invitations(vendors: Mapping[str, Vendor]) -> dict[str, Reader]:
    return {"vendor": query_parameters.one_of(vendors), "status": query_parameters.one_of(statuses(vendors))}


def statuses(vendors: Mapping[str, Vendor]) -> list[str]:
    """Every status that an invitation can have, as it stands in a query."""
    return [str(state) for vendor in vendors.values() for state in vendor.machine.states]
