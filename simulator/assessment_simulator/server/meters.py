"""What is counted beside the sandboxes, so that `/_simulator/metrics` can tell what this process has done.

Sandboxes count what their callers are told anyway. Here is what would be lost with them, and what nobody else counts.
A call to a sandbox costs nothing here until somebody has asked for the metrics once: only then latencies are noted.
"""

from bisect import bisect_left
from collections import Counter

from assessment_simulator.core.delivery import Attempt
from assessment_simulator.server.journal import Tally
from assessment_simulator.server.sandbox import Sandbox

BOUNDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Seconds up to which a call counts as so quick."""
OTHER = "other"
"""In the place of an operation, where the path or the verb is none of the vendor's."""
Calls = Counter[tuple[str, str, str]]
"""How many calls there were, by vendor, operation and class of status."""


class Latencies:
    """How many calls of a vendor's operation took how long: for each bound, and beyond the last; and seconds in all."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str | None], list[int]] = {}
        self.sums: dict[tuple[str, str | None], float] = {}

    def note(self, vendor: str, operation: str | None, seconds: float) -> None:
        """Count a call."""
        key = vendor, operation
        if key not in self.rows:
            self.rows[key], self.sums[key] = [0] * (len(BOUNDS) + 1), 0.0
        self.rows[key][bisect_left(BOUNDS, seconds)] += 1
        self.sums[key] += seconds


class Meters:
    """The counts of one process."""

    def __init__(self) -> None:
        self.calls: Calls = Counter()
        """Of sandboxes that were reset or are gone, and of callers whose credential opened none."""
        self.attempts: Counter[tuple[str, str]] = Counter()
        """Tries to deliver a webhook, by vendor and what came of them."""
        self.commits = 0
        """Of sandboxes that were reset or are gone."""
        self.opened = 0
        """Sandboxes that were opened."""
        self.latencies: Latencies | None = None

    def stranger(self, vendor: str, operation: str | None, status: int | None) -> None:
        """Count a call that no sandbox counts."""
        self.calls[vendor, operation or OTHER, status_class(status)] += 1

    def attempted(self, vendor: str, attempt: Attempt) -> None:
        """Count a try."""
        self.attempts[vendor, "refused" if attempt.refused else attempt.verdict] += 1

    def keep(self, sandbox: Sandbox) -> None:
        """Keep the counts of a sandbox that is about to forget them."""
        self.keep_calls(sandbox)
        self.keep_commits(sandbox.commits)

    def keep_commits(self, commits: int) -> None:
        """Keep so many commits."""
        self.commits += commits

    def keep_calls(self, sandbox: Sandbox) -> None:
        """Keep those of its calls."""
        self.calls += calls_of(sandbox.journal.tally)


def calls_of(tally: Tally) -> Calls:
    """The calls that a sandbox has counted."""
    found: Calls = Counter()
    for (vendor, operation), times in tally.accepted.items():
        found[vendor, operation or OTHER, "2xx"] += times
    for (vendor, operation, status), times in tally.others.items():
        found[vendor, operation or OTHER, status_class(status)] += times
    return found


def status_class(status: int | None) -> str:
    """`4xx` for 404; `none` where no answer left."""
    return "none" if status is None else f"{status // 100}xx"
