"""Test suites in a folder, run by a pytest of their own."""

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

# The plugins of a suite that has no others installed: pytest looks for none itself.
ALONE = ("-p", "assessment_simulator.pytest_plugin", "-p", "xdist")


def command(*arguments: str) -> list[str]:
    """pytest with warnings as errors, leaving nothing behind."""
    return [sys.executable, "-m", "pytest", "-W", "error", "-p", "no:cacheprovider", *arguments]


def environment(**more: str) -> dict[str, str]:
    """This environment without variables of the simulator and of pytest."""
    free = {name: value for name, value in os.environ.items() if not name.startswith(("SIMULATOR_", "PYTEST_"))}
    return {**free, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", **more}


def written(folder: Path, files: Mapping[str, str]) -> Path:
    """Write these files into the folder, and return it."""
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def run(folder: Path, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """The suite in a folder, run to its end."""
    return subprocess.run(
        command(*ALONE, *arguments), cwd=folder, env=environment(**environ), capture_output=True, text=True,
        check=False, timeout=100,
    )  # fmt: skip


def passed(done: subprocess.CompletedProcess[str], count: int) -> None:
    """Assert that so many tests passed, and that no other outcome occurred."""
    assert done.returncode == 0, done.stdout + done.stderr
    (outcome,) = re.findall(r"^=* ?(\d+ passed) in ", done.stdout, re.MULTILINE)
    assert outcome == f"{count} passed", done.stdout
