"""`scripts/soak`: loads a server for long, prints what was found, and ends with 1 where a bound is not kept."""

import argparse
import asyncio
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.report import machine, put
from benchmarks.servers import FAILED, new_loop, take_generator_core
from soaking.parts import PARTS, SHORT, Effort, Line

TITLES = {
    "requests": "Many requests in one process",
    "sandboxes": "Many sandboxes",
    "webhooks": "Many webhooks at once",
    "silent": "A listener that never answers",
    "unread": "Output that is not read",
}


def options() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser("scripts/soak", description="Loads a server for long, and looks what it keeps.")
    parser.add_argument("--short", action="store_true", help="little of each, in seconds")
    parser.add_argument("--only", metavar="PART,…", default=",".join(PARTS), help=f"some of {', '.join(PARTS)}")
    parser.add_argument("--write", type=Path, metavar="PAGE", help="renew these parts of this page; for long runs only")
    chosen = parser.parse_args()
    chosen.only = tuple(chosen.only.split(","))
    if unknown := set(chosen.only) - set(PARTS):
        parser.error(f"--only knows no {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    if chosen.write and chosen.short:
        parser.error("--write is for long runs: without --short")
    return chosen


async def soak(effort: Effort, part: str) -> list[Line]:
    """Run a part; each line is told as soon as it is known."""
    lines = []
    print(f"scripts/soak: {TITLES[part]} …", file=sys.stderr, flush=True)
    async for line in PARTS[part](effort):
        lines.append(line)
        print("  ".join((_verdict(line) or "--", f"{line.what}: {line.found}", line.bound)).rstrip(), flush=True)
    return lines


def _verdict(line: Line) -> str:
    return {None: "", True: "ok", False: "MISSED"}[line.held]


def page(lines: Sequence[Line], seconds: float) -> str:
    """A part for the docs, in Markdown."""
    written = [
        f"Measured on {machine()}; in {seconds / 60:.1f} minutes.",
        "",
        "| | found | bound | |",
        "|---|--:|--:|---|",
    ]
    return "\n".join([*written, *(f"| {one.what} | {one.found} | {one.bound} | {_verdict(one)} |" for one in lines)])


def main() -> int:
    """Run and report; returns the exit status."""
    chosen, held = options(), True
    take_generator_core()
    try:
        with asyncio.Runner(loop_factory=new_loop) as runner:
            for part in chosen.only:
                began = time.perf_counter()
                lines = runner.run(soak(SHORT if chosen.short else Effort(), part))
                held &= all(line.held is not False for line in lines)
                if chosen.write:
                    text = page(lines, time.perf_counter() - began)
                    put(chosen.write, f"soak {part}", f"#### {TITLES[part]}\n\n{text}")
    except FAILED as problem:
        print(f"scripts/soak: could not measure all of it: {problem}", file=sys.stderr)
        return 2
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
