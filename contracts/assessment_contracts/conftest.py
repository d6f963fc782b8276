"""The target of `pytest --pyargs assessment_contracts`; its options are in `options`."""

import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from assessment_contracts.cli import PROPERTIES
from assessment_contracts.kit import ServerProcess, serve_command
from assessment_contracts.ledger import Ledger
from assessment_contracts.runner import PROFILES, VENDOR, Runner
from assessment_contracts.suite import cases
from assessment_contracts.target import Target, Unaskable


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test for each contract of a server."""
    if "property" in metafunc.fixturenames:
        metafunc.parametrize("property", cases(PROPERTIES))


@pytest.fixture(scope="session")
def runner(request: pytest.FixtureRequest) -> Iterator[Runner]:
    """Runs contracts against the target."""
    with ExitStack() as stack:
        url = request.config.getoption("--target", None)
        url = url or stack.enter_context(ServerProcess(serve_command())).url
        try:
            target = Target.from_environment(url, deadline=time.monotonic() + 3_600)
            stack.callback(_finish, request.config, target)
            target.probe()
        except Unaskable as problem:
            pytest.exit(f"cannot be run: {problem}", 2)
        if target.is_simulator:
            yield Runner(target, PROFILES[request.config.getoption("--profile", "default")])
        else:
            target.rate = 2.0
            target.ledger = Ledger.temporary(target.url)
            yield Runner(target, VENDOR, host=None)


def _finish(config: pytest.Config, target: Target) -> None:
    """Remove what was created at a vendor, and report what is left."""
    target.close()
    for text in target.ledger.report:
        config.get_terminal_writer().line(text)
