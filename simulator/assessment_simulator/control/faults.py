"""The control calls about faults: see them, set them, take them away."""

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response

from assessment_simulator.control import bodies
from assessment_simulator.http.routing import Handler
from assessment_simulator.sandbox.sandbox import Sandbox


class FaultControl:
    """Handlers of a sandbox's faults; `find` gives the sandbox that a request speaks of."""

    def __init__(self, find: Callable[[Request], Sandbox]) -> None:
        self._find = find

    def table(self, root: str) -> tuple[tuple[str, str, Handler], ...]:
        """Method, path and handler of each call, under a sandbox's own path."""
        path = f"{root}/faults"
        return (("GET", path, self.faults), ("PUT", path, self.set_faults), ("DELETE", path, self.clear_faults))

    async def faults(self, request: Request) -> Response:
        """The faults, and how many calls or deliveries each has struck."""
        return _shown(self._find(request))

    async def set_faults(self, request: Request) -> Response:
        """Put these faults in the place of all others; their counts begin anew."""
        from assessment_simulator.control.models import faults

        sandbox = self._find(request)
        sandbox.set_faults(faults.read(sandbox.vendors, request.state.body))
        return _shown(sandbox)

    async def clear_faults(self, request: Request) -> Response:
        """Let nothing go wrong any more."""
        self._find(request).set_faults(())
        return Response(status_code=204)


def _shown(sandbox: Sandbox) -> Response:
    from assessment_simulator.control.models.faults import MetFault

    return bodies.answer(list[MetFault], sandbox.faults.told() if sandbox.faults is not None else [])
