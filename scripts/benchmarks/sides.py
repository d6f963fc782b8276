"""Two servers side by side, each with its own requests: slices alternate, as they do beside the bare app."""

from collections.abc import Iterator
from statistics import median

from benchmarks import load
from benchmarks.figures import Figure, Goal
from benchmarks.load import Plan
from benchmarks.measures import FEWEST, Pairs, measured_pair
from benchmarks.servers import Server

Side = tuple[Server, dict[str, Plan]]
"""A server, and what is asked of it by kind of load."""


async def side_by_side(left: Side, right: Side, pairs: int, warm: float) -> dict[str, Pairs]:
    """Pairs of slices for every kind of load, after so many seconds of it on each side that nobody counts."""
    found = {kind: Pairs() for kind in left[1]}
    for server, plans in (left, right):
        for plan in plans.values():
            await load.run(server, Plan(plan.requests, plan.status, warm))
    for number in range(pairs):
        for kind, taken in found.items():
            await measured_pair((left[0], left[1][kind]), (right[0], right[1][kind]), taken, number)
    return found


def lines(group: str, name: str, found: dict[str, Pairs], goals: dict[str, Goal]) -> Iterator[Figure]:
    """Two lines for each kind of load: both rates, for a second on the wall and for one of the processor's.

    The ratio is the right one as a multiple of the left one. Where other programs take the core, the second line tells.
    """
    for kind, every in found.items():
        pairs = every.usable()
        left, right = (median(s.rate for s in slices) for slices in (pairs.bare, pairs.simulator))
        yield Figure(group, f"{name}: {kind}", "/s", right, left, pairs.ratios, goals.get(kind), every.quiet < FEWEST)
        left, right = (median(s.rate / s.server.ran for s in slices) for slices in (pairs.bare, pairs.simulator))
        yield Figure(group, f"{name}: {kind}, by the server's own time", "/s", right, left, pairs.ratios_by_work)
