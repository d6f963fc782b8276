"""What docs/contracts.md says is true: every command of it runs, and every option is there."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from assessment_contracts.cli import FACTS
from assessment_contracts.cli import server as command
from assessment_contracts.target import KEYS
from tests.servers import ROOT, Server

PAGE = (ROOT / "docs" / "contracts.md").read_text("utf-8")
BLOCKS: list[str] = re.findall(r"```bash\n(.*?)```", PAGE, re.DOTALL)
WRITTEN = "http://127.0.0.1:8787"


def play(block: str, server: Server, cwd: Path) -> "subprocess.CompletedProcess[str]":
    """Run a shell block as a reader would, against the test's server."""
    clean = {
        name: value for name, value in os.environ.items() if not name.startswith(("PI_", "PYMETRICS_", "SIMULATOR_"))
    }
    environ = clean | {
        "PYTHONPATH": str(ROOT),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", block.replace(WRITTEN, server.url)], cwd=cwd, env=environ,
        capture_output=True, text=True, check=False, timeout=100,
    )  # fmt: skip


ENDINGS: list[tuple[str, str]] = [
    ("--only 'pymetrics.token.*'", " rules and promises shown to hold; "),
    ("--pyargs assessment_contracts", " passed"),
    ("--only 'pi.create.*'", " not asked; "),
    ("grep -c last_held", str(len(FACTS))),
]


@pytest.mark.parametrize(("about", "ending"), ENDINGS)
def test_every_command_of_the_page_ends_as_it_says(about: str, ending: str, server: Server, tmp_path: Path) -> None:
    (block,) = (block for block in BLOCKS if about in block)
    ended = play(block, server, tmp_path)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert ending in ended.stdout.splitlines()[-1], ended.stdout[-500:]


def test_no_command_of_the_page_is_left_untried() -> None:
    assert len(BLOCKS) == len(ENDINGS)


def test_the_page_names_every_option() -> None:
    options = {option for parameter in command.params for option in parameter.opts if option.startswith("--")}
    assert {option for option in options if f"`{option}" not in PAGE} <= {"--target", "--fail-fast"}


def test_the_page_names_every_credential() -> None:
    assert [name for names in KEYS.values() for name in names if f"`{name}`" not in PAGE] == []
