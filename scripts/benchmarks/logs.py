"""What it costs to keep commits: each log that `serve --log` takes beside memory, and several servers beside one.

For PostgreSQL the database must run on this machine, because its processor time is measured too.
"""

import asyncio
import itertools
import shutil
import tempfile
from array import array
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from time import perf_counter

from benchmarks import load
from benchmarks.figures import Figure, Goal
from benchmarks.load import Plan
from benchmarks.measures import Effort, fill
from benchmarks.requests import CONTROL, Orders
from benchmarks.servers import SIMULATOR, Server, Use
from benchmarks.sides import lines, side_by_side

SQLITE = {"read": Goal("ratio", 0.95, at_least=True), "create": Goal("ratio", 0.7, at_least=True)}
POSTGRESQL = {"read": Goal("ratio", 0.9, at_least=True), "create": Goal("ratio", 0.6, at_least=True)}
FORWARDED = {"read": Goal("ratio", 0.35, at_least=True)}
"""What should be left of memory's rates."""
COSTS = {(1, 1): Goal("simulator", 350), (3, 1): None, (3, 3): Goal("simulator", 650)}
"""Microseconds of processor time for a creation, by the number of servers, and of those that are called in turn."""
_WARM = 0.5
_STORED = 1_000


async def logs(effort: Effort, postgresql: str | None) -> list[Figure]:
    """Reads and creations on each log beside those in memory; PostgreSQL's where an address of it is given."""
    folder = Path(tempfile.mkdtemp(prefix="bench-"))
    try:
        found = await _beside_memory("SQLite", f"sqlite:{folder / 'bench.sqlite'}", effort, SQLITE)
    finally:
        shutil.rmtree(folder)
    if postgresql:
        found += await _beside_memory("PostgreSQL, at the owner", postgresql, effort, POSTGRESQL)
        found += await _forwarded(postgresql, effort)
        for count, called in COSTS:
            found.append(await _cost(postgresql, count, called, effort))
    return found


async def _beside_memory(name: str, url: str, effort: Effort, goals: dict[str, Goal]) -> list[Figure]:
    with Server(SIMULATOR) as memory, Server((*SIMULATOR, "--log", url)) as durable:
        left, right = (memory, await _plans(memory, effort)), (durable, await _plans(durable, effort))
        return [*lines("logs", name, await side_by_side(left, right, effort.pairs // 2, _WARM), goals)]


async def _plans(server: Server, effort: Effort) -> dict[str, Plan]:
    server.ask("POST", f"{CONTROL}/reset")  # of the sandbox that another part has left in the database
    orders = Orders(server)
    await fill(server, orders, _STORED)
    return {
        "read": Plan(orders.reads(), b"200", effort.seconds),
        "create": Plan(orders.creations(), b"201", effort.seconds),
    }


async def _forwarded(url: str, effort: Effort) -> list[Figure]:
    """Reads that reach a server which does not own the sandbox; both servers are on the servers' core."""
    command = (*SIMULATOR, "--log", url)
    with Server(SIMULATOR) as memory, Server(command) as owner, Server(command) as other:
        plans = (await _plans(memory, effort))["read"], (await _plans(owner, effort))["read"]
        sides = (memory, {"read": plans[0]}), (other, {"read": plans[1]})
        found = await side_by_side(*sides, effort.pairs // 2, _WARM)
        name = "PostgreSQL, forwarded to the owner"
        return [figure for figure in lines("logs", name, found, FORWARDED) if "own time" not in figure.what]


async def _cost(url: str, count: int, called: int, effort: Effort) -> Figure:
    """Processor time of all servers and of PostgreSQL for a creation, with a connection in turn to each called server.

    The first server owns the sandbox.
    """
    with ExitStack() as stack:
        servers = [Server((*SIMULATOR, "--log", url)) for _ in range(count)]
        for server in servers:
            stack.enter_context(server)
        servers[0].ask("POST", f"{CONTROL}/reset")  # of the sandbox that another part has left in the database
        orders = Orders(servers[0])
        await fill(servers[0], orders, _STORED)
        await _create(servers[:called], Plan(orders.creations(), b"201", _WARM))
        before = _ran(servers)
        made = await _create(servers[:called], Plan(orders.creations(), b"201", 10 * effort.seconds))
        spent = _ran(servers) - before
    what = f"PostgreSQL: processor time of a creation, {count} server{'s' if count > 1 else ''}"
    if called < count:
        what += ", called at the owner"
    return Figure("logs", what, "µs", 1_000_000 * spent / made, goal=COSTS[count, called])


async def _create(servers: Sequence[Server], plan: Plan) -> int:
    """Send creations over as many connections as ever, to each server in turn; how many were answered."""
    latencies = array("d")
    turns = itertools.islice(itertools.cycle(servers), load.CONNECTIONS)
    opened = [await load.connect(server, plan, latencies) for server in turns]
    deadline = perf_counter() + plan.seconds
    for connection in opened:
        connection.begin(deadline)
    await asyncio.gather(*(connection.finished for connection in opened))
    for connection in opened:
        connection.close()
    return len(latencies)


def _ran(servers: Sequence[Server]) -> float:
    """Seconds that these servers and all of PostgreSQL on this machine have run."""
    return sum(server.use().ran for server in servers) + sum(Use.of(pid).ran for pid in _postgres())


def _postgres() -> Iterator[str]:
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if (process / "comm").read_text().strip() == "postgres":
                yield process.name
        except OSError:  # it has ended
            continue
