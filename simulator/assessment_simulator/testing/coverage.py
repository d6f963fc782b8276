"""Which of the vendors' rules a test run has passed and violated, over all its sandboxes and worker processes."""

from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any

import pytest

from assessment_simulator.testing.connection import SANDBOXES, Connection

if TYPE_CHECKING:
    from assessment_simulator.client import Simulator
    from assessment_simulator.testing.server_pool import ServerPool

Counts = dict[str, list[int]]
"""By rule: how often it was passed, and how often violated."""
_MEMBER = "simulator_coverage"
"""The attribute of a report that holds counts."""


class RuleCoverage:
    """Counts what each sandbox reports when it closes, and sends it with the report of the test that ended then.

    A report travels from an xdist worker to the controller at once: a worker that crashes later loses nothing.
    """

    def __init__(self, pool: Callable[[], "ServerPool | None"]) -> None:
        self._pool = pool
        self._unsent: Counts = {}
        self._counts: Counts = {}

    def note(self, sandbox: "Simulator") -> None:
        """Count the rules of this sandbox, which is about to be deleted."""
        _add(self._unsent, sandbox.coverage)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Send the counts with the report."""
        report = yield
        if call.when == "teardown" and self._unsent:
            vars(report)[_MEMBER], self._unsent = self._unsent, {}
        return report

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Receive the counts of a report."""
        for id, (kept, broken) in vars(report).get(_MEMBER, {}).items():
            _count(self._counts, id, kept, broken)

    def pytest_terminal_summary(self, terminalreporter: "pytest.TerminalReporter") -> None:
        """Print the totals, and with `-v` what is missing."""
        # Tests open sandboxes by credentials of their own, too; these are open still.
        pool = self._pool()
        for server in pool.all() if pool else []:
            with Connection(server.url, server.control_token) as connection:
                for sandbox in connection.call("GET", SANDBOXES):
                    _add(self._counts, connection.call("GET", f"{SANDBOXES}/{sandbox['name']}/coverage"))
        kept = sum(1 for count in self._counts.values() if count[0])
        broken = sum(1 for count in self._counts.values() if count[1])
        terminalreporter.section("simulator coverage")
        terminalreporter.write_line(f"{kept} of {len(self._counts)} rules kept, {broken} broken")
        if terminalreporter.config.get_verbosity() > 0:
            for id, counts in sorted(self._counts.items()):
                if missing := [word for word, count in zip(("kept", "broken"), counts, strict=True) if not count]:
                    terminalreporter.write_line(f"{id}: never {' or '.join(missing)}")


def _add(counts: Counts, coverage: dict[str, Any]) -> None:
    for rule in coverage["rules"]:
        _count(counts, rule["id"], rule["kept"], rule["broken"])


def _count(counts: Counts, id: str, kept: int, broken: int) -> None:
    total = counts.setdefault(id, [0, 0])
    total[0] += kept
    total[1] += broken
