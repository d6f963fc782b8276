"""What it costs to keep commits: each log that `serve --log` takes, beside the one in memory."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.figures import Figure, Goal
from benchmarks.load import Plan
from benchmarks.measures import KEPT, Effort, fill
from benchmarks.requests import Orders
from benchmarks.servers import SIMULATOR, Server
from benchmarks.sides import lines, side_by_side

GOALS = {"read": Goal("ratio", KEPT.bound, at_least=True), "create": Goal("ratio", 0.55, at_least=True)}
"""What SQLite should reach of memory's rates; the same is asked of nobody whose commits cross a network."""
_WARM = 0.5


def _logs(folder: Path, postgresql: str | None) -> Iterator[tuple[str, str, dict[str, Goal]]]:
    """The logs that can be measured here, by name and address; PostgreSQL where somebody says where it is."""
    sqlite = f"sqlite:{folder / 'bench.sqlite'}"
    yield "SQLite", sqlite, GOALS
    if postgresql:
        yield "PostgreSQL", postgresql, {}


async def logs(effort: Effort, postgresql: str | None) -> list[Figure]:
    """Reads and creations on each log beside those in memory; nothing where memory is all there is."""
    found: list[Figure] = []
    folder = Path(tempfile.mkdtemp(prefix="bench-"))
    try:
        for name, url, goals in _logs(folder, postgresql):
            with Server(SIMULATOR) as memory, Server((*SIMULATOR, "--log", url)) as durable:
                left, right = (memory, await _plans(memory, effort)), (durable, await _plans(durable, effort))
                found += lines("logs", name, await side_by_side(left, right, effort.pairs // 2, _WARM), goals)
    finally:
        shutil.rmtree(folder)
    return found


async def _plans(server: Server, effort: Effort) -> dict[str, Plan]:
    orders = Orders(server)
    await fill(server, orders, 1_000)
    return {
        "read": Plan(orders.reads(), b"200", effort.seconds),
        "create": Plan(orders.creations(), b"201", effort.seconds),
    }
