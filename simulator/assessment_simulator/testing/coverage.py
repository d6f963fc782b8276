"""Which of the vendors' rules a test run has passed and violated, over all its sandboxes and worker processes."""

from collections.abc import Callable, Generator, Iterable
from typing import TYPE_CHECKING, Any

import pytest

from assessment_simulator.testing.connection import SANDBOXES, Connection

if TYPE_CHECKING:
    from assessment_simulator.testing.calls import Steps
    from assessment_simulator.testing.sandbox import Sandbox
    from assessment_simulator.testing.server_process import ServerPool

# By rule: its id, how often it was passed (`kept`), and how often violated (`broken`).
Counts = dict[str, dict[str, Any]]
# The attribute of a report that holds counts.
_MEMBER = "simulator_coverage"


class RuleCoverage:
    """Counts what each sandbox reports when it closes, and sends it with the report of the test that ended then.

    A report travels from an xdist worker to the controller at once: a worker that crashes later loses nothing.
    """

    def __init__(self, pool: Callable[[], "ServerPool | None"]) -> None:
        self._pool = pool
        self._unsent: Counts = {}
        self._counts: Counts = {}

    def note(self, sandbox: "Sandbox[Any]") -> "Steps[None]":
        """Count the rules of this sandbox, which is about to be deleted."""
        coverage = yield from type(sandbox).coverage(sandbox)
        _count(self._unsent, coverage["rules"])

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Send the counts with the report."""
        report = yield
        if call.when == "teardown" and self._unsent:
            vars(report)[_MEMBER] = [*self._unsent.values()]
            self._unsent = {}
        return report

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Receive the counts of a report."""
        _count(self._counts, vars(report).get(_MEMBER, ()))

    def pytest_terminal_summary(self, terminalreporter: "pytest.TerminalReporter") -> None:
        """Print the totals, and with `-v` what is missing."""
        # Tests open sandboxes by credentials of their own, too; these are open still.
        pool = self._pool()
        for server in pool.all() if pool else []:
            with Connection(server.url, server.control_token) as connection:
                for sandbox in connection.call("GET", SANDBOXES):
                    coverage = connection.call("GET", f"{SANDBOXES}/{sandbox['name']}/coverage")
                    _count(self._counts, coverage["rules"])
        kept, broken = (sum(1 for rule in self._counts.values() if rule[word]) for word in ("kept", "broken"))
        terminalreporter.section("simulator coverage")
        terminalreporter.write_line(f"{kept} of {len(self._counts)} rules kept, {broken} broken")
        if terminalreporter.config.get_verbosity() > 0:
            for id, rule in sorted(self._counts.items()):
                if missing := [word for word in ("kept", "broken") if not rule[word]]:
                    terminalreporter.write_line(f"{id}: never {' or '.join(missing)}")


def _count(counts: Counts, rules: Iterable[dict[str, Any]]) -> None:
    for rule in rules:
        total = counts.setdefault(rule["id"], {"id": rule["id"], "kept": 0, "broken": 0})
        total["kept"] += rule["kept"]
        total["broken"] += rule["broken"]
