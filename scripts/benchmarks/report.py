"""The table, on paper and in the docs."""

import datetime as dt
import os
import platform
from collections.abc import Sequence
from pathlib import Path

from benchmarks.figures import Figure
from benchmarks.servers import CORES, CannotMeasure

HEAD = ("measure", "bare", "simulator", "ratio", "goal", "")
SECTIONS = {
    "figures": ("start", "memory", "read", "create", "webhook"),
    "logs": ("logs",),
    "intercepted": ("intercepted",),
    "tools": ("tools",),
}
"""What is written together, between two markers of the page."""
LEFT = {
    "logs": ("in memory", "on this log"),
    "intercepted": ("direct", "intercepted"),
    "tools": ("the tool", "simulator"),
}
"""What stands in the columns for the two sides, where the left one is not the bare app."""
TITLES = {
    "start": "At rest",
    "memory": "Stored orders",
    "read": "Reading one order, 16 connections",
    "create": "Creating one order, 16 connections",
    "webhook": "Webhook",
    "pages": "Dashboard, with 10,000 invitations and 50,000 calls in the journal",
    "logs": "Where commits are kept",
    "intercepted": "In the place of a vendor",
    "tools": "Beside other tools",
    "busy": "Who was busy meanwhile",
}


def machine() -> str:
    """What it was measured on, in a line."""
    pinned = "servers and load generator on a core each" if CORES else "no core of their own for servers and generator"
    return (
        f"{dt.datetime.now(dt.UTC):%Y-%m-%d}; {os.cpu_count()} cores, {_processor()}; {platform.system()}; "
        f"{platform.python_implementation()} {platform.python_version()}; {pinned}"
    )


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def text(figures: Sequence[Figure]) -> str:
    """For a terminal."""
    rows = [HEAD, *(figure.cells() for figure in figures)]
    wide = [max(len(row[column]) for row in rows) for column in range(len(HEAD))]
    written = []
    for group, title in TITLES.items():
        lines = [figure.cells() for figure in figures if figure.group == group]
        if lines:
            written += ["", *(_aligned(row, wide) for row in (_head(group, title), *lines))]
    return "\n".join([machine(), *written, "", summary(figures)])


def _head(group: str, title: str) -> tuple[str, ...]:
    return (title, *LEFT.get(group, HEAD[1:3]), *HEAD[3:])


def _aligned(row: Sequence[str], wide: Sequence[int]) -> str:
    first, *others = (f"{cell:{'<' if column in (0, 5) else '>'}{wide[column]}}" for column, cell in enumerate(row))
    return "  ".join([first, *others]).rstrip()


def summary(figures: Sequence[Figure]) -> str:
    """How many goals are reached, and which are not."""
    set_for = [figure for figure in figures if figure.verdict]
    missed = [figure.what for figure in set_for if figure.verdict == "MISSED"]
    told = f"{len(set_for) - len(missed)} of {len(set_for)} goals reached"
    told += f"; missed: {', '.join(missed)}" if missed else ""
    return told + ("; other processes disturbed the measurement" if any(f.disturbed for f in figures) else "")


def page(figures: Sequence[Figure]) -> str:
    """For the docs, in Markdown."""
    judged = any(figure.verdict for figure in figures)
    written = [f"Measured on {machine()}.", *(["", f"{summary(figures)}."] if judged else [])]
    for group, title in TITLES.items():
        lines = [figure.cells() for figure in figures if figure.group == group]
        if lines:
            heads = ["| " + " | ".join(row) + " |" for row in (_head(group, title), *lines)]
            written += ["", heads[0], "|---|--:|--:|--:|--:|---|", *heads[1:]]
    return "\n".join(written)


def write(path: Path, section: str, figures: Sequence[Figure], notes: str) -> None:
    """Put a section's figures, and what is to be said of them, between its two markers in the page."""
    groups = (*SECTIONS[section], *(("busy",) if section == "figures" else ()))
    chosen = [figure for figure in figures if figure.group in groups]
    put(path, section, "\n\n".join(text for text in (page(chosen), notes) if text))


def put(path: Path, name: str, text: str) -> None:
    """Replace what stands between the two markers of this name in the page."""
    first, last = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    before, begin, rest = path.read_text("utf-8").partition(first)
    _, end, after = rest.partition(last)
    if not begin or not end:
        raise CannotMeasure(f"{path} has no place for it: it needs the lines {first} and {last}")
    path.write_text(f"{before}{first}\n{text}\n{last}{after}", "utf-8")
