"""Control calls about the states of a vendor's invitations: its table, and what a sandbox has seen of it."""

from collections.abc import Callable, Mapping

from starlette.requests import Request
from starlette.responses import Response

from assessment_simulator.control import state_diagram
from assessment_simulator.control.bodies import answer
from assessment_simulator.control.state_statistics import machine_view, seen_view
from assessment_simulator.control.vendor_openapi import named
from assessment_simulator.core.vendor import Vendor
from assessment_simulator.http.problem_details import Problem
from assessment_simulator.http.routing import Handler
from assessment_simulator.sandbox.sandbox import Sandbox

POLICY = "default-src 'none'; style-src 'unsafe-inline'"


class StatesControl:
    """Handlers of state diagrams; `find` gives the sandbox that a request speaks of, `vendors` all vendors by id."""

    def __init__(self, vendors: Callable[[], Mapping[str, Vendor]], find: Callable[[Request], Sandbox]) -> None:
        self._vendors = vendors
        self._find = find

    def table(self, root: str, under: str) -> tuple[tuple[str, str, Handler], ...]:
        """The calls by method and path; the path with an ending goes before the one without."""
        return (
            ("GET", f"{root}/states/{{vendor}}", self.states),
            ("GET", f"{under}/states/{{vendor}}.svg", self.diagram),
            ("GET", f"{under}/states/{{vendor}}", self.seen_states),
        )

    async def states(self, request: Request) -> Response:
        """A vendor's states and the moves between them."""
        from assessment_simulator.control.models.invitations import States

        return answer(States, machine_view(self._vendor(request).machine))

    async def seen_states(self, request: Request) -> Response:
        """The same with how many invitations are and were in each state, and how often each move was made."""
        from assessment_simulator.control.models.invitations import SeenStates

        sandbox = self._find(request)
        return answer(SeenStates, seen_view(self._vendor(request), sandbox.state.history))

    async def diagram(self, request: Request) -> Response:
        """The same as a picture."""
        sandbox, vendor = self._find(request), self._vendor(request)
        view = seen_view(vendor, sandbox.state.history)
        title = f"{vendor.title}: states and moves in sandbox {sandbox.name}"
        text = state_diagram.diagram(vendor.machine, vendor.places, view, title)
        headers = {"content-security-policy": POLICY, "cache-control": "no-store"}
        return Response(text, headers=headers, media_type=state_diagram.MEDIA_TYPE)

    def _vendor(self, request: Request) -> Vendor:
        by_name = {named(vendor): vendor for vendor in self._vendors().values()}
        name = request.path_params["vendor"]
        if name not in by_name:
            raise Problem(404, f"there is no vendor {name[:40]!r}; there are {', '.join(by_name)}")
        return by_name[name]
