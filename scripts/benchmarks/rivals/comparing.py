"""Each tool beside the simulator: reads of one order and creations, in turn."""

import sys
from collections.abc import Iterator
from itertools import cycle

from benchmarks import load
from benchmarks.figures import Figure
from benchmarks.load import Plan
from benchmarks.measures import Effort, fill
from benchmarks.requests import Orders, creations, request
from benchmarks.rivals.running import Rival, installed, version
from benchmarks.rivals.tools import TOOLS, Tool
from benchmarks.servers import FAILED, SIMULATOR, CannotMeasure, Server
from benchmarks.sides import lines, side_by_side

_ASSESSMENT = "6ac4d6b5-9a3e-4d0c-8f55-0d5a3f6d2b10"
_WARM = 2.0
"""Seconds of each load before anything counts: some compile what they run while they run it."""
_OURS = (
    "looks up the sandbox by its token and key, judges every documented rule, decides, commits records and indexes, "
    "writes the journal; answers in the vendor's shape"
)
_ID = b'"id":"'


async def tools(effort: Effort) -> list[Figure]:
    """A few lines for each tool; the simulator is a new one each time. A tool that fails is left out, and named."""
    found: list[Figure] = []
    for tool in installed():
        try:
            found += await _beside(tool, effort)
        except FAILED as problem:
            print(f"scripts/bench: {tool.name} is left out: {problem}", file=sys.stderr)
    return found


def told() -> str:
    """What each tool does for a request, for the docs; and what the simulator does."""
    rows = [f"- **{tool.name}**: {tool.does}." for tool in TOOLS]
    return "\n".join([f"- **the simulator**: {_OURS}.", *rows])


async def _beside(tool: Tool, effort: Effort) -> list[Figure]:
    with Rival(tool) as rival, Server(SIMULATOR) as simulator:
        orders = Orders(simulator)
        await fill(simulator, orders, 100)
        ours = {"read": Plan(orders.reads(), b"200", effort.seconds),
                "create": Plan(orders.creations(), b"201", effort.seconds)}  # fmt: skip
        theirs = await _plans(rival, effort)
        pairs = await side_by_side((rival, theirs), (simulator, ours), max(5, effort.pairs // 3), _WARM)
        name = f"{tool.name} {version(tool)}"
        return [
            *lines("tools", name, pairs, {}),
            Figure("tools", f"{name}: memory afterwards", "MB", simulator.resident() / 1e6, rival.resident() / 1e6),
            Figure("tools", f"{name}: start", "ms", 1_000 * simulator.started, 1_000 * rival.started),
        ]


async def _plans(rival: Rival, effort: Effort) -> dict[str, Plan]:
    tool = rival.tool
    made = creations(rival, tool.creates, {**tool.headers, "prefer": "code=201"}, _ASSESSMENT)
    id = tool.seed or await _created(rival, made)
    read = request(rival, "GET", tool.reads.replace("{id}", id), tool.headers)
    return {"read": Plan(cycle([read]), b"200", effort.seconds), "create": Plan(made, b"201", effort.seconds)}


async def _created(rival: Rival, made: Iterator[bytes]) -> str:
    """The id of an order that the tool has just created."""
    answers: list[bytes] = []
    await load.run(rival, Plan(iter([next(made)]), b"201", see=answers.append), connections=1)
    _, found, rest = answers[0].rpartition(_ID)
    if not found:
        raise CannotMeasure(f"{rival.tool.name} tells no id: {answers[0][:300]!r}")
    return rest[: rest.index(b'"')].decode()
