"""Advances a sandbox's clock: timers fire and webhooks are sent in order, each at its own time.

The clock is held, set to the next due time, and released at the end. At each time everything that is due happens before
the clock moves on: timers fire, attempts start when what they depend on is durable, and their responses are awaited.
Requests are answered in between, at that time.
"""

import asyncio
from collections.abc import Callable

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


async def advance_clock(
    sandbox: Sandbox, target: int | None, attempts: Callable[[], list["asyncio.Task[None]"]],
    is_sending: Callable[[], bool],
) -> list[Event]:  # fmt: skip
    """Advance the clock to `target`, or (None) until nothing is left to happen. Returns what happened.

    `attempts` are those in progress. Raises `Interrupted` after a reset, a restore, the deletion of the sandbox, or if
    the log fails.
    """
    events: list[Event] = []
    interruption: tuple[int, str] | None = None
    sandbox.listeners.append(events.append)
    try:
        sandbox.set_clock(sandbox.state.clock.hold())
        epoch, pause = sandbox.epoch, Pause()
        while sandbox.epoch == epoch:
            # Let everything happen that is due now.
            await sandbox.fire_due_timers()
            await sandbox.settled()
            due = sandbox.state.next_due()
            if tasks := attempts():
                await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            elif is_sending() or (due is not None and due <= sandbox.now()):
                sandbox.wake_worker()
                await asyncio.sleep(0)
            # Then move the clock.
            elif sandbox.epoch == epoch:
                if not sandbox.step(lambda: _move_clock(sandbox, target)):
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
    if sandbox.is_closed and interruption is None:
        interruption = 410, "the sandbox was deleted"
        if not sandbox.is_deleted:
            why = "this server stops or owns the sandbox no more; its clock goes on from here, advance it again"
            interruption = 503, why
    events.sort(key=lambda event: event.order)
    if interruption is not None:
        raise Interrupted(*interruption, events)
    return events


def _move_clock(sandbox: Sandbox, target: int | None) -> bool:
    """Move the clock to the next due time, at most to `target`. Returns whether anything is due there."""
    due = sandbox.state.next_due()
    more = due is not None and (target is None or due <= target)
    at = max(due, sandbox.now()) if more and due is not None else target
    if at is not None:
        sandbox.set_clock(sandbox.state.clock.at(at))
    return more
