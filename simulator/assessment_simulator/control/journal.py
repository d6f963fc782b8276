"""Control calls about what has come in: the journal, its archive and scripts, waiting, and the rules' coverage."""

from collections.abc import Callable
from functools import partial

from starlette.requests import Request
from starlette.responses import Response

from assessment_simulator.control.bodies import answer, listed, read, text
from assessment_simulator.core import instant
from assessment_simulator.http.problem_details import Problem
from assessment_simulator.http.routing import Handler, json
from assessment_simulator.journal import curl
from assessment_simulator.journal.conditions import THINGS
from assessment_simulator.journal.har import archive, entry
from assessment_simulator.journal.queries import chosen, filtered
from assessment_simulator.journal.recorder import Exchange
from assessment_simulator.journal.redaction import Mask
from assessment_simulator.journal.rule_coverage import coverage_view
from assessment_simulator.journal.views import call_view, whole_call_view
from assessment_simulator.journal.wait import happened, nearest
from assessment_simulator.sandbox.sandbox import Sandbox

LONGEST_WAIT = 60 * instant.SECOND


class JournalControl:
    """Handlers over a sandbox's journal.

    `find` gives the sandbox that a request speaks of, `base` the address under which its caller reaches this server,
    `version` this program's, `keys` what opens a sandbox at a vendor.
    """

    def __init__(
        self,
        find: Callable[[Request], Sandbox],
        base: Callable[[Request], str],
        version: Callable[[], str],
        keys: Callable[[Sandbox, str], curl.Keys],
    ) -> None:
        self._find = find
        self._base = base
        self._version = version
        self._keys = keys

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
        from assessment_simulator.control.models.journal import Call

        sandbox = self._find(request)
        mask = Mask(sandbox.name)
        found = await chosen(sandbox, request.query_params.multi_items())
        return text(await listed(Call, found, lambda exchange: call_view(exchange, mask)))

    async def har(self, request: Request) -> Response:
        """The same as an HTTP Archive (HAR 1.2)."""
        sandbox = self._find(request)
        mask = Mask(sandbox.name)
        found = filtered(sandbox, request.query_params.multi_items())
        return json(archive([entry(exchange, mask) for exchange in found], self._version()))

    async def call(self, request: Request) -> Response:
        """One call with its headers and bodies, secrets hidden."""
        from assessment_simulator.control.models.journal import WholeCall

        sandbox = self._find(request)
        return answer(WholeCall, whole_call_view(_exchange(sandbox, request), Mask(sandbox.name)))

    async def script(self, request: Request) -> Response:
        """A shell script that repeats the call with curl."""
        sandbox = self._find(request)
        exchange = _exchange(sandbox, request)
        keys = self._keys(sandbox, exchange.vendor)
        script = curl.script(exchange, sandbox.vendors[exchange.vendor], keys)
        return Response(script, media_type=curl.MEDIA_TYPE)

    async def coverage(self, request: Request) -> Response:
        """Which rules this sandbox's traffic has kept and broken."""
        from assessment_simulator.control.models.journal import Coverage

        sandbox = self._find(request)
        return answer(Coverage, coverage_view(sandbox.vendors, sandbox.journal.tally))

    async def wait(self, request: Request) -> Response:
        """Wait until something has happened; what has happened already counts."""
        from assessment_simulator.control.models.journal import Awaiting

        sandbox = self._find(request)
        body = read(Awaiting, request.state.body)
        what, seconds = body.chosen, _seconds(body.within)
        wanted = getattr(body, what)
        things = THINGS[what](sandbox, self._base(request))
        found = await happened(sandbox, things, wanted, seconds, partial(_hung_up, request))
        if found is None:
            raise Problem(408, f"no such {what} within {body.within}", nearest=nearest(things, wanted))
        return json(found)


def _exchange(sandbox: Sandbox, request: Request) -> Exchange:
    id = request.path_params["id"]
    found = sandbox.journal.find(id)
    if found is None:
        raise Problem(404, f"the journal of {sandbox.name!r} has no call {id[:40]!r}; the oldest are forgotten")
    return found


async def _hung_up(request: Request) -> None:
    """Returns when the caller does not wait any more."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _seconds(within: str) -> float:
    ticks = instant.parse_duration(within)
    if ticks is None or ticks > LONGEST_WAIT:
        raise Problem(422, f"within: {within[:40]!r} is no ISO 8601 duration such as PT5S, of at most PT60S")
    return ticks / instant.SECOND
