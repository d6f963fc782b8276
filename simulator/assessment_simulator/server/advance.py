"""Time that somebody turns: whatever falls due meanwhile happens, in order and each at its own moment."""

import asyncio
from collections.abc import Callable
from functools import partial

from assessment_simulator.server.log import Deleted, Unusable, Unwritten
from assessment_simulator.server.sandbox import Sandbox
from assessment_simulator.server.watched import Event

LOOK = 0.05
"""Seconds between two looks at what other processes are still trying."""
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


async def played(sandbox: Sandbox, player: str, target: int | None, running: _Running) -> list[Event]:
    """Let happen all that falls due by `target` (None: all there is); the advance is called `player`.

    Waits for the listeners' answers; vendor calls are answered meanwhile. Returns what happened; raises `CutShort`,
    with the same, when a reset, a restore, the deletion of the sandbox, another process or a failing log comes first.
    """
    events: list[Event] = []
    note = events.append
    epoch = sandbox.epoch
    cut: tuple[int, str] | None = None
    sandbox.listeners.append(note)
    try:
        try:
            while await _settled(sandbox, epoch, running) and sandbox.step(partial(_turned, sandbox, player, target)):
                pass
            cut = _cut(sandbox, player, epoch)
        finally:
            sandbox.listeners.remove(note)
            sandbox.end_play(player)
    except Deleted:
        cut = _GONE
    except (Unwritten, Unusable) as problem:
        cut = 503, str(problem)
    events.sort(key=lambda event: event.place)
    if cut is not None:
        raise CutShort(*cut, events)
    return events


_GONE = 410, "the sandbox was deleted"


def _cut(sandbox: Sandbox, player: str, epoch: int) -> tuple[int, str] | None:
    """The status and the reason, if something else than the advance itself has ended it."""
    if sandbox.is_closed:
        return _GONE
    if sandbox.epoch != epoch:
        return 409, "the sandbox was reset or restored"
    if sandbox.player != player:
        return 409, "another process took over, because this one had not reported for five seconds"
    return None


def _turned(sandbox: Sandbox, player: str, target: int | None) -> bool:
    """Turn the clock to what is due next, or, where that is not before it, to the target; whether there is more."""
    if sandbox.player != player:  # the sandbox was reset or restored, perhaps through another process
        return False
    due = sandbox.state.next_due()
    more = due is not None and (target is None or due <= target)
    at = max(due, sandbox.now()) if more and due is not None else target
    if at is not None:
        sandbox.set_clock(sandbox.state.clock.at(at))
    return more


async def _settled(sandbox: Sandbox, epoch: int, running: _Running) -> bool:
    """Wait until all that is due now has happened; False when another epoch has begun meanwhile."""
    sandbox.ring(sandbox.now())
    await asyncio.sleep(0)  # others are answered meanwhile, however many alarms there are to ring
    while sandbox.epoch == epoch and (tasks := running()):
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        await asyncio.sleep(0)
    while sandbox.epoch == epoch and sandbox.state.claims:  # other processes began before the clock stood
        await asyncio.sleep(LOOK)
        sandbox.ring(sandbox.now())
    return sandbox.epoch == epoch
