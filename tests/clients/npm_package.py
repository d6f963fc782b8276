"""The npm package as its users install it: packed, in a project of its own, with or without test runners."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.clients.environments import node_environment
from tests.servers import ROOT

SOURCE = ROOT / "clients" / "javascript"
HERE = Path(__file__).parent / "javascript"
EXAMPLES = ROOT / "docs" / "examples"
WANTS_NPM = pytest.mark.skipif(
    shutil.which("npm") is None and "CI" not in os.environ, reason="wants Node.js 20 or newer, with npm"
)
TOOLS = str(Path(sys.executable).parent)


def project(folder: Path, *, runners: bool = False) -> Path:
    """A folder with the packed package installed; with `runners` also Vitest, Jest, Playwright and TypeScript."""
    folder.mkdir(exist_ok=True)
    npm("pack", str(SOURCE), "--pack-destination", str(folder), cwd=folder)
    (folder / "package.json").write_text('{"private": true}')
    (packed,) = folder.glob("*.tgz")
    npm("install", "--offline", "--no-audit", "--no-fund", f"./{packed.name}", cwd=folder)
    if runners:
        for there in (node_environment("javascript", HERE) / "node_modules").iterdir():
            if there.name not in (".package-lock.json", ".bin"):
                (folder / "node_modules" / there.name).symlink_to(there)
    return folder


def npm(*arguments: str, cwd: Path) -> None:
    """A command of npm, which must succeed."""
    done = subprocess.run(["npm", *arguments], cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def environment(**more: str) -> dict[str, str]:
    """This environment with the simulator's command, and without variables of it or of other tests' runners."""
    free = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("SIMULATOR_", "NODE_", "JEST_", "VITEST")) and name != "CI"
    }
    return {**free, "PATH": f"{TOOLS}{os.pathsep}{os.environ['PATH']}", **more}


def run(*command: str, cwd: Path, environ: Mapping[str, str]) -> "subprocess.CompletedProcess[str]":
    """A command to its end."""
    return subprocess.run(
        command,
        cwd=cwd,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
        stdin=subprocess.DEVNULL,
    )


@contextmanager
def started(*command: str, cwd: Path, environ: Mapping[str, str]) -> "Iterator[subprocess.Popen[str]]":
    """A command that goes on; it is killed at the end."""
    with subprocess.Popen(command, cwd=cwd, env=environ, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()
