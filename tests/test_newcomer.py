"""A newcomer with nothing but the README: each of its install lines, and the steps of a CI job, in an empty folder."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import httpx2
import pytest
from ruamel.yaml import YAML

from tests.pages import README, SHELL, blocks
from tests.servers import GREETING, ROOT
from tests.waiting import free_port

pytestmark = pytest.mark.timeout(900)
SERVE, DEMO, CLONE, WHEEL = blocks(README, "sh")
JOB = YAML(typ="safe").load(ROOT / "docs" / "examples" / "github-actions.yml")["jobs"]["pytest"]
IGNORED = shutil.ignore_patterns(".venv*", ".git", "node_modules", "__pycache__", ".*_cache", ".bench")


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh clone."""
    return Path(shutil.copytree(ROOT, tmp_path_factory.mktemp("clone") / "clone", ignore=IGNORED))


@pytest.fixture(scope="module")
def environ() -> dict[str, str]:
    """An environment without uv, whose cache and speed a newcomer does not have."""
    places = [place for place in SHELL["PATH"].split(os.pathsep) if not (Path(place) / "uv").exists()]
    return {**SHELL, "PATH": os.pathsep.join(places), "PYTHON": sys.executable}


def run(script: str, folder: Path, environ: dict[str, str]) -> str:
    """What a script prints that a newcomer types in a folder."""
    command = ["bash", "-euo", "pipefail", "-c", script]
    done = subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def in_venv(folder: Path, environ: dict[str, str]) -> dict[str, str]:
    """The environment of a new venv in a folder."""
    subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True)
    return {**environ, "PATH": f"{folder}/venv/bin{os.pathsep}{environ['PATH']}"}


def test_a_job_of_continuous_integration_is_green_within_ten_minutes(
    clone: Path, environ: dict[str, str], tmp_path: Path
) -> None:
    begun = time.monotonic()
    environ = in_venv(tmp_path, environ)
    build, install = WHEEL.strip().splitlines()
    run(build.replace("/path/to/the/clone", str(clone)), tmp_path, environ)
    shutil.copytree(clone / "docs" / "examples" / "suite", tmp_path / "suite")
    steps = [step["run"] for step in JOB["steps"] if "run" in step]
    assert steps[0] == install
    said = [run(step, tmp_path, environ) for step in steps]
    assert "2 passed" in said[-1]
    assert time.monotonic() - begun < 600


def test_the_first_command_shows_its_progress_and_serves_both_vendors_within_five_minutes(
    clone: Path, environ: dict[str, str]
) -> None:
    begun = time.monotonic()
    port = str(free_port())
    with subprocess.Popen(
        ["bash", "-c", f"exec {SERVE.strip()} --port {port}"], cwd=clone, env=environ, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as server:  # fmt: skip
        assert server.stdout
        assert server.stderr
        try:
            url = server.stdout.readline().removeprefix(GREETING).strip()
            variables = run(f". .venv/bin/activate && assessment-simulator env --url {url}", clone, environ)
            keys = dict(line.split("=", 1) for line in variables.splitlines())
            # Calls of a page on another port, as a front end in development makes them.
            origin = {"Origin": "http://localhost:3000"}
            person = {"firstName": "Ada", "lastName": "Lovelace", "email": "ada+completes@example.com"}
            pi = httpx2.post(
                f"{keys['PI_BASE_URL']}/behavioralassessments", headers={**origin, "api-key": keys["PI_API_KEY"]},
                json=person, trust_env=False,
            )  # fmt: skip
            pymetrics = httpx2.post(
                f"{keys['PYMETRICS_BASE_URL']}/mercury/oauth/token", headers=origin, trust_env=False,
                json={
                    "client_id": keys["PYMETRICS_CLIENT_ID"], "client_secret": keys["PYMETRICS_CLIENT_SECRET"],
                    "grant_type": "client_credentials",
                },
            )  # fmt: skip
            for answer in (pi, pymetrics):
                assert answer.status_code == 201, answer.text
                assert answer.headers["access-control-allow-origin"] == origin["Origin"]
            assert time.monotonic() - begun < 300
            assert "The Predictive Index" in run(DEMO.strip(), clone, environ)
        finally:
            server.terminate()
        said = server.stderr.read()
    assert "  10 packages found\n" in said
    assert f"dashboard:         {url}/" in said


def test_the_line_for_an_environment_of_ones_own_installs_the_fixture(
    clone: Path, environ: dict[str, str], tmp_path: Path
) -> None:
    environ = in_venv(tmp_path, environ)
    run(CLONE.replace("/path/to/the/clone", str(clone)), tmp_path, environ)
    (test,) = blocks(README, "python")
    (tmp_path / "test_readme.py").write_text(test)
    assert "1 passed" in run("pytest", tmp_path, environ)
