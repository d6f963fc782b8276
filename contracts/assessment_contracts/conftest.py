"""Whom `pytest --pyargs assessment_contracts` asks; its options are in `options`."""

import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from assessment_contracts.kit import ServerProcess, serve_command
from assessment_contracts.runner import PROFILES, VENDOR, Runner
from assessment_contracts.target import Target, Unaskable


@pytest.fixture(scope="session")
def runner(request: pytest.FixtureRequest) -> Iterator[Runner]:
    """Asks the target."""
    with ExitStack() as stack:
        url = request.config.getoption("--target", None)
        url = url or stack.enter_context(ServerProcess(serve_command())).url
        runner = _runner(request, url)
        stack.callback(runner.target.close)
        yield runner


def _runner(request: pytest.FixtureRequest, url: str) -> Runner:
    try:
        target = Target.from_environment(url, deadline=time.monotonic() + 3_600)
        target.probe()
    except Unaskable as problem:
        pytest.exit(f"cannot be asked: {problem}", 2)
    if target.is_simulator:
        return Runner(target, PROFILES[request.config.getoption("--profile", "default")])
    target.rate = 2.0
    return Runner(target, VENDOR, host=None)
