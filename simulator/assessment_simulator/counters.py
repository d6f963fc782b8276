"""Counts what this process does, in counters of prometheus-client; where that is not installed, nothing is counted."""

from typing import TYPE_CHECKING

from assessment_simulator.core.retry_schedule import Attempt

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry, Counter, Histogram

BOUNDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper bounds of the histogram's buckets, in seconds."""
OTHER = "other"
"""In the place of an operation, where the path or the verb is none of the vendor's."""
COUNTERS: dict[str, tuple[str, tuple[str, ...]]] = {
    "calls": ("Calls to the vendors.", ("vendor", "operation", "status")),
    "webhook_attempts": ("Tries to deliver a webhook.", ("vendor", "outcome")),
    "sandboxes_opened": ("Sandboxes that were opened.", ()),
    "commits": ("Commits.", ()),
}
"""By name: what is counted, and its labels. No label has a value that callers choose, so the series are bounded."""


class Meters:
    """The counters of one process, in a registry of its own; that is None where prometheus-client is not installed."""

    def __init__(self) -> None:
        self.registry: CollectorRegistry | None = None
        self._counters: dict[str, Counter] = {}
        self._counted: dict[tuple[str, ...], Counter] = {}
        """By name and labels: to look a counter up by its labels takes longer than to count."""
        self._seconds: Histogram | None = None
        try:
            import prometheus_client as prometheus
        except ModuleNotFoundError:
            return
        prometheus.disable_created_metrics()  # type: ignore[no-untyped-call]  # else each counter has a second series
        self.registry = prometheus.CollectorRegistry()
        for name, (what, labels) in COUNTERS.items():
            self._counters[name] = prometheus.Counter(f"simulator_{name}", what, labels, registry=self.registry)

    def time(self) -> None:
        """Note from now on how long calls take."""
        from prometheus_client import Histogram

        what = "Duration of calls to the vendors, since the first scrape."
        self._seconds = Histogram(
            "simulator_call_seconds", what, ("vendor", "operation"), buckets=BOUNDS, registry=self.registry
        )

    def called(self, vendor: str, operation: str | None, status: int | None, seconds: float) -> None:
        """Count a call; the class of a status is `4xx` for 404, `none` where no answer left."""
        self._count("calls", vendor, operation or OTHER, "none" if status is None else f"{status // 100}xx")
        if self._seconds is not None:
            self._seconds.labels(vendor, operation or OTHER).observe(seconds)

    def attempted(self, vendor: str, attempt: Attempt) -> None:
        """Count a try to deliver a webhook."""
        self._count("webhook_attempts", vendor, "refused" if attempt.refused else attempt.outcome)

    def opened(self) -> None:
        """Count a sandbox."""
        self._count("sandboxes_opened")

    def committed(self) -> None:
        """Count a commit."""
        self._count("commits")

    def _count(self, *name: str) -> None:
        counter = self._counted.get(name)
        if counter is None:
            if self.registry is None:
                return
            family, *labels = name
            counter = self._counters[family].labels(*labels) if labels else self._counters[family]
            self._counted[name] = counter
        counter.inc()
