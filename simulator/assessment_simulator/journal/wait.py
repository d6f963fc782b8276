"""Waits until something has happened in a sandbox: a request, a webhook, or a state of an invitation.

Nothing is polled: the sandbox reports what has changed (`Sandbox.watchers`), and only that is compared.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from itertools import islice
from typing import Any, NamedTuple

from assessment_simulator.core.text import lower_uuid
from assessment_simulator.sandbox.sandbox import Sandbox
from assessment_simulator.sandbox.watchers import CLOSING, ENDED, EVERYTHING

# Near misses that are reported.
NEAREST = 3
# The newest items whose short views are searched for near misses,
_GLANCED = 1_000
# and the best of them whose whole views are compared.
_COMPARED = 20

View = dict[str, Any]


class CannotHappen(Exception):
    """The sandbox was deleted, or the server closes."""


class Subject(NamedTuple):
    """What can be waited for: the kinds of its changes, its ids from the newest on, and two views of an item.

    `short` is the view that is cheap to make; both are None where the item does not exist (any more).
    """

    kinds: frozenset[str]
    ids: Callable[[], Iterable[str]]
    short: Callable[[str], View | None]
    whole: Callable[[str], View | None]


async def wait_for(
    sandbox: Sandbox, subject: Subject, wanted: View, seconds: float, disconnected: Callable[[], Awaitable[object]]
) -> View | None:
    """The first item that matches, the newest of those that exist already; None when the time is over.

    Continues through a reset or a restore with the state after it. Raises `CannotHappen` when the sandbox is
    deleted or the server closes. Ends with None when `disconnected` returns.
    """
    # The ids of what has changed since the last look; None for everything.
    ids: dict[str, None] | None = None
    has_ended = sandbox.is_leaving
    changed = asyncio.Event()

    def note(kind: str, id: str) -> None:
        nonlocal ids, has_ended
        has_ended |= kind in (CLOSING, ENDED)
        if kind == EVERYTHING:
            ids = None
        elif kind in subject.kinds and ids is not None:
            ids[id] = None
        if kind in (CLOSING, ENDED, EVERYTHING, *subject.kinds):
            changed.set()

    hung_up = asyncio.ensure_future(disconnected())
    hung_up.add_done_callback(lambda _: changed.set())
    sandbox.watchers.append(note)
    try:
        async with asyncio.timeout(seconds):
            while not hung_up.done():
                if has_ended:
                    raise CannotHappen("the sandbox was deleted, or the server closes")
                candidates, ids = subject.ids() if ids is None else [*ids], {}
                changed.clear()
                for id in candidates:
                    short = subject.short(id)
                    if short is None or compare({name: wanted[name] for name in wanted if name in short}, short)[1]:
                        continue
                    whole = subject.whole(id)
                    if whole is not None and not compare(wanted, whole)[1]:
                        return whole
                await changed.wait()
    except TimeoutError:
        pass
    finally:
        sandbox.watchers.remove(note)
        hung_up.cancel()
        await asyncio.gather(hung_up, return_exceptions=True)
    return None


def nearest(subject: Subject, wanted: View) -> list[View]:
    """The items that come nearest, each in short with its differences; the one with most agreement first."""
    glanced = [(id, short) for id in islice(subject.ids(), _GLANCED) if (short := subject.short(id)) is not None]
    glanced.sort(key=lambda one: -compare(wanted, one[1])[0])
    found = [(*compare(wanted, whole), short) for id, short in glanced[:_COMPARED] if (whole := subject.whole(id))]
    found.sort(key=lambda one: (-one[0], len(one[1])))
    return [{**short, "differs": differs} for _, differs, short in found[:NEAREST]]


def compare(wanted: Any, found: Any, member: str = "") -> tuple[int, list[View]]:
    """How many of the wanted members agree, and those that differ: dotted path, wanted value, found value or None.

    Objects are compared by the members that are wanted; everything else must be equal.
    """
    if not isinstance(wanted, dict) or not isinstance(found, dict):
        return (1, []) if _equal(wanted, found) else (0, [{"member": member, "wanted": wanted, "found": found}])
    agreed, differs = 0, list[View]()
    for name, value in wanted.items():
        more, others = compare(value, found.get(name), f"{member}.{name}" if member else name)
        agreed += more
        differs += others
    return agreed, differs


def _equal(one: Any, other: Any) -> bool:
    """Whether two JSON values are equal: `true` is not 1, `1.0` is. UUIDs are equal in either letter case."""
    if isinstance(one, str) and isinstance(other, str):
        return lower_uuid(one) == lower_uuid(other)
    if isinstance(one, list):
        return isinstance(other, list) and len(one) == len(other) and all(map(_equal, one, other))
    if isinstance(one, dict):
        return isinstance(other, dict) and one.keys() == other.keys() and all(_equal(one[k], other[k]) for k in one)
    return isinstance(one, bool) is isinstance(other, bool) and bool(one == other)
