"""What one process knows of the calls that came to it, as JSON values: for its own callers, and for other processes.

Secrets are hidden here already, so none is ever said to another process.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from assessment_simulator.server import curl
from assessment_simulator.server.awaited import THINGS
from assessment_simulator.server.awaiting import View, found_here, judged
from assessment_simulator.server.coverage import rows_of
from assessment_simulator.server.exchanges import call_view, whole_call_view
from assessment_simulator.server.family import Answer, Asked, Family
from assessment_simulator.server.har import entry
from assessment_simulator.server.journal import number_of
from assessment_simulator.server.journal_filters import filtered, listed
from assessment_simulator.server.masking import Mask
from assessment_simulator.server.sandbox import Sandbox
from assessment_simulator.server.timeline import calls as mentioned

KeysOf = Callable[[Sandbox, str], curl.Keys]
"""What opens a sandbox at a vendor."""


def answers(keys: KeysOf) -> Mapping[str, Answer]:
    """The answers to every question about calls."""

    def script(sandbox: Sandbox, asked: Asked) -> str | None:
        exchange = sandbox.journal.find(asked["id"])
        if exchange is None:
            return None
        opens = keys(sandbox, exchange.vendor)
        return curl.script(exchange, sandbox.vendors[exchange.vendor], opens)

    return {
        "calls": _calls, "entries": _entries, "call": _call, "script": script, "tally": _tally, "count": _count,
        "mentions": _mentions, "first": _first, "nearest": _nearest,
    }  # fmt: skip


def _calls(sandbox: Sandbox, asked: Asked) -> Any:
    """The calls that a query asks for, each with its number."""
    mask = Mask(sandbox.name)
    return [(exchange.number, call_view(exchange, mask)) for exchange in listed(sandbox, asked["query"])]


def _entries(sandbox: Sandbox, asked: Asked) -> Any:
    """The same as entries of an HTTP Archive."""
    mask = Mask(sandbox.name)
    return [(exchange.number, entry(exchange, mask)) for exchange in filtered(sandbox, asked["query"])]


def _call(sandbox: Sandbox, asked: Asked) -> Any:
    exchange = sandbox.journal.find(asked["id"])
    return None if exchange is None else whole_call_view(exchange, Mask(sandbox.name))


def _tally(sandbox: Sandbox, asked: Asked) -> Any:
    return rows_of(sandbox.journal.tally)


def _count(sandbox: Sandbox, asked: Asked) -> Any:
    return len(sandbox.journal)


def _mentions(sandbox: Sandbox, asked: Asked) -> Any:
    """The calls that an invitation's timeline tells of."""
    return [*mentioned(sandbox, asked["id"])]


def _first(sandbox: Sandbox, asked: Asked) -> Any:
    return found_here(THINGS["request"](sandbox, ""), asked["wanted"], asked["ids"])


def _nearest(sandbox: Sandbox, asked: Asked) -> Any:
    return judged(THINGS["request"](sandbox, ""), asked["wanted"])


class CallsElsewhere(NamedTuple):
    """The calls that came to other processes, for who waits for one."""

    family: Family
    sandbox: Sandbox

    async def first(self, wanted: View, ids: list[str] | None) -> list[View]:
        """The newest that is as wanted, of each process; among these ids, where they are given."""
        return (await self.family.others(self.sandbox, "first", wanted=wanted, ids=ids)).parts

    async def nearest(self, wanted: View) -> list[Any]:
        """What comes nearest, of each process."""
        return (await self.family.others(self.sandbox, "nearest", wanted=wanted)).parts

    def newest(self, views: list[View]) -> View:
        """The newest of several."""
        return max(views, key=lambda view: number_of(view["id"]))
