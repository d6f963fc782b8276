"""What measures: its options, and the places for its figures in the documents."""

import re
import subprocess
import sys

import pytest

from tests.servers import ROOT

BENCHMARKS = (ROOT / "docs" / "benchmarks.md").read_text()
RELIABILITY = (ROOT / "docs" / "reliability.md").read_text()


def told(expression: str) -> str:
    """What an expression over the measuring packages gives."""
    code = f"import sys; sys.path.insert(0, 'scripts'); {expression}"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.mark.parametrize(
    "options",
    [
        ("--only", "nope"),
        ("--quick", "--write", "docs/benchmarks.md"),
        ("--only", "read", "--write", "docs/benchmarks.md"),
    ],
)
def test_what_the_bench_cannot_do_is_refused(options: tuple[str, ...]) -> None:
    script = ROOT / "scripts" / "bench"
    done = subprocess.run([script, *options], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert "scripts/bench: error:" in done.stderr


def test_every_table_has_its_place_in_the_documents() -> None:
    sections = told("from benchmarks.report import SECTIONS; print(*SECTIONS)").split()
    parts = told("from soaking.parts import PARTS; print(*PARTS)").split()
    assert re.findall(r"<!-- (\w+): begin -->", BENCHMARKS) == sections
    assert re.findall(r"<!-- soak (\w+): begin -->", RELIABILITY) == parts


def test_the_documents_say_of_every_tool_what_it_does() -> None:
    assert told("from benchmarks.rivals.comparing import told; print(told())") in BENCHMARKS
