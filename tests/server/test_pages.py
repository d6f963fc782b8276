"""Common to all pages: headers, templates, static files, error pages."""

import re
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import httpx2
import pytest
from jinja2 import UndefinedError

from assessment_simulator.control import reference
from assessment_simulator.http.templating import FILES, FOLDER, POLICY, asset, render
from tests.browser import WIDTHS, chromium, visit, wants_chromium
from tests.server import LIMIT, problem
from tests.servers import Server

BROWSER = {"Accept": "text/html"}


def test_jinja_is_not_imported_at_the_start() -> None:
    code = "import assessment_simulator.app, assessment_simulator.runner, sys; sys.exit('jinja2' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_page_has_security_headers(http: httpx2.Client) -> None:
    headers = http.get("/").headers
    assert headers["content-security-policy"] == POLICY
    assert "unsafe" not in POLICY
    assert headers["referrer-policy"] == "same-origin"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"
    assert headers["content-type"] == "text/html; charset=utf-8"


def test_template_values_are_escaped() -> None:
    page = bytes(render("message.html", title="<script>a", text='"><img src=x onerror=alert(1)>').body).decode()
    assert "<script>" not in page
    assert "<img src=x" not in page
    assert "&lt;script&gt;a" in page


def test_missing_template_value_is_an_error() -> None:
    with pytest.raises(UndefinedError):
        render("message.html", title="without a text")


def test_templates_have_no_inline_scripts_or_styles() -> None:
    folder = FOLDER.parent.parent / "templates"
    templates = {*folder.rglob("*.html")} - {folder / "trace.html"}  # a file to keep, with a policy of its own
    assert len(templates) > 20
    for template in templates:
        text = template.read_text()
        assert not re.search(r"<style|<script(?![^>]*\bsrc=)|\bstyle=|\bon\w+=|https?://|\|\s*safe", text), template


def test_static_files_load_nothing_from_other_servers() -> None:
    assert {path.name for path in FOLDER.iterdir()} == {*FILES, "SHA256SUMS", "htmx.LICENSE"}
    for name in FILES:
        text = (FOLDER / name).read_bytes().decode(errors="replace")
        assert re.findall(r"(?:@import|url\(|https?://(?!www\.w3\.org/))[^\n]*", text) == []


@pytest.mark.parametrize("folder", [FOLDER, reference.FOLDER], ids=["pages", "reference"])
def test_third_party_files_have_their_recorded_digests(folder: Path) -> None:
    lines = (folder / "SHA256SUMS").read_text().splitlines()[1:]
    listed = {name: digest for digest, name in (line.split("  ") for line in lines)}
    assert {name: sha256((folder / name).read_bytes()).hexdigest() for name in listed} == listed
    ours = {"SHA256SUMS", "index.html", "page.css", "page.js"}
    third_party = folder.glob("htmx.*") if folder == FOLDER else folder.iterdir()
    assert set(listed) == {path.name for path in third_party} - ours


@pytest.mark.parametrize("name", FILES)
def test_file_is_cached_for_ever_under_its_versioned_url(http: httpx2.Client, name: str) -> None:
    named, plain = http.get(asset(name)), http.get(asset(name).partition("?")[0])
    assert named.status_code == plain.status_code == 200
    assert named.content == plain.content == (FOLDER / name).read_bytes()
    assert named.headers["content-type"].partition(";")[0] == FILES[name]
    assert named.headers["x-content-type-options"] == "nosniff"
    assert "immutable" in named.headers["cache-control"]
    assert plain.headers["cache-control"] == http.get(f"{asset(name)}0").headers["cache-control"] == "no-cache"
    again = http.get(asset(name), headers={"If-None-Match": plain.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_other_files_are_not_served(http: httpx2.Client) -> None:
    for path in ("nope.css", "..%2Fdocs%2Findex.html", "%2e%2e", "ui.css%00"):
        assert http.get(f"/_simulator/static/ui/{path}").status_code == 404
    assert http.get("/favicon.ico").headers["content-type"] == "image/png"


def test_errors_are_pages_for_browsers_and_problems_for_programs(http: httpx2.Client) -> None:
    for verb, path, status in (("GET", "/nope", 404), ("POST", "/", 405), ("DELETE", "/favicon.ico", 405)):
        problem(http.request(verb, path), status)
        page = http.request(verb, path, headers=BROWSER)
        assert (page.status_code, page.headers["content-security-policy"]) == (status, POLICY)
        assert page.headers["content-type"].startswith("text/html")
        assert http.request(verb, path).headers.get("allow") == page.headers.get("allow")
    problem(http.get("/_simulator/nope", headers=BROWSER), 404)
    assert "<script>" not in http.get("/<script>alert(1)</script>", headers=BROWSER).text


def test_too_large_form_gets_a_page(closed: Server) -> None:
    answer = httpx2.post(f"{closed.url}/login", data={"token": "x" * LIMIT})
    assert answer.status_code == 413
    assert "over 1 MiB" in answer.text
    assert answer.headers["content-type"].startswith("text/html")


@wants_chromium
def test_home_page_is_accessible(server: Server) -> None:
    with chromium() as browser:
        for size in WIDTHS.values():
            for dark in (False, True):
                with visit(browser, server.url, size=size, dark=dark) as seen:
                    seen.page.goto(server.url)
                    assert seen.violations() == []
                    assert not seen.overflows()
                    seen.page.keyboard.press("Tab")
                    assert seen.page.evaluate("document.activeElement.className") == "skip"
                    seen.page.keyboard.press("Enter")
                    assert seen.page.evaluate("document.activeElement.id") == "content"
