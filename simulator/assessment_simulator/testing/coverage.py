"""Which of the vendors' rules a test run has kept and broken, over all its sandboxes and worker processes."""

from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any

import pytest

from assessment_simulator.testing.connection import SANDBOXES, Connection

if TYPE_CHECKING:
    from assessment_simulator.client import Simulator
    from assessment_simulator.testing.server_pool import Keeper

Counts = dict[str, list[int]]
"""By rule: how often it was kept, and how often broken."""

_MEMBER = "simulator_coverage"
"""The member of a report that carries them; whatever a report has travels with it."""

Reporting = Generator[None, pytest.TestReport, pytest.TestReport]


class RuleCoverage:
    """Counts what each sandbox tells when it is left, and passes it on with the report of the test that ended then.

    A report travels from a worker to the controller by itself, and at once: a worker that crashes later loses nothing.
    """

    def __init__(self, keeper: Callable[[], "Keeper | None"]) -> None:
        self._keeper = keeper
        self._fresh: Counts = {}
        self._counts: Counts = {}

    def note(self, sandbox: "Simulator") -> None:
        """Count what this sandbox has seen; it is about to be forgotten."""
        _add(self._fresh, _counts(sandbox.coverage))

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, call: pytest.CallInfo[None]) -> Reporting:
        """Send what was noted along with the report."""
        report = yield
        if call.when == "teardown" and self._fresh:
            vars(report)[_MEMBER], self._fresh = self._fresh, {}
        return report

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take what came along with a report."""
        _add(self._counts, vars(report).get(_MEMBER, {}))

    def pytest_terminal_summary(self, terminalreporter: "pytest.TerminalReporter") -> None:
        """Say it in a line, and with `-v` what is missing."""
        self._count_the_open()
        kept = sum(1 for count in self._counts.values() if count[0])
        broken = sum(1 for count in self._counts.values() if count[1])
        terminalreporter.section("simulator coverage")
        terminalreporter.write_line(f"{kept} of {len(self._counts)} rules kept, {broken} broken")
        if terminalreporter.config.get_verbosity() > 0:
            for id, (held, refused) in sorted(self._counts.items()):
                if missing := [word for word, count in (("kept", held), ("broken", refused)) if not count]:
                    terminalreporter.write_line(f"{id}: never {' or '.join(missing)}")

    def _count_the_open(self) -> None:
        """Count sandboxes that nobody has closed: those that a test has opened by a credential of its own choice."""
        keeper = self._keeper()
        for server in keeper.all() if keeper else []:
            with Connection(server.url, server.control_token) as connection:
                for sandbox in connection.call("GET", SANDBOXES):
                    _add(self._counts, _counts(connection.call("GET", f"{SANDBOXES}/{sandbox['name']}/coverage")))


def _counts(coverage: dict[str, Any]) -> Counts:
    return {rule["id"]: [rule["kept"], rule["broken"]] for rule in coverage["rules"]}


def _add(counts: Counts, more: Counts) -> None:
    for id, (kept, broken) in more.items():
        had = counts.get(id, [0, 0])
        counts[id] = [had[0] + kept, had[1] + broken]
