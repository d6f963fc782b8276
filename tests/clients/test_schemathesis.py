"""Schemathesis, with all its checks and its stateful phase, finds nothing between our documents and our answers.

`SCHEMATHESIS_EXAMPLES` asks for more than the few examples of every day: 300 take some minutes.
"""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.servers import CONTROL, Sandbox, Server

EXAMPLES = os.environ.get("SCHEMATHESIS_EXAMPLES", "10")
HERE = Path(__file__).parent


def explore(server: Server, name: str, headers: Mapping[str, str], folder: Path) -> None:
    """Let schemathesis loose on a document; it must find nothing, in any of its phases."""
    run = subprocess.run(
        [
            Path(sys.executable).with_name("schemathesis"), "--config-file", HERE / "schemathesis.toml", "run",
            f"{server.url}/_simulator/openapi/{name}.json", "--mode", "all", "--max-examples", EXAMPLES,
            # Ours stands for this check, and knows what no schema can say.
            "--exclude-checks", "positive_data_acceptance", "--continue-on-failure",
            # The document too is requested with these headers.
            *(part for header in headers.items() for part in ("--header", ": ".join(header))),
        ],
        capture_output=True, text=True, check=False, cwd=folder,
        env={**os.environ, "NO_COLOR": "1", "PYTHONPATH": str(HERE), "SCHEMATHESIS_HOOKS": "openapi_checks"},
    )  # fmt: skip
    assert run.returncode == 0, run.stdout[-20_000:] + run.stderr
    assert "Stateful" in run.stdout


@pytest.mark.timeout(0)
@pytest.mark.parametrize("name", ["pymetrics", "predictive-index"])
def test_schemathesis_finds_nothing_at_a_vendor(name: str, sandbox: Sandbox, server: Server, tmp_path: Path) -> None:
    sandbox.control_json("PATCH", "/config", {"progress": "PT0S"})  # so that there are results to ask for
    explore(server, name, (sandbox.pymetrics if name == "pymetrics" else sandbox.pi).headers, tmp_path)


@pytest.mark.timeout(0)
def test_schemathesis_finds_nothing_at_the_control_api(tmp_path: Path, closed: Server) -> None:
    # In open access a deleted sandbox is opened again by its next request: the check for that wants closed access.
    explore(closed, "control", CONTROL, tmp_path)
