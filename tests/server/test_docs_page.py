"""The interactive page, in a real browser that can reach nothing but this server."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from simulator.app import documents
from tests.servers import Server

REFERENCE = documents()
BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
OPTIONS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --enable-logging=stderr --virtual-time-budget=8000 --dump-dom "
    "--proxy-server=127.0.0.1:9"
).split()
"""The proxy is none: whatever is not on this machine cannot be reached."""


@pytest.mark.skipif(BROWSER is None and "CI" not in os.environ, reason="wants Chromium")
@pytest.mark.parametrize("name", REFERENCE.names)
def test_the_page_shows_every_call_with_the_network_cable_out(name: str, server: Server, tmp_path: Path) -> None:
    address = f"{server.url}/_simulator/docs?of={name}"
    run = subprocess.run(
        [str(BROWSER), *OPTIONS, f"--user-data-dir={tmp_path}", address],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    document = REFERENCE.made(name)
    calls = sum(len(methods) for methods in document["paths"].values()) + len(document.get("webhooks", ()))
    assert len(re.findall(r'class="opblock opblock-', run.stdout)) == calls
    assert "CONSOLE" not in run.stderr
    assert "violates" not in run.stderr
