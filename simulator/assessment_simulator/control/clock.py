"""Calls about time: show a sandbox's clock, freeze it, advance it, let it run."""

from collections.abc import Sequence

from assessment_simulator.control.bodies import rendered, values
from assessment_simulator.control.models.sandboxes import Event as EventModel
from assessment_simulator.control.models.sandboxes import Turning
from assessment_simulator.control.operation import ControlCall
from assessment_simulator.core import instant
from assessment_simulator.http.problem_details import Problem
from assessment_simulator.sandbox.advance import AlreadyAdvancing, Interrupted
from assessment_simulator.sandbox.sandbox import Event, Sandbox, Worker
from assessment_simulator.storage import json_codec

_LAST = instant.LATEST - 365 * instant.DAY
"""The end of the year 9998: what follows from a moment within a year can still be written."""


async def show(call: ControlCall) -> bytes:
    """The sandbox's time."""
    return await _view(call.sandbox, ())


async def change(call: ControlCall, body: Turning) -> bytes:
    """Freeze, advance or let run."""
    sandbox, worker = call.sandbox, call.api.sandboxes.worker(call.sandbox)
    try:
        if body.advance is not None:
            events = await worker.advance(_later(sandbox, body.advance))
        elif body.until_idle:
            events = await worker.advance(None)
        else:
            events = await _freeze_or_run(sandbox, worker, body.freeze)
    except AlreadyAdvancing:
        raise Problem(409, "another advance is under way; wait for its answer") from None
    except Interrupted as cut:
        detail = f"the advance was interrupted: {cut.why}; events lists what happened before"
        raise Problem(cut.status, detail, events=values(list[EventModel], cut.events)) from None
    return await _view(sandbox, events)


async def _freeze_or_run(sandbox: Sandbox, worker: Worker, freeze: str | None) -> list[Event]:
    if worker.is_advancing:
        raise AlreadyAdvancing
    moment = None if freeze is None else instant.parse(freeze)
    if freeze is not None and (moment is None or moment.at > _LAST):
        what = f"{freeze[:40]!r} is no instant such as 2026-01-01T00:00:00Z, up to the year 9998"
        raise Problem(422, f"freeze: {what}")
    # A frozen clock can be set to a later instant, where timers are due. Attempts of webhooks run beside this call.
    events: list[Event] = []
    listener = events.append
    sandbox.listeners.append(listener)
    try:
        clock = sandbox.state.clock
        sandbox.set_clock(clock.run() if moment is None else clock.freeze(moment.at))
        await sandbox.fire_due_timers()
    finally:
        sandbox.listeners.remove(listener)
    return [event for event in events if event.what != "attempt"]


def _later(sandbox: Sandbox, duration: str) -> int:
    ticks = instant.parse_duration(duration)
    if ticks is None or sandbox.now() + ticks > _LAST:
        what = f"{duration[:40]!r} is no ISO 8601 duration such as PT24H or P10D, up to the year 9998"
        raise Problem(422, f"advance: {what}")
    return sandbox.now() + ticks


async def _view(sandbox: Sandbox, events: Sequence[Event]) -> bytes:
    """The model `Clock` as JSON."""
    # The events of a long advance are many: they are written as a list of their own, item by item.
    clock = json_codec.dumps({"now": instant.seven_digits(sandbox.now()), "mode": sandbox.state.clock.mode})
    return b'%b,"events":%b}' % (clock.removesuffix(b"}"), await rendered(list[EventModel], events))
