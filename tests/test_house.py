"""The house around the program: versions agree, pages are there, scripts run, the container is what it says."""

import json
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

import assessment_simulator
from tests.servers import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
SCRIPTS = [*(path for path in sorted((ROOT / "scripts").iterdir()) if path.is_file()), ROOT / ".ci" / "run"]
TRACKED = [
    ROOT / name
    for name in subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split("\0")
    if name and (ROOT / name).is_file()
]
"""Every file that is or would be in git."""

PRIVATE = re.compile(r"""(?<![\w.~$}/-])/(?:home|Users|root|work|workspace|mnt)/[\w.-]|\b[A-Z]:\\Users\\""")
"""A path of somebody's machine."""


def test_the_version_is_one_everywhere() -> None:
    assert PROJECT["project"]["version"] == assessment_simulator.__version__
    assert re.search(
        rf"^## \[?{re.escape(assessment_simulator.__version__)}\b", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE
    )


@pytest.mark.parametrize("name", ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE"])
def test_the_page_is_there(name: str) -> None:
    assert (ROOT / name).read_text().strip()


@pytest.mark.parametrize("name", ["install", "serve", "test", "check", "docs", "image"])
def test_the_script_is_there(name: str) -> None:
    assert ROOT / "scripts" / name in SCRIPTS


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_a_script_can_be_run_and_names_its_interpreter(script: Path) -> None:
    first = script.read_text().splitlines()[0]
    assert script.stat().st_mode & 0o111 == 0o111
    assert first in ("#!/usr/bin/env bash", "#!/usr/bin/env python3")


@pytest.mark.parametrize(
    "script", [path for path in SCRIPTS if "bash" in path.read_text().splitlines()[0]], ids=lambda path: path.name
)
def test_a_shell_script_stops_at_the_first_error(script: Path) -> None:
    assert subprocess.run(["bash", "-n", script], check=False).returncode == 0
    assert "\nset -euo pipefail\n" in script.read_text()


def test_no_file_names_a_path_of_a_machine() -> None:
    found = {
        f"{path.relative_to(ROOT)}: {line.strip()}"
        for path in TRACKED
        for line in path.read_bytes().decode(errors="replace").splitlines()
        if PRIVATE.search(line)
    }
    assert found == set()


@pytest.mark.parametrize(
    "line", ["see " + "/home/" + "ada/notes", "(" + "/root/" + ".cache)", "'" + "/Users/" + "ada'"]
)
def test_a_path_of_a_machine_is_seen(line: str) -> None:
    assert PRIVATE.search(line)


@pytest.mark.parametrize(
    "line", ["https://example.com/home/page", "src/mnt/a", "/api/v1/root/x", "$HOME/mnt/x", "/homepage"]
)
def test_an_address_is_no_path_of_a_machine(line: str) -> None:
    assert not PRIVATE.search(line)


def instructions() -> dict[str, list[str]]:
    """The Dockerfile's instructions: what follows each word, lines joined."""
    text = re.sub(r"^#.*\n", "", (ROOT / "Dockerfile").read_text(), flags=re.MULTILINE).replace("\\\n", " ")
    found: dict[str, list[str]] = {}
    for line in filter(None, text.splitlines()):
        word, rest = line.split(maxsplit=1)
        found.setdefault(word, []).append(rest)
    return found


def test_the_image_opens_access_in_plain_sight_and_runs_as_nobody_special() -> None:
    said = instructions()
    assert "SIMULATOR_ACCESS=open" in " ".join(said["ENV"])
    [user] = said["USER"]
    assert int(user.split(":")[0]) >= 1000


def test_the_image_has_one_port_and_asks_itself_for_its_health() -> None:
    said = instructions()
    assert said["EXPOSE"] == ["8787"]
    assert said["ARG"][0].startswith("BASE=")
    assert json.loads(said["HEALTHCHECK"][0].partition("CMD")[2]) == ["assessment-simulator", "ready"]
    assert json.loads(said["ENTRYPOINT"][0]) == ["assessment-simulator"]
    assert json.loads(said["CMD"][0]) == ["serve"]


def test_the_wheel_holds_both_packages_and_the_command() -> None:
    assert PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"] == [
        "simulator/assessment_simulator",
        "contracts/assessment_contracts",
    ]
    assert PROJECT["project"]["scripts"] == {"assessment-simulator": "assessment_simulator.cli:main"}
