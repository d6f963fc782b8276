"""A release: what the script checks, and what the page about upgrading says to do."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from assessment_simulator import __version__
from assessment_simulator.app import VENDORS
from tests.pages import blocks, page, play
from tests.servers import ROOT, Server
from tests.suites import passed, run, written

PAGE = page("upgrading.md")
IMPORTS, RULES = blocks(PAGE, "bash")
SUITES = [block for block in blocks(PAGE, "python") if "def test_" in block]


def release(*arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [str(ROOT / "scripts" / "release"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=110, check=False)


def test_a_dry_run_of_a_release_checks_both_distributions_and_leaves_nothing() -> None:
    done = release("--dry-run")
    assert done.returncode == 0, done.stderr
    names = [f"assessment_simulator-{__version__}{end}" for end in ("-py3-none-any.whl", ".tar.gz")]
    assert done.stdout.splitlines() == names
    assert done.stderr.count("PASSED") == 2
    assert not (ROOT / "dist").exists()
    assert release("--upload").returncode == 2


def test_the_first_section_of_the_changelog_is_that_of_this_version() -> None:
    headings = re.findall(r"^## (.*)$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert [heading.partition(" \N{EN DASH} ")[0] for heading in headings] == [__version__, "0.1.0"]
    assert f"## From 0.1 to {__version__.rpartition('.')[0]}\n" in PAGE


OLD = """
import simulator.settings
from contracts.clients.adapter import ClientError
from simulator.client import Simulator

RULES = ["pi.door.route", "pymetrics.door.verb"]
"""


def test_the_commands_change_imports_and_rule_ids_to_those_that_there_are(tmp_path: Path) -> None:
    written(tmp_path, {"tests/test_old.py": OLD, "tests/test_none.py": "import os\n"})
    play(f"{IMPORTS}\n{RULES}", "", cwd=tmp_path)
    new = (tmp_path / "tests" / "test_old.py").read_text()
    command = [sys.executable, "-W", "error", "-c", f"{new}\nprint(*RULES)"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True, timeout=60)
    known = {rule.id for vendor in VENDORS.values() for rule in vendor.rules}
    assert done.stdout.split() == ["pi.http.route", "pymetrics.http.verb"]
    assert {*done.stdout.split()} <= known


def test_the_imports_of_the_page_exist() -> None:
    (imports,) = (block for block in blocks(PAGE, "python") if block not in SUITES)
    subprocess.run([sys.executable, "-W", "error", "-c", imports], check=True, timeout=60)


@pytest.mark.parametrize("block", SUITES, ids=lambda block: re.findall(r"def (test_\w+)", block)[0])
def test_an_example_passes_as_a_suite_of_its_own(block: str, tmp_path: Path, server: Server) -> None:
    passed(run(written(tmp_path, {"test_example.py": block}), SIMULATOR_URL=server.url), 1)
