"""Control calls about what has come in: the journal, its archive and scripts, waiting, and the rules' coverage."""

from collections.abc import Callable
from contextlib import nullcontext
from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from assessment_simulator.core import instant
from assessment_simulator.server import curl
from assessment_simulator.server.awaited import THINGS
from assessment_simulator.server.awaiting import happened, nearest
from assessment_simulator.server.coverage import added, coverage_view
from assessment_simulator.server.family import Family
from assessment_simulator.server.har import archive
from assessment_simulator.server.hearing import Hearing
from assessment_simulator.server.journal_answers import CallsElsewhere
from assessment_simulator.server.journal_filters import merged
from assessment_simulator.server.plumbing import Handler, json
from assessment_simulator.server.problems import Problem
from assessment_simulator.server.sandbox import Sandbox
from assessment_simulator.server.shapes import answer, read

LONGEST_WAIT = 60 * instant.SECOND


class JournalControl:
    """Handlers over a sandbox's journal.

    `find` gives the sandbox that a request speaks of, `base` the address under which its caller reaches this server,
    `version` this program's.
    """

    def __init__(
        self,
        find: Callable[[Request], Sandbox],
        base: Callable[[Request], str],
        version: Callable[[], str],
        family: Callable[[], Family],
        hearing: Callable[[], Hearing],
    ) -> None:
        self._find = find
        self._base = base
        self._version = version
        self._family = family
        self._hearing = hearing

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
        from assessment_simulator.server.models.journal import Call

        query = request.query_params.multi_items()
        told = await self._family().of(self._find(request), "calls", query=query)
        return told.noted(answer(list[Call], merged(told.parts, query)))

    async def har(self, request: Request) -> Response:
        """The same as an HTTP Archive (HAR 1.2)."""
        query = request.query_params.multi_items()
        told = await self._family().of(self._find(request), "entries", query=query)
        return told.noted(json(archive(merged(told.parts, query), self._version())))

    async def call(self, request: Request) -> Response:
        """One call with its headers and bodies, secrets hidden."""
        from assessment_simulator.server.models.journal import WholeCall

        return answer(WholeCall, await self._one(request, "call"))

    async def script(self, request: Request) -> Response:
        """A shell script that repeats the call with curl."""
        return Response(await self._one(request, "script"), media_type=curl.MEDIA_TYPE)

    async def _one(self, request: Request, what: str) -> Any:
        """What the process answers that has the call."""
        sandbox, id = self._find(request), request.path_params["id"]
        told = await self._family().any_of(sandbox, what, id=id)
        if not told.parts:
            detail = f"the journal of {sandbox.name!r} has no call {id[:40]!r}; the oldest are forgotten"
            raise Problem(404, detail, told.note)
        return told.parts[0]

    async def coverage(self, request: Request) -> Response:
        """Which rules this sandbox's traffic has kept and broken."""
        from assessment_simulator.server.models.journal import Coverage

        sandbox = self._find(request)
        told = await self._family().of(sandbox, "tally")
        return told.noted(answer(Coverage, coverage_view(sandbox.vendors, added(told.parts))))

    async def wait(self, request: Request) -> Response:
        """Wait until something has happened; what has happened already counts."""
        from assessment_simulator.server.models.journal import Awaiting

        sandbox = self._find(request)
        body = read(Awaiting, request.state.body)
        what, seconds = body.chosen, _seconds(body.within)
        wanted = getattr(body, what)
        things = THINGS[what](sandbox, self._base(request))
        if what == "request":
            things = things._replace(elsewhere=CallsElsewhere(self._family(), sandbox))
        async with nullcontext() if things.elsewhere is None else self._hearing().held(sandbox):
            found = await happened(sandbox, things, wanted, seconds, partial(_hung_up, request))
        if found is None:
            raise Problem(408, f"no such {what} within {body.within}", nearest=await nearest(things, wanted))
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
