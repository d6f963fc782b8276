"""The scripts that measure, load and photograph: what they refuse, short runs, and their places in the documents."""

import re
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from screens.shots import SHOTS
from tests.browser import wants_chromium
from tests.pages import page
from tests.servers import ROOT

SHOWN = {f"{shot.name}-{variant}.png" for shot in SHOTS for variant in shot.shown}


def run(script: str, *arguments: str, status: int = 0, timeout: int = 110) -> "subprocess.CompletedProcess[str]":
    """The script, which must end with `status`."""
    command = [str(ROOT / "scripts" / script), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False)
    assert done.returncode == status, done.stdout + done.stderr
    return done


@pytest.mark.parametrize(
    ("script", "options", "words"),
    [
        ("bench", ("--only", "nope"), ("scripts/bench: error:",)),
        ("bench", ("--quick", "--write", "docs/benchmarks.md"), ("scripts/bench: error:",)),
        ("bench", ("--only", "read", "--write", "docs/benchmarks.md"), ("scripts/bench: error:",)),
        ("soak", ("--only", "nope"), ("scripts/soak: error:",)),
        ("soak", ("--short", "--write", "docs/reliability.md"), ("scripts/soak: error:",)),
        ("soak", ("extra",), ("scripts/soak: error:",)),
        ("screenshots", ("--only", "nope,ats"), ("knows no nope", "reference")),
    ],
)
def test_what_a_script_cannot_do_is_refused(script: str, options: tuple[str, ...], words: tuple[str, ...]) -> None:
    said = run(script, *options, status=2).stderr
    assert [word for word in words if word not in said] == []


def printed(expression: str) -> str:
    """What an expression over the measuring packages gives."""
    code = f"import sys; sys.path.insert(0, 'scripts'); {expression}"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_every_table_of_figures_has_its_place_in_the_documents() -> None:
    benchmarks, reliability = page("benchmarks.md"), page("reliability.md")
    sections = printed("from benchmarks.report import SECTIONS; print(*SECTIONS)").split()
    parts = printed("from soaking.parts import PARTS; print(*PARTS)").split()
    assert re.findall(r"<!-- (\w+): begin -->", benchmarks) == sections
    assert re.findall(r"<!-- soak (\w+): begin -->", reliability) == parts
    assert printed("from benchmarks.rivals.comparing import told; print(told())") in benchmarks


@pytest.mark.timeout(300)
@pytest.mark.parametrize("part", ["requests", "sandboxes", "webhooks", "silent", "unread"])
def test_a_short_soak_keeps_its_bounds(part: str) -> None:
    assert "\nok  " in run("soak", "--short", "--only", part, timeout=280).stdout


def test_the_documents_show_the_pictures_that_the_script_takes_for_them() -> None:
    texts = [file.read_text() for file in (ROOT / "README.md", *(ROOT / "docs").glob("*.md"))]
    said = {name for text in texts for name in re.findall(r"images/([\w-]+\.png)", text)}
    assert said == SHOWN == {file.name for file in (ROOT / "docs" / "images").iterdir()}


@wants_chromium
def test_pictures_are_taken_at_both_widths_light_and_dark(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "folder"
    run("screenshots", "--all", "--only", "first-page,ats", str(folder))
    files = sorted(folder.iterdir())
    assert [file.stem for file in files] == [
        f"{name}-{width}-{mode}"
        for name in ("ats", "first-page")
        for width in (1440, 360)
        for mode in ("dark", "light")
    ]
    for file in files:
        (width,) = struct.unpack(">I", file.read_bytes()[16:20])
        assert str(width) == file.stem.rsplit("-", 2)[1]


@wants_chromium
def test_pictures_of_the_documents_are_taken_without_options(tmp_path: Path) -> None:
    run("screenshots", str(tmp_path))
    assert {file.name for file in tmp_path.iterdir()} == SHOWN
