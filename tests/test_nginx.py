"""The example for nginx, run by a real nginx: everything under a path prefix, in closed access, with a real browser."""

import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest
from playwright.sync_api import Browser, Request

from tests.browser import chromium, visit, wants_chromium
from tests.servers import ROOT, Listener, Server
from tests.waiting import answers, free_port, until

EXAMPLE = ROOT / "docs" / "examples" / "nginx.conf"
PAGE = (ROOT / "docs" / "operations.md").read_text()
# How the page starts the server.
(COMMAND,) = re.findall(r"^assessment-simulator serve .*--public-url.*$", PAGE, re.MULTILINE)
PUBLIC = "https://tests.example.com"
NGINX = shutil.which("nginx") or "/usr/sbin/nginx"
SANDBOXES = "/_simulator/sandboxes"
TOKEN = "a-control-token-for-nginx"
BROWSER = {"Accept": "text/html"}
BEARER = {"Authorization": f"Bearer {TOKEN}"}
MAIN = """
daemon off;
pid {folder}/pid;
error_log stderr;
worker_processes 1;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    upstream simulator {{ server 127.0.0.1:{upstream}; keepalive 16; }}
    server {{
        listen 127.0.0.1:{port};
        include {example};
        location /cut/ {{  # takes its prefix away itself
            proxy_pass http://simulator/;
            proxy_set_header Host simulator.internal;
            proxy_set_header X-Forwarded-Host $http_host;
            proxy_set_header X-Forwarded-Prefix /cut;
        }}
    }}
}}
"""


@contextmanager
def nginx(folder: Path, server: Server, port: int) -> Iterator[str]:
    """nginx before a server, with the example as it stands; gives the address without a path."""
    main = folder / "main.conf"
    upstream = urlsplit(server.url).port
    main.write_text(MAIN.format(folder=folder, port=port, upstream=upstream, example=EXAMPLE))
    with subprocess.Popen([NGINX, "-p", str(folder), "-c", str(main)], stderr=subprocess.PIPE, text=True) as process:
        try:
            until(lambda: process.poll() is not None or answers(f"http://127.0.0.1:{port}/sim"), 20)
            assert process.poll() is None, process.stderr and process.stderr.read()
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The server that the page starts; its public URL has the host of this nginx in place of the page's."""
    port = free_port()
    options = shlex.split(COMMAND.replace(PUBLIC, f"http://127.0.0.1:{port}"))[2:]
    with (
        Server(*options, environ={"SIMULATOR_CONTROL_TOKEN": TOKEN}) as server,
        nginx(tmp_path_factory.mktemp("nginx"), server, port) as url,
    ):
        yield url


def test_the_example_names_the_command_of_the_page() -> None:
    assert PUBLIC in COMMAND
    assert f"\n#   {COMMAND}\n" in EXAMPLE.read_text()


@pytest.fixture
def http(site: str) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=f"{site}/sim", trust_env=False) as client:
        yield client


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


def invited(http: httpx2.Client, redirect: str) -> Any:
    """An assessment in a new sandbox: the sandbox's name, and the assessment."""
    opened = http.post(SANDBOXES, json={}, headers=BEARER).json()
    key = opened["credentials"]["predictive_index"]["api_key"]
    body = {"firstName": "Ada", "lastName": "Lovelace", "email": "ada@example.com", "redirectUrl": redirect}
    made = http.post("/api/v1/behavioralassessments", json=body, headers={"api-key": key})
    assert made.status_code == 201, made.text
    return opened["name"], made.json()


@wants_chromium
def test_a_candidate_goes_from_link_to_redirect_under_the_prefix(
    site: str, http: httpx2.Client, browser: Browser, listener: Listener
) -> None:
    name, made = invited(http, f"{listener.url}/done")
    assert made["assessmentUrl"].startswith(f"{site}/sim/")
    with visit(browser, site, listener.url) as seen:
        asked = requested(seen.page, site)
        seen.page.goto(made["assessmentUrl"])
        seen.page.get_by_role("button", name="Start").click()
        seen.page.get_by_role("group", name="How you really are").get_by_label("driven").check()
        seen.page.get_by_role("button", name="Finish").click()
        seen.page.wait_for_url(f"{listener.url}/done")
        assert [path for path in asked if not path.startswith("/sim/")] == []
    shown = http.get(f"{SANDBOXES}/{name}/invitations/{made['assessmentId']}", headers=BEARER).json()
    assert shown["status"] == 40


def requested(page: Any, site: str) -> list[str]:
    """The paths that a page asks our host for, as they come."""
    asked: list[str] = []

    def note(request: Request) -> None:
        if request.url.startswith(f"{site}/"):
            asked.append(urlsplit(request.url).path)

    page.on("request", note)
    return asked


@wants_chromium
def test_a_person_logs_in_and_no_page_asks_for_anything_outside_the_prefix(
    site: str, http: httpx2.Client, browser: Browser
) -> None:
    name, made = invited(http, "https://client.example/done")
    with visit(browser, site) as seen:
        page, asked = seen.page, requested(seen.page, site)
        page.goto(f"{site}/sim/sandboxes/{name}")
        page.get_by_label("Control token").fill(TOKEN)
        page.get_by_role("button", name="Log in").click()
        page.wait_for_url(f"{site}/sim/sandboxes/{name}")
        page.locator("#live[data-connected]").wait_for(state="attached")
        for tab in ("Webhooks", "Webhook inbox", "Requests", "Clock", "Faults", "States", "Settings", "Invitations"):
            page.get_by_role("link", name=tab).first.click()
            page.get_by_role("heading", level=1).wait_for()
        page.goto(f"{site}/sim/sandboxes/{name}/invitations/{made['assessmentId']}")
        http.post(f"{SANDBOXES}/{name}/invitations/{made['assessmentId']}/complete", headers=BEARER)
        page.get_by_text("Completed").first.wait_for()  # the page has heard of it
        page.get_by_role("button", name="Freeze").click()
        page.locator("#mode", has_text="frozen").wait_for()
        page.goto(f"{site}/sim/_simulator/docs?of=predictive-index")
        page.locator(".opblock").first.wait_for()
        assert [path for path in asked if not path.startswith("/sim/")] == []


def test_events_come_through_as_they_happen(http: httpx2.Client) -> None:
    name, made = invited(http, "https://client.example/done")
    with http.stream("GET", f"{SANDBOXES}/{name}/events", headers=BEARER) as stream:
        lines = stream.iter_lines()
        next(lines)
        http.post(f"{SANDBOXES}/{name}/invitations/{made['assessmentId']}/complete", headers=BEARER)
        assert next(line for line in lines if made["assessmentId"] in line)


def test_the_login_and_its_cookie_are_kept_to_the_prefix(http: httpx2.Client) -> None:
    asked = http.get("/sandboxes/x", headers=BROWSER)
    assert (asked.status_code, asked.headers["location"]) == (303, "/sim/login?next=/sim/sandboxes/x")
    entered = http.post("/login", data={"token": TOKEN, "next": "/sim/sandboxes/x"})
    assert entered.headers["location"] == "/sim/sandboxes/x"
    assert "path=/sim;" in f"{entered.headers['set-cookie']};".lower()
    assert http.get("/", headers=BROWSER).status_code == 200
    left = http.post("/logout")
    assert left.headers["location"] == "/sim/login"
    assert http.get("/", headers=BROWSER).status_code == 303


def test_the_path_without_a_slash_leads_to_the_first_page(site: str) -> None:
    answer = httpx2.get(f"{site}/sim", trust_env=False)
    assert (answer.status_code, answer.headers["location"]) == (308, "/sim/")


def test_without_a_public_url_a_location_that_takes_its_prefix_away_serves_the_same(tmp_path: Path) -> None:
    options = ("--access", "closed", "--trusted-proxies", "127.0.0.1")
    with (
        Server(*options, environ={"SIMULATOR_CONTROL_TOKEN": TOKEN}) as server,
        nginx(tmp_path, server, free_port()) as site,
        httpx2.Client(base_url=f"{site}/cut", trust_env=False) as http,
    ):
        _, made = invited(http, "https://client.example/done")
        assert made["assessmentUrl"].startswith(f"{site}/cut/")
        page = http.get(made["assessmentUrl"])
        assert page.status_code == 200
        assert 'href="/cut/_simulator/static/ui/ui.css' in page.text
