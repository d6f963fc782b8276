"""Installs the tools from the npm registry into a folder of their own, and starts one on the servers' core."""

import json
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from assessment_contracts.kit import NotStarted
from benchmarks.rivals.tools import TOOLS, Tool
from benchmarks.servers import ROOT, CannotMeasure, Server, Use

CACHE = ROOT / ".bench"
"""Where they are installed; not in git."""
_PATIENCE = 60


def installed() -> tuple[Tool, ...]:
    """The tools that can be started here; installs them where they are not. Says on standard error what is left out."""
    if shutil.which("npm") is None or shutil.which("node") is None:
        print("scripts/bench: no npm here: no other tools are measured", file=sys.stderr)
        return ()
    wanted = {tool.package: tool.version for tool in TOOLS}
    CACHE.mkdir(exist_ok=True)
    listed = CACHE / "package.json"
    text = json.dumps({"private": True, "dependencies": wanted}, indent=2)
    if not listed.exists() or listed.read_text() != text or not (CACHE / "node_modules").exists():
        print("scripts/bench: installing other tools …", file=sys.stderr, flush=True)
        listed.write_text(text)
        command = ["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
        if subprocess.run(command, cwd=CACHE, stdout=subprocess.DEVNULL, check=False).returncode:
            listed.unlink()
            raise CannotMeasure("the other tools could not be installed")
    if shutil.which("java") is None:
        print("scripts/bench: no java here: WireMock is left out", file=sys.stderr)
    return tuple(tool for tool in TOOLS if tool.name != "WireMock" or shutil.which("java"))


def version(tool: Tool) -> str:
    """The version that is installed."""
    told: dict[str, Any] = json.loads((CACHE / "node_modules" / tool.package / "package.json").read_text())
    return str(told["version"])


class Rival(Server):
    """One tool's process; it is ready when it answers a connection."""

    def __init__(self, tool: Tool) -> None:
        folder = CACHE / tool.name.replace(" ", "-").lower()
        folder.mkdir(exist_ok=True)
        tool.prepare(folder)
        with socket.create_server(("127.0.0.1", 0)) as free:
            self._free = int(free.getsockname()[1])
        self.tool = tool
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        super().__init__(tool.command(folder, self._free), path=str(CACHE / "node_modules"), **quiet)

    def wait_until_ready(self) -> str:
        """Return the URL as soon as a connection is accepted."""
        deadline = time.monotonic() + _PATIENCE
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self._free), timeout=1).close()
            except OSError:
                time.sleep(0.01)
            else:
                return f"http://127.0.0.1:{self._free}"
        raise NotStarted(f"{self.tool.name} did not start")

    def _greet(self) -> None:
        """A connection is all that can be asked of each of them."""

    def use(self) -> Use:
        """The processor time of all its threads, which wait for each other as well: how long cannot be told."""
        tasks = Path(f"/proc/{self.pid}/task")
        return Use(sum(Use.of(f"{self.pid}/task/{task.name}").ran for task in tasks.iterdir()), 0.0)
