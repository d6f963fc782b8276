"""Clients that generators make of our documents complete the main flow of both vendors, in Python and in TypeScript."""

import fcntl
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
from tests.clients.environments import HOME, environment
from tests.servers import Sandbox, Server

HERE = Path(__file__).parent
REFERENCE = documents()
TOOLS = Path(sys.executable).parent


def run(*command: str | Path, cwd: Path, env: Mapping[str, str] | None = None) -> str:
    """Run a command that must succeed; what it says."""
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


def fresh(sandbox: Sandbox) -> str:
    """A name that no sandbox has yet."""
    return f"{sandbox.name}-client"[-64:].strip("-")


def test_python_clients_complete_the_main_flow(written: Path, server: Server, sandbox: Sandbox) -> None:
    for name in REFERENCE.names:
        package = f"{name.replace('-', '_')}_client"
        made = ["generate", "--path", f"{name}.json", "--output-path", package, "--meta", "none"]
        said = run(TOOLS / "openapi-python-client", *made, cwd=written)
        assert "will not be generated" not in said
        assert "Unable to process" not in said
    environ = {"PYTHONPATH": str(written)}
    seen: Any = json.loads(
        run(sys.executable, HERE / "generated" / "flow.py", server.url, fresh(sandbox), cwd=written, env=environ)
    )
    assert seen["pymetrics"].pop("score") >= 0
    assert "/pymetrics/reports/" in seen["pymetrics"].pop("report")
    assert seen["pymetrics"] == {
        "again": False,
        "status": "Fulfilled",
        "factors": 9,
        "found": [True],
        "refused": "assessment_id must be the id of one of the configured assessments",
    }
    assert isinstance(seen["predictive_index"].pop("self"), float)
    assert seen["predictive_index"] == {"state": 40, "found": ["Murray"], "people": 1, "report": "%PDF-"}
    assert (seen["mode"], seen["deliveries"]) == ("running", 0)


def tools() -> Path:
    """The folder with what TypeScript clients are made and compiled with, installed once for each lock file."""
    home, lock = HOME / "typescript", (HERE / "typescript" / "package-lock.json").read_text()
    home.mkdir(parents=True, exist_ok=True)
    with (HOME / "typescript.lock").open("w") as locked:
        fcntl.flock(locked, fcntl.LOCK_EX)
        stamp = home / "installed"
        if not stamp.exists() or stamp.read_text() != lock:
            for name in ("package.json", "package-lock.json"):
                shutil.copy(HERE / "typescript" / name, home)
            run("npm", "ci", "--no-audit", "--no-fund", cwd=home)
            stamp.write_text(lock)
    return home / "node_modules"


@pytest.mark.skipif(
    shutil.which("npm") is None and "CI" not in os.environ, reason="wants Node.js 20 or newer, with npm"
)
@pytest.mark.timeout(300)
def test_typescript_clients_compile_and_complete_the_main_flow(written: Path, server: Server, sandbox: Sandbox) -> None:
    (written / "node_modules").symlink_to(tools())
    for name in ("flow.ts", "tsconfig.json"):
        shutil.copy(HERE / "typescript" / name, written)
    for name in REFERENCE.names:
        run("node_modules/.bin/openapi-ts", "-i", f"{name}.json", "-o", name, "--silent", cwd=written)
    run("node_modules/.bin/tsc", cwd=written)
    seen: Any = json.loads(run("node", "built/flow.js", server.url, fresh(sandbox), cwd=written))
    assert seen["pymetrics"].pop("score") >= 0
    assert seen["pymetrics"] == {"status": "Fulfilled", "factors": 9, "refused": 400}
    assert isinstance(seen["predictive_index"].pop("self"), int | float)  # JavaScript writes 0.0 as 0
    assert seen["predictive_index"] == {"state": 40, "found": 1}


GENERATOR = "openapi-generator-cli==7.26.0"
OF_ITS_CLIENTS = ("pydantic>=2.11,<3", "urllib3>=2.7,<3", "python-dateutil>=2.8.2")
WANTS_JAVA = pytest.mark.skipif(
    shutil.which("java") is None and "CI" not in os.environ, reason="wants Java 11 or newer, for openapi-generator"
)


@pytest.fixture
def generator() -> Path:
    """The interpreter of the environment that holds openapi-generator, and what its Python clients need."""
    return environment("openapi-generator", GENERATOR, *OF_ITS_CLIENTS)


def generate(python: Path, folder: Path, language: str, **options: str) -> None:
    """Clients of the three documents by openapi-generator, made by one process."""
    configs = []
    for name in REFERENCE.names:
        package = {"packageName": f"{name.replace('-', '_')}_client"} if language == "python" else {}
        made = {"generatorName": language, "inputSpec": f"{name}.json", "outputDir": options.get("into", name)}
        config = folder / f"{name}.config.json"
        config.write_text(json.dumps({**made, "additionalProperties": package}))
        configs.append(config.name)
    run(python.with_name("openapi-generator-cli"), "batch", "--fail-fast", *configs, cwd=folder)


def seen_by_openapi_generator(seen: Any) -> Any:
    """What a flow saw, without the numbers that follow from the sandbox's seed, which must be numbers."""
    assert seen["pymetrics"].pop("score") >= 0
    assert isinstance(seen["predictive_index"].pop("self"), int | float)  # JavaScript writes 0.0 as 0
    return seen


@WANTS_JAVA
@pytest.mark.timeout(300)
def test_python_clients_of_openapi_generator_complete_the_main_flow(
    written: Path, generator: Path, server: Server, sandbox: Sandbox
) -> None:
    generate(generator, written, "python", into="python")
    run(generator, "-m", "compileall", "-q", "python", cwd=written)
    flow = HERE / "openapi_generator" / "flow.py"
    environ = {"PYTHONPATH": str(written / "python")}
    seen = json.loads(run(generator, flow, server.url, fresh(sandbox), cwd=written, env=environ))
    assert seen_by_openapi_generator(seen) == {
        "pymetrics": {"status": "Fulfilled", "metadata": {"a": 1}, "refused": 400},
        "predictive_index": {"state": 40, "found": ["Murray"], "report": "%PDF-"},
        "mode": "running",
    }


@WANTS_JAVA
@pytest.mark.skipif(
    shutil.which("npm") is None and "CI" not in os.environ, reason="wants Node.js 20 or newer, with npm"
)
@pytest.mark.timeout(300)
def test_typescript_clients_of_openapi_generator_compile_and_complete_the_main_flow(
    written: Path, generator: Path, server: Server, sandbox: Sandbox
) -> None:
    (written / "node_modules").symlink_to(tools())
    shutil.copy(HERE / "openapi_generator" / "flow.ts", written)
    shutil.copy(HERE / "typescript" / "tsconfig.json", written)
    generate(generator, written, "typescript-fetch")
    run("node_modules/.bin/tsc", cwd=written)
    seen = json.loads(run("node", "built/flow.js", server.url, fresh(sandbox), cwd=written))
    assert seen_by_openapi_generator(seen) == {
        "pymetrics": {"status": "Fulfilled", "refused": 400},
        "predictive_index": {"state": 40, "found": ["Hopper"], "report": "%PDF-"},
        "mode": "running",
    }
