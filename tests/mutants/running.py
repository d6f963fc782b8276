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

from assessment_contracts.kit import NotStarted
from tests.mutants import ROOT, Mutant
from tests.servers import Server

# Seconds that the contracts may take for one mutant; those that are caught take far less.
BUDGET = 110
# Seconds over the budget after which the contracts are taken to hang.
_GRACE = 30
# By the first word of a mutant's id the properties that run first: a change is noticed soonest nearby.
_SOONEST = {"pymetrics": "pymetrics.*", "pi": "pi.*", "webhook": "pi.*", "sequence": "*.machine.*"}
# Variables that would aim the contracts somewhere else, or set up the server otherwise.
_FOREIGN = ("SIMULATOR_", "PYMETRICS_", "PI_API_KEY")


@dataclass(frozen=True)
class Outcome:
    """What came of one look; `mutant` is None for the unchanged server.

    `status` is the exit status of the contracts (None: there was none), `by` the properties that failed, `told` what
    they said or what went wrong.
    """

    mutant: Mutant | None
    status: int | None
    by: tuple[str, ...]
    seconds: float
    told: str = ""

    @property
    def verdict(self) -> str:
        """`caught`, `survived`, or `invalid`: the contracts could not run."""
        return {0: "survived", 1: "caught"}.get(-1 if self.status is None else self.status, "invalid")


class MutantServer(Server):
    """A server with this change, or, for None, with none; it is killed at the end."""

    def __init__(self, mutant: Mutant | None) -> None:
        super().__init__(environ={"PYTHONPATH": str(ROOT)})
        if mutant is not None:
            self.command = [sys.executable, "-m", "tests.mutants", "serve", mutant.id, "--port", "0"]

    def __exit__(self, *_: object) -> None:
        self.kill()


def look(mutant: Mutant | None, budget: int = BUDGET) -> Outcome:
    """Aim the contracts at a server with this change; they end at the first property that fails."""
    began = time.monotonic()
    status, by, told = None, tuple[str, ...](), ""
    # A mutant has survived when all properties passed in the last of these runs.
    runs: list[tuple[str, ...]] = [("--fail-fast",) if mutant else ()]
    if mutant and (soonest := _SOONEST.get(mutant.id.partition(".")[0])):
        runs.insert(0, ("--fail-fast", "--only", soonest))
    try:
        with MutantServer(mutant) as server, TemporaryDirectory() as folder:
            for options in runs:
                status, by, told = _asked(server.url, budget, Path(folder) / "junit.xml", options)
                if status != 0:
                    break
    except subprocess.TimeoutExpired:
        status, told = None, f"the contracts had not ended {_GRACE} s after their budget"
    except NotStarted as refusal:
        status, told = None, str(refusal)
    return Outcome(mutant, status, by, time.monotonic() - began, told)


def _asked(url: str, budget: int, report: Path, options: Sequence[str]) -> tuple[int | None, tuple[str, ...], str]:
    """The exit status of one run of the contracts (None: there was no time for all), what failed, and the messages."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN)}
    command = [sys.executable, "-m", "assessment_simulator", "check", "server", "--target", url]
    ended = subprocess.run(
        [*command, "--budget", str(budget), "--junit", str(report), *options],
        capture_output=True, text=True, env=environ | {"PYTHONPATH": str(ROOT)}, cwd=ROOT, timeout=budget + _GRACE,
        check=False,
    )  # fmt: skip
    cases = [*ET.parse(report).iter("testcase")] if report.exists() else []  # noqa: S314  our own report
    broken = {case.get("name", ""): failure.get("message", "") for case in cases for failure in case.iter("failure")}
    left = sum("budget" in skipped.get("message", "") for case in cases for skipped in case.iter("skipped"))
    if ended.returncode != 1 and left:
        return None, (), f"the budget of {budget} s was used up with {left} properties left"
    said = "\n".join(f"{id}: {message}" for id, message in broken.items())
    return ended.returncode, tuple(broken), said or ended.stderr


def every(mutants: Iterable[Mutant], budget: int, at_once: int) -> Iterator[Outcome]:
    """Look at all of these, some at once; gives each outcome as soon as it is there."""
    with ThreadPoolExecutor(at_once) as pool:
        looks = [pool.submit(look, mutant, budget) for mutant in mutants]
        try:
            yield from (future.result() for future in as_completed(looks))
        finally:
            for future in looks:
                future.cancel()


def sample(mutants: Sequence[Mutant], number: int) -> list[Mutant]:
    """`number` of these, evenly spread: always the same ones."""
    number = min(number, len(mutants))
    return [mutants[place * len(mutants) // number] for place in range(number)]


def named(mutants: Sequence[Mutant], patterns: str) -> list[Mutant]:
    """Those whose ids match one of the comma-separated patterns; raises ValueError for a pattern without a match."""
    wanted = patterns.split(",")
    for pattern in wanted:
        if not any(fnmatchcase(mutant.id, pattern) for mutant in mutants):
            raise ValueError(f"no mutant is called {pattern}")
    return [mutant for mutant in mutants if any(fnmatchcase(mutant.id, pattern) for pattern in wanted)]
