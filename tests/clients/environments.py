"""Environments of their own for vendors' clients, whose pins clash with ours; made once, kept under `.venvs/`."""

import fcntl
import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.servers import ROOT

HOME = Path(os.environ.get("CLIENT_VENVS", ROOT / ".venvs"))
"""Where they are kept; `CLIENT_VENVS` names another place, for a cache that outlives the clone."""


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


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        message = f"{' '.join(command)} ended with {done.returncode}\n{done.stdout}{done.stderr}"
        raise RuntimeError(message)
