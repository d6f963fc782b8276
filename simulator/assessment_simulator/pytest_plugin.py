"""Fixtures for pytest: `simulator`, a fresh sandbox for each test, on a server that is started when first asked for.

Registered by the package, so nothing is to be switched on. Until a fixture is used it imports nothing but pytest.
"""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Protocol

import pytest

if TYPE_CHECKING:
    from assessment_simulator.client import Simulator, SimulatorServer
    from assessment_simulator.settings import Settings
    from assessment_simulator.testing.server_pool import Keeper, Kept

_KEEPER = pytest.StashKey["Keeper"]()


@pytest.fixture(scope="session")
def simulator_settings() -> "Settings":
    """The settings of the server, to override in the top-most `conftest.py`; port 0 takes a free one."""
    from assessment_simulator.settings import Settings, from_environment

    return Settings(port=0, control_token=from_environment("control_token"))


@pytest.fixture(scope="session")
def simulator_server(pytestconfig: pytest.Config, simulator_settings: "Settings") -> Iterator["SimulatorServer"]:
    """The running server, one for the whole run: that at SIMULATOR_URL, else one with `simulator_settings`."""
    from assessment_simulator.client import SimulatorServer
    from assessment_simulator.settings import from_environment

    coverage = pytestconfig.pluginmanager.get_plugin("simulator-coverage")
    leaving = coverage.note if coverage else None
    if url := from_environment("url"):
        server = SimulatorServer(url, from_environment("control_token"), leaving=leaving)
        server.check()
    else:
        kept = _kept(pytestconfig, simulator_settings)
        server = SimulatorServer(kept.url, kept.control_token, settings=simulator_settings, leaving=leaving)
    with server:
        yield server


@pytest.fixture
def simulator(
    request: pytest.FixtureRequest, simulator_server: "SimulatorServer", simulator_settings: "Settings"
) -> Iterator["Simulator"]:
    """A fresh sandbox for this test alone, forgotten when the test is over."""
    if simulator_server.settings not in (None, simulator_settings):
        raise pytest.UsageError("simulator_settings differ within one run: override them in the top-most conftest.py")
    readable = re.sub(r"[^a-z0-9]+", "-", request.node.name.lower()).strip("-")
    with simulator_server.open(like=readable) as sandbox:
        yield sandbox


def pytest_load_initial_conftests(early_config: pytest.Config, args: list[str]) -> None:
    """Load the options of `pytest --pyargs assessment_contracts`: the `conftest.py` of a package comes too late.

    No other run gets them or the package: a suite may have an option `--target` of its own.
    """
    named = any(word.partition("::")[0].split(".")[0] == "assessment_contracts" for word in args)
    if named and early_config.known_args_namespace.pyargs:
        early_config.pluginmanager.import_plugin("assessment_contracts.options")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option."""
    parser.getgroup("assessment-simulator").addoption(
        "--simulator-coverage",
        action="store_true",
        help="say in the end which of the vendors' rules the tests have kept and broken; with -v also which not",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Count rules when asked."""
    if config.getoption("--simulator-coverage"):
        from assessment_simulator.testing.coverage import RuleCoverage

        config.pluginmanager.register(RuleCoverage(lambda: config.stash.get(_KEEPER, None)), "simulator-coverage")


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: "_Node") -> None:
    """pytest-xdist: tell a worker where the servers are noted."""
    node.workerinput["simulator"] = _keeper(node.config).address()


def pytest_terminal_summary(terminalreporter: "pytest.TerminalReporter", config: pytest.Config) -> None:
    """Show what the servers had to complain of."""
    keeper = config.stash.get(_KEEPER, None)
    if keeper and (said := keeper.said()):
        terminalreporter.section("the simulator's standard error")
        terminalreporter.write_line(said)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop what was started."""
    if keeper := config.stash.get(_KEEPER, None):
        keeper.close()


def _kept(config: pytest.Config, settings: "Settings") -> "Kept":
    """The server with these settings: under pytest-xdist the controller keeps it, else this process."""
    from assessment_simulator.testing.server_pool import shared

    worker = getattr(config, "workerinput", None)
    return _keeper(config).server(settings) if worker is None else shared(worker["simulator"], settings)


def _keeper(config: pytest.Config) -> "Keeper":
    from assessment_simulator.testing.server_pool import Keeper

    if _KEEPER not in config.stash:
        config.stash[_KEEPER] = Keeper()
    return config.stash[_KEEPER]


class _Node(Protocol):
    """What we use of pytest-xdist's `WorkerController`: one need not have it."""

    config: pytest.Config
    workerinput: dict[str, object]
