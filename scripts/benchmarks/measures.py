"""What is measured. Slices of load on the bare app and on the simulator alternate, so whatever drifts meets both."""


from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from statistics import median, quantiles

from benchmarks import load
from benchmarks.figures import Figure, Goal
from benchmarks.load import Plan, Slice
from benchmarks.requests import CONTROL, Orders
from benchmarks.servers import BARE, SIMULATOR, Server

READ = Goal("ratio", 0.85, at_least=True)
CREATE = Goal("ratio", 0.42, at_least=True)
CREATE_P99 = Goal("simulator", 10)
KEPT = Goal("simulator", 0.90, at_least=True)
START = Goal("simulator", 300)
IDLE = Goal("simulator", 50)
PER_ORDER = Goal("simulator", 3_000)

FEW, MANY = 10_000, 100_000


@dataclass(frozen=True, slots=True)
class Effort:
    """How long to look: starts, pairs of slices for each load and level, a slice's seconds, stored orders, webhooks."""

    starts: int = 11
    pairs: int = 10
    seconds: float = 1.0
    levels: tuple[int, ...] = (0, FEW, MANY)
    completions: int = 300


QUICK = Effort(starts=5, pairs=4, seconds=0.5, levels=(FEW,), completions=100)


@dataclass(slots=True)
class Pairs:
    """Slices that belong together, in the order in which they were run."""

    bare: list[Slice] = field(default_factory=list)
    simulator: list[Slice] = field(default_factory=list)

    @property
    def ratios(self) -> tuple[float, ...]:
        """The simulator's rate as a part of the bare app's, pair by pair."""
        return tuple(s.rate / b.rate for b, s in zip(self.bare, self.simulator, strict=True))


# Start and memory.


def start(effort: Effort) -> Iterator[Figure]:
    """Process start to first answer, and what the process weighs then. The first start of each warms the disk's cache."""
    seconds: dict[tuple[str, ...], list[float]] = {BARE: [], SIMULATOR: []}
    weights: dict[tuple[str, ...], list[float]] = {BARE: [], SIMULATOR: []}
    for _ in range(effort.starts + 1):
        for command in seconds:
            with Server(command) as server:
                seconds[command].append(server.started * 1_000)
                weights[command].append(server.resident() / 1e6)
    yield Figure("start", "start to first answer", "ms", median(seconds[SIMULATOR][1:]), median(seconds[BARE][1:]), goal=START)
    yield Figure("memory", "memory, idle", "MB", median(weights[SIMULATOR]), median(weights[BARE]), goal=IDLE)


async def fill(simulator: Server, orders: Orders, count: int) -> None:
    """Create orders until so many are stored."""
    missing = count - len(orders.ids)
    await load.run(simulator, Plan(orders.creations(missing), b"201", see=orders.note))


async def memory(effort: Effort) -> list[Figure]:
    """What a stored order weighs: growth from 10,000 to 100,000 (when quick: to 20,000), by nothing but creations."""
    most = MANY if MANY in effort.levels else 2 * FEW
    with Server(SIMULATOR) as simulator:
        orders = Orders(simulator)
        await fill(simulator, orders, FEW)
        before = simulator.resident()
        await fill(simulator, orders, most)
        each = (simulator.resident() - before) / (most - FEW)
    return [Figure("memory", f"memory, each order from {FEW:,} to {most:,}", "bytes", each, goal=PER_ORDER)]


# Rates.


async def level(effort: Effort, stored: int, kinds: tuple[str, ...]) -> dict[str, Pairs]:
    """Reads and creations with so many orders stored; what a slice created is taken back before the next."""
    found = {kind: Pairs() for kind in kinds}
    with Server(BARE) as bare, Server(SIMULATOR) as simulator:
        orders = Orders(simulator)
        await fill(simulator, orders, max(stored, 1))
        kept = simulator.ask("POST", f"{CONTROL}/snapshots")["id"]
        plans: dict[str, Callable[[float], Plan]] = {
            "read": lambda seconds: Plan(orders.reads(), b"200", seconds),
            "create": lambda seconds: Plan(orders.creations(), b"201", seconds),
        }
        for number in range(-1, effort.pairs):
            for kind, pairs in found.items():
                await _pair(bare, simulator, plans[kind](effort.seconds), pairs, number)
                simulator.ask("POST", f"{CONTROL}/snapshots/{kept}/restore")
    return found


async def _pair(bare: Server, simulator: Server, plan: Plan, pairs: Pairs, number: int) -> None:
    """One slice on each, the one that goes first changing from pair to pair; pair -1 only warms up."""
    sides = [(bare, pairs.bare), (simulator, pairs.simulator)]
    for server, slices in sides if number % 2 else reversed(sides):
        done = await load.run(server, plan)
        if number >= 0:
            slices.append(done)


def rates(kind: str, stored: int, pairs: Pairs) -> Iterator[Figure]:
    """The lines of one load at one level, and how busy both cores were meanwhile."""
    name = f"{kind}, {stored:,} stored"
    bare, simulator = _milliseconds(pairs.bare), _milliseconds(pairs.simulator)
    yield Figure(
        kind, f"{name}: requests", "/s", median(s.rate for s in pairs.simulator), median(s.rate for s in pairs.bare),
        pairs.ratios, READ if kind == "read" else CREATE,
    )  # fmt: skip
    yield Figure(kind, f"{name}: p50", "ms", simulator[49], bare[49])
    yield Figure(kind, f"{name}: p99", "ms", simulator[98], bare[98], goal=CREATE_P99 if kind == "create" else None)
    yield Figure("busy", f"{name}: server's core", "%", _share(pairs.simulator, "server"), _share(pairs.bare, "server"))
    yield Figure("busy", f"{name}: generator's core", "%", _share(pairs.simulator, "generator"), _share(pairs.bare, "generator"))


def ceiling(kind: str, stored: int, pairs: Pairs) -> Figure:
    """What the generator could ask for if it had all of its core: its rate by the part of the core that it used."""
    able = [[s.rate / s.generator for s in side] for side in (pairs.simulator, pairs.bare)]
    return Figure("busy", f"{kind}, {stored:,} stored: generator's ceiling", "/s", median(able[0]), median(able[1]))


def kept(kind: str, least: Pairs, most: Pairs) -> Figure:
    """What is left of the rate with 100,000 stored, both taken as ratios to the bare app beside them."""
    left = median(most.ratios) / median(least.ratios)
    return Figure(kind, f"{kind}: rate at {MANY:,} stored, as a part of that at 0", "ratio", left, goal=KEPT)


def _milliseconds(slices: list[Slice]) -> list[float]:
    """The hundredths of all the slices' latencies."""
    return [1_000 * seconds for seconds in quantiles(chain.from_iterable(s.latencies for s in slices), n=100)]


def _share(slices: list[Slice], side: str) -> float:
    return median(100 * getattr(s, side) for s in slices)
