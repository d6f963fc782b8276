"""What is measured. Slices of load on the bare app and on the simulator alternate, so whatever drifts meets both."""

from collections.abc import Iterator, Sequence
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
FEWEST = 5
"""Quiet pairs that make a figure; with fewer the disturbed ones count too."""


@dataclass(frozen=True, slots=True)
class Effort:
    """How long to look: starts, pairs of slices for each load and level, a slice's seconds, stored orders, webhooks.

    The pairs of a level are taken from so many `servers`, one after the other: where the memory of a process happens to
    lie is worth a tenth of its speed.
    """

    starts: int = 15
    servers: int = 3
    pairs: int = 36
    seconds: float = 0.2
    levels: tuple[int, ...] = (0, FEW, MANY)
    completions: int = 300


QUICK = Effort(starts=7, servers=1, pairs=15, seconds=0.2, levels=(FEW,), completions=100)


@dataclass(slots=True)
class Pairs:
    """Slices that belong together, in the order in which they were run."""

    bare: list[Slice] = field(default_factory=list)
    simulator: list[Slice] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.bare)

    @property
    def quiet(self) -> int:
        """In how many pairs both slices were quiet."""
        return sum(one.quiet and other.quiet for one, other in zip(self.bare, self.simulator, strict=True))

    def usable(self) -> "Pairs":
        """The quiet ones; all of them where there are too few to tell anything."""
        if self.quiet < FEWEST:
            return self
        chosen = [pair for pair in zip(self.bare, self.simulator, strict=True) if pair[0].quiet and pair[1].quiet]
        return Pairs([bare for bare, _ in chosen], [simulator for _, simulator in chosen])

    @property
    def ratios(self) -> tuple[float, ...]:
        """The simulator's rate as a part of the bare app's, pair by pair."""
        return _ratios([s.rate for s in self.simulator], [s.rate for s in self.bare])

    @property
    def ratios_by_work(self) -> tuple[float, ...]:
        """The same for a second of the server's processor time: what is left when others take the core meanwhile."""
        return _ratios([s.rate / s.server.ran for s in self.simulator], [s.rate / s.server.ran for s in self.bare])


# Start and memory.


def start(effort: Effort) -> Iterator[Figure]:
    """Process start to first answer, and what the process weighs then; the first start only warms the disk's cache."""
    every = [(_start(BARE), _start(SIMULATOR)) for _ in range(effort.starts + 1)][1:]
    quiet = [pair for pair in every if pair[0].quiet and pair[1].quiet]
    disturbed = len(quiet) < FEWEST
    pairs = every if disturbed else quiet
    for name, what, unit, goal in _AT_REST:
        bare, simulator = ([getattr(pair[side], name) for pair in pairs] for side in (0, 1))
        yield Figure(
            "start", what, unit, median(simulator), median(bare), _ratios(simulator, bare), goal,
            disturbed and unit == "ms",
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Start:
    """Milliseconds to the first answer, megabytes after it, and whether no other process held it up."""

    milliseconds: float
    megabytes: float
    quiet: bool


_AT_REST = (
    ("milliseconds", "start to first answer", "ms", START),
    ("megabytes", "memory, idle", "MB", IDLE),
)


def _start(command: Sequence[str]) -> Start:
    with Server(command) as server:
        quiet = server.use().waited <= load.MOST_WAITED * server.started
        return Start(server.started * 1_000, server.resident() / 1e6, quiet)


def _ratios(simulator: Sequence[float], bare: Sequence[float]) -> tuple[float, ...]:
    return tuple(ours / theirs for ours, theirs in zip(simulator, bare, strict=True))


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
    for number in range(1, effort.servers + 1):
        with Server(BARE) as bare, Server(SIMULATOR) as simulator:
            await _slices(bare, simulator, effort, stored, found, effort.pairs * number // effort.servers)
    return found


async def _slices(
    bare: Server, simulator: Server, effort: Effort, stored: int, found: dict[str, Pairs], enough: int
) -> None:
    """Add pairs of slices on these two servers until there are enough quiet ones, or it takes too long."""
    orders = Orders(simulator)
    await fill(simulator, orders, max(stored, 1))
    kept = simulator.ask("POST", f"{CONTROL}/snapshots")["id"]
    plans = {
        "read": Plan(orders.reads(), b"200", effort.seconds),
        "create": Plan(orders.creations(), b"201", effort.seconds),
    }
    for number in range(-1, effort.pairs * 4 // 3 // effort.servers):
        for kind, pairs in found.items():
            if pairs.quiet < enough:
                await _pair(bare, simulator, plans[kind], pairs, number)
                simulator.ask("POST", f"{CONTROL}/snapshots/{kept}/restore")


async def _pair(bare: Server, simulator: Server, plan: Plan, pairs: Pairs, number: int) -> None:
    await measured_pair((bare, plan), (simulator, plan), pairs, number)


async def measured_pair(left: tuple[Server, Plan], right: tuple[Server, Plan], pairs: Pairs, number: int) -> None:
    """One slice on each, the one that goes first changing from pair to pair; pair -1 only warms up."""
    sides = [(*left, pairs.bare), (*right, pairs.simulator)]
    for server, plan, slices in sides if number % 2 else reversed(sides):
        done = await load.run(server, plan)
        if number >= 0:
            slices.append(done)


def rates(kind: str, stored: int, every: Pairs) -> Iterator[Figure]:
    """The lines of one load at one level, and how busy both cores were meanwhile."""
    name, pairs = f"{kind}, {stored:,} stored", every.usable()
    bare, simulator = _milliseconds(pairs.bare), _milliseconds(pairs.simulator)
    disturbed = every.quiet < FEWEST
    yield Figure(
        kind, f"{name}: requests", "/s", median(s.rate for s in pairs.simulator), median(s.rate for s in pairs.bare),
        pairs.ratios, READ if kind == "read" else CREATE, disturbed,
    )  # fmt: skip
    yield Figure(kind, f"{name}: p50", "ms", simulator[49], bare[49])
    goal = CREATE_P99 if kind == "create" else None
    yield Figure(kind, f"{name}: p99", "ms", simulator[98], bare[98], goal=goal, disturbed=disturbed)
    ours, theirs = (1_000 * max(max(one.latencies) for one in slices) for slices in (pairs.simulator, pairs.bare))
    yield Figure(kind, f"{name}: slowest", "ms", ours, theirs)
    yield from _cores(name, pairs)
    yield Figure("busy", f"{name}: pairs of slices ({len(every) - every.quiet} were disturbed)", "pairs", len(pairs))


def _cores(name: str, pairs: Pairs) -> Iterator[Figure]:
    """What each server does in a second of its core, how busy it was, and how near the generator was to its limit."""
    simulator, bare = pairs.simulator, pairs.bare
    yield Figure(
        "busy", f"{name}: by the server's own time", "/s", median(s.rate / s.server.ran for s in simulator),
        median(s.rate / s.server.ran for s in bare), pairs.ratios_by_work,
    )  # fmt: skip
    for side in ("server", "generator"):
        ours, theirs = (median(100 * getattr(s, side).ran for s in slices) for slices in (simulator, bare))
        yield Figure("busy", f"{name}: {side}'s core in use", "%", ours, theirs)
    ours, theirs = (median(s.rate / s.generator.ran for s in slices) for slices in (simulator, bare))
    yield Figure("busy", f"{name}: generator's ceiling", "/s", ours, theirs)


def kept(kind: str, least: Pairs, most: Pairs) -> Figure:
    """What is left of the rate with 100,000 stored, both taken as ratios to the bare app beside them."""
    left = median(most.usable().ratios) / median(least.usable().ratios)
    disturbed = min(least.quiet, most.quiet) < FEWEST
    what = f"{kind}: rate at {MANY:,} stored, as a part of that at 0"
    return Figure(kind, what, "ratio", left, goal=KEPT, disturbed=disturbed)


def _milliseconds(slices: list[Slice]) -> list[float]:
    """The hundredths of all the slices' latencies."""
    return [1_000 * seconds for seconds in quantiles(chain.from_iterable(s.latencies for s in slices), n=100)]
