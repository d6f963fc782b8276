"""`scripts/bench`: measures, prints the table, and judges nobody: the exit status is 1 only if it could not measure."""

import argparse
import asyncio
import json
import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks import measures, report
from benchmarks.figures import Figure
from benchmarks.intercepted import intercepted
from benchmarks.logs import logs
from benchmarks.measures import MANY, QUICK, Effort, Pairs
from benchmarks.pages import pages
from benchmarks.rivals.comparing import told, tools
from benchmarks.servers import FAILED, new_loop, take_generator_core
from benchmarks.webhooks import webhook

PARTS = ("start", "memory", "read", "create", "webhook", "pages", "logs", "intercepted", "tools")


def options() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser("scripts/bench", description="Measures the simulator beside a bare Starlette app.")
    parser.add_argument("--quick", action="store_true", help="a rough look: fewer slices, 10,000 stored only")
    parser.add_argument("--only", metavar="PART,…", default=",".join(PARTS), help=f"some of {', '.join(PARTS)}")
    parser.add_argument("--postgresql", metavar="URL", help="measure this log too, beside memory and SQLite")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    parser.add_argument("--write", type=Path, metavar="PAGE", help="renew this page's tables; for full runs only")
    chosen = parser.parse_args()
    chosen.only = tuple(chosen.only.split(","))
    if unknown := set(chosen.only) - set(PARTS):
        parser.error(f"--only knows no {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    if chosen.write and (chosen.quick or not sections(chosen.only)):
        parser.error(
            "--write is for full runs: without --quick, and with all parts of what stands together in the page"
        )
    return chosen


def sections(only: tuple[str, ...]) -> list[str]:
    """The sections of the page whose parts are all measured."""
    return [section for section, parts in report.SECTIONS.items() if set(parts) <= set(only)]


async def measure(effort: Effort, only: tuple[str, ...], postgresql: str | None, figures: list[Figure]) -> None:
    """Add every figure that is asked for; says on standard error what it is at."""
    if "start" in only:
        say("starting servers")
        figures += measures.start(effort)
    if "memory" in only:
        say("filling a server")
        figures += await measures.memory(effort)
    if "webhook" in only:
        say("completing assessments")
        figures += await webhook(effort.completions)
    if "pages" in only:
        say("looking at a crowded dashboard")
        figures += await pages()
    if "logs" in only:
        say("keeping commits")
        figures += await logs(effort, postgresql)
    if "intercepted" in only:
        say("answering in the place of a vendor")
        figures += await intercepted(effort)
    if "tools" in only:
        say("comparing with other tools")
        figures += await tools(effort)
    if kinds := tuple(kind for kind in ("read", "create") if kind in only):
        await loads(effort, kinds, figures)


async def loads(effort: Effort, kinds: tuple[str, ...], figures: list[Figure]) -> None:
    """Reads and creations at every level."""
    found: dict[int, dict[str, Pairs]] = {}
    for stored in effort.levels:
        say(f"{' and '.join(kinds)} with {stored:,} stored")
        found[stored] = await measures.level(effort, stored, kinds)
    for kind in kinds:
        figures += _lines(kind, {stored: pairs[kind] for stored, pairs in found.items()})


def _lines(kind: str, levels: dict[int, Pairs]) -> Iterator[Figure]:
    for stored, pairs in levels.items():
        yield from measures.rates(kind, stored, pairs)
    if 0 in levels and MANY in levels:
        yield measures.kept(kind, levels[0], levels[MANY])


def say(what: str) -> None:
    """Tell whoever waits."""
    print(f"scripts/bench: {what} …", file=sys.stderr, flush=True)


def main() -> int:
    """Measure and report; returns the exit status."""
    chosen, figures, status = options(), list[Figure](), 0
    take_generator_core()
    try:
        with asyncio.Runner(loop_factory=new_loop) as runner:
            runner.run(measure(QUICK if chosen.quick else Effort(), chosen.only, chosen.postgresql, figures))
        for section in sections(chosen.only) if chosen.write else ():
            if any(figure.group in report.SECTIONS[section] for figure in figures):
                report.write(chosen.write, section, figures, told() if section == "tools" else "")
    except FAILED as problem:
        print(f"scripts/bench: could not measure all of it: {problem}", file=sys.stderr)
        status = 1
    print(report.text(figures))
    if chosen.json:
        lines = {"machine": report.machine(), "figures": [figure.as_json() for figure in figures]}
        chosen.json.write_text(json.dumps(lines, indent=2, ensure_ascii=False) + "\n", "utf-8")
    return status


if __name__ == "__main__":
    sys.exit(main())
