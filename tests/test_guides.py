"""The tutorial, the how-to guides, the integrations and the troubleshooting page: their commands and files run."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import httpx2
import pytest

from tests.browser import CHROMIUM, OPTIONS, wants_chromium
from tests.pages import SHELL, blocks, page, play
from tests.servers import ROOT, Server
from tests.suites import passed, run, written
from tests.waiting import free_port

DOCS = ROOT / "docs"
EXAMPLES = DOCS / "examples"
# tests/intercept/test_page.py and tests/recording/test_page.py run the blocks of these.
APART = {"howto/compare.md", "howto/intercept.md"}
GUIDES = sorted({f"howto/{path.name}" for path in (DOCS / "howto").glob("*.md")} - APART)
GUIDES.append("integrations/http-files.md")
# The languages whose blocks run, by the beginning of the page's name: here or in the test that is named.
RUN = {
    "README.md": {"python", "sh"},  # tests/test_howto.py, tests/test_docs.py
    "client-contracts.md": {"bash", "python", "js"},  # tests/contracts/test_pages.py
    "contracts.md": {"bash"},  # tests/contracts/test_pages.py
    "control.md": {"bash", "toml"},  # tests/test_docs.py
    "errors.md": {"bash"},  # tests/test_docs.py
    "frontends.md": {"bash"},  # tests/test_frontends.py
    "howto/": {"bash", "python"},
    "integrations/curl.md": {"bash"},  # tests/test_docs.py
    "integrations/": {"bash", "python", "js", "java"},  # here, tests/clients/test_javascript.py
    "operations.md": {"nginx"},  # tests/test_nginx.py
    "pytest.md": {"python"},  # tests/test_howto.py
    "troubleshooting.md": {"bash"},
    "tutorial.md": {"bash", "python"},
    "upgrading.md": {"bash", "python"},  # tests/test_release.py
}
COMMANDS = {"bash", "sh", "console", "python", "js", "java", "toml", "nginx"}


def test_every_command_of_the_documents_runs_or_is_marked() -> None:
    missing = []
    for path in (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *DOCS.glob("**/*.md")):
        name = path.name if path.parent == ROOT else str(path.relative_to(DOCS))
        runs = next((RUN[one] for one in sorted(RUN, reverse=True) if name.startswith(one)), set())
        for before, language in re.findall(r"(.*)\n```(\w+)\n", re.sub(r"```\n.*?```", "", path.read_text("utf-8"))):
            if language in COMMANDS - runs and not before.startswith("<!-- not run: "):
                missing.append(f"{name}: a block {language} after {before!r}")
    assert missing == []


def test_the_tutorial_leads_to_a_tested_client(tmp_path: Path, server: Server) -> None:
    found = re.findall(r"^```(\w*)\n(.*?)^```$", page("tutorial.md"), re.MULTILINE | re.DOTALL)
    outputs = []
    for language, text in found:
        if language == "python":
            first, _, rest = text.partition("\n")
            adds, name = re.fullmatch(r"# (add to )?(\w+\.py)", first).groups()  # type: ignore[union-attr]
            before = (tmp_path / name).read_text() if adds else ""
            (tmp_path / name).write_text(before + (rest if adds else text))
        elif language == "bash":
            assert text == "pytest -q\n"
            outputs.append(run(tmp_path, "-q", SIMULATOR_URL=server.url).stdout.splitlines()[-1])
        elif language != "sh":
            assert outputs[-1].startswith(f"{text.strip()} in ")
    assert len(outputs) == 6


def test_every_example_in_python_passes(tmp_path: Path, server: Server) -> None:
    suites = {
        f"test_{Path(name).stem}_{number}.py": block
        for name in GUIDES
        for number, block in enumerate(blocks(page(name), "python"))
    }
    for path in (*EXAMPLES.glob("requests/*.py"), *EXAMPLES.glob("httpx/*.py")):
        suites[path.name] = path.read_text()
    folder = written(tmp_path, suites)
    passed(
        run(folder, "-p", "_hypothesis_pytestplugin", SIMULATOR_URL=server.url),
        sum(text.count("def test_") for text in suites.values()),
    )


EXAMPLES_OF_GUIDES = [(name, block) for name in GUIDES for block in blocks(page(name), "bash")]


@pytest.mark.parametrize(("name", "block"), EXAMPLES_OF_GUIDES, ids=lambda value: value[:20])
def test_every_shell_example_of_a_guide_succeeds(name: str, block: str, server: Server, tmp_path: Path) -> None:
    begun = "trap 'kill $(jobs -p) 2>/dev/null || true' EXIT\n"
    play(begun + block.replace("8899", str(free_port())), server.url, cwd=tmp_path)


def test_the_suite_of_unittest_passes() -> None:
    command = [sys.executable, "-B", "-m", "unittest", "-v", "test_hiring"]
    done = subprocess.run(
        command, cwd=EXAMPLES / "unittest", env=SHELL, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert "Ran 1 test" in done.stderr


@wants_chromium
def test_a_candidate_finishes_in_playwright_for_python(tmp_path: Path, server: Server) -> None:
    # pytest-playwright's fixture, with the browser of this machine.
    browser = f"""
import httpx2
import pytest
from playwright.sync_api import sync_playwright

@pytest.fixture
def page():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path={CHROMIUM!r}, args={OPTIONS!r})
        yield browser.new_page()
        browser.close()
"""
    suite = {"conftest.py": browser, "test_candidate.py": (EXAMPLES / "playwright" / "test_candidate.py").read_text()}
    passed(run(written(tmp_path, suite), SIMULATOR_URL=server.url), 1)


@pytest.mark.skipif(shutil.which("node") is None and "CI" not in os.environ, reason="wants Node.js")
def test_fetch_completes_an_order(server: Server) -> None:
    script = EXAMPLES / "node" / "fetch.mjs"
    done = subprocess.run(["node", script, server.url], capture_output=True, text=True, check=False, timeout=60)
    assert re.fullmatch(r"score \d+\.?\d*\n", done.stdout), done.stderr


@pytest.mark.skipif(shutil.which("javac") is None and "CI" not in os.environ, reason="wants a JDK, 17 or newer")
def test_java_completes_an_assessment(server: Server, tmp_path: Path) -> None:
    shutil.copy(EXAMPLES / "java" / "Hiring.java", tmp_path)
    command = ["java", "-XX:TieredStopAtLevel=1", "Hiring.java", server.url]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=100)
    assert done.stdout == "state 40\n", done.stderr


# The messages of the troubleshooting page, and where each comes from: a request (method, path, headers, body), a
# command, or a test in Python; None for those that the tests of the npm package or other programs show.
HOST, ORIGIN, CLOCK = {"Host": "x.example"}, {"Origin": "https://x.example"}, "/_simulator/sandboxes/lost/clock"
COMPLETE = """
import requests
def test_it(simulator):
    pi = simulator.predictive_index
    person = {"firstName": "Ada", "lastName": "L", "email": "ada@example.com"}
    url = "http://169.254.169.254/"
    body = {**person, "assessmentStatusWebHook": url}
    id = requests.post(f"{pi.url}/behavioralassessments", headers=pi.headers(), json=body).json()["assessmentId"]
    simulator.complete(id)
    simulator.clock.advance("1d")
    print(simulator.deliveries)
    simulator.complete(id)
"""
EXAMPLES_OF_ONE_SANDBOX = """
from hypothesis import given, strategies as st
@given(st.integers())
def test_it(simulator, number): pass
"""
MESSAGES: dict[str, object] = {
    "Authorization has been denied for this request.": ("GET", "/api/v1/behavioralassessments", {}, ""),
    '{"message":"Forbidden"}': ("GET", "/mercury/configuration", {}, ""),
    "the header Authorization must be 'Bearer <access token>'": (
        "GET",
        "/mercury/configuration",
        {"X-Api-Key": "sim-lost"},
        "",
    ),
    "nothing answers at …; the base URL of The Predictive Index ends in /api/v1": (
        "GET",
        "/behavioralassessments",
        {},
        "",
    ),
    "the path must be that of an operation": ("GET", "/mercury/nowhere", {}, ""),
    "… is no sandbox name: 1 to 64 of a-z, 0-9 and -": ("GET", "/_simulator/sandboxes/Lost", {}, ""),
    "the host … in this request is not accepted in open access": ("GET", "/", HOST, ""),
    "a page of another site sent this": ("POST", "/mercury/order", ORIGIN, ""),
    "cannot listen on …: Address already in use; choose another with --port, 0 takes a free one": "serve --port {port}",
    "… is not ready: <urlopen error [Errno 111] Connection refused>": "ready --url http://127.0.0.1:9",
    "check needs Hypothesis and pytest: …": None,  # tests/test_cli.py
    "curl: option --json: is unknown": None,
    "… is no duration such as 24h, 1d12h or PT24H": ("POST", CLOCK, {}, '{"advance": "a day"}'),
    "cannot complete: the assessment is Completed (40), an end state": COMPLETE,
    "body: must be a valid array": ("PUT", "/_simulator/sandboxes/lost/faults", {}, '{"do": "status"}'),
    "uses a function-scoped fixture 'simulator'": EXAMPLES_OF_ONE_SANDBOX,
    "waited … s for 1 webhooks; 0 came": "def test_it(simulator): simulator.webhooks.wait_for(1, within=0.1)",
    "cannot reach this machine's listener for webhooks at …": "def test_it(simulator): simulator.webhooks",
    "refused by policy": COMPLETE,
    "Message timestamp too new": None,  # tests/clients/test_standard_webhooks.py
    "fixture 'simulator' not found": None,
    "SIMULATOR_URL is …, and no simulator responds there": None,  # tests/clients/test_javascript.py
    "the command assessment-simulator was not found": None,  # tests/clients/test_javascript.py
}


def test_the_page_of_messages_lists_those_of_the_table() -> None:
    assert re.findall(r"^### `(.+)`$", page("troubleshooting.md"), re.MULTILINE) == [*MESSAGES]


@pytest.mark.parametrize("message", [message for message, way in MESSAGES.items() if way])
def test_a_listed_message_is_literal(message: str, server: Server, tmp_path: Path) -> None:
    way = MESSAGES[message]
    if isinstance(way, tuple):
        method, path, headers, body = way
        said = httpx2.request(method, server.url + path, headers=headers, content=body, trust_env=False).text
    elif "def test_it" in str(way):
        away = {"SIMULATOR_LISTENER_URL": "http://127.0.0.1:9"} if "listener" in message else {}
        suite = written(tmp_path, {"test_it.py": str(way)})
        said = run(suite, "-p", "_hypothesis_pytestplugin", SIMULATOR_URL=server.url, **away).stdout
    else:
        said = play(f"assessment-simulator {way}".format(port=server.url.rpartition(":")[2]), server.url, 1).stderr
    assert [part for part in message.split("…") if part.strip() not in said] == [], said
