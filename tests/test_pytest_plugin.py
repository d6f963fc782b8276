"""The pytest plugin, in test suites that run in a pytest of their own."""

import re
import signal
import subprocess
import sys
from pathlib import Path

import httpx2
import pytest

from tests.servers import CONTROL_TOKEN, Server
from tests.suites import ALONE, command, environment, passed, run, written
from tests.waiting import answers, until

THREE_LINES = """
import httpx2

def test_a_completed_assessment_is_told_of(simulator):
    pi, person = simulator.predictive_index, {"firstName": "Ada", "lastName": "Lovelace", "email": "ada@example.com"}
    made = httpx2.post(f"{pi.url}/behavioralassessments", headers=pi.headers(), json=person).json()
    simulator.complete(made["assessmentId"])
    assert simulator.webhooks.wait_for(1)[0].form["assessmentState"] == "40"
"""
# A conftest that records, for each test, its server and its sandbox.
NOTED = """
import pathlib
import pytest

@pytest.fixture(autouse=True)
def noted(simulator):
    with pathlib.Path(__file__).with_name("noted").open("a") as file:
        file.write(f"{simulator.url} {simulator.name}\\n")
"""
CLOSED = """
import pytest
from assessment_simulator.settings import Settings

@pytest.fixture(scope="session")
def simulator_settings():
    return Settings(port=0, access="closed")
"""


def noted(folder: Path) -> tuple[set[str], list[str]]:
    """The recorded servers and sandboxes."""
    pairs = [line.split() for line in (folder / "noted").read_text().splitlines()]
    return {url for url, _ in pairs}, [name for _, name in pairs]


def sandboxes(server: Server) -> set[str]:
    """The open sandboxes of a server."""
    return {one["name"] for one in httpx2.get(f"{server.url}/_simulator/sandboxes", trust_env=False).json()}


# Without the fixture.

IMPORT = """
import sys, time
import pytest

before, best = set(sys.modules), 1.0
for _ in range(5):
    sys.modules.pop("assessment_simulator.pytest_plugin", None)
    sys.modules.pop("assessment_simulator", None)
    began = time.perf_counter()
    import assessment_simulator.pytest_plugin
    best = min(best, time.perf_counter() - began)
print(*sorted(set(sys.modules) - before), best)
"""


def test_the_plugin_loads_in_5_ms_and_imports_nothing_else() -> None:
    done = subprocess.run([sys.executable, "-c", IMPORT], capture_output=True, text=True, check=True, timeout=60)
    *modules, seconds = done.stdout.split()
    assert modules == ["assessment_simulator", "assessment_simulator.pytest_plugin"]
    assert float(seconds) < 0.005


def test_a_suite_without_the_fixture_loads_nothing_of_the_simulator(tmp_path: Path) -> None:
    suite = """
import sys, threading

def test_nothing_is_here():
    ours = {name for name in sys.modules if name.split(".")[0] == "assessment_simulator"}
    assert ours == {"assessment_simulator", "assessment_simulator.pytest_plugin"}
    assert not {"httpx2", "starlette", "uvicorn", "pydantic"} & set(sys.modules)
    assert threading.active_count() == 1
"""
    passed(run(written(tmp_path, {"test_own.py": suite})), 1)


# One server for the run.


def test_the_three_line_test_passes_beside_all_installed_plugins(tmp_path: Path) -> None:
    written(tmp_path, {"test_three.py": THREE_LINES, "conftest.py": NOTED})
    free = environment()
    del free["PYTEST_DISABLE_PLUGIN_AUTOLOAD"]
    done = subprocess.run(command(), cwd=tmp_path, env=free, capture_output=True, text=True, check=False, timeout=100)
    passed(done, 1)
    assert done.stderr == ""
    (url,), (name,) = noted(tmp_path)
    assert re.fullmatch(r"test-a-completed-assessment-is-told-of-[0-9a-f]{12}", name)
    assert not answers(url)


def test_sixty_tests_in_four_workers_share_one_server_that_survives_the_worker_that_started_it(tmp_path: Path) -> None:
    suite = """
import os, pathlib, signal
import pytest

@pytest.mark.parametrize("n", range(60))
def test_one(simulator, n):
    assert simulator.invitations == []
    try:
        pathlib.Path(__file__).with_name("killed").touch(exist_ok=False)
    except FileExistsError:
        return
    os.kill(os.getpid(), signal.SIGKILL)
"""
    done = run(written(tmp_path, {"test_many.py": suite, "conftest.py": NOTED}), "-n", "4")
    assert re.search(r"1 failed, 59 passed in ", done.stdout), done.stdout
    assert "crashed while running 'test_many.py::test_one[" in done.stdout
    (url,), names = noted(tmp_path)
    assert len(set(names)) == 60
    assert not answers(url)


def test_without_filelock_a_run_alone_passes_and_xdist_says_what_to_install(tmp_path: Path) -> None:
    hidden = "raise ModuleNotFoundError(\"No module named 'filelock'\", name='filelock')\n"
    written(tmp_path, {"hidden/filelock.py": hidden, "test_three.py": THREE_LINES})
    passed(run(tmp_path, PYTHONPATH=str(tmp_path / "hidden")), 1)
    done = run(tmp_path, "-n", "1", PYTHONPATH=str(tmp_path / "hidden"))
    assert "1 error" in done.stdout, done.stdout
    assert "needs filelock: pip install 'assessment-simulator[pytest]'" in done.stdout


@pytest.mark.parametrize("arguments", [(), ("-n", "1")], ids=["alone", "xdist"])
def test_a_run_that_is_killed_leaves_no_server_behind(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    suite = "import time\n\ndef test_long(simulator):\n    time.sleep(60)\n"
    written(tmp_path, {"test_long.py": suite, "conftest.py": NOTED})
    with subprocess.Popen(
        command(*ALONE, *arguments), cwd=tmp_path, env=environment(), stdout=subprocess.DEVNULL
    ) as pytest_run:
        until(lambda: (tmp_path / "noted").exists() and (tmp_path / "noted").read_text().endswith("\n"), 30)
        (url,), _ = noted(tmp_path)
        there = answers(url)
        pytest_run.send_signal(signal.SIGKILL)
    assert there
    until(lambda: not answers(url))


def test_an_external_server_is_used_and_a_failed_test_leaves_no_sandbox(tmp_path: Path, server: Server) -> None:
    suite = THREE_LINES + "\ndef test_failing(simulator):\n    simulator.fork()\n    assert simulator is None\n"
    written(tmp_path, {"test_three.py": suite, "conftest.py": NOTED})
    before = sandboxes(server)
    done = run(tmp_path, SIMULATOR_URL=f"{server.url}/")
    assert "1 failed, 1 passed" in done.stdout, done.stdout
    assert "rules kept" not in done.stdout
    (url,), names = noted(tmp_path)
    assert (url, len(names)) == (server.url, 2)
    assert sandboxes(server) - before == set()


def test_an_external_server_in_closed_access_is_used_with_its_control_token(closed: Server, tmp_path: Path) -> None:
    written(tmp_path, {"test_three.py": THREE_LINES})
    passed(run(tmp_path, SIMULATOR_URL=closed.url, SIMULATOR_CONTROL_TOKEN=CONTROL_TOKEN), 1)


def test_an_external_server_that_cannot_reach_the_listener_fails_only_webhooks(tmp_path: Path, server: Server) -> None:
    suite = THREE_LINES + "\ndef test_the_rest(simulator):\n    assert simulator.config()['webhook_url'] is None\n"
    done = run(
        written(tmp_path, {"test_three.py": suite}),
        SIMULATOR_URL=server.url,
        SIMULATOR_LISTENER_URL="http://127.0.0.1:9",
    )
    assert "1 failed, 1 passed" in done.stdout, done.stdout
    assert f"the server at {server.url} cannot reach this machine's listener" in done.stdout


def test_an_external_server_that_does_not_answer_is_named(tmp_path: Path) -> None:
    done = run(written(tmp_path, {"test_three.py": THREE_LINES}), SIMULATOR_URL="http://127.0.0.1:9")
    assert "1 error" in done.stdout
    assert "SimulatorError: GET http://127.0.0.1:9/_simulator/health: " in done.stdout


FAILING = """
import pytest
import requests

def call(simulator, **members):
    pi = simulator.predictive_index
    requests.post(f"{pi.url}/behavioralassessments", headers=pi.headers(), json=members)

def test_failing(simulator):
    for _ in range(11):
        call(simulator, lastName="Lovelace")
    assert simulator is None

def test_without_requests(simulator):
    raise ValueError("none")

def test_passing(simulator):
    call(simulator)

def test_whose_sandbox_is_gone(simulator):
    call(simulator)
    simulator.url = "http://127.0.0.1:9"
    raise ValueError("gone")

@pytest.fixture
def another(simulator_server):
    with simulator_server.open("another-one") as sandbox:
        requests.get(f"{sandbox.url}/api/v1/%1b[2Jx", headers=sandbox.predictive_index.headers())
        yield sandbox

def test_with_a_fixture_of_its_own(another):
    assert another is None
"""


@pytest.mark.parametrize("arguments", [(), ("-n", "1")], ids=["alone", "xdist"])
def test_a_failing_test_shows_its_last_requests_and_the_path_of_a_trace(
    tmp_path: Path, server: Server, arguments: tuple[str, ...]
) -> None:
    written(tmp_path, {"test_failing.py": FAILING})
    done = run(tmp_path, f"--basetemp={tmp_path}/temporary", *arguments, SIMULATOR_URL=server.url)
    assert "4 failed, 1 passed" in done.stdout, done.stdout
    sections = done.stdout.split(" simulator: last requests ")[1:]
    assert len(sections) == 4
    assert any("GET /api/v1/?[2Jx  pi.http.route\n" in section for section in sections)
    (full,) = (section for section in sections if "the last 10 of 11:" in section)
    assert full.count("  400  POST /api/v1/behavioralassessments  pi.create.first_name.required") == 10
    (trace,) = re.findall(r"^trace: (.*)$", full, re.MULTILINE)
    assert "pi.create.first_name.required" in Path(trace).read_text()
    assert f"{server.url}/sandboxes/test-failing-" in full
    assert any("no requests" in section for section in sections)
    assert any("they could not be read: " in section for section in sections)


# Settings.


@pytest.mark.parametrize("arguments", [(), ("-n", "2")], ids=["alone", "xdist"])
def test_a_suite_overrides_the_settings(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    suite = """
import pytest

@pytest.mark.parametrize("n", range(4))
def test_access_is_closed(simulator, simulator_server, n):
    assert simulator_server.control_token
    assert not simulator.pymetrics.client_id.startswith("sim-")
    assert simulator.pymetrics.headers()
"""
    written(tmp_path, {"test_closed.py": suite, "conftest.py": CLOSED + NOTED})
    passed(run(tmp_path, *arguments), 4)
    assert len(noted(tmp_path)[0]) == 1


def test_settings_that_differ_within_a_run_are_an_error(tmp_path: Path) -> None:
    suite = "def test_it(simulator):\n    pass\n"
    written(tmp_path, {"test_a.py": suite, "below/test_b.py": suite, "below/conftest.py": CLOSED})
    done = run(tmp_path, "test_a.py", "below/test_b.py")
    assert "1 passed, 1 error" in done.stdout, done.stdout
    assert "override them in the top-most conftest.py" in done.stdout


@pytest.mark.parametrize("arguments", [(), ("-n", "1")], ids=["alone", "xdist"])
def test_a_server_that_cannot_start_says_why(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    conftest = CLOSED.replace('port=0, access="closed"', 'host="192.0.2.1", port=0')
    done = run(written(tmp_path, {"test_three.py": THREE_LINES, "conftest.py": conftest}), *arguments)
    assert "1 error" in done.stdout, done.stdout
    assert "RuntimeError: the simulator did not start" in done.stdout
    assert "cannot listen on 192.0.2.1:0" in done.stdout


# Coverage.

COVERED = """
import httpx2
import pytest

@pytest.mark.parametrize("n", range(4))
def test_a_rule_is_broken(simulator_server, n):
    with simulator_server.open() as sandbox:
        pi = sandbox.predictive_index
        body = {"firstName": "Ada", "lastName": "Lovelace", "email": "ada@example.com"} if n else {}
        httpx2.post(f"{pi.url}/behavioralassessments", headers=pi.headers(), json=body)
        if n == 1:
            sandbox.reset()

def test_a_credential_of_ones_own_choice_counts(simulator_server):
    httpx2.get(f"{simulator_server.url}/mercury/configuration", headers={"X-Api-Key": "sim-own"})
"""


def test_rule_coverage_is_summed_over_workers(tmp_path: Path) -> None:
    written(tmp_path, {"test_covered.py": COVERED})
    alone, spread = run(tmp_path, "--simulator-coverage"), run(tmp_path, "--simulator-coverage", "-n", "2")
    told = [re.findall(r"^(\d+) of (\d+) rules kept, (\d+) broken$", done.stdout, re.M) for done in (alone, spread)]
    assert told[0] == told[1], alone.stdout + spread.stdout
    [(kept, of, broken)] = [tuple(map(int, found)) for found in told[0]]
    assert 10 < kept < of
    assert 0 < broken < kept
    assert "never" not in alone.stdout


def test_uncovered_rules_are_listed_with_v(tmp_path: Path, server: Server) -> None:
    written(tmp_path, {"test_covered.py": COVERED})
    done = run(tmp_path, "--simulator-coverage", "-v", SIMULATOR_URL=server.url)
    assert "\npi.create.expiration.future: never broken\n" in done.stdout, done.stdout
    assert "\npi.create.first_name.required" not in done.stdout
