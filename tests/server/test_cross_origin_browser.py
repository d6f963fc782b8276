"""Pages of other origins in a real browser: those of this machine may call, those from elsewhere may not."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser import CHROMIUM, OPTIONS, wants_chromium
from tests.server import PI, ROOT, names
from tests.servers import Listener, Reply, Sandbox, Server

pytestmark = wants_chromium

CALL = """async ([url, method, headers, body]) => {
  try {
    const answer = await fetch(url, {method, headers, body, credentials: "include"});
    const hint = answer.headers.get("simulator-rule");
    return [answer.status, await answer.text(), hint];
  } catch (problem) { return [0, String(problem), null]; }
}"""
EVENT = """url => new Promise(done => {
  const source = new EventSource(url, {withCredentials: true});
  const end = what => { source.close(); done(what); };
  source.onopen = () => end("open");
  source.onerror = () => end("error");
})"""
FORM = """url => { const form = document.body.appendChild(document.createElement("form"));
  form.method = "post"; form.action = url; form.innerHTML = '<input name=client_id value=sim-by-browser>'
  + '<input name=client_secret value=x><input name=grant_type value=client_credentials>'; form.submit(); }"""


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """The port of an empty page, at every path; the origin is all that counts."""
    page = b"<!doctype html><title>x</title><link rel=icon href=data:,><body>"
    with Listener([Reply(200, {"content-type": "text/html"}, page)]) as pages:
        yield int(pages.url.rpartition(":")[2])


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium, for which evil.example is this machine, as after DNS rebinding."""
    with sync_playwright() as playwright:
        options = [*OPTIONS, "--host-resolver-rules=MAP evil.example 127.0.0.1"]
        running = playwright.chromium.launch(executable_path=CHROMIUM or "/usr/bin/chromium", args=options)
        yield running
        running.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context()
    yield context.new_page()
    context.close()


def call(page: Page, url: str, method: str, headers: dict[str, str], body: str | None = None) -> Any:
    return page.evaluate(CALL, [url, method, headers, body])


TRACED = {"sentry-trace": "a-b-1", "traceparent": "00-a-b-01", "x-request-id": "r-1", "idempotency-key": "i-1",
          "content-type": "application/json"}  # fmt: skip


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "app.localhost"])
def test_a_page_of_this_machine_calls_vendors_and_control_api(
    page: Page, port: int, server: Server, sandbox: Sandbox, host: str
) -> None:
    page.goto(f"http://{host}:{port}/")
    headers = {**TRACED, "api-key": sandbox.credential}
    status, _, rule = call(page, server.url + PI, "POST", headers, "{}")
    assert status == 400
    assert "pi.create.email.required" in rule
    assert call(page, server.url + PI, "GET", headers)[:2] == [200, "[]"]
    assert call(page, f"{server.url}{ROOT}/{sandbox.name}/config", "PATCH", TRACED, '{"rate_limit": 7}')[0] == 200
    assert sandbox.control_json("GET", "/config")["rate_limit"] == 7
    keys = f'{{"client_id":"{sandbox.credential}","client_secret":"x","grant_type":"client_credentials"}}'
    assert call(page, f"{server.url}/mercury/oauth/token", "POST", TRACED, keys)[0] == 201
    assert call(page, f"{server.url}{ROOT}/{sandbox.name}", "DELETE", TRACED)[0] == 204
    assert page.evaluate(EVENT, f"{server.url}{ROOT}/{sandbox.name}/events") == "open"


def test_a_page_from_elsewhere_reads_and_changes_nothing(
    page: Page, port: int, server: Server, sandbox: Sandbox
) -> None:
    sandbox.control_json("PATCH", "/config", {"rate_limit": 7})
    page.goto(f"http://evil.example:{port}/")
    for method, path, body in (
        ("GET", ROOT, None), ("GET", "/_simulator/health", None), ("POST", f"{ROOT}/{sandbox.name}/reset", ""),
        ("PATCH", f"{ROOT}/{sandbox.name}/config", '{"rate_limit": 1}'), ("DELETE", f"{ROOT}/{sandbox.name}", None),
        ("POST", "/mercury/oauth/token", "client_id=sim-by-browser"),
    ):  # fmt: skip
        assert call(page, server.url + path, method, {}, body)[0] == 0, path
    assert page.evaluate(EVENT, f"{server.url}{ROOT}/{sandbox.name}/events") == "error"
    assert sandbox.control_json("GET", "/config")["rate_limit"] == 7


def test_a_form_of_a_page_from_elsewhere_is_refused(page: Page, port: int, server: Server, sandbox: Sandbox) -> None:
    page.goto(f"http://evil.example:{port}/")
    with page.expect_navigation() as navigation:
        page.evaluate(FORM, f"{server.url}/mercury/oauth/token")
    assert navigation.value.status == 403
    assert "by-browser" not in names(sandbox.http)


def test_a_page_whose_name_was_made_to_lead_here_reads_nothing(page: Page, server: Server, sandbox: Sandbox) -> None:
    here = server.url.replace("127.0.0.1", "evil.example")
    answer = page.goto(f"{here}{ROOT}")
    assert answer
    assert answer.status == 403
    answer = page.goto(f"{here}/_simulator/health")  # a page of that origin, from which all would be same-origin
    assert answer
    assert answer.status == 200
    for method, path in (("GET", ROOT), ("POST", f"{ROOT}/{sandbox.name}/reset"), ("GET", PI)):
        status, text, _ = call(page, here + path, method, {})
        assert status == 403
        assert "--allowed-hosts" in text
    assert page.evaluate(EVENT, f"{here}{ROOT}/{sandbox.name}/events") == "error"
