"""How long the dashboard's pages take in a crowded sandbox: 10,000 invitations, and 50,000 calls in its journal."""

import itertools
import time
from contextlib import closing
from statistics import median

from assessment_contracts.kit import Connection
from benchmarks import load
from benchmarks.figures import Figure, Goal
from benchmarks.load import Plan
from benchmarks.requests import CONTROL, SANDBOX, Orders
from benchmarks.servers import SIMULATOR, CannotMeasure, Server

INVITATIONS, CALLS, LOOKS = 10_000, 50_000, 15
PAGES = {
    "first page": "",
    "a search among invitations": "?q=ada-00004711",
    "one status": "?status=Not+Started",
    "journal": "/journal",
    "a search in the journal": "/journal?q=getorder",
    "states": "/states",
}
GOAL = Goal("simulator", 100)


async def pages() -> list[Figure]:
    """The milliseconds of each page, the median of some looks at it."""
    with Server(SIMULATOR) as simulator:
        simulator.ask("PATCH", f"{CONTROL}/config", body={"journal": {"entries": CALLS, "bytes": 500_000_000}})
        orders = Orders(simulator)
        await load.run(simulator, Plan(orders.creations(INVITATIONS), b"201", see=orders.note))
        await load.run(simulator, Plan(itertools.islice(orders.reads(), CALLS - INVITATIONS), b"200"))
        return [
            Figure("pages", f"dashboard: {name}", "ms", _milliseconds(simulator, path), goal=GOAL)
            for name, path in PAGES.items()
        ]


def _milliseconds(simulator: Server, path: str) -> float:
    took = []
    for _ in range(LOOKS):
        with closing(Connection(simulator.url, patience=lambda: 30.0)) as connection:
            began = time.perf_counter()
            answer = connection.request("GET", f"/sandboxes/{SANDBOX}{path}")
            took.append(time.perf_counter() - began)
        if answer.status != 200:
            raise CannotMeasure(f"{path or '/'} answered {answer.status}")
    return 1_000 * median(took)
