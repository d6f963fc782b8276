"""The documents, as tests read and run them: code blocks, tables and commands."""

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.servers import ROOT

README = (ROOT / "README.md").read_text("utf-8")
# The address in every example.
WRITTEN = "http://127.0.0.1:8787"
# Runs the commands of this environment before others, and knows no credentials, as a new reader's shell.
SHELL = {
    **{name: value for name, value in os.environ.items() if not name.startswith(("PI_", "PYMETRICS_", "SIMULATOR_"))},
    "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
}


def page(name: str) -> str:
    """The text of a page in `docs/`."""
    return (ROOT / "docs" / name).read_text("utf-8")


def blocks(text: str, language: str) -> list[str]:
    """The code blocks of a page."""
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def rows(text: str, heading: str) -> list[list[str]]:
    """The rows of the table whose first column has that heading."""
    table = re.search(rf"^\| {re.escape(heading)} \|.*?\n\|[-|]+\n((?:\|.*\n)+)", text, re.MULTILINE)
    assert table, heading
    return [[cell.strip() for cell in row.strip("|").split(" | ")] for row in table[1].splitlines()]


def listed(text: str, heading: str, pattern: str = r"`(\w+)`") -> list[str]:
    """What the first column of that table has in code, by a pattern with one group."""
    return [name for row in rows(text, heading) for name in re.findall(pattern, row[0])]


def play(
    block: str, url: str, status: int = 0, cwd: Path | None = None, **environ: str
) -> "subprocess.CompletedProcess[str]":
    """Run a shell block as a reader would, against the server at this address; it must end with `status`."""
    ended = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", block.replace(WRITTEN, url)], cwd=cwd, env={**SHELL, **environ},
        capture_output=True, text=True, check=False, timeout=100,
    )  # fmt: skip
    assert ended.returncode == status, ended.stdout + ended.stderr
    return ended
