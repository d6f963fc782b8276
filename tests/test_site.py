"""The documentation site: every page is built, found by the search and linked; nothing is loaded from elsewhere."""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from assessment_contracts.kit import Listener, Received, Reply
from generated import pages
from tests.browser import WIDTHS, chromium, visit, wants_chromium
from tests.pages import page, rows
from tests.servers import ROOT

DOCS = ROOT / "docs"
SOURCES = {str(path.relative_to(DOCS)) for path in DOCS.glob("**/*.md")}
NAV = tomllib.loads((ROOT / "zensical.toml").read_text())["project"]["nav"]
# Words of questions, and the page that must be among the first hits.
SEARCHES = {
    "freeze time": "howto/clock/",
    "fail twice": "howto/faults/",
    "force a score": "howto/scores/",
    "preload positions": "howto/data/",
    "hypothesis example": "howto/hypothesis/",
    "vitest": "integrations/vitest/",
    "nginx": "operations/",
}


def build(folder: Path) -> "subprocess.CompletedProcess[str]":
    """Build the site of the pages in `folder`, where no proxy answers."""
    command = [str(Path(sys.executable).with_name("zensical")), "build", "--strict"]
    away = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"), "http://127.0.0.1:9")
    return subprocess.run(
        command, cwd=folder, env={**os.environ, **away}, capture_output=True, text=True, check=False, timeout=100
    )


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built site."""
    folder = tmp_path_factory.mktemp("site")
    shutil.copy(ROOT / "zensical.toml", folder)
    shutil.copytree(DOCS, folder / "docs")
    done = build(folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / "site"


@pytest.fixture(scope="module")
def url(site: Path) -> Iterator[str]:
    """The address of the site."""
    kinds = {".css": "text/css", ".js": "text/javascript", ".json": "application/json", ".svg": "image/svg+xml"}

    def answer(received: Received) -> Reply:
        found = site / unquote(urlsplit(received.path).path).strip("/")
        found = found / "index.html" if found.is_dir() else found
        kind = kinds.get(found.suffix, "text/html")
        return Reply(200, {"content-type": kind}, found.read_bytes()) if found.is_file() else Reply(404)

    with Listener(answer) as server:
        yield f"{server.url}/"


def built(source: str) -> str:
    """The address of a page, relative to the site."""
    return re.sub(r"(^|(?<=/))index\.md$|\.md$", "", source).rstrip("/") + "/" if source != "index.md" else ""


def named(entries: object) -> Iterator[str]:
    """The pages of the navigation."""
    if isinstance(entries, str):
        yield entries
    elif isinstance(entries, dict):
        yield from named([*entries.values()])
    elif isinstance(entries, list):
        for one in entries:
            yield from named(one)


def test_every_page_is_built_and_in_the_navigation(site: Path) -> None:
    assert {built(source) for source in SOURCES} == {
        str(path.parent.relative_to(site)).replace(".", "", 1) + "/" * (path.parent != site)
        for path in site.glob("**/index.html")
        if "examples" not in path.parts
    }
    assert sorted(named(NAV)) == sorted(SOURCES)


def test_every_page_is_in_the_index_of_the_search(site: Path) -> None:
    items = json.loads((site / "search.json").read_text())["items"]
    assert {item["location"].partition("#")[0] for item in items} == {built(source) for source in SOURCES}


def test_every_link_of_the_site_leads_somewhere_and_nothing_is_loaded_from_elsewhere(site: Path) -> None:
    dead = []
    for path in site.glob("**/*.html"):
        if path.name == "404.html" or "examples" in path.parts:
            continue
        for tag, link in re.findall(r"<(\w+)\b[^>]*?\s(?:href|src)=\"([^\"]*)\"", path.read_text("utf-8")):
            parts = urlsplit(link)
            if parts.scheme in ("http", "https") and tag == "a":
                continue
            found = path.parent / unquote(parts.path)
            found = found / "index.html" if found.is_dir() else found
            if parts.scheme != "data" and (parts.scheme or parts.netloc or not found.is_file()):
                dead.append(f"{path.relative_to(site)}: {tag} {link}")
    assert dead == []


@pytest.mark.parametrize("link", ["[x](nowhere.md)", "[x](control.md#nowhere)"])
def test_a_broken_link_fails_the_build(tmp_path: Path, link: str) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "index.md").write_text(f"# Home\n\n{link}\n")
    (tmp_path / "docs" / "control.md").write_text("# Control\n\n## Somewhere\n")
    settings = (ROOT / "zensical.toml").read_text()
    (tmp_path / "zensical.toml").write_text(
        re.sub(r"^nav = \[\n.*?^\]\n", "", settings, flags=re.MULTILINE | re.DOTALL)
    )
    assert build(tmp_path).returncode != 0


def test_generated_pages_and_copies_of_files_are_as_scripts_docs_writes_them() -> None:
    assert [path.name for path, text in pages().items() if path.read_text("utf-8") != text] == [], "run scripts/docs"


def test_no_list_follows_a_paragraph_without_a_blank_line() -> None:
    # GitHub shows a list there, the site does not.
    wrong = re.compile(r"^(?![ \t]*(?:[-*|>#]|\d+\.)|$).*\n(?:- |\* |\d+\. )", re.MULTILINE)
    found = {}
    for source in sorted(SOURCES):
        text = re.sub(r"^( *)```.*?^\1```", "", page(source), flags=re.MULTILINE | re.DOTALL)
        lists = [one[0] for one in wrong.finditer(text) if not re.match(r" ", one[0])]
        found[source] = lists
    assert {name: lists for name, lists in found.items() if lists} == {}


def test_the_index_of_questions_answers_each_within_two_clicks() -> None:
    assert "(howto/index.md)" in page("index.md")
    answers = {row[0].lower(): row[1] for row in rows(page("howto/index.md"), "question") if len(row) == 2}
    for asked in (
        "freeze time", "fail twice, then succeed", "force a score", "preload positions", "reset between tests",
        "call it from a browser", "run it in ci", "jest or vitest", "behind nginx",
        "verify signatures after advancing the clock", "one sandbox per hypothesis example",
    ):  # fmt: skip
        (answer,) = [answer for question, answer in answers.items() if asked in question]
        assert re.search(r"\]\([^)]+\.md(#[\w-]+)?\)", answer), asked


@wants_chromium
@pytest.mark.parametrize(("width", "dark"), [("wide", False), ("narrow", True)])
def test_a_reader_finds_pages_by_the_search(url: str, width: str, dark: bool) -> None:
    with chromium() as browser, visit(browser, url, size=WIDTHS[width], dark=dark) as seen:
        view = seen.page
        view.goto(url)
        assert not seen.overflows()
        for words, location in SEARCHES.items():
            view.goto(url)
            view.keyboard.press("/")
            view.wait_for_function("document.activeElement.shadowRoot?.activeElement")  # the field of the search
            view.keyboard.type(words)
            hit = view.locator(f"a[href*='{location}?h=']").first  # the navigation's link has no words
            hit.wait_for()
