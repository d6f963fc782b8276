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
from tests.mutants.mutant import ROOT, Mutant
from tests.servers import Server

AT_ONCE = 2
BUDGET = 110
"""Seconds that the contracts may take for one mutant; those that are caught take far less."""
_GRACE = 30
"""Seconds over the budget after which the contracts are taken to hang."""
_SOONEST = {"pymetrics": "pymetrics.*", "pi": "pi.*", "webhook": "pi.*"}
"""By the first word of a mutant's id the properties that are asked first: a change is noticed soonest nearby."""
_FOREIGN = ("SIMULATOR_", "PYMETRICS_", "PI_API_KEY")
"""What of the environment would aim the contracts somewhere else, or set up the server otherwise."""


@dataclass(frozen=True)
class Outcome:
    """What came of one look; `mutant` is None for the server that nobody changed.

    `status` is the exit status of the contracts (None: there was none), `by` the properties that did not hold, `told`
    what they said or what went wrong.
    """

    mutant: Mutant | None
    status: int | None
    by: tuple[str, ...]
    seconds: float
    told: str = ""

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
    status, by, told = None, tuple[str, ...](), ""
    try:
        with MutantServer(mutant) as server, TemporaryDirectory() as folder:
            for only in _turns(mutant):
                status, by, told = _asked(server.url, budget, Path(folder) / "junit.xml", only)
                if status != 0:
                    break
    except subprocess.TimeoutExpired:
        status, told = None, f"the contracts had not ended {_GRACE} s after their budget"
    except NotStarted as refusal:
        status, told = None, str(refusal)
    return Outcome(mutant, status, by, time.monotonic() - began, told)


def _turns(mutant: Mutant | None) -> tuple[tuple[str, ...], ...]:
    """The options of each run of the contracts: a mutant has survived when all of them were asked in the last one."""
    if mutant is None:
        return ((),)
    soonest = _SOONEST.get(mutant.id.partition(".")[0])
    return (("--fail-fast", "--only", soonest), ("--fail-fast",)) if soonest else (("--fail-fast",),)


def _asked(url: str, budget: int, report: Path, wish: tuple[str, ...]) -> tuple[int | None, tuple[str, ...], str]:
    """The exit status of one run of the contracts (None: there was no time for all), what broke, and the story."""
    command = [
        sys.executable,
        "-m",
        "assessment_simulator",
        "check",
        "server",
        "--target",
        url,
        "--budget",
        str(budget),
    ]
    ended = subprocess.run(
        [*command, "--junit", str(report), *wish],
        capture_output=True, text=True, env=environment(), cwd=ROOT, timeout=budget + _GRACE, check=False,
    )  # fmt: skip
    cases = [*ET.parse(report).iter("testcase")] if report.exists() else []  # noqa: S314  a report that we asked for
    broken = {case.get("name", ""): failure.get("message", "") for case in cases for failure in case.iter("failure")}
    left = sum("budget" in skipped.get("message", "") for case in cases for skipped in case.iter("skipped"))
    if ended.returncode != 1 and left:
        return None, (), f"the budget of {budget} s was used up with {left} properties left"
    said = "\n".join(f"{id}: {message}" for id, message in broken.items())
    return ended.returncode, tuple(broken), said or ended.stderr


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
