"""Advances a sandbox's clock: what is due happens in order, each at its own moment."""

import asyncio
from collections.abc import Callable

from assessment_simulator.sandbox.sandbox import Event, Sandbox
from assessment_simulator.storage import Deleted, LogError
from assessment_simulator.storage.pauses import Pause

_Running = Callable[[], list["asyncio.Task[None]"]]
"""The attempts that this process is making."""


class Playing(Exception):
    """Another advance is under way."""


class CutShort(Exception):
    """An advance that did not come to its end: the answer's status, why, and what had happened by then."""

    def __init__(self, status: int, why: str, events: list[Event]) -> None:
        super().__init__(why)
        self.status = status
        self.why = why
        self.events = events


async def played(
    sandbox: Sandbox, target: int | None, running: _Running, is_sending: Callable[[], bool]
) -> list[Event]:
    """Let happen all that falls due by `target` (None: all there is).

    Waits for the listeners' answers; vendor calls are answered meanwhile. Returns what happened; raises `CutShort`,
    with the same, when a reset, a restore, the deletion of the sandbox or a failing log comes first.
    """
    events: list[Event] = []
    note = events.append
    cut: tuple[int, str] | None = None
    sandbox.listeners.append(note)
    try:
        sandbox.set_clock(sandbox.state.clock.hold())
        epoch, pause = sandbox.epoch, Pause()
        while await _settled(sandbox, epoch, running, is_sending) and sandbox.step(lambda: _turned(sandbox, target)):
            await pause.if_due()
        if sandbox.is_closed:
            cut = _end(sandbox)
        elif sandbox.epoch != epoch:
            cut = 409, "the sandbox was reset or restored"
        else:
            sandbox.set_clock(sandbox.state.clock.let_go())
            await sandbox.settled()
    except Deleted:
        cut = _end(sandbox)
    except LogError as problem:
        cut = 503, problem.shown
    finally:
        sandbox.listeners.remove(note)
    events.sort(key=lambda event: event.order)
    if cut is not None:
        raise CutShort(*cut, events)
    return events


def _end(sandbox: Sandbox) -> tuple[int, str]:
    if sandbox.is_closed and not sandbox.is_deleted:
        return 503, "this server stops or owns the sandbox no more; its clock goes on from here, advance it again"
    return 410, "the sandbox was deleted"


def _turned(sandbox: Sandbox, target: int | None) -> bool:
    """Move the clock to the next due time, at most `target`; return whether more is due."""
    due = sandbox.state.next_due()
    more = due is not None and (target is None or due <= target)
    at = max(due, sandbox.now()) if more and due is not None else target
    if at is not None:
        sandbox.set_clock(sandbox.state.clock.at(at))
    return more


async def _settled(sandbox: Sandbox, epoch: int, running: _Running, is_sending: Callable[[], bool]) -> bool:
    """Wait until all that is due now has happened; False when another epoch has begun meanwhile."""
    while sandbox.epoch == epoch:
        await sandbox.fire_due_timers()
        await sandbox.settled()  # attempts start when what they depend on is durable
        tasks = running()
        if tasks:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        elif not is_sending() and not _is_due(sandbox):
            break
        else:
            sandbox.wake_worker()
            await asyncio.sleep(0)
    return sandbox.epoch == epoch


def _is_due(sandbox: Sandbox) -> bool:
    due = sandbox.state.next_due()
    return due is not None and due <= sandbox.now()
