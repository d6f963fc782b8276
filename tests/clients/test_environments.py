"""The wheel installs beside what users' environments hold, and the test of the README passes there."""

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.clients.environments import HOME, environment
from tests.pages import README, blocks
from tests.servers import ROOT

# By name: the extras, and what else is installed in the same command.
BESIDE = {
    "fastapi 0.115": ("pytest", "fastapi==0.115.*"),
    "newest fastapi": ("pytest", "fastapi"),
    "flask 3.0": ("pytest", "flask==3.0.*", "requests"),
    "django 5": ("pytest", "django==5.*", "requests"),
    "pydantic 2.10": ("pytest", "pydantic==2.10.*"),
    "click 8.1": ("pytest", "click==8.1.*"),
    "pytest 8.0": ("pytest", "pytest==8.0.*"),
    "pytest 8.0 and contracts": ("pytest,contracts", "pytest==8.0.*"),
    "newest fastapi and contracts": ("pytest,contracts", "fastapi"),
}


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this tree, at a path that names its content: only another one needs a new environment."""
    built = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(built)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (file,) = built.iterdir()
    kept = HOME / "wheels" / hashlib.sha256(file.read_bytes()).hexdigest()[:16] / file.name
    kept.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(file, kept)
    return kept


@pytest.mark.timeout(400)
@pytest.mark.parametrize("name", BESIDE)
def test_the_wheel_installs_and_the_test_of_the_readme_passes(name: str, wheel: Path, tmp_path: Path) -> None:
    extras, *others = BESIDE[name]
    python = environment(f"beside {name}", f"assessment-simulator[{extras}] @ file://{wheel}", *others)
    (test,) = blocks(README, "python")
    (tmp_path / "test_readme.py").write_text(test)
    run(python, "-m", "pip", "check")
    assert "1 passed" in run(python, "-m", "pytest", "-q", "-p", "no:cacheprovider", cwd=tmp_path)
    for requirement in others:
        package, _, version = requirement.partition("==")
        assert run(python, "-c", f"from importlib.metadata import version; print(version({package!r}))").startswith(
            version.removesuffix("*")
        )
    if "contracts" in extras:
        check = ("check", "client", "assessment_contracts.examples.reference:Client", "--only", "client.pymetrics.id_*")
        assert "1 of 1 passed" in run(python, "-m", "assessment_simulator", *check)


def run(python: Path, *arguments: str, cwd: Path | None = None) -> str:
    """Standard output of a command that must succeed."""
    done = subprocess.run([str(python), *arguments], cwd=cwd, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
