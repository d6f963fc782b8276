"""The interactive page, in a real browser that can reach nothing but this server."""

import re
import subprocess
from pathlib import Path

import pytest
from playwright.sync_api import expect

from assessment_simulator.app import documents
from tests.browser import CHROMIUM, WIDTHS, chromium, visit, wants_chromium
from tests.servers import Server

REFERENCE = documents()
# The proxy is none: whatever is not on this machine cannot be reached.
OPTIONS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --enable-logging=stderr --virtual-time-budget=8000 --dump-dom "
    "--proxy-server=127.0.0.1:9"
).split()


@wants_chromium
@pytest.mark.parametrize("name", REFERENCE.names)
def test_page_shows_every_operation_without_a_network(name: str, server: Server, tmp_path: Path) -> None:
    address = f"{server.url}/_simulator/docs?of={name}"
    run = subprocess.run(
        [str(CHROMIUM), *OPTIONS, f"--user-data-dir={tmp_path}", address],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    document = REFERENCE.get(name)
    calls = sum(len(methods) for methods in document["paths"].values()) + len(document.get("webhooks", ()))
    assert len(re.findall(r'class="opblock opblock-', run.stdout)) == calls
    assert "CONSOLE" not in run.stderr
    assert "violates" not in run.stderr


@wants_chromium
@pytest.mark.parametrize("size", WIDTHS)
def test_page_is_accessible_at_every_width(server: Server, size: str) -> None:
    with chromium() as browser, visit(browser, server.url, size=WIDTHS[size]) as seen:
        for name in REFERENCE.names:
            seen.page.goto(f"{server.url}/_simulator/docs?of={name}")
            seen.page.locator(".opblock").first.wait_for()
            assert seen.violations() == []
            assert not seen.overflows()


@wants_chromium
def test_operation_can_be_tried_out(server: Server) -> None:
    with chromium() as browser, visit(browser, server.url) as seen:
        seen.page.goto(f"{server.url}/_simulator/docs?of=control")
        seen.page.get_by_text("/_simulator/health", exact=True).first.click()
        seen.page.get_by_role("button", name="Execute").click()
        expect(seen.page.locator(".response .microlight").first).to_contain_text("ok")
