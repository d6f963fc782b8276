"""The page for front ends: every command of it runs, as it stands there."""

import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2

from tests.pages import README, SHELL, WRITTEN, blocks, page, play
from tests.servers import GREETING, ROOT, Server
from tests.waiting import free_port

PAGE = page("frontends.md")
SERVE, ENV, HTTP_FILES, PROGRESS, PREFLIGHT, PAGES, MAIL, MAILBOX, RELAY = blocks(PAGE, "bash")


@contextmanager
def begun(command: str) -> Iterator[Callable[[str], str]]:
    """A command that goes on until it is stopped, typed in the repository; gives its next line with some words."""
    with subprocess.Popen(
        ["bash", "-c", f"exec {command}"], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        env={**SHELL, "PYTHONUNBUFFERED": "1", "SIMULATOR_PORT": "0"},
    ) as process:  # fmt: skip
        assert process.stdout
        lines = iter(process.stdout.readline, "")
        try:
            yield lambda words: next(line.strip() for line in lines if words in line)
        finally:
            process.terminate()


def test_the_server_starts_as_the_page_says() -> None:
    with begun(SERVE) as line:
        url = line(GREETING).removeprefix(GREETING)
        assert httpx2.get(f"{url}/_simulator/health", trust_env=False).status_code == 200


def test_the_variables_and_the_files_of_requests_are_as_the_page_says(server: Server, tmp_path: Path) -> None:
    shown = PAGE.split(ENV)[1].split("```\n")[2].replace(WRITTEN, server.url)
    assert play(ENV, server.url).stdout.startswith(shown)
    play(HTTP_FILES, server.url, cwd=tmp_path)
    files = {path.name: path.read_text() for path in tmp_path.iterdir()}
    assert [*sorted(files)] == ["predictive-index.http", "pymetrics.http"]
    assert all(f"@base = {server.url}\n@sandbox = offline\n" in text for text in files.values())


def test_invitations_complete_by_themselves_as_the_page_says(server: Server) -> None:
    assert '"progress":"PT5S"' in play(PROGRESS, server.url).stdout


def test_a_preflight_and_the_headers_that_can_be_read_are_those_of_the_page(server: Server) -> None:
    shown = PAGE.split(PREFLIGHT)[1].split("```\n")[2]
    said = play(PREFLIGHT, server.url).stdout.splitlines()
    assert [line for line in shown.splitlines() if line not in said] == []
    answer = httpx2.get(f"{server.url}/api/v1/nope", headers={"Origin": "http://localhost"}, trust_env=False)
    exposed = answer.headers["access-control-expose-headers"].split(", ")
    assert ", ".join(f"`{name}`" for name in exposed) in " ".join(PAGE.split())


def test_the_sample_page_is_served_as_the_page_says() -> None:
    port = free_port()
    with begun(PAGES.replace("3000", str(port))) as line:
        line("Serving HTTP")
        assert "Sample ATS" in httpx2.get(f"http://127.0.0.1:{port}/", trust_env=False).text


def test_a_mail_is_listed_and_relayed_as_the_page_says() -> None:
    port = str(free_port())
    with begun(MAILBOX.replace("1025", port)) as mailbox, begun(RELAY.replace("1025", port)) as relay:
        url = relay(GREETING).removeprefix(GREETING)
        assert '"subject":"Your PI Behavioral Assessment"' in play(MAIL, url).stdout
        assert mailbox("Subject:") == "Subject: Your PI Behavioral Assessment"
        assert mailbox("X-Simulator-Sandbox") == "X-Simulator-Sandbox: offline"


def test_the_composition_has_its_command_and_the_readme_leads_to_the_page() -> None:
    (command,) = (block.strip() for block in blocks(PAGE, "sh"))
    assert f"#   {command}\n" in (ROOT / "docs" / "examples" / "compose.yaml").read_text()
    assert "(docs/frontends.md)" in README
