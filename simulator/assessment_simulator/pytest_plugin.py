"""Fixtures for pytest: `simulator`, a fresh sandbox for each test, on a server that is started when first needed.

The package registers it, so nothing has to be switched on. Until a fixture is used it imports nothing but pytest.
"""

import re
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from assessment_simulator.client import Simulator, SimulatorServer
    from assessment_simulator.settings import Settings
    from assessment_simulator.testing.server_process import ServerPool

_POOL = pytest.StashKey["ServerPool"]()
_TEMPORARY = pytest.StashKey[pytest.TempPathFactory]()


@pytest.fixture(scope="session")
def simulator_settings() -> "Settings":
    """The settings of the server, to override in the top-most `conftest.py`; port 0 takes a free one."""
    from assessment_simulator.settings import Settings, from_environment

    return Settings(port=0, control_token=from_environment("control_token"))


@pytest.fixture(scope="session")
def simulator_server(
    pytestconfig: pytest.Config, simulator_settings: "Settings", tmp_path_factory: pytest.TempPathFactory
) -> Iterator["SimulatorServer"]:
    """The running server, one for the whole run: that at SIMULATOR_URL, else one with `simulator_settings`."""
    from assessment_simulator.client import SimulatorServer
    from assessment_simulator.settings import from_environment
    from assessment_simulator.testing.server_process import server

    pytestconfig.stash[_TEMPORARY] = tmp_path_factory
    coverage = pytestconfig.pluginmanager.get_plugin("simulator-coverage")
    leaving = coverage.note if coverage else None
    if url := from_environment("url"):
        running = SimulatorServer(url, from_environment("control_token"), leaving=leaving)
        running.check()
    else:
        # Under pytest-xdist the controller has the pool, else this process.
        address = getattr(pytestconfig, "workerinput", {}).get("simulator") or _pool(pytestconfig).address()
        pooled = server(address, simulator_settings, shared=hasattr(pytestconfig, "workerinput"))
        running = SimulatorServer(pooled.url, pooled.control_token, settings=simulator_settings, leaving=leaving)
    with running:
        yield running


@pytest.fixture
def simulator(
    request: pytest.FixtureRequest, simulator_server: "SimulatorServer", simulator_settings: "Settings"
) -> Iterator["Simulator"]:
    """A fresh sandbox for this test alone, deleted when the test is over."""
    if simulator_server.settings not in (None, simulator_settings):
        raise pytest.UsageError("simulator_settings differ within one run: override them in the top-most conftest.py")
    readable = re.sub(r"[^a-z0-9]+", "-", request.node.name.lower()).strip("-")
    with simulator_server.open(like=readable) as sandbox:
        yield sandbox


@pytest.fixture(scope="session")
def _interceptor(pytestconfig: pytest.Config, simulator_settings: "Settings") -> Iterator[Any]:
    """A server that answers for the vendors' hosts, for this process of the run alone, and the interceptor."""
    from dataclasses import replace

    from assessment_simulator.app import VENDORS
    from assessment_simulator.client import SimulatorServer
    from assessment_simulator.intercept.child import ADDRESSES, Interceptor
    from assessment_simulator.intercept.listener import AUTHORITY, authority_folder, hosts_of
    from assessment_simulator.testing.server_process import server

    worker = getattr(pytestconfig, "workerinput", {})
    sandbox = f"intercept-{worker.get('workerid', 'main')}"
    settings = replace(simulator_settings, port=0, intercept=0, default_sandbox=sandbox)
    pooled = server(worker.get("simulator") or _pool(pytestconfig).address(), settings, shared=bool(worker))
    hosts = tuple(hosts_of(VENDORS, settings.intercept_hosts).table)
    authority = authority_folder(settings) / AUTHORITY
    interceptor = Interceptor(pooled.intercept or 0, hosts, authority, ADDRESSES[0], pooled.url)
    with SimulatorServer(pooled.url, pooled.control_token, settings=settings) as running:
        yield running, interceptor, sandbox


@pytest.fixture
def simulator_intercept(
    _interceptor: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator["Simulator"]:  # fmt: skip
    """A fresh sandbox that any credential opens at the vendors' own hosts, in this process and those that it starts.

    It needs the extra `tls`, and open access.
    """
    from assessment_simulator.intercept.child import intercepted_here
    from assessment_simulator.settings import variables

    running, interceptor, sandbox = _interceptor
    here = intercepted_here(interceptor, tmp_path / "intercept", variables(), monkeypatch.setenv)
    with here, running.open(sandbox) as opened:
        yield opened


def pytest_load_initial_conftests(early_config: pytest.Config, args: list[str]) -> None:
    """Load the options of `pytest --pyargs assessment_contracts`: the `conftest.py` of a package comes too late.

    No other run gets them or the package: a suite may have an option `--target` of its own.
    """
    named = any(word.partition("::")[0].split(".")[0] == "assessment_contracts" for word in args)
    if named and early_config.known_args_namespace.pyargs:
        early_config.pluginmanager.import_plugin("assessment_contracts.options")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--simulator-coverage` and `--simulator-traces`."""
    group = parser.getgroup("assessment-simulator")
    text = "report at the end which of the vendors' rules the tests have kept and broken; with -v also which not"
    group.addoption("--simulator-coverage", action="store_true", help=text)
    text = "folder for the traces of failing tests; by default pytest's temporary folder"
    group.addoption("--simulator-traces", metavar="DIR", help=text)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add the last requests of its sandboxes to the report of a failing test, and save their traces."""
    report = yield
    if report.failed and call.when != "teardown" and _TEMPORARY in item.config.stash:
        from assessment_simulator.testing.failures import described
        from assessment_simulator.testing.sandbox import Sandbox

        # Their fixtures, which may be the suite's own, delete them after this.
        for sandbox in getattr(item, "funcargs", {}).values():
            if isinstance(sandbox, Sandbox):
                given = item.config.getoption("--simulator-traces")
                folder = Path(given or item.config.stash[_TEMPORARY].mktemp("simulator-trace"))
                report.sections.append(("simulator: last requests", described(sandbox, folder)))
    return report


def pytest_configure(config: pytest.Config) -> None:
    """Count rules if the option says so."""
    if config.getoption("--simulator-coverage"):
        from assessment_simulator.testing.coverage import RuleCoverage

        config.pluginmanager.register(RuleCoverage(lambda: config.stash.get(_POOL, None)), "simulator-coverage")


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """pytest-xdist: send a worker (its `WorkerController`) the address of the pool."""
    node.workerinput["simulator"] = _pool(node.config).address()


def pytest_terminal_summary(terminalreporter: "pytest.TerminalReporter", config: pytest.Config) -> None:
    """Show the advisories of client contracts, and what the servers wrote to standard error."""
    advisories = [  # `assessment_contracts.pytest` writes them
        f"{report.nodeid}\n{text}"
        for report in terminalreporter.getreports("passed")
        for name, text in report.user_properties
        if name == "assessment-simulator advisory"
    ]
    if advisories:
        terminalreporter.section("advisories of the client contracts: they rest on assumptions")
        terminalreporter.write_line("\n\n".join(advisories))
    pool = config.stash.get(_POOL, None)
    if pool and (text := pool.stderr()):
        terminalreporter.section("the simulator's standard error")
        terminalreporter.write_line(text)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the servers."""
    if pool := config.stash.get(_POOL, None):
        pool.close()


def _pool(config: pytest.Config) -> "ServerPool":
    from assessment_simulator.testing.server_process import ServerPool

    if _POOL not in config.stash:
        config.stash[_POOL] = ServerPool()
    return config.stash[_POOL]
