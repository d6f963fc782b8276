"""The repository: one version, its pages and scripts, the container image and the wheel."""

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
# A path of a developer's machine, and the address of a package registry: the settings of pip and npm have that.
PRIVATE = re.compile(
    r"""(?<![\w.~$}/-])/(?:home|Users|root|work|workspace|mnt)/[\w.-]|\b[A-Z]:\\Users\\"""
    r"""|//[\w.-]*(?:npmjs\.org|npmjs\.com|yarnpkg\.com|pythonhosted\.org|pypi\.org)\b"""
)


def test_all_versions_are_equal() -> None:
    assert PROJECT["project"]["version"] == assessment_simulator.__version__
    assert re.search(
        rf"^## \[?{re.escape(assessment_simulator.__version__)}\b", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE
    )


def test_pages_and_scripts_exist() -> None:
    for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE"):
        assert (ROOT / name).read_text().strip()
    assert {ROOT / "scripts" / name for name in ("install", "serve", "test", "check", "docs", "image")} <= {*SCRIPTS}


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_a_script_is_executable_and_a_shell_script_stops_at_the_first_error(script: Path) -> None:
    text = script.read_text()
    assert script.stat().st_mode & 0o111 == 0o111
    assert text.startswith(("#!/usr/bin/env bash\n", "#!/usr/bin/env python3\n"))
    if "bash" in text.partition("\n")[0]:
        assert subprocess.run(["bash", "-n", script], check=False).returncode == 0
        assert "\nset -euo pipefail\n" in text


def test_no_file_contains_a_path_of_a_machine_or_the_address_of_a_package_registry() -> None:
    # Every file that is or would be in git.
    listing = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    names = subprocess.run(listing, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
    found = {
        f"{name}: {line.strip()}"
        for name in names
        if (ROOT / name).is_file()
        for line in (ROOT / name).read_bytes().decode(errors="replace").splitlines()
        if PRIVATE.search(line)
    }
    assert found == set()


def test_private_paths_and_registries_are_distinguished_from_addresses() -> None:
    private = ("see " + "/home/" + "ada/notes", "(" + "/root/" + ".cache)", "'" + "/Users/" + "ada'")
    registries = ("https:/" + "/registry.npmjs.org/x", "https:/" + "/pypi.org/simple")
    assert all(map(PRIVATE.search, (*private, *registries)))
    addresses = ("https://example.com/home/page", "src/mnt/a", "/api/v1/root/x", "$HOME/mnt/x", "/homepage")
    assert not any(map(PRIVATE.search, addresses))


def instructions() -> dict[str, list[str]]:
    """The Dockerfile's instructions: what follows each word, lines joined."""
    text = re.sub(r"^#.*\n", "", (ROOT / "Dockerfile").read_text(), flags=re.MULTILINE).replace("\\\n", " ")
    found: dict[str, list[str]] = {}
    for line in filter(None, text.splitlines()):
        word, rest = line.split(maxsplit=1)
        found.setdefault(word, []).append(rest)
    return found


def test_the_image_has_open_access_an_unprivileged_user_one_port_and_a_health_check() -> None:
    said = instructions()
    assert "SIMULATOR_ACCESS=open" in " ".join(said["ENV"])
    [user] = said["USER"]
    assert int(user.split(":")[0]) >= 1000
    assert said["EXPOSE"] == ["8787"]
    assert said["ARG"][0].startswith("BASE=")
    assert json.loads(said["HEALTHCHECK"][0].partition("CMD")[2]) == ["assessment-simulator", "ready"]
    assert json.loads(said["ENTRYPOINT"][0]) == ["assessment-simulator"]
    assert json.loads(said["CMD"][0]) == ["serve"]


def test_the_wheel_holds_both_packages_and_the_command() -> None:
    packages = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    assert packages == ["simulator/assessment_simulator", "contracts/assessment_contracts"]
    assert PROJECT["project"]["scripts"] == {"assessment-simulator": "assessment_simulator.cli:main"}
