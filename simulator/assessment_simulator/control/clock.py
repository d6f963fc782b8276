"""The control calls about time: see a sandbox's clock, freeze it, advance it, let it run."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response

from assessment_simulator.control.bodies import listed, read, rendered, text, values
from assessment_simulator.core import instant
from assessment_simulator.http.problem_details import Problem
from assessment_simulator.http.routing import Handler
from assessment_simulator.sandbox.advance import CutShort, Playing
from assessment_simulator.sandbox.sandbox import Sandbox
from assessment_simulator.sandbox.watched import Event
from assessment_simulator.webhooks.worker import WebhookWorker

if TYPE_CHECKING:
    from assessment_simulator.control.models.sandboxes import Turning

_LAST = instant.LATEST - 365 * instant.DAY
"""The end of the year 9998: what follows from a moment within a year can still be written."""


class ClockControl:
    """Handlers of a sandbox's clock; `find` gives the sandbox that a request speaks of, `worker` who plays it."""

    def __init__(self, find: Callable[[Request], Sandbox], worker: Callable[[Sandbox], WebhookWorker]) -> None:
        self._find = find
        self._worker = worker

    def table(self, under: str) -> tuple[tuple[str, str, Handler], ...]:
        """Method, path and handler of each call, under a sandbox's own path."""
        return (("GET", f"{under}/clock", self.clock), ("POST", f"{under}/clock", self.turn))

    async def clock(self, request: Request) -> Response:
        """The sandbox's time."""
        return await _shown(self._find(request), [])

    async def turn(self, request: Request) -> Response:
        """Freeze, advance or let run."""
        from assessment_simulator.control.models import sandboxes as models

        sandbox = self._find(request)
        body = read(models.Turning, request.state.body)
        try:
            return await _shown(sandbox, await self._turned(sandbox, body))
        except Playing:
            raise Problem(409, "another advance is under way; wait for its answer") from None
        except CutShort as cut:
            said = f"the advance was interrupted: {cut.why}; events lists what happened before"
            raise Problem(cut.status, said, events=values(list[models.Event], cut.events)) from None

    async def _turned(self, sandbox: Sandbox, body: "Turning") -> list[Event]:
        if body.advance is not None:
            return await self._worker(sandbox).advance(_later(sandbox, body.advance))
        if body.until_idle:
            return await self._worker(sandbox).advance(None)
        if self._worker(sandbox).is_advancing:
            raise Playing
        return await _set(sandbox, body.freeze)


async def _shown(sandbox: Sandbox, events: list[Event]) -> Response:
    from assessment_simulator.control.models import sandboxes as models

    without = rendered(models.Clock, models.Clock.of(sandbox))
    return text(b"%b%b}" % (without.removesuffix(b"[]}"), await listed(models.Event, events, _same)))


def _same(event: Event) -> Event:
    return event


def _moment(text: str) -> int:
    moment = instant.parse(text)
    if moment is None or moment.at > _LAST:
        raise Problem(422, f"freeze: {text[:40]!r} is no instant such as 2026-01-01T00:00:00Z, up to the year 9998")
    return moment.at


def _later(sandbox: Sandbox, text: str) -> int:
    ticks = instant.parse_duration(text)
    if ticks is None or sandbox.now() + ticks > _LAST:
        raise Problem(422, f"advance: {text[:40]!r} is no ISO 8601 duration such as PT24H or P10D, up to the year 9998")
    return sandbox.now() + ticks


async def _set(sandbox: Sandbox, freeze: str | None) -> list[Event]:
    events: list[Event] = []
    note = events.append
    sandbox.listeners.append(note)
    try:
        clock = sandbox.state.clock
        sandbox.set_clock(clock.run() if freeze is None else clock.freeze(_moment(freeze)))
        await sandbox.fire_due_timers()
    finally:
        sandbox.listeners.remove(note)
    return [event for event in events if event.what != "attempt"]
