"""Runs contracts, one at a time, and says what came of each.

A contract runs in a `Context`, with Hypothesis' settings from a profile. Its outcome is *passed* or *failed*; *not run*
where the target lacks what it needs, and *inconclusive* where time ran out or a vendor was not available, which says
nothing about the contract. `clients.checking` adds *not claimed* and *advisory*. Whatever happens, what a contract
created is removed before its outcome is returned. `suite` turns outcomes into results of pytest.
"""

import time
import warnings
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from hypothesis import HealthCheck, Phase, settings
from hypothesis.database import DirectoryBasedExampleDatabase
from hypothesis.errors import HypothesisException, HypothesisWarning

from assessment_contracts.context import HOOK, Context, Failure
from assessment_contracts.inconclusive import OUT_OF_TIME, Inconclusive
from assessment_contracts.kit import Listener
from assessment_contracts.property import Need, Property
from assessment_contracts.target import Target
from assessment_contracts.wire import Exchange

DATABASE = Path(".hypothesis") / "assessment-contracts"
"""Where the profile `nightly` keeps failing examples, in the current folder: keep it from run to run."""


class Verdict(StrEnum):
    """What came of a contract."""

    PASSED = "passed"
    FAILED = "failed"
    ADVISORY = "advisory"
    """It failed, but nothing that the vendor publishes states it."""
    NOT_CLAIMED = "not claimed"
    """The client does not have the feature, and says so."""
    INCONCLUSIVE = "inconclusive"
    """It could not be decided this time."""
    NOT_RUN = "not run"
    """The target lacks what it needs."""


@dataclass(frozen=True)
class Profile:
    """The number of examples of each contract; costly ones run a share of it if `shares`.

    `fixed` draws the same examples in every run. `remembers` keeps failing examples in `DATABASE`.
    """

    name: str
    examples: int
    fixed: bool = True
    shares: bool = True
    remembers: bool = False

    def of(self, property: Property) -> int:
        """The number of examples of this contract."""
        factor = property.examples if self.shares else max(1.0, property.examples)
        return max(1, round(self.examples * factor))


PROFILES = {
    profile.name: profile
    for profile in (
        Profile("quick", 3), Profile("default", 12), Profile("nightly", 100, fixed=False, remembers=True),
        Profile("long", 10_000, fixed=False, shares=False),
    )
}  # fmt: skip
VENDOR = Profile("vendor", 3)
"""For a vendor's own server."""


@dataclass(frozen=True)
class Outcome:
    """What came of one contract: `reason` says why it was not decided, `failure` is the smallest failing example."""

    property: Property
    verdict: Verdict
    reason: str = ""
    examples: int = 0
    seconds: float = 0.0
    failure: Failure | None = None
    known: bool = False
    """The baseline lists it as a known failure."""


@dataclass(frozen=True)
class Runner:
    """Runs contracts against a target. `host` is the name under which the target reaches a listener here, None if none.

    `writes` allows contracts to create at a vendor what cannot be removed. `seed` draws the same examples again.
    """

    target: Target
    profile: Profile
    host: str | None = "127.0.0.1"
    writes: bool = False
    shrinking: float = 4.0
    observe: Callable[[str, Exchange], None] = lambda contract, exchange: None
    """Receives every exchange, and the id of its contract."""
    seed: int | None = None

    @property
    def base(self) -> str:
        """The server that the script of a failure calls."""
        return self.target.url

    def run(self, property: Property) -> Outcome:
        """The outcome of one contract; what was created for it is removed, also after an interrupt."""
        if reason := self._missing(property):
            return Outcome(property, Verdict.NOT_RUN, reason)
        if time.monotonic() > self.target.deadline:
            return Outcome(property, Verdict.INCONCLUSIVE, OUT_OF_TIME)
        context = self._context()
        self.target.record = self._record(context, property.id)
        began = time.monotonic()
        try:
            verdict, reason = self._tried(property, context)
            seconds = time.monotonic() - began
        finally:
            self._clear_up(context)
        failure = context.failures[-1] if context.failures else None
        return Outcome(property, verdict, reason, context.examples, seconds, failure)

    def _tried(self, property: Property, context: Context) -> tuple[Verdict, str]:
        """The verdict, and why it is inconclusive."""
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", HypothesisWarning)  # about long examples, which these are
                property.test(context, self._settings(property))
        except Inconclusive as problem:
            context.smallest_last()
            return (Verdict.FAILED, "") if context.failures else (Verdict.INCONCLUSIVE, str(problem))
        except Exception as problem:  # noqa: BLE001  whatever goes wrong in it, the contract has not passed
            if not context.failures:
                context.failed("", problem)
            elif isinstance(problem, HypothesisException):  # it lost its way while it made the failure smaller
                context.smallest_last()
            return Verdict.FAILED, ""
        return Verdict.PASSED, ""

    def _context(self) -> Context:
        return Context(self.target, self._listener(), self.target.deadline, self.shrinking, self.seed)

    def _record(self, context: Context, contract: str) -> Callable[[Exchange], None]:
        def record(exchange: Exchange) -> None:
            context.exchanges.append(exchange)
            self.observe(contract, exchange)

        return record

    def _clear_up(self, context: Context) -> None:
        """Remove what was created; a server that does not allow it has been reported as far as possible."""
        self.target.record = lambda exchange: None
        context.listener.close()
        with suppress(Exception):
            context.close()

    def _listener(self) -> Listener:
        host = self.host or "127.0.0.1"
        bind = "127.0.0.1" if host == "127.0.0.1" else "0.0.0.0"  # noqa: S104  named by the user
        return Listener(host=host, bind=bind, path=HOOK)

    def _missing(self, property: Property) -> str:
        """What the contract needs and the target lacks; empty if nothing."""
        has = {
            Need.CONTROL: self.target.is_simulator,
            Need.LISTENER: self.host is not None,
            Need.MAIL: self.target.is_simulator or self.target.mail,
            Need.WRITES: self.target.is_simulator or self.writes,
        }
        if property.vendor not in self.target.vendors:
            return "no credentials for this vendor"
        return "; ".join(f"needs {need}" for need in Need if need in property.needs and not has[need])

    def _settings(self, property: Property) -> settings:
        """Hypothesis' settings for the contract."""
        database, phases = None, [Phase.generate, Phase.shrink]
        if self.profile.remembers:
            # A folder for each contract: Hypothesis tells tests apart by their source, and many share theirs.
            database, phases = DirectoryBasedExampleDatabase(DATABASE / property.id), [Phase.reuse, *phases]
        if not self.target.is_simulator:
            phases.remove(Phase.shrink)  # a smaller example is not worth hundreds of requests to somebody's account
        return settings(
            max_examples=self.profile.of(property), deadline=None, database=database,
            derandomize=self.profile.fixed and self.seed is None, report_multiple_bugs=False, print_blob=False,
            suppress_health_check=list(HealthCheck), phases=phases,
        )  # fmt: skip
