"""Waits until something has happened in a sandbox: a call, a webhook, or a state of an invitation.

Nothing is asked again and again: the sandbox tells whoever waits what has changed, and just that is looked at.
"""

import asyncio
from collections.abc import Callable, Iterable
from itertools import islice
from typing import Any, NamedTuple, Self

from assessment_simulator.http.problem_details import Problem
from assessment_simulator.journal.partial_match import compare, matches
from assessment_simulator.journal.recorder import CLOSING, ENDED, EVERYTHING
from assessment_simulator.sandbox.sandbox import Sandbox

NEAREST = 3
"""So many near misses are told."""
_LOOKED_AT = 1_000
"""So many of the newest things are looked at for near misses,"""
_LOOKED_INTO = 20
"""and so many of them, those that come nearest at a glance, in whole."""

View = dict[str, Any]


class Things(NamedTuple):
    """What can be waited for: which changes are such things, their ids from the newest on, and two looks at one.

    `short` is the cheaper look, without what is costly to show; both give None where the thing is gone.
    """

    kinds: frozenset[str]
    ids: Callable[[], Iterable[str]]
    short: Callable[[str], View | None]
    whole: Callable[[str], View | None]


class _News:
    """Takes down what changed while somebody waits."""

    def __init__(self, sandbox: Sandbox, things: Things) -> None:
        self._watchers = sandbox.watchers
        self._things = things
        self._ids: dict[str, None] = {}
        self._all = True
        self._ended = sandbox.is_leaving
        self._happened = asyncio.Event()

    def __enter__(self) -> Self:
        self._watchers.append(self.note)
        return self

    def __exit__(self, *_: object) -> None:
        self._watchers.remove(self.note)

    def note(self, what: str, id: str) -> None:
        """Called by the sandbox."""
        self._ended |= what in (CLOSING, ENDED)
        self._all |= what == EVERYTHING
        if what in self._things.kinds:
            self._ids[id] = None
        elif what not in (CLOSING, ENDED, EVERYTHING):
            return
        self._happened.set()

    def take(self) -> list[str] | None:
        """The ids to look at now; None, for all there are, where the whole sandbox is new. Raises `Problem` when it
        is gone.
        """
        if self._ended:
            raise Problem(410, "the sandbox was deleted, or the server closes: what was awaited cannot happen any more")
        ids = None if self._all else [*self._ids]
        self._ids, self._all = {}, False
        self._happened.clear()
        return ids

    async def more(self) -> None:
        """Wait until there is something to take."""
        await self._happened.wait()


async def happened(
    sandbox: Sandbox, things: Things, wanted: View, seconds: float, hung_up: Callable[[], Any]
) -> View | None:
    """The first thing that is as wanted, the newest of those that are there already; None when none comes in time.

    Goes on through a reset or a restore with what there is then. Raises `Problem` 410 when the sandbox is deleted.
    `hung_up` is awaited meanwhile: when it returns, nobody waits any more.
    """
    with _News(sandbox, things) as news:
        found = _first(things, wanted, news.take())
        if found is not None:
            return found
        search = asyncio.ensure_future(_search(news, things, wanted))
        gone = asyncio.ensure_future(hung_up())
        try:
            await asyncio.wait((search, gone), timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
            return search.result() if search.done() else None
        finally:
            search.cancel()
            gone.cancel()
            await asyncio.gather(search, gone, return_exceptions=True)


async def _search(news: _News, things: Things, wanted: View) -> View:
    while True:
        await news.more()
        found = _first(things, wanted, news.take())
        if found is not None:
            return found


def _first(things: Things, wanted: View, ids: list[str] | None) -> View | None:
    """The first of these, or of all, that is as wanted."""
    for id in things.ids() if ids is None else ids:
        short = things.short(id)
        if short is None or not matches({name: one for name, one in wanted.items() if name in short}, short):
            continue
        whole = things.whole(id)
        if whole is not None and matches(wanted, whole):
            return whole
    return None


def nearest(things: Things, wanted: View) -> list[View]:
    """The things that come nearest, each in short and with what differs: the one with most agreement first."""
    glanced = [(id, short) for id in islice(things.ids(), _LOOKED_AT) if (short := things.short(id)) is not None]
    glanced.sort(key=lambda one: -compare(wanted, one[1])[0])
    found = [(*compare(wanted, whole), short) for id, short in glanced[:_LOOKED_INTO] if (whole := things.whole(id))]
    found.sort(key=lambda one: (-one[0], len(one[1])))
    return [{**short, "differs": [one._asdict() for one in differs]} for _, differs, short in found[:NEAREST]]
