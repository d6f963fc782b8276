"""Lets the contracts look at a mutant: a server of its own for each, and what the contracts said of it."""

import os
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.mutants.mutant import ROOT, Mutant
from tests.servers import Server

AT_ONCE = 2
BUDGET = 60
"""Seconds that the contracts may take for one mutant."""
_GRACE = 30
"""Seconds over the budget after which the contracts are taken to hang."""
_FOREIGN = ("SIMULATOR_", "PYMETRICS_", "PI_API_KEY")
"""What of the environment would aim the contracts somewhere else, or set up the server otherwise."""


@dataclass(frozen=True)
class Outcome:
    """What came of one look; `mutant` is None for the server that nobody changed.

    `status` is the exit status of the contracts (None: there was none), `by` the properties that did not hold.
    """

    mutant: Mutant | None
    status: int | None
    by: tuple[str, ...]
    seconds: float
    problem: str = ""

    @property
    def verdict(self) -> str:
        """`caught`, `survived`, or `invalid`: nobody could ask."""
        return {0: "survived", 1: "caught"}.get(-1 if self.status is None else self.status, "invalid")


def environment() -> dict[str, str]:
    """The environment of a server and of the contracts: it leads to this repository, and to no vendor."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN)}
    return ours | {"PYTHONPATH": str(ROOT)}


class MutantServer(Server):
    """A server with this change, or, for None, with none; it is ended without ado."""

    def __init__(self, mutant: Mutant | None) -> None:
        super().__init__(environ={"PYTHONPATH": str(ROOT)})
        if mutant is not None:
            self.command = [sys.executable, "-m", "tests.mutants", "serve", mutant.id, "--port", "0"]

    def __exit__(self, *_: object) -> None:
        self.kill()


def look(mutant: Mutant | None, budget: int = BUDGET) -> Outcome:
    """Aim the contracts at a server with this change; they end at the first property that does not hold."""
    began = time.monotonic()
    try:
        with MutantServer(mutant) as server, TemporaryDirectory() as folder:
            report = Path(folder) / "junit.xml"
            asked = _check(server.url, budget, report, first_only=mutant is not None)
            by, problem = _broken(report), asked.stderr if asked.returncode not in (0, 1) else ""
            return Outcome(mutant, asked.returncode, by, time.monotonic() - began, problem)
    except subprocess.TimeoutExpired:
        problem = f"the contracts had not ended {_GRACE} s after their budget"
    except AssertionError as refusal:
        problem = f"the server did not start: {refusal}"
    return Outcome(mutant, None, (), time.monotonic() - began, problem)


def _check(url: str, budget: int, report: Path, *, first_only: bool) -> subprocess.CompletedProcess[str]:
    # The budget is for what is broken; a server on which all holds is asked everything.
    wish = ["--fail-fast", "--budget", str(budget)] if first_only else []
    return subprocess.run(
        [sys.executable, "-m", "simulator", "check", "server", "--target", url, "--junit", str(report), *wish],
        capture_output=True, text=True, env=environment(), cwd=ROOT, timeout=budget + _GRACE, check=False,
    )  # fmt: skip


def _broken(report: Path) -> tuple[str, ...]:
    """The properties that a JUnit report says did not hold."""
    if not report.exists():
        return ()
    cases = ET.parse(report).iter("testcase")  # noqa: S314  a report that we asked for
    return tuple(
        case.get("name", "") for case in cases if case.find("failure") is not None or case.find("error") is not None
    )


def every(mutants: Iterable[Mutant], budget: int = BUDGET, at_once: int = AT_ONCE) -> Iterator[Outcome]:
    """Look at all of these, some at once; gives each outcome as soon as it is there."""
    with ThreadPoolExecutor(at_once) as pool:
        asked = [pool.submit(look, mutant, budget) for mutant in mutants]
        try:
            yield from (future.result() for future in as_completed(asked))
        finally:
            for future in asked:
                future.cancel()


def sample(mutants: Sequence[Mutant], number: int) -> list[Mutant]:
    """So many of these, evenly spread: always the same ones."""
    number = min(number, len(mutants))
    return [mutants[place * len(mutants) // number] for place in range(number)]


def named(mutants: Sequence[Mutant], patterns: str) -> list[Mutant]:
    """Those whose ids fit one of the patterns, which have commas between them; raises ValueError where none does."""
    wanted = patterns.split(",")
    for pattern in wanted:
        if not any(fnmatchcase(mutant.id, pattern) for mutant in mutants):
            raise ValueError(f"no mutant is called {pattern}")
    return [mutant for mutant in mutants if any(fnmatchcase(mutant.id, pattern) for pattern in wanted)]
