"""Clients that generators make of our documents complete the main flow of both vendors, in Python and in TypeScript."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from assessment_simulator.app import documents
from tests.clients.environments import environment, node_environment
from tests.servers import Sandbox

HERE = Path(__file__).parent
REFERENCE = documents()
TOOLS = Path(sys.executable).parent
# The generator, and what its Python clients need.
GENERATOR = ("openapi-generator-cli==7.26.0", "pydantic>=2.11,<3", "urllib3>=2.7,<3", "python-dateutil>=2.8.2")
WANTS_NPM = pytest.mark.skipif(
    shutil.which("npm") is None and "CI" not in os.environ, reason="wants Node.js 20 or newer, with npm"
)
WANTS_JAVA = pytest.mark.skipif(
    shutil.which("java") is None and "CI" not in os.environ, reason="wants Java 11 or newer, for openapi-generator"
)


def run(*command: str | Path, cwd: Path, env: Mapping[str, str] | None = None) -> str:
    """Run a command that must succeed; its standard output."""
    environ = {**os.environ, "PATH": f"{TOOLS}{os.pathsep}{os.environ['PATH']}", **(env or {})}
    ended = subprocess.run(command, capture_output=True, text=True, check=False, cwd=cwd, env=environ)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


@pytest.fixture
def written(tmp_path: Path) -> Path:
    """A folder with the three documents."""
    for name in REFERENCE.names:
        (tmp_path / f"{name}.json").write_text(json.dumps(REFERENCE.get(name)))
    return tmp_path


def flow(sandbox: Sandbox, *command: str | Path, cwd: Path, path: Path | None = None) -> Any:
    """What a flow saw in a new sandbox, without the scores, which must be numbers."""
    name = f"{sandbox.name}-client"[-64:].strip("-")
    seen = json.loads(run(*command, sandbox.url, name, cwd=cwd, env={"PYTHONPATH": str(path)} if path else {}))
    assert seen["pymetrics"].pop("score") >= 0
    assert isinstance(seen["predictive_index"].pop("self"), int | float)  # JavaScript writes 0.0 as 0
    return seen


def test_python_clients_complete_the_main_flow(written: Path, sandbox: Sandbox) -> None:
    for name in REFERENCE.names:
        made = ["generate", "--path", f"{name}.json", "--output-path", f"{name.replace('-', '_')}_client"]
        said = run(TOOLS / "openapi-python-client", *made, "--meta", "none", cwd=written)
        assert "will not be generated" not in said
        assert "Unable to process" not in said
    seen = flow(sandbox, sys.executable, HERE / "generated" / "flow.py", cwd=written, path=written)
    assert "/pymetrics/reports/" in seen["pymetrics"].pop("report")
    assert seen["pymetrics"] == {
        "again": False,
        "status": "Fulfilled",
        "factors": 9,
        "found": [True],
        "refused": "assessment_id must be the id of one of the configured assessments",
    }
    assert seen["predictive_index"] == {"state": 40, "found": ["Murray"], "people": 1, "report": "%PDF-"}
    assert (seen["mode"], seen["deliveries"]) == ("running", 0)


@WANTS_NPM
@pytest.mark.timeout(300)
def test_typescript_clients_compile_and_complete_the_main_flow(written: Path, sandbox: Sandbox) -> None:
    (written / "node_modules").symlink_to(node_environment("typescript", HERE / "typescript") / "node_modules")
    for name in ("flow.ts", "tsconfig.json"):
        shutil.copy(HERE / "typescript" / name, written)
    for name in REFERENCE.names:
        run("node_modules/.bin/openapi-ts", "-i", f"{name}.json", "-o", name, "--silent", cwd=written)
    run("node_modules/.bin/tsc", cwd=written)
    assert flow(sandbox, "node", "built/flow.js", cwd=written) == {
        "pymetrics": {"status": "Fulfilled", "factors": 9, "refused": 400},
        "predictive_index": {"state": 40, "found": 1},
    }


def generate(folder: Path, language: str, into: str = "") -> Path:
    """Clients of the three documents by openapi-generator, made by one process; the interpreter that has it."""
    python = environment("openapi-generator", *GENERATOR)
    for name in REFERENCE.names:
        package = {"packageName": f"{name.replace('-', '_')}_client"} if language == "python" else {}
        made = {"generatorName": language, "inputSpec": f"{name}.json", "outputDir": into or name}
        (folder / f"{name}.config.json").write_text(json.dumps({**made, "additionalProperties": package}))
    configs = [f"{name}.config.json" for name in REFERENCE.names]
    run(python.with_name("openapi-generator-cli"), "batch", "--fail-fast", *configs, cwd=folder)
    return python


@WANTS_JAVA
@pytest.mark.timeout(300)
def test_python_clients_of_openapi_generator_complete_the_main_flow(written: Path, sandbox: Sandbox) -> None:
    python = generate(written, "python", into="python")
    run(python, "-m", "compileall", "-q", "python", cwd=written)
    script = HERE / "openapi_generator" / "flow.py"
    assert flow(sandbox, python, script, cwd=written, path=written / "python") == {
        "pymetrics": {"status": "Fulfilled", "metadata": {"a": 1}, "refused": 400},
        "predictive_index": {"state": 40, "found": ["Murray"], "report": "%PDF-"},
        "mode": "running",
    }


@WANTS_JAVA
@WANTS_NPM
@pytest.mark.timeout(300)
def test_typescript_clients_of_openapi_generator_compile_and_complete_the_main_flow(
    written: Path, sandbox: Sandbox
) -> None:
    (written / "node_modules").symlink_to(node_environment("typescript", HERE / "typescript") / "node_modules")
    shutil.copy(HERE / "openapi_generator" / "flow.ts", written)
    shutil.copy(HERE / "typescript" / "tsconfig.json", written)
    generate(written, "typescript-fetch")
    run("node_modules/.bin/tsc", cwd=written)
    assert flow(sandbox, "node", "built/flow.js", cwd=written) == {
        "pymetrics": {"status": "Fulfilled", "refused": 400},
        "predictive_index": {"state": 40, "found": ["Hopper"], "report": "%PDF-"},
        "mode": "running",
    }
