"""Unmodified clients with the vendors' hosts compiled in make both flows under `run --`.

They run in a network where every name leads to a trap, which must see no connection and no query for a vendor's name.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from assessment_contracts.kit import environment as clean_environment
from tests.clients.environments import PYMETRICS_SDK, SOFT_SKILLS_SDK, environment, node_environment
from tests.commands import MODULE
from tests.engine.network import can_partition, ip
from tests.server import GAMES
from tests.waiting import until

HERE = Path(__file__).parent
CLIENTS = HERE / "clients"
SDKS = HERE.parent / "clients"
ADDRESS = "10.213.78.1"
SPACE = f"sim-trap-{os.getpid()}"
# By client: what must be there, and its command in the folder of the clients.
COMMANDS: dict[str, tuple[str, Callable[[Path], list[str | Path]]]] = {
    **{
        name: (sys.executable, lambda built, name=name: [sys.executable, "python.py", name])  # type: ignore[misc]
        for name in ("requests", "httpx", "aiohttp", "urllib", "urllib3")
    },
    "Node.js fetch": ("node", lambda built: ["node", "fetch.mjs"]),
    "Node.js https": ("node", lambda built: ["node", "https.mjs"]),
    "axios": ("npm", lambda built: [
        "env", f"AXIOS_HOME={node_environment('axios', CLIENTS / 'axios')}", "node", "axios/client.mjs", "flows.mjs",
    ]),
    "Java HttpClient": ("java", lambda built: ["java", "Client.java"]),
    "Java HttpURLConnection": ("java", lambda built: ["java", "Client.java", "old"]),
    "curl": ("curl", lambda built: ["sh", "shell.sh", "curl"]),
    "wget": ("wget", lambda built: ["sh", "shell.sh", "wget"]),
    "Go": ("go", lambda built: [built_go(built, "client.go")]),
    "Go, without a proxy": ("go", lambda built: [
        "env", "-u", "https_proxy", "-u", "HTTPS_PROXY", built_go(built, "client.go"),
    ]),
    "Ruby": ("ruby", lambda built: ["ruby", "client.rb"]),
    "PHP curl": ("php", lambda built: ["php", "client.php"]),
    "Perl LWP": ("perl", lambda built: ["perl", "client.pl"]),
    "pymetrics SDK": (sys.executable, lambda built: [*sdk(PYMETRICS_SDK, "pymetrics_sdk"), "sync"]),
    "pymetrics SDK, asynchronous": (sys.executable, lambda built: [*sdk(PYMETRICS_SDK, "pymetrics_sdk"), "asyncio"]),
    "pymetrics soft skills SDK": (sys.executable, lambda built: [
        *sdk(SOFT_SKILLS_SDK, "pymetrics_soft_skills_sdk"), "openapi_client", GAMES,
    ]),
}  # fmt: skip


def sdk(requirements: tuple[str, ...], folder: str) -> list[str | Path]:
    """The beginning of the command of a script that calls an SDK, with the vendor's host and a key."""
    return [environment(*requirements), SDKS / folder / "calls.py", "https://api.pymetrics.com", "live-key"]


def built_go(folder: Path, source: str) -> Path:
    """The program of a source, built once."""
    program = folder / source.removesuffix(".go")
    if not program.exists():
        subprocess.run(["go", "build", "-o", program, CLIENTS / source], check=True, capture_output=True, timeout=100)
    return program


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of programs that are built here."""
    return tmp_path_factory.mktemp("built")


@pytest.fixture(scope="module")
def trap(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The file in which the trap of the namespace `SPACE` writes what it sees."""
    if not can_partition():
        if "CI" in os.environ:
            pytest.fail("this needs the right to make network namespaces")
        pytest.skip("this needs the right to make network namespaces")
    settings = Path("/etc/netns") / SPACE
    seen = tmp_path_factory.mktemp("trap") / "seen"
    with ExitStack() as stack:
        ip("netns", "add", SPACE)
        stack.callback(ip, "netns", "del", SPACE, must=False)
        settings.mkdir(parents=True)
        stack.callback(shutil.rmtree, settings)
        (settings / "resolv.conf").write_text(f"nameserver {ADDRESS}\noptions timeout:1 attempts:1\n")
        ip("-n", SPACE, "link", "set", "lo", "up")
        ip("-n", SPACE, "addr", "add", f"{ADDRESS}/24", "dev", "lo")
        file = stack.enter_context(seen.open("w"))
        process = subprocess.Popen(
            ["ip", "netns", "exec", SPACE, sys.executable, HERE / "trap.py", ADDRESS], stdout=file
        )  # fmt: skip
        stack.callback(process.wait)
        stack.callback(process.terminate)
        until(lambda: "ready" in seen.read_text())
        yield seen


def inside(*command: str | Path, check: bool = True, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run a command in the namespace, in the folder of the clients."""
    return subprocess.run(
        ["ip", "netns", "exec", SPACE, *command], cwd=CLIENTS, env={**clean_environment(), **environ},
        capture_output=True, text=True, check=check, timeout=110,
    )  # fmt: skip


@pytest.mark.parametrize("client", COMMANDS)
def test_a_client_makes_both_flows_and_reaches_no_other_host(
    client: str, built: Path, trap: Path, tmp_path: Path
) -> None:
    needed, command = COMMANDS[client]
    if shutil.which(needed) is None and "CI" not in os.environ:
        pytest.skip(f"this needs {needed}")
    arguments = command(built)
    before = trap.read_text()
    keys = {f"MERCURY_{name}": "live-key" for name in ("CLIENT_ID", "CLIENT_SECRET", "X_API_KEY")}
    done = inside(*MODULE, "run", "--", *arguments, check=False, XDG_DATA_HOME=str(tmp_path), **keys)
    assert done.returncode == 0, done.stdout + done.stderr
    if "SDK" in client:
        assert '"created": [201, ' in done.stdout
    else:
        assert re.search(r"order [0-9a-f-]{36} assessment [0-9a-f-]{36}\n", done.stdout), done.stdout
    seen = trap.read_text().removeprefix(before)
    assert "connection" not in seen
    assert not re.search(r"pymetrics\.com|predictiveindex\.com", seen), seen


def test_the_trap_sees_a_client_that_is_not_intercepted(trap: Path) -> None:
    inside("curl", "-s", "https://api.pymetrics.com/", check=False)
    seen = trap.read_text()
    assert "name api.pymetrics.com\n" in seen
    assert "connection 443\n" in seen
