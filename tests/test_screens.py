"""Pictures of the pages: the script takes them, and the documents show those that it makes."""

import re
import struct
import subprocess
from pathlib import Path

from screens.shots import SHOTS
from tests.browser import wants_chromium
from tests.servers import ROOT

IMAGES = ROOT / "docs" / "images"
SHOWN = {f"{shot.name}-{variant}.png" for shot in SHOTS for variant in shot.shown}


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [ROOT / "scripts" / "screenshots", *arguments], capture_output=True, text=True, timeout=110, check=False
    )


def test_the_documents_show_what_the_script_takes_for_them() -> None:
    pages = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
    said = {name for page in pages for name in re.findall(r"images/([\w-]+\.png)", page.read_text())}
    assert said == SHOWN == {file.name for file in IMAGES.iterdir()}


@wants_chromium
def test_a_page_is_taken_at_both_widths_light_and_dark(tmp_path: Path) -> None:
    done = run("--all", "--only", "first-page,ats", str(tmp_path / "new" / "folder"))
    assert done.returncode == 0, done.stderr
    files = sorted((tmp_path / "new" / "folder").iterdir())
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
def test_without_a_word_only_what_the_documents_show_is_taken(tmp_path: Path) -> None:
    done = run(str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert {file.name for file in tmp_path.iterdir()} == SHOWN


def test_a_page_that_is_not_in_the_table_is_refused_by_name() -> None:
    done = run("--only", "nope,ats")
    assert done.returncode == 2
    assert "knows no nope" in done.stderr
    assert "reference" in done.stderr
