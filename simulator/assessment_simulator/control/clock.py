"""Calls about time: show a sandbox's clock, freeze it, advance it, let it run."""

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field

from assessment_simulator.control.bodies import INSTANT, Answer, Duration, Moment, OneOf, rendered, values
from assessment_simulator.control.operation import ControlCall
from assessment_simulator.core import instant
from assessment_simulator.http.problem_details import Problem
from assessment_simulator.sandbox.advance import Interrupted, advance_clock
from assessment_simulator.sandbox.sandbox import Event as SandboxEvent
from assessment_simulator.storage import json_codec

# The end of the year 9998: what follows from a moment within a year can still be written.
_LAST = instant.LATEST - 365 * instant.DAY
_Yes = Annotated[bool, Field(json_schema_extra={"const": True})]


class Turning(OneOf):
    """`POST …/clock`: exactly one of them."""

    choices = ("freeze", "advance", "until_idle", "run")
    verb = "turn"

    freeze: Annotated[str, Field(json_schema_extra={"pattern": f"^{INSTANT}$"})] | None = Field(
        None, description="freeze the clock at this instant"
    )
    advance: Duration | None = Field(None, description="run everything that is due within this duration")
    until_idle: _Yes | None = Field(None, description="run until no event is pending")
    run: _Yes | None = Field(None, description="run from the clock's current time")


class Event(Answer):
    """Something that happened while a clock was changed."""

    at: Moment
    what: str
    id: str


class Clock(Answer):
    """A clock, and what happened while it was changed."""

    now: Moment
    mode: Literal["running", "frozen"]
    events: list[Event] = Field(description="what happened while it was changed")


async def show(call: ControlCall) -> bytes:
    """The sandbox's time."""
    return await _view(call, ())


async def _view(call: ControlCall, events: Sequence[SandboxEvent]) -> bytes:
    # The events of a long advance are many: they are written as a list of their own, item by item.
    now, mode = instant.seven_digits(call.sandbox.now()), call.sandbox.state.clock.mode
    clock = json_codec.dumps({"now": now, "mode": mode}).removesuffix(b"}")
    return b'%b,"events":%b}' % (clock, await rendered(list[Event], events))


async def change(call: ControlCall, body: Turning) -> bytes:
    """Freeze, advance or let run."""
    sandbox = call.sandbox
    until, frozen_at = None, None
    if body.advance is not None:
        ticks = instant.parse_duration(body.advance)
        until = None if ticks is None else sandbox.now() + ticks
        if until is None or until > _LAST:
            what = f"{body.advance[:40]!r} is no {instant.DURATION_FORM}, up to the year 9998"
            raise Problem(422, f"advance: {what}")
    if body.freeze is not None:
        frozen_at = instant.parse(body.freeze)
        if frozen_at is None or frozen_at.at > _LAST:
            what = f"{body.freeze[:40]!r} is no instant such as 2026-01-01T00:00:00Z, up to the year 9998"
            raise Problem(422, f"freeze: {what}")
    if sandbox.is_advancing:
        raise Problem(409, "another advance is under way; wait for its answer")

    before = sandbox.now()
    if body.advance is not None or body.until_idle:
        try:
            events = await advance_clock(sandbox, until)
            by = "until no event is pending" if body.until_idle else f"by {body.advance}"
            sandbox.clock_changes.append((before, sandbox.now(), f"clock advanced {by}"))
            return await _view(call, events)
        except Interrupted as cut:
            detail = f"the advance was interrupted: {cut.why}; events lists what happened before"
            raise Problem(cut.status, detail, events=values(list[Event], cut.events)) from None
    # A frozen clock can be set to a later instant, where timers are due.
    events = list[SandboxEvent]()
    listener = events.append
    sandbox.listeners.append(listener)
    try:
        clock = sandbox.state.clock
        sandbox.set_clock(clock.run() if frozen_at is None else clock.freeze(frozen_at.at))
        sandbox.clock_changes.append((before, sandbox.now(), "clock runs" if frozen_at is None else "clock frozen"))
        await sandbox.fire_due_timers()
    finally:
        sandbox.listeners.remove(listener)
    # Attempts of webhooks are left out: they run beside this call.
    return await _view(call, [event for event in events if event.what != "attempt"])
