"""Asks the properties one after the other, within a budget, and tells what became of each."""

import time
import warnings
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum

from hypothesis import HealthCheck, Phase, settings
from hypothesis.errors import HypothesisException, HypothesisWarning

from assessment_contracts.context import HOOK, Context, Failure
from assessment_contracts.inconclusive import OUT_OF_TIME, Inconclusive
from assessment_contracts.kit import Listener
from assessment_contracts.property import Need, Property
from assessment_contracts.target import Target
from assessment_contracts.wire import Exchange


class Verdict(StrEnum):
    """What became of a property."""

    HELD = "held"
    BROKEN = "broken"
    NOT_ASKED = "not asked"
    NOT_CLAIMED = "not claimed"
    """The client does not have the feature, and says so."""


@dataclass(frozen=True)
class Profile:
    """How thoroughly to ask: so many examples of each property, or of costly ones their share of that, if it `shares`.

    `fixed` draws the same ones in every run.
    """

    name: str
    examples: int
    fixed: bool = True
    shares: bool = True

    def of(self, property: Property) -> int:
        """How many examples of this property."""
        factor = property.examples if self.shares else max(1.0, property.examples)
        return max(1, round(self.examples * factor))


PROFILES = {
    profile.name: profile
    for profile in (Profile("quick", 3), Profile("default", 12), Profile("long", 10_000, fixed=False, shares=False))
}
VENDOR = Profile("vendor", 3)
"""How a vendor's own server is asked."""


@dataclass(frozen=True)
class Outcome:
    """What became of one property; `reason` says why it was not asked, `failure` is the smallest one found.

    It is `inconclusive` where it may be asked another time.
    """

    property: Property
    verdict: Verdict
    reason: str = ""
    examples: int = 0
    seconds: float = 0.0
    failure: Failure | None = None
    inconclusive: bool = False


@dataclass(frozen=True)
class Runner:
    """Asks properties of a target. `host` is the name under which the target reaches a listener here, None if it can't.

    `writes` is leave to create at a vendor what nobody can remove again.
    """

    target: Target
    profile: Profile
    host: str | None = "127.0.0.1"
    writes: bool = False
    fail_fast: bool = False
    shrinking: float = 4.0
    observe: Callable[[Exchange], None] = lambda exchange: None
    """Is shown every exchange."""

    def run(
        self, properties: Iterable[Property], tell: Callable[[Outcome], None] = lambda outcome: None
    ) -> list[Outcome]:
        """What became of each; ends early at the first failure where that is wished."""
        outcomes: list[Outcome] = []
        for property in properties:
            outcomes.append(self.ask(property))
            tell(outcomes[-1])
            if self.fail_fast and outcomes[-1].verdict is Verdict.BROKEN:
                break
        return outcomes

    def ask(self, property: Property) -> Outcome:
        """What became of one property; what was created for it is removed, also where somebody breaks off."""
        reason = self._hindrance(property)
        if reason:
            return Outcome(property, Verdict.NOT_ASKED, reason, inconclusive=reason == OUT_OF_TIME)
        context = self._lab()
        self.target.record = self._record(context)
        began = time.monotonic()
        try:
            verdict, reason = self._tried(property, context)
            seconds = time.monotonic() - began
        finally:
            self._clear_up(context)
        failure = context.failures[-1] if context.failures else None
        return Outcome(property, verdict, reason, context.examples, seconds, failure, inconclusive=bool(reason))

    def _tried(self, property: Property, context: Context) -> tuple[Verdict, str]:
        """The verdict, and why it is inconclusive."""
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", HypothesisWarning)  # what it thinks of long examples helps nobody here
                property.test(context, self._settings(property))
        except Inconclusive as hindrance:
            context.smallest_last()
            return (Verdict.BROKEN, "") if context.failures else (Verdict.NOT_ASKED, str(hindrance))
        except Exception as problem:  # noqa: BLE001  whatever goes wrong in it, the property has not held
            if not context.failures:
                context.failed("", problem)
            elif isinstance(problem, HypothesisException):  # it lost its way while it made the failure smaller
                context.smallest_last()
            return Verdict.BROKEN, ""
        return Verdict.HELD, ""

    def _lab(self) -> Context:
        return Context(self.target, self._listener(), self.target.deadline, self.shrinking)

    def _record(self, context: Context) -> Callable[[Exchange], None]:
        def record(exchange: Exchange) -> None:
            context.exchanges.append(exchange)
            self.observe(exchange)

        return record

    def _clear_up(self, context: Context) -> None:
        """Clear up; that a broken server does not let us is no news."""
        self.target.record = lambda exchange: None
        context.listener.close()
        with suppress(Exception):
            context.close()

    def _listener(self) -> Listener:
        host = self.host or "127.0.0.1"
        bind = "127.0.0.1" if host == "127.0.0.1" else "0.0.0.0"  # noqa: S104  asked for by name
        return Listener(host=host, bind=bind, path=HOOK)

    def _hindrance(self, property: Property) -> str:
        """Why the property cannot be asked here; empty when it can."""
        if time.monotonic() > self.target.deadline:
            return OUT_OF_TIME
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
        """How Hypothesis is to try the property."""
        return settings(
            max_examples=self.profile.of(property), deadline=None, database=None,
            derandomize=self.profile.fixed, report_multiple_bugs=False, print_blob=False,
            suppress_health_check=list(HealthCheck), phases=(Phase.generate, Phase.shrink),
        )  # fmt: skip
