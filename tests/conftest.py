"""Fixtures for all tests: the running program, a sandbox of one's own, a listener for webhooks."""

import gc
import uuid
from collections.abc import Generator, Iterator

import httpx2
import pytest
from hypothesis import settings

from tests.postgres import new_database, postgres
from tests.servers import Listener, Sandbox, Server

settings.register_profile("tests", deadline=None)  # that a machine is busy is nobody's mistake
settings.load_profile("tests")

_SERVER = pytest.StashKey[Server]()
_SIZE = pytest.StashKey[int]()


SLOW = (
    "test_schemathesis test_grades test_mutants test_stories test_sources test_generated test_client_docs test_check "
    "test_ats test_relay test_pytest_plugin test_soak test_client_contracts test_server_docs test_everywhere"
).split()
"""The modules that take longest. They go first, so that two workers end together."""


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest first; the order within a module, and of the other modules, stays as it was drawn."""
    place = {name: at for at, name in enumerate(SLOW)}
    items.sort(key=lambda item: place.get(item.path.stem, len(SLOW)))


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--log sqlite` runs the tests that share a server against one that keeps its commits in a file."""
    kinds = ["memory", "sqlite", "postgresql"]
    parser.addoption("--log", choices=kinds, default="memory", help="where the shared server's log is")
    parser.addoption("--processes", default="1", help="how many processes the shared server has")


@pytest.fixture(scope="module", autouse=True)
def _garbage() -> Iterator[None]:
    """Collect what a module has left, and look at the rest no more, which took so long that everything stood still."""
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
    with Server("--log", log, "--workers", request.config.getoption("--processes")) as running:
        request.config.stash[_SERVER] = running
        yield running
        del request.config.stash[_SERVER]


@pytest.fixture(scope="session")
def http(server: Server) -> Iterator[httpx2.Client]:
    """A plain client of the server, without credentials; safe to share between threads."""
    limits = httpx2.Limits(max_connections=None)
    with httpx2.Client(base_url=server.url, timeout=30, trust_env=False, verify=False, limits=limits) as client:
        yield client


@pytest.fixture
def sandbox(http: httpx2.Client) -> Iterator[Sandbox]:
    """A fresh sandbox, forgotten when the test is over."""
    fresh = Sandbox(http, f"t-{uuid.uuid4()}")
    yield fresh
    fresh.control("DELETE")


@pytest.fixture
def listener() -> Iterator[Listener]:
    """A webhook address that answers 200 until it is told otherwise."""
    with Listener() as listening:
        yield listening


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Asynchronous tests run on asyncio, as the server does."""
    return "asyncio"


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Note how much the server had said before this test."""
    running = item.config.stash.get(_SERVER, None)
    item.stash[_SIZE] = running.stderr_size() if running else 0


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show, with a failed test, what the server said meanwhile."""
    report = yield
    running = item.config.stash.get(_SERVER, None)
    if report.failed and running and (said := running.stderr(item.stash.get(_SIZE, 0))):
        report.sections.append(("the server's standard error", said))
    return report
