"""What is done to a server, and what must hold: a function for each part, which yields lines of the table."""

import asyncio
import json
import sys
import time
from array import array
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import islice
from statistics import quantiles
from typing import Any

from benchmarks import load
from benchmarks.load import MOST_WAITED, Plan
from benchmarks.requests import Orders, assessment, request
from benchmarks.servers import SIMULATOR, Server
from soaking import hooks
from soaking import unread as output
from soaking.traffic import PI, Round

GROWTH = 5e6
"""So many bytes more than after warm-up a server may have, however much it is asked."""
EACH = 50_000
"""So many bytes an open sandbox with an order and an assessment may weigh."""
RATE = 1_000
"""So many webhooks a second a listener that answers at once gets."""
SLOWER = 1.5
"""So many times as long a neighbour of a listener that never answers may wait at most, and"""
SLACK = 5.0
"""so many milliseconds longer: what this machine's other programs do to the longest waits."""


@dataclass(frozen=True, slots=True)
class Effort:
    """How much of each is done.

    `unread` is how many calls go to each server that is not read,
    `in_use` how many sandboxes the requests go to, `warm` after which part of the requests the server counts as
    warm. Only a long run can judge a rate: the first webhooks of a server cost more.
    """

    requests: int = 1_000_000
    sandboxes: int = 10_000
    webhooks: int = 30_000
    calls: int = 10_000
    turns: int = 20
    in_use: int = 20
    warm: float = 0.1
    unread: int = 10_000
    judges_rate: bool = True


SHORT = Effort(
    requests=12_000, sandboxes=600, webhooks=1_000, calls=400, turns=4, in_use=3, warm=0.5, unread=1_000,
    judges_rate=False,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the table; `held` is None where there is no bound."""

    part: str
    what: str
    found: str
    bound: str = ""
    held: bool | None = None


async def requests(effort: Effort) -> AsyncIterator[Line]:
    """So many mixed requests; once the server is warm, it must not grow."""
    asked, weights, began = 0, list[tuple[int, int]](), time.perf_counter()
    async with hooks.quick() as (hook, _):
        with Server(SIMULATOR) as server:
            turn = 0
            while asked < effort.requests or turn % effort.in_use:
                played = Round(server, f"soak-{turn % effort.in_use}", hook)
                await played.play(leave=turn % 3 == 0)
                asked, turn = asked + played.asked, turn + 1
                if turn % effort.in_use == 0:
                    print(f"scripts/soak: {asked:,} asked, {_mb(server.resident())}", file=sys.stderr, flush=True)
                    weights.append((asked, server.resident()))
            used = server.use().ran
    seconds = time.perf_counter() - began
    at, warm = next(((at, weight) for at, weight in weights if at >= effort.warm * effort.requests), weights[0])
    most = max(weight for at_, weight in weights if at_ >= at)
    yield Line("requests", "requests answered as they should be", f"{asked:,}")
    yield Line("requests", "in", f"{seconds:,.0f} s, {used:,.0f} s of the server's processor")
    yield Line("requests", f"memory after {at:,}", _mb(warm))
    yield Line("requests", f"memory after {asked:,}", _mb(weights[-1][1]))
    growth = most - warm
    yield Line("requests", "most that it was above that meanwhile", _mb(growth), f"≤ {_mb(GROWTH)}", growth <= GROWTH)


async def sandboxes(effort: Effort) -> AsyncIterator[Line]:
    """So many open at once, each with an order's token, an order and an assessment; then none again."""
    with Server(SIMULATOR) as server:
        names = [f"many-{number}" for number in range(effort.sandboxes)]
        await load.run(server, Plan(_filling(server, ["first"]), b"201"), connections=1)
        server.ask("GET", "/_simulator/sandboxes")  # the control API is loaded by its first call
        before, began = server.resident(), time.perf_counter()
        await load.run(server, Plan(_filling(server, names), b"201"))
        opened = time.perf_counter() - began
        each = (server.resident() - before) / len(names)
        listed = await _timed(server, request(server, "GET", "/_simulator/sandboxes", {}))
        began = time.perf_counter()
        deletions = (
            request(server, "DELETE", f"/_simulator/sandboxes/{name}", {"content-length": "0"}) for name in names
        )
        await load.run(server, Plan(deletions, b"204"))
        gone, left = time.perf_counter() - began, server.resident() - before
        await load.run(server, Plan(_filling(server, names), b"201"))
        again = (server.resident() - before) / len(names) - each
    yield Line("sandboxes", "sandboxes open at once", f"{len(names):,}")
    yield Line("sandboxes", "opened and given an assessment in", f"{opened:,.1f} s")
    yield Line("sandboxes", "each weighs", f"{each:,.0f} bytes", f"≤ {EACH:,} bytes", each <= EACH)
    yield Line("sandboxes", "all are listed in", f"{1_000 * listed:,.0f} ms")
    yield Line("sandboxes", "deleted in", f"{gone:,.1f} s; the server keeps {_mb(left)} for those to come")
    most = each / 10
    yield Line("sandboxes", "opened once more, each weighs more by", f"{again:,.0f} bytes", f"≤ {most:,.0f} bytes",
               again <= most)  # fmt: skip


def _filling(server: Server, names: list[str]) -> Iterator[bytes]:
    for name in names:
        body = json.dumps(assessment("http://127.0.0.1:9/", 1)).encode()
        yield request(server, "POST", PI, {"api-key": f"sim-{name}"}, body)


async def webhooks(effort: Effort) -> AsyncIterator[Line]:
    """So many webhooks that fall due at one moment, in ten sandboxes, to a listener that answers at once."""
    names = [f"hooks-{number}" for number in range(10)]
    each = effort.webhooks // len(names)
    async with hooks.quick() as (hook, arrivals):
        with Server(SIMULATOR) as server:
            for name in names:
                server.ask("POST", f"/_simulator/sandboxes/{name}/clock", body={"freeze": "2026-01-01T00:00:00Z"})
                await load.run(server, Plan(_completing(server, name, hook, each), b"201"))
            used, began = server.use(), time.perf_counter()
            turns = [_turn(server, name) for name in names]
            await arrivals.wait_for(each * len(names))
            took = max(arrivals.first.values(), default=began) - began
            share = server.use().since(used, took)
            await asyncio.gather(*turns)
    owed, rate = each * len(names), len(arrivals.first) / took
    yield Line("webhooks", "webhooks owed, to a listener that answers at once", f"{owed:,}")
    yield Line("webhooks", "arrived", f"{len(arrivals.first):,}", f"{owed:,}", len(arrivals.first) == owed)
    yield Line("webhooks", "arrived more than once", f"{arrivals.count - len(arrivals.first):,}", "0",
               arrivals.count == len(arrivals.first))  # fmt: skip
    bound = f"≥ {RATE:,}/s"
    judged = effort.judges_rate and share.waited <= MOST_WAITED
    yield Line("webhooks", f"a second; the server had its core for {100 * share.ran:.0f} % of it", f"{rate:,.0f}/s",
               bound if judged else "", rate >= RATE if judged else None)  # fmt: skip
    able, judged = rate / share.ran, effort.judges_rate
    yield Line("webhooks", "a second of the server's core", f"{able:,.0f}/s", bound if judged else "",
               able >= RATE if judged else None)  # fmt: skip


def _completing(server: Server, name: str, hook: str, count: int) -> Iterator[bytes]:
    for number in range(count):
        body = {**assessment(hook, number), "email": f"ada-{number}+completes-in-1h@example.com"}
        yield request(server, "POST", PI, {"api-key": f"sim-{name}"}, json.dumps(body).encode())


def _turn(server: Server, name: str) -> "asyncio.Future[Any]":
    """Let an hour pass there; the answer comes when every webhook was answered."""
    ask = partial(server.ask, "POST", f"/_simulator/sandboxes/{name}/clock", body={"advance": "PT1H"}, patience=600)
    return asyncio.get_running_loop().run_in_executor(None, ask)


async def silent(effort: Effort) -> AsyncIterator[Line]:
    """Two servers, and in one of them a hundred sandboxes wait for a listener that never answers: what do others feel?

    Both are asked in turn, so whatever else the machine does meets both.
    """
    async with hooks.silent() as nobody, hooks.quick() as (hook, arrivals):
        with Server(SIMULATOR) as free, Server(SIMULATOR) as burdened:
            for name in (f"waits-{number}" for number in range(100)):
                burdened.ask("PATCH", f"/_simulator/sandboxes/{name}/config", body={"webhook_timeout": 600})
                await load.run(burdened, Plan(_told(burdened, name, nobody, 20), b"201"), connections=4)
            sides = [await _side("free", free), await _side("burdened", burdened)]
            for turn in range(-1, effort.turns):
                for side in sides if turn % 2 else reversed(sides):
                    await _neighbours(side, hook, arrivals, effort.calls // effort.turns)
                if turn < 0:  # to warm up
                    for side in sides:
                        side.waits.clear()
    yield Line("silent", "webhooks under way or waiting, to a listener that never answers", f"{100 * 20:,}")
    for what in sides[0].waits:
        (median, p95), (burdened_median, burdened_p95) = (_middle_and_most(side.waits[what]) for side in sides)
        bound = SLOWER * median + SLACK
        found = f"{burdened_median:,.1f} ms; without them {median:,.1f} ms"
        yield Line("silent", f"{what}: median", found, f"≤ {bound:,.1f} ms", burdened_median <= bound)
        yield Line("silent", f"{what}: p95", f"{burdened_p95:,.1f} ms; without them {p95:,.1f} ms")


@dataclass(frozen=True, slots=True)
class _Side:
    """A server, orders in it, and how long was waited for what, in seconds.

    `name` is its neighbours' sandbox: in two of one name everything would have the same ids.
    """

    name: str
    server: Server
    orders: Orders
    waits: dict[str, "array[float]"]


async def _side(name: str, server: Server) -> _Side:
    orders = Orders(server)
    await load.run(server, Plan(orders.creations(100), b"201", see=orders.note))
    return _Side(name, server, orders, {})


async def _neighbours(side: _Side, hook: str, arrivals: hooks.Arrivals, count: int) -> None:
    """Read, create, and wait for webhooks, in sandboxes that have nothing to do with those that wait."""
    server, orders = side.server, side.orders
    for what, plan in (
        ("read", Plan(islice(orders.reads(), count), b"200")),
        ("create", Plan(orders.creations(count), b"201")),
    ):
        side.waits.setdefault(what, array("d")).extend((await load.run(server, plan)).latencies)
    waits = side.waits.setdefault("webhook", array("d"))
    for _ in range(max(10, count // 20)):
        came, sent = len(arrivals.first), time.perf_counter()
        await load.run(server, Plan(_told(server, side.name, hook, 1), b"201"), connections=1)
        await arrivals.wait_for(came + 1)
        waits.append(max(arrivals.first.values()) - sent)


async def unread(effort: Effort) -> AsyncIterator[Line]:
    """So many calls to servers whose standard error is a pipe that is not read; then SIGTERM."""
    async for one in output.unread(effort.unread):
        yield Line("unread", f"{one.kind}: calls answered", f"{one.answered:,}", f"{effort.unread:,}",
                   one.answered == effort.unread)  # fmt: skip
        found = f"{one.seconds:.1f} s, status {one.status}"
        held = one.status == 0 and one.seconds <= output.GRACE
        yield Line("unread", f"{one.kind}: ended by SIGTERM in", found, f"≤ {output.GRACE:g} s, status 0", held)


def _told(server: Server, name: str, hook: str, count: int) -> Iterator[bytes]:
    """Assessments that complete at once, and are told of at once."""
    for number in range(count):
        body = {**assessment(hook, number), "email": f"ada-{number}+completes@example.com"}
        yield request(server, "POST", PI, {"api-key": f"sim-{name}"}, json.dumps(body).encode())


def _middle_and_most(seconds: "array[float]") -> tuple[float, float]:
    """The median and the 95th hundredth, in milliseconds."""
    twentieths = quantiles(seconds, n=20)
    return 1_000 * twentieths[9], 1_000 * twentieths[18]


async def _timed(server: Server, one: bytes) -> float:
    done = await load.run(server, Plan(iter([one]), b"200"), connections=1)
    return done.latencies[0]


def _mb(count: float) -> str:
    return f"{count / 1e6:,.1f} MB"


PARTS = {"requests": requests, "sandboxes": sandboxes, "webhooks": webhooks, "silent": silent, "unread": unread}
