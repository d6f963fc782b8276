"""`scripts/soak`: loads a server for long, prints what was found, and ends with 1 where a bound is not kept."""

import argparse
import asyncio
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.report import machine
from benchmarks.servers import CannotMeasure, take_generator_core

from soaking.parts import PARTS, SHORT, Effort, Line

BEGIN, END = "<!-- soak: begin -->", "<!-- soak: end -->"
TITLES = {
    "requests": "Many requests in one process",
    "sandboxes": "Many sandboxes",
    "webhooks": "Many webhooks at once",
    "silent": "A listener that never answers",
}


def options() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser("scripts/soak", description="Loads a server for long, and looks what it keeps.")
    parser.add_argument("--short", action="store_true", help="little of each, in seconds")
    parser.add_argument("--only", metavar="PART,…", default=",".join(PARTS), help=f"some of {', '.join(PARTS)}")
    parser.add_argument("--write", type=Path, metavar="PAGE", help="renew this page's table; for full runs only")
    chosen = parser.parse_args()
    chosen.only = tuple(chosen.only.split(","))
    if unknown := set(chosen.only) - set(PARTS):
        parser.error(f"--only knows no {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    if chosen.write and (chosen.short or set(chosen.only) != set(PARTS)):
        parser.error("--write is for full runs: without --short and --only")
    return chosen


async def soak(effort: Effort, only: Sequence[str]) -> list[Line]:
    """Run the parts; each line is told as soon as it is known."""
    lines = []
    for part in only:
        print(f"scripts/soak: {TITLES[part]} …", file=sys.stderr, flush=True)
        async for line in PARTS[part](effort):
            lines.append(line)
            print("  ".join((_verdict(line) or "--", f"{line.what}: {line.found}", line.bound)).rstrip(), flush=True)
    return lines


def _verdict(line: Line) -> str:
    return {None: "", True: "ok", False: "MISSED"}[line.held]


def page(lines: Sequence[Line], seconds: float) -> str:
    """For the docs, in Markdown."""
    written = [f"Measured on {machine()}; in {seconds / 60:.0f} minutes.", ""]
    written += ["| | found | bound | |", "|---|--:|--:|---|"]
    for part, title in TITLES.items():
        written.append(f"| **{title}** | | | |")
        written += [
            f"| {one.what} | {one.found} | {one.bound} | {_verdict(one)} |" for one in lines if one.part == part
        ]
    return "\n".join(written)


def write(path: Path, text: str) -> None:
    """Put the table between the page's two markers."""
    before, begin, rest = path.read_text("utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise CannotMeasure(f"{path} has no place for the table: it needs the lines {BEGIN} and {END}")
    path.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", "utf-8")


def main() -> int:
    """Run and report; returns the exit status."""
    chosen, began = options(), time.perf_counter()
    take_generator_core()
    try:
        with asyncio.Runner(loop_factory=_loop) as runner:
            lines = runner.run(soak(SHORT if chosen.short else Effort(), chosen.only))
        if chosen.write:
            write(chosen.write, page(lines, time.perf_counter() - began))
    except (CannotMeasure, OSError) as problem:
        print(f"scripts/soak: could not measure all of it: {problem}", file=sys.stderr)
        return 2
    return 1 if any(line.held is False for line in lines) else 0


def _loop() -> asyncio.AbstractEventLoop:
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()


if __name__ == "__main__":
    sys.exit(main())
