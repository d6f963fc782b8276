"""Advances a sandbox's clock: timers fire and webhooks are sent in order, each at its own time.

The clock is held, set to the next due time, and released at the end. At each time everything that is due happens before
the clock moves on: timers fire, attempts start when what they depend on is durable, and their responses are awaited.
Requests are answered in between, at that time.
"""

import asyncio
from contextlib import suppress

from assessment_simulator.sandbox.sandbox import Event, Sandbox
from assessment_simulator.storage import Deleted, LogError
from assessment_simulator.storage.pauses import Pause


class Interrupted(Exception):
    """An advance that did not reach its end: the status of the response, why, and what had happened by then."""

    def __init__(self, status: int, why: str, events: list[Event]) -> None:
        super().__init__(why)
        self.status = status
        self.why = why
        self.events = events


async def advance_clock(sandbox: Sandbox, target: int | None) -> list[Event]:
    """Advance the clock to `target`, or (None) until nothing is left to happen. Returns what happened.

    The caller has checked that no other advance is in progress (`is_advancing`). Raises `Interrupted` after a reset, a
    restore, the deletion of the sandbox, or if the log fails.
    """
    events: list[Event] = []
    interruption: tuple[int, str] | None = None
    epoch, pause = sandbox.epoch, Pause()
    sandbox.is_advancing = True
    sandbox.listeners.append(events.append)
    try:
        sandbox.set_clock(sandbox.state.clock.hold())
        while sandbox.epoch == epoch:
            # Let everything happen that is due now.
            await sandbox.fire_due_timers()
            await sandbox.settled()
            worker, due = sandbox.worker, sandbox.state.next_due()
            if worker is not None and (attempts := worker.attempts()):
                await asyncio.wait(attempts, return_when=asyncio.FIRST_COMPLETED)
                continue
            if (worker is not None and worker.is_busy) or (due is not None and due <= sandbox.now()):
                sandbox.wake_worker()
                await asyncio.sleep(0)
                continue
            # Then move the clock to the next due time, at most to the target.
            if sandbox.epoch == epoch:
                has_more = due is not None and (target is None or due <= target)
                at = max(due, sandbox.now()) if has_more and due is not None else target
                if at is not None:
                    sandbox.set_clock(sandbox.state.clock.at(at))
                if not has_more:
                    break
                await pause.if_due()
        if not sandbox.is_closed and sandbox.epoch == epoch:
            sandbox.set_clock(sandbox.state.clock.let_go())
            await sandbox.settled()
        elif not sandbox.is_closed:
            interruption = 409, "the sandbox was reset or restored"
    except Deleted as problem:
        interruption = None if sandbox.is_closed else (410, problem.shown)
    except LogError as problem:
        interruption = 503, problem.shown
    finally:
        sandbox.listeners.remove(events.append)
        sandbox.is_advancing = False
        if sandbox.state.clock.held:  # it was interrupted
            with suppress(LogError):  # then the clock runs on when the sandbox is read again
                sandbox.set_clock(sandbox.state.clock.let_go())
    if sandbox.is_closed and interruption is None:
        interruption = 410, "the sandbox was deleted"
        if not sandbox.is_deleted:
            why = "this server stops or owns the sandbox no more; its clock goes on from here, advance it again"
            interruption = 503, why
    events.sort(key=lambda event: event.order)
    if interruption is not None:
        raise Interrupted(*interruption, events)
    return events
