"""The page for front ends: every command of it runs, as it stands there."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2

from assessment_contracts.kit import environment
from tests.mailbox import free_port
from tests.servers import GREETING, ROOT, Server
from tests.test_docs import README, WRITTEN, blocks, play

PAGE = (ROOT / "docs" / "frontends.md").read_text()
BASH = blocks(PAGE, "bash")
SERVE, PROGRESS, PREFLIGHT, PAGES, MAIL, MAILBOX, RELAY = BASH


@contextmanager
def begun(block: str, replaced: str = "", port: int | None = None) -> Iterator["Begun"]:
    """A command that goes on until it is stopped, typed in the repository; with another port than the one written."""
    assert replaced in block
    environ = environment({"PYTHONUNBUFFERED": "1", "SIMULATOR_PORT": "0"})
    path = f"{Path(sys.executable).parent}{os.pathsep}{environ['PATH']}"
    with subprocess.Popen(
        ["bash", "-c", f"exec {block.replace(replaced, str(port)) if replaced else block}"],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        env=environ | {"PATH": path},
    ) as process:  # fmt: skip
        try:
            yield Begun(process)
        finally:
            process.terminate()


class Begun:
    """A command that goes on, and what it prints."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def line(self, words: str) -> str:
        """The next line with these words."""
        assert self._process.stdout
        while line := self._process.stdout.readline():
            if words in line:
                return line.strip()
        raise AssertionError(f"it ended without a word of {words!r}")


def test_the_server_starts_as_the_page_says() -> None:
    with begun(SERVE) as server:
        url = server.line(GREETING).removeprefix(GREETING)
        assert httpx2.get(f"{url}/_simulator/health", trust_env=False).status_code == 200


def test_invitations_complete_by_themselves_as_the_page_says(server: Server) -> None:
    assert '"progress":"PT5S"' in play(PROGRESS, server)


def test_the_leave_that_a_browser_asks_for_is_given_as_the_page_shows(server: Server) -> None:
    shown = PAGE.split(PREFLIGHT)[1].split("```\n")[2]
    assert [line for line in shown.splitlines() if line not in play(PREFLIGHT, server).splitlines()] == []


def test_the_headers_that_can_be_read_are_those_of_the_page(server: Server) -> None:
    answer = httpx2.get(f"{server.url}/api/v1/nope", headers={"Origin": "http://localhost"}, trust_env=False)
    said = answer.headers["access-control-expose-headers"].split(", ")
    assert ", ".join(f"`{name}`" for name in said) in " ".join(PAGE.split())


def test_the_sample_page_is_served_as_the_page_says() -> None:
    port = free_port()
    with begun(PAGES, "3000", port) as files:
        files.line("Serving HTTP")
        assert "Sample ATS" in httpx2.get(f"http://127.0.0.1:{port}/", trust_env=False).text


def test_a_mail_is_listed_and_relayed_as_the_page_says() -> None:
    port = free_port()
    with begun(MAILBOX, "1025", port) as mailbox, begun(RELAY, "1025", port) as relay:
        url = relay.line(GREETING).removeprefix(GREETING)
        script = MAIL.replace(WRITTEN, url)
        done = subprocess.run(["bash", "-euc", script], capture_output=True, text=True, check=True, timeout=30)
        assert '"subject":"Your PI Behavioral Assessment"' in done.stdout
        assert mailbox.line("Subject:") == "Subject: Your PI Behavioral Assessment"
        assert mailbox.line("X-Simulator-Sandbox") == "X-Simulator-Sandbox: offline"


def test_the_composition_is_started_by_the_command_that_stands_in_it() -> None:
    (command,) = (block.strip() for block in blocks(PAGE, "sh"))
    assert f"#   {command}\n" in (ROOT / "docs" / "examples" / "compose.yaml").read_text()


def test_the_readme_leads_to_the_page() -> None:
    assert "(docs/frontends.md)" in README
