"""The counters of this process, for the first page, and in a registry of prometheus-client if that is installed."""

from typing import TYPE_CHECKING

from assessment_simulator.core.retry_schedule import Attempt

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry, Counter, Histogram

# Upper bounds of the histogram's buckets, in seconds.
BOUNDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
# The operation of requests whose path or verb the vendor does not have.
OTHER = "other"
# By name: description and labels. No label has a value that callers choose, so the number of series is bounded.
COUNTERS: dict[str, tuple[str, tuple[str, ...]]] = {
    "calls": ("Calls to the vendors.", ("vendor", "operation", "status")),
    "webhook_attempts": ("Attempts to deliver a webhook.", ("vendor", "outcome")),
    "sandboxes_opened": ("Sandboxes that were created or loaded.", ()),
    "commits": ("Commits.", ()),
}


class Meters:
    """The counters of one process; `registry` is None without prometheus-client. `totals` is there in any case."""

    def __init__(self) -> None:
        # By name and labels.
        self.totals: dict[tuple[str, ...], int] = {}
        self.registry: CollectorRegistry | None = None
        self._counters: dict[str, Counter] = {}
        # By name and labels: prometheus-client takes longer to find a counter by its labels than to count.
        self._counted: dict[tuple[str, ...], Counter] = {}
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
        """Measure durations from now on."""
        from prometheus_client import Histogram

        what = "Duration of calls to the vendors, since the first scrape."
        self._seconds = Histogram(
            "simulator_call_seconds", what, ("vendor", "operation"), buckets=BOUNDS, registry=self.registry
        )

    def called(self, vendor: str, operation: str | None, status: int | None, seconds: float) -> None:
        """Count a request; the status is a class such as `4xx`, or `none` if no answer was sent."""
        self.count("calls", vendor, operation or OTHER, "none" if status is None else f"{status // 100}xx")
        if self._seconds is not None:
            self._seconds.labels(vendor, operation or OTHER).observe(seconds)

    def attempted(self, vendor: str, attempt: Attempt) -> None:
        """Count an attempt to deliver a webhook."""
        self.count("webhook_attempts", vendor, "refused" if attempt.refused else attempt.outcome)

    def count(self, *name: str) -> None:
        """Add one to the counter of this name and these labels."""
        self.totals[name] = self.totals.get(name, 0) + 1
        if self.registry is None:
            return
        counter = self._counted.get(name)
        if counter is None:
            family, *labels = name
            self._counted[name] = counter = self._counters[family].labels(*labels) if labels else self._counters[family]
        counter.inc()
