"""Environments of their own for vendors' clients, whose pins clash with ours; made once, kept under `.venvs/`."""

import fcntl
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.servers import ROOT

# legacy-cgi: the SDK's httpx wants a module that Python 3.13 no longer has.
PYMETRICS_SDK = ("pymetrics-sdk", "pymetrics-assessment-api-client==1.0.1", "legacy-cgi; python_version >= '3.13'")
# The SDK pins no urllib3, and breaks under some: 2.6.0 took away what it calls.
SOFT_SKILLS_SDK = ("pymetrics-soft-skills-sdk", "pymetrics-soft-skills-sdk==1.0.2", "urllib3==2.8.0")

STANDARD_WEBHOOKS = ("standard-webhooks", "standardwebhooks==1.1.0")

WANTS_NODE = pytest.mark.skipif(
    shutil.which("node") is None and "CI" not in os.environ, reason="wants Node.js 18 or newer"
)

# Where they are kept; `CLIENT_VENVS` names another place, for a cache that outlives the clone.
HOME = Path(os.environ.get("CLIENT_VENVS", ROOT / ".venvs"))


def environment(name: str, *requirements: str) -> Path:
    """The interpreter of the environment `name`, which holds `requirements`; raises when it cannot be made.

    Made anew when the requirements or our own Python change. Several processes may ask at once.
    """
    home = HOME / f"{name}-{sys.version_info.major}.{sys.version_info.minor}"
    python, stamp = home / "bin" / "python", home / "requirements"
    HOME.mkdir(parents=True, exist_ok=True)
    with (HOME / f"{home.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not stamp.exists() or stamp.read_text() != "\n".join(requirements):
            shutil.rmtree(home, ignore_errors=True)
            _run(sys.executable, "-m", "venv", str(home))
            if uv := shutil.which("uv"):
                _run(uv, "pip", "install", "--quiet", "--python", str(python), *requirements)
            else:
                _run(str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *requirements)
            stamp.write_text("\n".join(requirements))
    return python


def node_environment(name: str, source: Path) -> Path:
    """A folder with the npm packages that the lock file in `source` names, installed once for each lock file."""
    home, lock = HOME / f"{name}-node", (source / "package-lock.json").read_text()
    home.mkdir(parents=True, exist_ok=True)
    with (HOME / f"{home.name}.lock").open("w") as locked:
        fcntl.flock(locked, fcntl.LOCK_EX)
        stamp = home / "installed"
        if not stamp.exists() or stamp.read_text() != lock:
            for file in ("package.json", "package-lock.json"):
                shutil.copy(source / file, home)
            _run("npm", "ci", "--no-audit", "--no-fund", cwd=home)
            stamp.write_text(lock)
    return home


def _run(*command: str, cwd: Path | None = None) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=cwd)
    if done.returncode:
        message = f"{' '.join(command)} ended with {done.returncode}\n{done.stdout}{done.stderr}"
        raise RuntimeError(message)
