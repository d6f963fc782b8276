"""HEAD wherever there is GET, and OPTIONS everywhere, on paths that are not a vendor's."""

import shutil
import subprocess

import httpx2
import pytest

from tests.server import ROOT, assessment, names, send_raw
from tests.servers import Sandbox, Server

PAGES = ("deliveries", "mail", "journal", "states", "clock", "faults", "settings")
FIXED = ["/", "/favicon.ico", "/_simulator/health", "/_simulator/metrics", "/_simulator/rules", "/_simulator/docs",
         ROOT, "/_simulator/openapi/pymetrics.json", "/_simulator/openapi/predictive-index.json",
         "/_simulator/openapi/control.json", "/_simulator/static/page.js", "/_simulator/static/ui/ui.css",
         "/_simulator/states/pymetrics", "/_simulator/catch/{name}", "/tour", "/sandboxes/{name}",
         *(f"/sandboxes/{{name}}/{page}" for page in PAGES),
         *(f"{ROOT}/{{name}}{path}" for path in (
             "", "/config", "/clock", "/invitations", "/invitations/{id}", "/invitations/{id}/timeline", "/deliveries",
             "/faults", "/mail", "/journal", "/journal/call-1", "/journal.har", "/journal/call-1.sh", "/coverage",
             "/states/pymetrics", "/states/predictive_index.svg", "/invitations/none", "/nope"))]  # fmt: skip


@pytest.mark.parametrize("path", FIXED)
def test_head_returns_the_headers_of_get_without_a_body(sandbox: Sandbox, path: str) -> None:
    id = assessment(sandbox)["assessmentId"]
    sandbox.control_json("POST", "/clock", {"freeze": "2030-01-01T00:00:00Z"})
    path = path.format(name=sandbox.name, id=id)
    looked, asked = (sandbox.http.request(verb, path) for verb in ("GET", "HEAD"))
    assert (asked.status_code, asked.content) == (looked.status_code, b"")
    assert asked.headers.get("content-type") == looked.headers.get("content-type")
    if path not in ("/", "/tour", ROOT, "/_simulator/metrics"):  # which tell of other tests' sandboxes too
        assert asked.headers.get("content-length") == looked.headers.get("content-length")


def test_head_of_an_event_stream_ends_at_once(server: Server, sandbox: Sandbox) -> None:
    call = f"HEAD {ROOT}/{sandbox.name}/events HTTP/1.1\r\nHost: x\r\n\r\n"
    health = "GET /_simulator/health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    answer = send_raw(server.url, (call + health).encode())
    assert answer.count(b"HTTP/1.1 200 OK") == 2
    assert b"content-type: text/event-stream" in answer


@pytest.mark.parametrize("path", [*FIXED, f"{ROOT}/{{name}}/reset", f"{ROOT}/{{name}}/invitations/{{id}}/complete"])
def test_options_lists_the_verbs_and_changes_nothing(sandbox: Sandbox, path: str) -> None:
    made = assessment(sandbox)
    path = path.format(name=sandbox.name, id=made["assessmentId"])
    answer = sandbox.http.options(path)
    if path.endswith("/nope"):
        assert answer.status_code == 404
        return
    assert (answer.status_code, answer.content) == (204, b"")
    allowed = answer.headers["allow"].split(", ")
    assert "OPTIONS" in allowed
    assert ("GET" in allowed) is ("HEAD" in allowed)
    refused = sandbox.http.request("PROPFIND", path)
    assert (refused.status_code, refused.headers["allow"]) == (405, answer.headers["allow"])
    assert sandbox.control_json("GET", "/invitations")[0]["status"] == 0


def test_options_creates_no_sandbox(http: httpx2.Client) -> None:
    assert http.options(f"{ROOT}/only-options").status_code == 204
    assert "only-options" not in names(http)


def test_options_of_the_whole_server_lists_the_methods(server: Server) -> None:
    answer = send_raw(server.url, b"OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 204 ")
    assert b"\r\nallow: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS\r\n" in answer


def test_head_of_a_candidate_link_changes_nothing(sandbox: Sandbox) -> None:
    made = assessment(sandbox)
    for verb in ("HEAD", "OPTIONS"):
        assert sandbox.http.request(verb, made["assessmentUrl"]).is_success
        assert sandbox.control_json("GET", "/invitations")[0]["status"] == 0
    answer = sandbox.http.head("/pymetrics/invite/x")
    assert (answer.status_code, answer.content) == (404, b"")


def test_wget_spider_gets_the_health(server: Server) -> None:
    wget = shutil.which("wget")
    assert wget, "wants wget"
    url = f"{server.url}/_simulator/health"
    done = subprocess.run(
        [wget, "--spider", "--tries=1", "--no-proxy", url], capture_output=True, text=True, timeout=20, check=False
    )
    assert done.returncode == 0, done.stderr


def test_head_needs_the_token_in_closed_access(closed: Server) -> None:
    with httpx2.Client(base_url=closed.url, trust_env=False) as http:
        for path, status in (("/_simulator/health", 200), (ROOT, 401), ("/", 401), ("/login", 200)):
            assert http.head(path).status_code == status, path
        assert http.head("/", headers={"accept": "text/html"}).status_code == 303
