"""Fixtures for all tests: the running program, a fresh sandbox, a listener for webhooks."""

import gc
import signal
import threading
import uuid
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx2
import pytest
from hypothesis import settings

from tests.balancer import Balancer
from tests.postgres import new_database, postgres
from tests.servers import CONTROL_TOKEN, Listener, Received, Sandbox, Server

settings.register_profile("tests", deadline=None)  # a busy machine must not fail a test
settings.load_profile("tests")

_SERVER = pytest.StashKey[Server]()
_SIZE = pytest.StashKey[int]()

# Long tests: the beginning of their ids, and a text in the name of their sample. `scripts/test` leaves them out,
# `scripts/test --all` runs them, `scripts/test --sample` and `.ci/run` run the samples. They are clients in
# environments of their own and of other languages, generated clients, the browser matrix, several processes on one log,
# crashes, fuzzing, load, mutants and long stories.
LONG = {
    "tests/clients/test_environments.py": "[pytest 8.0 and contracts]",
    "tests/clients/test_generated.py": "test_python_clients_of_openapi_generator",
    "tests/clients/test_grades.py": "breaks_what_is_recorded_and_nothing_else[reference.py]",
    "tests/clients/test_pymetrics_sdks.py": "calls_and_refusals",
    "tests/clients/test_schemathesis.py": "at_a_vendor[predictive-index]",
    "tests/clients/test_standard_webhooks.py": "test_both_libraries",
    "tests/clients/test_test_runners.py": "test_vitest[forks]",
    "tests/contracts/test_check.py": "test_it_exits_with_0",
    "tests/contracts/test_check_options.py": "test_a_baseline_lets_known_failures_pass",
    "tests/contracts/test_client_contracts.py": "test_every_line_of_a_run_is_as_the_schema_says",
    "tests/contracts/test_examples.py": "[planted_httpx]",
    "tests/contracts/test_everywhere.py": "test_every_property_holds",
    "tests/contracts/test_vendor.py": "test_after_a_crash",
    "tests/contracts/test_pages.py::test_every_command": "[--only 'pymetrics.token.*'",
    "tests/contracts/test_unusual_clients.py": "[a token cache keyed by URL]",
    "tests/crash/test_crash.py::test_nothing_that_was_acknowledged": "test_nothing_that_was_acknowledged",
    "tests/engine/test_clocks.py": "test_a_server_whose_clock_is_ahead",
    "tests/engine/test_database_outage.py": "test_all_sessions_are_ended",
    "tests/engine/test_killed_servers.py": "test_a_server_with_many_busy_sandboxes",
    "tests/engine/test_lost_commits.py": "test_commits_that_the_database_lost",
    "tests/engine/test_many_timers.py": "[memory]",
    "tests/engine/test_partitions.py": "test_an_owner_that_cannot_reach_the_database",
    "tests/engine/test_paused_owner.py": "test_a_read_that_waited",
    "tests/intercept/test_clients.py": "[requests]",
    "tests/intercept/test_authority.py::test_a_certificate_of_the_authority_for_another": "[openssl]",
    "tests/server/log/test_linear.py::test_concurrent_calls": "test_concurrent_calls",
    "tests/server/log/test_outage.py": "test_no_webhook_is_sent_for_a_change_that_was_not_written",
    "tests/server/test_candidate_browser.py": "[wide-True-True-pymetrics]",
    "tests/server/test_cross_origin_browser.py": "[127.0.0.1]",
    "tests/server/test_dashboard_in_browser.py": "[call-narrow and dark]",
    "tests/server/test_docs_page.py": "test_page_is_accessible_at_every_width[narrow]",
    "tests/server/test_pages.py::test_home_page_is_accessible": "test_home_page",
    "tests/server/test_login.py::test_a_person_logs_in_with_the_keyboard": "test_a_person_logs_in",
    "tests/server/test_relay.py::test_only_the_committing_process": "test_only_the_committing_process",
    "tests/server/test_seeds.py::test_two_processes": "test_two_processes",
    "tests/test_ats.py": "[wide-light]",
    "tests/test_fuzz.py": "test_the_server_survives_invalid_requests[bytes]",
    "tests/test_guides.py::test_java": "test_java",
    "tests/test_mutants.py::test_the_contracts_notice_a_mutant": "[pymetrics.token.o",
    "tests/test_newcomer.py": "test_a_job_of_continuous_integration",
    "tests/test_nginx.py::test_a_candidate_goes": "test_a_candidate_goes",
    "tests/test_nginx.py::test_a_person_logs_in": "test_a_person_logs_in",
    "tests/test_pytest_plugin.py::test_the_three_line_test_passes_beside_all": "test_the_three_line_test",
    "tests/test_pytest_plugin.py::test_rule_coverage_is_summed": "test_rule_coverage_is_summed",
    "tests/test_pytest_plugin.py::test_sixty_tests": "test_sixty_tests",
    "tests/test_scripts.py::test_a_short_soak": "[webhooks]",
    "tests/test_scripts.py::test_pictures": "test_pictures",
    "tests/test_stories.py::test_the_server_agrees_with_the_models": "test_the_server_agrees_with_the_models",
    "tests/test_tls.py::test_pymetrics_own_sdk": "test_pymetrics_own_sdk",
}


def pytest_configure(config: pytest.Config) -> None:
    """Restore SIGINT where a shell ignores it for jobs in the background, so that children can be stopped by it."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """With `-m "not long"`, import no module that is long as a whole: imports take time, too."""
    is_long = config.option.markexpr == "not long" and str(collection_path.relative_to(config.rootpath)) in LONG
    return True if is_long else None


@pytest.hookimpl(tryfirst=True)  # before -m selects
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark long tests and their samples. With `-m sample` each row of the table must have one."""
    without = {*LONG}
    for item in items:
        for place, sample in LONG.items():
            if item.nodeid.startswith(place):
                item.add_marker("long")
                if sample in item.name:
                    item.add_marker("sample")
                    without.discard(place)
    if without and config.option.markexpr == "sample":
        raise pytest.UsageError(f"rows of LONG without a sample: {', '.join(sorted(without))}")


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--log sqlite` runs the tests that share a server against one that keeps its commits in a file."""
    kinds = ["memory", "sqlite", "postgresql"]
    parser.addoption("--log", choices=kinds, default="memory", help="where the shared server's log is")
    parser.addoption("--processes", default="1", help="how many processes the shared server has")
    parser.addoption("--servers", type=int, default=1, help="how many servers share the log, behind a balancer")


@pytest.fixture(scope="module", autouse=True)
def _garbage() -> Iterator[None]:
    """After each module: collect garbage and freeze the rest, because full collections stopped the run for seconds."""
    yield
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """A PostgreSQL server, without a database."""
    with postgres() as server:
        yield server


@pytest.fixture(scope="session")
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The real program, started once for each process that runs tests."""
    kind = request.config.getoption("--log")
    log = kind
    if kind == "sqlite":
        log = f"sqlite:{tmp_path_factory.mktemp('log')}/log.db"
    elif kind == "postgresql":
        log = new_database(request.getfixturevalue("postgres_server"))
    command = ("--log", log, "--workers", request.config.getoption("--processes"))
    with ExitStack() as stack:
        servers = [Server(*command) for _ in range(request.config.getoption("--servers"))]
        for one in servers:
            stack.enter_context(one)
        running = servers[0]
        if len(servers) > 1:  # each request goes to the next server
            running.url = stack.enter_context(Balancer(*(one.url for one in servers))).url
        request.config.stash[_SERVER] = running
        yield running
        del request.config.stash[_SERVER]


@pytest.fixture(scope="session")
def closed() -> Iterator[Server]:
    """A server in closed access with the control token `CONTROL_TOKEN`; each test opens sandboxes of its own names."""
    with Server("--access", "closed", environ={"SIMULATOR_CONTROL_TOKEN": CONTROL_TOKEN}) as running:
        yield running


@pytest.fixture(scope="session")
def http(server: Server) -> Iterator[httpx2.Client]:
    """A plain client of the server, without credentials; safe to share between threads."""
    limits = httpx2.Limits(max_connections=None)
    with httpx2.Client(base_url=server.url, timeout=30, trust_env=False, verify=False, limits=limits) as client:
        yield client


@pytest.fixture
def sandbox(http: httpx2.Client) -> Iterator[Sandbox]:
    """A fresh sandbox, deleted after the test."""
    fresh = Sandbox(http, f"t-{uuid.uuid4()}")
    yield fresh
    fresh.control("DELETE")


@pytest.fixture
def listener() -> Iterator[Listener]:
    """A webhook listener that responds with 200 by default."""
    with Listener() as listening:
        yield listening


@pytest.fixture
def gate(listener: Listener) -> Iterator[threading.Event]:
    """The listener responds, with 200, when this is set."""
    opened = threading.Event()

    def answer(received: Received) -> int:
        opened.wait(20)
        return 200

    listener.answers = answer
    yield opened
    opened.set()


@pytest.fixture
def frozen(sandbox: Sandbox) -> Sandbox:
    """A sandbox whose clock stands at the beginning of 2026."""
    sandbox.control_json("POST", "/clock", {"freeze": "2026-01-01"})
    return sandbox


@pytest.fixture
def aside() -> Iterator[Callable[..., "Future[Any]"]]:
    """Runs functions in other threads; waits for them at the end."""
    with ThreadPoolExecutor(8) as threads:
        yield threads.submit


@pytest.fixture
def nothing_served(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail instead of serving in this process, which would never end."""

    def serve(settings: object) -> int:
        raise AssertionError(f"this would be served: {settings}")

    monkeypatch.setattr("assessment_simulator.runner.serve", serve)


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Asynchronous tests run on asyncio, as the server does."""
    return "asyncio"


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Note the size of the server's standard error before this test."""
    running = item.config.stash.get(_SERVER, None)
    item.stash[_SIZE] = running.stderr_size() if running else 0


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show with a failed test what the server wrote to standard error during it."""
    report = yield
    running = item.config.stash.get(_SERVER, None)
    if report.failed and running and (said := running.stderr(item.stash.get(_SIZE, 0))):
        report.sections.append(("the server's standard error", said))
    return report
