"""Contracts as tests of pytest: for `check`, for `pytest --pyargs assessment_contracts`, for a client's own suite.

`conclude` turns an outcome into the result of a test. `run` is what `check` calls: one session of pytest over
`test_contracts.py`, with a plugin that supplies the contracts and reports what comes of them. The session has this
package's folder for its root, so configuration, `conftest.py` and installed plugins of the current folder have no part
in it. JUnit XML is pytest's own.
"""

import os
from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

import pytest

from assessment_contracts.property import Property
from assessment_contracts.report import Report, described
from assessment_contracts.runner import Outcome, Runner, Verdict

ADVISORY = "assessment-simulator advisory"
"""The name of the property of a test report that holds an advisory; the simulator's pytest plugin knows it, too."""
_HERE = Path(__file__).parent
_OUTCOME = pytest.StashKey[Outcome]()
# What would bring the user's own plugins, options and warnings into the session.
_FOREIGN = ("PYTEST_ADDOPTS", "PYTEST_PLUGINS")
_ENDED = (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED)
_ALONE = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}


class Reporter(Protocol):
    """Is informed while contracts run."""

    def began(self, property: Property) -> None:
        """A contract starts."""

    def ended(self, outcome: Outcome, done: float) -> None:
        """A contract has ended; `done` is the share of all that have."""


class NotRun(Exception):
    """The session of pytest itself failed."""


def conclude(outcome: Outcome, runner: Runner, node: pytest.Item) -> None:
    """End a test as the outcome of its contract says."""
    node.stash[_OUTCOME] = outcome
    if outcome.verdict in (Verdict.FAILED, Verdict.ADVISORY):
        report = Report("", runner.base, "", [outcome], outcome.seconds, runner.target.secrets)
        text = described(outcome, report)
        if outcome.verdict is Verdict.FAILED:
            pytest.fail(text, pytrace=False)
        node.user_properties.append((ADVISORY, text))
    elif outcome.verdict is not Verdict.PASSED:
        pytest.skip(f"{outcome.verdict}: {outcome.reason}")


def cases(properties: Iterable[Property], baseline: Collection[str] = ()) -> list[Any]:
    """Parameters of a test, one for each contract; a known failure is expected."""
    known = pytest.mark.xfail(reason="in the baseline", strict=False)
    return [pytest.param(one, id=one.id, marks=[known] if one.id in baseline else []) for one in properties]


def run(
    runner: Runner, properties: Sequence[Property], reporter: Reporter, *, fail_fast: bool = False,
    junit: Path | None = None, title: str = "contracts", baseline: Collection[str] = (),
) -> list[Outcome]:  # fmt: skip
    """The outcome of each contract; `NotRun` if there is none, KeyboardInterrupt if the session was interrupted."""
    stack = ExitStack()
    plugin = _Session(runner, properties, reporter, baseline, loaded=stack.close)
    arguments = [
        str(_HERE / "test_contracts.py"), "-c", os.devnull, "--rootdir", str(_HERE), "--noconftest", "--assert=plain",
        "--capture=no", "-p", "no:cacheprovider", "-p", "no:warnings", "-p", "no:faulthandler",
        *(["-x"] if fail_fast else []), *([f"--junitxml={junit.absolute()}"] if junit else []),
        "-o", f"junit_suite_name={title}",
    ]  # fmt: skip
    with stack:
        stack.enter_context(_alone())
        status = pytest.main(arguments, plugins=[plugin])
    if plugin.problem or status not in (*_ENDED, pytest.ExitCode.INTERRUPTED):
        raise NotRun(plugin.problem or f"pytest ended with {status}")
    if status == pytest.ExitCode.INTERRUPTED:
        raise KeyboardInterrupt
    return plugin.outcomes


def known_failures(baseline: Path) -> set[str]:
    """The ids of a baseline: one a line; a line that begins with # is a comment."""
    lines = (line.strip() for line in baseline.read_text("utf-8").splitlines())
    return {line for line in lines if line and not line.startswith("#")}


@contextmanager
def _alone() -> Iterator[None]:
    """The environment without what would change the session."""
    before = os.environ.copy()
    try:
        for name in _FOREIGN:
            os.environ.pop(name, None)
        os.environ.update(_ALONE)
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


class _Session:
    """The plugin of one session: supplies contracts and runner, and collects outcomes."""

    def __init__(
        self, runner: Runner, properties: Sequence[Property], reporter: Reporter, baseline: Collection[str],
        loaded: Callable[[], None],
    ) -> None:  # fmt: skip
        self.outcomes: list[Outcome] = []
        self.problem = ""
        self._runner, self._reporter, self._baseline, self._loaded = runner, reporter, baseline, loaded
        self._properties = {property.id: property for property in properties}

    @pytest.hookimpl(trylast=True)
    def pytest_configure(self, config: pytest.Config) -> None:
        """Take the place of pytest's own report; plugins are loaded, so adapters get the environment as it was."""
        self._loaded()
        config.pluginmanager.unregister(name="terminalreporter")

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """One test for each contract."""
        metafunc.parametrize("property", cases(self._properties.values(), self._baseline))

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Note why there are no tests."""
        if report.failed:
            self.problem = report.longreprtext

    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Report which contract starts."""
        self._reporter.began(self._property(item))

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Name the test after its contract, as JUnit XML shows it, and collect the outcome."""
        report = yield
        property = self._property(item)
        report.nodeid = f"{property.vendor}::{property.id}"
        outcome = item.stash.get(_OUTCOME, None)
        if outcome is None and call.excinfo is not None and not self.problem:
            self.problem = report.longreprtext  # an error of the suite's own
        elif outcome is not None and call.when == "call":
            known = outcome.verdict is Verdict.FAILED and property.id in self._baseline
            self.outcomes.append(replace(outcome, known=known))
            self._reporter.ended(self.outcomes[-1], len(self.outcomes) / len(self._properties))
        return report

    def _property(self, item: pytest.Item) -> Property:
        return self._properties[item.name.partition("[")[2].removesuffix("]")]

    @pytest.fixture(scope="session")
    def runner(self) -> Runner:
        """The runner of this session."""
        return self._runner
