"""What docs/client-contracts.md says is true: a newcomer who follows it gets the grades that it shows."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from assessment_contracts.cli import client
from assessment_contracts.clients.adapter import KINDS, METHODS
from assessment_contracts.clients.bench import LIMIT
from assessment_contracts.clients.features import FEATURES
from tests.clients.environments import WANTS_NODE
from tests.servers import ROOT

PAGE = (ROOT / "docs" / "client-contracts.md").read_text("utf-8")


def blocks(language: str) -> list[str]:
    """The code blocks of the page."""
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def rows(heading: str) -> list[list[str]]:
    """The rows of the table whose first column has that heading."""
    table = re.search(rf"^\| {heading} \|.*?\n\|[-|]+\n((?:\|.*\n)+)", PAGE, re.MULTILINE)
    assert table, heading
    return [[cell.strip() for cell in row.strip("|").split(" | ")] for row in table[1].splitlines()]


def play(block: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a shell block as a reader would, where the page's files were saved."""
    (cwd / "ours.py").write_text(blocks("python")[0])
    (cwd / "test_contracts.py").write_text(blocks("python")[1])
    (cwd / "adapter.mjs").write_text(blocks("js")[0])
    environ = {
        **os.environ, "PYTHONPATH": str(ROOT), "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }  # fmt: skip
    command = ["bash", "-euo", "pipefail", "-c", block]
    return subprocess.run(command, cwd=cwd, env=environ, capture_output=True, text=True, check=False, timeout=100)


ENDINGS: list[tuple[str, int, str]] = [
    ("ours:Client", 1, "15 of 18 held, 3 broken, 38 not claimed; "),
    ("test_contracts.py", 0, "18 passed, 38 skipped in "),
    ("node adapter.mjs", 1, "16 of 18 held, 2 broken, 38 not claimed; "),
    ("assessment_contracts.examples.reference:Client", 0, "2 of 2 held; "),
]


@pytest.mark.parametrize(
    ("about", "status", "ending"),
    [pytest.param(*row, id=row[0], marks=[WANTS_NODE] if "node" in row[0] else []) for row in ENDINGS],
)
def test_every_command_of_the_page_ends_as_it_says(about: str, status: int, ending: str, tmp_path: Path) -> None:
    (block,) = (block for block in blocks("bash") if about in block)
    ended = play(block, tmp_path)
    assert ended.returncode == status, ended.stdout + ended.stderr
    assert ended.stdout.splitlines()[-1].startswith(ending), ended.stdout[-500:]
    assert ended.stderr == ""


def test_no_command_of_the_page_is_left_untried() -> None:
    assert len(blocks("bash")) == len(ENDINGS)


def test_the_grade_that_the_page_shows_is_that_of_its_adapter() -> None:
    assert f"\n{ENDINGS[0][2]}" in PAGE


def test_the_first_adapter_is_short() -> None:
    assert len([line for line in blocks("python")[0].splitlines() if line.strip()]) <= 25


def test_the_page_lists_every_feature_with_its_meaning() -> None:
    listed = {feature.strip("`"): meaning for feature, meaning in rows("feature")}
    assert listed == {id: feature.meaning for id, feature in FEATURES.items()}


def test_the_page_lists_every_method_and_every_kind_of_error() -> None:
    assert [row[0].strip("`").partition("(")[0] for row in rows("method")] == list(METHODS)
    assert [row[0].strip("`") for row in rows("kind")] == list(KINDS)


def test_the_page_lists_every_option() -> None:
    listed = {name for row in rows("option") for name in re.findall(r"`(-[-\w]*)", row[0])}
    known = {option for parameter in client.params for option in parameter.opts if option.startswith("-")}
    assert listed == (known - {"--command", "--fail-fast"})


def test_the_limit_of_a_call_is_the_one_that_the_page_names() -> None:
    assert LIMIT == 8
    assert "within eight seconds" in " ".join(PAGE.split())
