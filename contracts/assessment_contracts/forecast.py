"""What a run at a vendor will do, before it starts: its contracts first run against a simulator, which counts.

The examples are the same, so a vendor that behaves as documented gets as many requests. One that does not may get more:
it may accept what should be refused, and a contract that fails runs its failing example once more. So the limit is
twice as many creations as expected, and two for each contract.
"""

import math
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, replace

from assessment_contracts.kit import NotStarted, ServerProcess, serve_command
from assessment_contracts.property import Property
from assessment_contracts.runner import Runner
from assessment_contracts.target import Target

_SHARE = 0.25
"""The part of the time that the forecast may take."""


@dataclass(frozen=True)
class Forecast:
    """The expected numbers of requests and creations; `orders` of these cannot be removed.

    It is not `complete` if there was no time to run all contracts.
    """

    requests: int
    creations: int
    orders: int
    complete: bool


def forecast(runner: Runner, properties: Sequence[Property]) -> Forecast | None:
    """What the runner will do at its vendor; None if no simulator starts."""
    target = runner.target
    seconds = min(30.0, (target.deadline - time.monotonic()) * _SHARE)
    keys = dict.fromkeys(target.keys, "sim-forecast")
    try:
        with ServerProcess(serve_command(), within=max(1.0, seconds)) as server:
            rehearsed = Target(server.url, keys, mail=target.mail, deadline=time.monotonic() + seconds)
            with closing(rehearsed):
                rehearsal = replace(runner, target=rehearsed, observe=lambda contract, exchange: None)
                for property in properties:
                    rehearsal.run(property)
            orders = len(rehearsed.ledger.entries)
            return Forecast(rehearsed.requests, rehearsed.ledger.count, orders, time.monotonic() < rehearsed.deadline)
    except NotStarted:
        return None


def announce(runner: Runner, properties: Sequence[Property]) -> list[str]:
    """The lines that say what a run at a vendor will do; sets its limit of creations."""
    target, found = runner.target, forecast(runner, properties)
    assert target.rate is not None
    seconds = max(0.0, target.deadline - time.monotonic())
    most = math.ceil(seconds * target.rate) + 1
    target.ledger.limit = most
    verb = "are" if len(target.keys) > 1 else "is"
    lines = [f"{target.url} is treated as a vendor's server, because {', '.join(target.keys)} {verb} set."]
    if found is not None:
        more = "" if found.complete else "more than "
        needed = found.requests / target.rate
        lines.append(
            f"Expected of {len(properties)} contracts, as counted at a simulator: {more}{found.requests:,} requests "
            f"({needed:,.0f} s at {target.rate:g} per second) and {more}{found.creations:,} creations, of which "
            f"{found.orders:,} cannot be removed."
        )
        if found.complete:
            target.ledger.limit = min(most, 2 * (found.creations + len(properties)))
        if needed > seconds:
            lines.append(f"Not all contracts will be run: --budget {needed * 1.2:.0f} would allow for that.")
    lines.append(
        f"Limits: {seconds:.0f} s, {most:,} requests, {target.ledger.limit:,g} creations. What exists at the vendor is "
        f"listed in {target.ledger.path}."
    )
    return lines
