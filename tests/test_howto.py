"""The how-to page for pytest: every example of it runs, as it stands there."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from assessment_simulator import pytest_plugin
from assessment_simulator.client import Simulator
from tests.pages import README, WRITTEN, blocks, listed, page, rows
from tests.servers import Server
from tests.suites import environment, passed, run, written

PAGE = page("pytest.md")
PYTHON = [*blocks(PAGE, "python"), *blocks(README, "python")]
# Blocks that say which file they are: one suite, with settings of its own.
NAMED = {name: block for block in PYTHON for name in re.findall(r"\A# (\w+\.py)\n", block)}
SCRIPTS = [block for block in PYTHON if "def test_" not in block and block not in NAMED.values()]
SUITES = [block for block in PYTHON if block not in SCRIPTS and block not in NAMED.values()]


@pytest.mark.parametrize("block", SUITES, ids=lambda block: re.findall(r"def (test_\w+)", block)[0])
def test_an_example_passes_as_a_suite_of_its_own(block: str, tmp_path: Path, server: Server) -> None:
    written(tmp_path, {"test_example.py": block})
    passed(run(tmp_path, SIMULATOR_URL=server.url), block.count("def test_"))


def test_the_example_with_settings_of_its_own_passes(tmp_path: Path) -> None:
    assert sorted(NAMED) == ["conftest.py", "test_settings.py"]
    passed(run(written(tmp_path, NAMED)), 1)


def test_the_example_without_pytest_ends_well(server: Server) -> None:
    (script,) = SCRIPTS
    script = script.replace(WRITTEN, server.url)
    subprocess.run([sys.executable, "-W", "error", "-c", script], env=environment(), check=True, timeout=30)


def test_the_page_lists_every_fixture_and_every_member_of_a_sandbox() -> None:
    fixtures = {name for name in vars(pytest_plugin) if name.startswith("simulator")}
    assert {*listed(PAGE, "fixture", r"^`(\w+)`")} == fixtures
    methods = {name for name in dir(Simulator) if not name.startswith("_")}
    said = {name for row in rows(PAGE, "member") for cell in row for name in re.findall(r"`(\w+)", cell)}
    assert methods - said == {"close"}  # the fixture's own business
