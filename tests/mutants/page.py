"""What came of looking at the mutants: a line for a terminal, and the page `docs/mutants.md`."""

import datetime as dt
import os
import platform
from collections.abc import Sequence
from pathlib import Path

from tests.mutants import TABLES
from tests.mutants.running import Outcome

# The part of the mutants that must be caught.
GOAL = 0.95
BEGIN, END = "<!-- mutants: begin -->", "<!-- mutants: end -->"


def reached(outcomes: Sequence[Outcome]) -> bool:
    """Whether enough were caught, and the contracts could run against all."""
    caught = sum(outcome.verdict == "caught" for outcome in outcomes)
    return caught >= GOAL * len(outcomes) and all(outcome.verdict != "invalid" for outcome in outcomes)


def line(outcome: Outcome) -> str:
    """One outcome, for a terminal."""
    id = outcome.mutant.id if outcome.mutant else "(nothing changed)"
    if outcome.verdict == "caught":
        more = f"by {', '.join(outcome.by) or 'nothing that has a name'}"
    elif outcome.verdict == "survived":
        more = outcome.mutant.breaks if outcome.mutant else "all held"
    else:
        more = outcome.told.strip().rpartition("\n")[2] or f"exit status {outcome.status}"
    return f"{outcome.verdict:9} {outcome.seconds:5.1f} s  {id:40} {more}"


def summary(outcomes: Sequence[Outcome]) -> str:
    """How many were caught, and which were not."""
    ids = {v: [o.mutant.id for o in outcomes if o.mutant and o.verdict == v] for v in ("caught", "survived", "invalid")}
    told = f"{len(ids['caught'])} of {len(outcomes)} caught ({len(ids['caught']) / max(1, len(outcomes)):.1%})"
    for verdict in ("survived", "invalid"):
        told += f"; {verdict}: {', '.join(ids[verdict])}" if ids[verdict] else ""
    return told


def write(path: Path, outcomes: Sequence[Outcome]) -> None:
    """Put the results between the page's two markers; raises ValueError where there are none."""
    before, begin, rest = path.read_text("utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{path} has no place for the scoreboard: it needs the lines {BEGIN} and {END}")
    machine = f"{os.cpu_count()} cores; {platform.system()}; CPython {platform.python_version()}"
    lines = [f"Looked at on {dt.datetime.now(dt.UTC):%Y-%m-%d}; {machine}.", "", f"{summary(outcomes)}."]
    verdicts = {"survived": "**survived**", "invalid": "**could not be asked**"}
    found = {outcome.mutant.id: outcome for outcome in outcomes if outcome.mutant}
    for title, mutants in TABLES.items():
        rows = []
        for mutant in mutants:
            if outcome := found.get(mutant.id):
                by = verdicts.get(outcome.verdict) or ", ".join(f"`{name}`" for name in outcome.by)
                breaks = mutant.breaks.replace("|", r"\|")
                rows.append(f"| `{mutant.id}` | {breaks} | {by} | {outcome.seconds:.1f} |")
        if rows:
            lines += [
                "",
                f"### {title}",
                "",
                "| mutant | what is wrong | caught by | seconds |",
                "|---|---|---|--:|",
                *rows,
            ]
    path.write_text("\n".join([before + BEGIN, *lines, END + after]), "utf-8")
