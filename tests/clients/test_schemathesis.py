"""Schemathesis, with all its checks and its stateful phase, finds nothing between our documents and our answers.

`SCHEMATHESIS_EXAMPLES` asks for more than the few examples of every day: 300 take some minutes.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.servers import Sandbox, Server

EXAMPLES = os.environ.get("SCHEMATHESIS_EXAMPLES", "10")
CONFIG = Path(__file__).with_name("schemathesis.toml")
ALLOWED = "positive_data_acceptance"
"""The check that ours stands for, which knows what no schema can say."""


def explore(server: Server, name: str, headers: dict[str, str], folder: Path) -> None:
    """Let schemathesis loose on a document; it must find nothing, in any of its phases."""
    command = Path(sys.executable).with_name("schemathesis")
    options = ["--mode", "all", "--max-examples", EXAMPLES, "--exclude-checks", ALLOWED, "--continue-on-failure"]
    # The document too is asked for with these headers.
    credentials = [part for header in headers.items() for part in ("--header", ": ".join(header))]
    run = subprocess.run(
        [
            command,
            "--config-file",
            CONFIG,
            "run",
            f"{server.url}/_simulator/openapi/{name}.json",
            *options,
            *credentials,
        ],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        env={
            **os.environ,
            "NO_COLOR": "1",
            "PYTHONPATH": str(Path(__file__).parent),
            "SCHEMATHESIS_HOOKS": "openapi_checks",
        },
    )
    assert run.returncode == 0, run.stdout[-20_000:] + run.stderr
    assert "Stateful" in run.stdout


@pytest.mark.timeout(0)
@pytest.mark.parametrize("name", ["pymetrics", "predictive-index"])
def test_schemathesis_finds_nothing_at_a_vendor(name: str, sandbox: Sandbox, server: Server, tmp_path: Path) -> None:
    sandbox.control_json("PATCH", "/config", {"progress": "PT0S"})  # so that there are results to ask for
    caller = sandbox.pymetrics if name == "pymetrics" else sandbox.pi
    explore(server, name, dict(caller.headers), tmp_path)


@pytest.mark.timeout(0)
def test_schemathesis_finds_nothing_at_the_control_api(tmp_path: Path) -> None:
    # In open access what was deleted is opened again by whoever asks for it: the check for that wants closed access.
    with Server("--access", "closed", environ={"SIMULATOR_CONTROL_TOKEN": "open-sesame-please"}) as closed:
        explore(closed, "control", {"Authorization": "Bearer open-sesame-please"}, tmp_path)
