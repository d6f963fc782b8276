"""Control calls about what has come in: the journal, its archive and scripts, waiting, and the rules' coverage."""

from collections.abc import Callable
from functools import partial

from starlette.requests import Request
from starlette.responses import Response

from simulator.core import instant
from simulator.server import curl, shapes
from simulator.server.awaited import THINGS
from simulator.server.awaiting import happened, nearest
from simulator.server.coverage import coverage_view
from simulator.server.exchanges import call_view, whole_call_view
from simulator.server.har import archive
from simulator.server.journal import Exchange
from simulator.server.journal_filters import filtered, listed
from simulator.server.masking import Mask
from simulator.server.plumbing import Handler, json
from simulator.server.problems import Problem
from simulator.server.sandbox import Sandbox

LONGEST_WAIT = 60 * instant.SECOND


class JournalControl:
    """Handlers over a sandbox's journal.

    `find` gives the sandbox that a request speaks of, `keys` what opens it at a vendor, `base` the address under which
    its caller reaches this server, `version` this program's.
    """

    def __init__(
        self,
        find: Callable[[Request], Sandbox],
        keys: Callable[[Sandbox, str], curl.Keys],
        base: Callable[[Request], str],
        version: Callable[[], str],
    ) -> None:
        self._find = find
        self._keys = keys
        self._base = base
        self._version = version

    def table(self, under: str) -> tuple[tuple[str, str, Handler], ...]:
        """The calls by method and path; the path with an ending goes before the one without."""
        return (
            ("GET", f"{under}/journal", self.journal),
            ("GET", f"{under}/journal.har", self.har),
            ("GET", f"{under}/journal/{{id}}.sh", self.script),
            ("GET", f"{under}/journal/{{id}}", self.call),
            ("POST", f"{under}/await", self.wait),
            ("GET", f"{under}/coverage", self.coverage),
        )

    async def journal(self, request: Request) -> Response:
        """The calls that came in by HTTP, oldest first, or the newest of them."""
        sandbox = self._find(request)
        mask = Mask(sandbox.seal)
        return json([call_view(exchange, mask) for exchange in listed(sandbox, request)])

    async def har(self, request: Request) -> Response:
        """The same as an HTTP Archive (HAR 1.2)."""
        sandbox = self._find(request)
        return json(archive(filtered(sandbox, request), Mask(sandbox.seal), self._version()))

    async def call(self, request: Request) -> Response:
        """One call with its headers and bodies, secrets hidden."""
        sandbox = self._find(request)
        return json(whole_call_view(_exchange(sandbox, request), Mask(sandbox.seal)))

    async def script(self, request: Request) -> Response:
        """A shell script that repeats the call with curl."""
        sandbox = self._find(request)
        exchange = _exchange(sandbox, request)
        keys = self._keys(sandbox, exchange.vendor)
        text = curl.script(exchange, sandbox.vendors[exchange.vendor], keys, sandbox.seal)
        return Response(text, media_type=curl.MEDIA_TYPE)

    async def coverage(self, request: Request) -> Response:
        """Which rules this sandbox's traffic has kept and broken."""
        sandbox = self._find(request)
        return json(coverage_view(sandbox.vendors, sandbox.journal.tally))

    async def wait(self, request: Request) -> Response:
        """Wait until something has happened; what has happened already counts."""
        sandbox = self._find(request)
        body = shapes.read(shapes.Awaiting, request.state.body)
        asked = {name: wanted for name in THINGS if (wanted := getattr(body, name)) is not None}
        if len(asked) != 1:
            raise Problem(422, 'give exactly one of "request", "webhook", "invitation": an object of what must match')
        [(what, wanted)] = asked.items()
        seconds = _seconds(body.within)
        things = THINGS[what](sandbox, self._base(request))
        found = await happened(sandbox, things, wanted, seconds, partial(_hung_up, request))
        if found is None:
            raise Problem(408, f"no such {what} within {body.within}", nearest=nearest(things, wanted))
        return json(found)


async def _hung_up(request: Request) -> None:
    """Returns when the caller does not wait any more."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _seconds(within: str) -> float:
    ticks = instant.parse_duration(within)
    if ticks is None or ticks > LONGEST_WAIT:
        raise Problem(422, f"within: {within[:40]!r} is no ISO 8601 duration such as PT5S, of at most PT60S")
    return ticks / instant.SECOND


def _exchange(sandbox: Sandbox, request: Request) -> Exchange:
    id = request.path_params["id"]
    found = sandbox.journal.find(id)
    if found is None:
        raise Problem(404, f"the journal of {sandbox.name!r} has no call {id[:40]!r}; the oldest are forgotten")
    return found
