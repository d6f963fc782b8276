"""What every page has: its policy, its files, and the same manners when something is wrong."""

import re
import subprocess
import sys
from hashlib import sha256

import httpx2
import pytest
from jinja2 import UndefinedError

from assessment_simulator.http.templating import FILES, FOLDER, POLICY, asset, render
from tests.browser import WIDTHS, chromium, visit, wants_chromium
from tests.server import LIMIT, problem
from tests.servers import Server

BROWSER = {"Accept": "text/html"}


def test_no_server_waits_at_its_start_for_what_the_first_page_needs() -> None:
    code = "import assessment_simulator.app, assessment_simulator.runner, sys; sys.exit('jinja2' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_page_is_strict_about_what_it_loads_and_whom_it_tells(http: httpx2.Client) -> None:
    headers = http.get("/").headers
    assert headers["content-security-policy"] == POLICY
    assert "unsafe" not in POLICY
    assert headers["referrer-policy"] == "same-origin"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"
    assert headers["content-type"] == "text/html; charset=utf-8"


def test_whatever_a_template_is_given_is_escaped() -> None:
    page = bytes(render("message.html", title="<script>a", text='"><img src=x onerror=alert(1)>').body).decode()
    assert "<script>" not in page
    assert "<img src=x" not in page
    assert "&lt;script&gt;a" in page


def test_a_template_that_is_given_too_little_fails_rather_than_to_show_nothing() -> None:
    with pytest.raises(UndefinedError):
        render("message.html", title="without a text")


def test_no_template_has_a_script_or_a_style_of_its_own() -> None:
    for template in (FOLDER.parent.parent / "templates").rglob("*.html"):
        text = template.read_text()
        assert not re.search(r"<style|<script(?![^>]*\bsrc=)|\bstyle=|\bon\w+=|https?://|\|\s*safe", text), template


def test_no_file_of_the_pages_asks_for_anything_from_elsewhere() -> None:
    assert {path.name for path in FOLDER.iterdir()} == {*FILES, "SHA256SUMS", "htmx.LICENSE"}
    for name in FILES:
        text = (FOLDER / name).read_bytes().decode(errors="replace")
        assert re.findall(r"(?:@import|url\(|https?://(?!www\.w3\.org/))[^\n]*", text) == []


def test_the_files_of_others_are_those_that_were_fetched() -> None:
    lines = (FOLDER / "SHA256SUMS").read_text().splitlines()[1:]
    listed = {name: digest for digest, name in (line.split("  ") for line in lines)}
    assert {name: sha256((FOLDER / name).read_bytes()).hexdigest() for name in listed} == listed
    assert set(listed) == {path.name for path in FOLDER.glob("htmx.*")}


@pytest.mark.parametrize("name", FILES)
def test_a_file_is_kept_for_good_under_the_address_that_names_its_content(http: httpx2.Client, name: str) -> None:
    named, plain = http.get(asset(name)), http.get(asset(name).partition("?")[0])
    assert named.status_code == plain.status_code == 200
    assert named.content == plain.content == (FOLDER / name).read_bytes()
    assert named.headers["content-type"].partition(";")[0] == FILES[name]
    assert named.headers["x-content-type-options"] == "nosniff"
    assert "immutable" in named.headers["cache-control"]
    assert plain.headers["cache-control"] == http.get(f"{asset(name)}0").headers["cache-control"] == "no-cache"
    again = http.get(asset(name), headers={"If-None-Match": plain.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_nothing_else_of_the_folder_is_handed_out(http: httpx2.Client) -> None:
    for path in ("nope.css", "..%2Fdocs%2Findex.html", "%2e%2e", "ui.css%00"):
        assert http.get(f"/_simulator/static/ui/{path}").status_code == 404


def test_the_icon_that_browsers_ask_for_is_there(http: httpx2.Client) -> None:
    answer = http.get("/favicon.ico")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png")


def test_a_browser_is_told_in_a_page_what_a_program_is_told_as_a_problem(http: httpx2.Client) -> None:
    for verb, path, status in (("GET", "/nope", 404), ("POST", "/", 405), ("DELETE", "/favicon.ico", 405)):
        problem(http.request(verb, path), status)
        page = http.request(verb, path, headers=BROWSER)
        assert (page.status_code, page.headers["content-security-policy"]) == (status, POLICY)
        assert page.headers["content-type"].startswith("text/html")
        assert http.request(verb, path).headers.get("allow") == page.headers.get("allow")
    problem(http.get("/_simulator/nope", headers=BROWSER), 404)


def test_the_address_in_a_page_that_is_not_there_is_shown_as_text(http: httpx2.Client) -> None:
    page = http.get("/<script>alert(1)</script>", headers=BROWSER).text
    assert "<script>" not in page


def test_a_form_that_is_too_large_is_told_so_in_a_page(closed: Server) -> None:
    answer = httpx2.post(f"{closed.url}/login", data={"token": "x" * LIMIT})
    assert answer.status_code == 413
    assert "over 1 MiB" in answer.text
    assert answer.headers["content-type"].startswith("text/html")


@wants_chromium
def test_the_first_page_looks_after_everybody(server: Server) -> None:
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
