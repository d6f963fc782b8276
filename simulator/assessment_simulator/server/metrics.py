"""`/_simulator/metrics`: what this process has done and holds, as Prometheus reads it.

All is collected when it is asked for. No label holds anything that callers choose, so their number is bounded.
"""

from collections.abc import Callable, Iterator
from itertools import accumulate
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response

from assessment_simulator.server import output
from assessment_simulator.server.meters import BOUNDS, OTHER, Calls, Latencies, calls_of
from assessment_simulator.server.plumbing import Handler
from assessment_simulator.server.problems import Problem
from assessment_simulator.server.sandboxes import Sandboxes

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry
    from prometheus_client.metrics_core import Metric

GAUGES = {
    "sandboxes": "Sandboxes that are open.",
    "deliveries_pending": "Webhooks that are neither delivered nor given up.",
    "alarms_pending": "Alarms that have not rung.",
    "journal_entries": "Calls in the journals.",
    "journal_bytes": "Bytes of bodies, paths and queries in the journals.",
    "event_readers": "Readers of event streams.",
}
COUNTERS = {
    "sandboxes_opened": "Sandboxes that were opened.",
    "commits": "Commits.",
    "log_lines_dropped": "Log lines that could not be written.",
}
"""What has no labels, and what it is."""
INSTALL = "metrics need prometheus-client: pip install 'assessment-simulator[metrics]'"


class MetricsControl:
    """The handler of the metrics; `sandboxes` gives those of this process, `readers` counts those of event streams."""

    def __init__(
        self, sandboxes: Callable[[], Sandboxes], readers: Callable[[], int], version: Callable[[], str]
    ) -> None:
        self._sandboxes = sandboxes
        self._readers = readers
        self._version = version
        self._registry: CollectorRegistry | None = None

    def table(self, root: str) -> tuple[tuple[str, str, Handler], ...]:
        """The call by method and path."""
        return (("GET", f"{root}/metrics", self.metrics),)

    async def metrics(self, request: Request) -> Response:
        """What this process has done and holds, for Prometheus."""
        try:
            from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
        except ModuleNotFoundError:
            raise Problem(501, INSTALL) from None
        if self._registry is None:
            self._registry = self._registered()
        return Response(generate_latest(self._registry), media_type=CONTENT_TYPE_LATEST)

    def _registered(self) -> "CollectorRegistry":
        from prometheus_client import CollectorRegistry, ProcessCollector

        self._sandboxes().meters.latencies = Latencies()
        registry = CollectorRegistry()
        registry.register(self)
        ProcessCollector(registry=registry)
        return registry

    def collect(self) -> Iterator["Metric"]:
        """Every metric; called by the registry."""
        from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily

        sandboxes = self._sandboxes()
        held, done = self._held(sandboxes), self._done(sandboxes)
        yield InfoMetricFamily("simulator", "This program.", {"version": self._version()})
        for name, what in GAUGES.items():
            yield GaugeMetricFamily(f"simulator_{name}", what, held[name])
        for name, what in COUNTERS.items():
            yield CounterMetricFamily(f"simulator_{name}", what, done[name])
        invitations = GaugeMetricFamily("simulator_invitations", "Invitations that are stored.", labels=("vendor",))
        for vendor in sandboxes.vendors.values():
            tables = (sandbox.state.tables.get(vendor.kind) for sandbox in sandboxes)
            invitations.add_metric((vendor.id,), sum(len(table.rows) for table in tables if table))
        calls = CounterMetricFamily(
            "simulator_calls", "Calls to the vendors.", labels=("vendor", "operation", "status")
        )
        for labels, times in sorted(_calls(sandboxes).items()):
            calls.add_metric(labels, times)
        attempts = CounterMetricFamily(
            "simulator_webhook_attempts", "Tries to deliver a webhook.", labels=("vendor", "outcome")
        )
        for outcome, times in sorted(sandboxes.meters.attempts.items()):
            attempts.add_metric(outcome, times)
        yield from (invitations, calls, attempts, _histogram(sandboxes.meters.latencies or Latencies()))

    def _held(self, sandboxes: Sandboxes) -> dict[str, int]:
        every = [*sandboxes]
        return {
            "sandboxes": len(every),
            "deliveries_pending": sum(len(sandbox.state.pending) for sandbox in every),
            "alarms_pending": sum(len(sandbox.state.alarms) for sandbox in every),
            "journal_entries": sum(len(sandbox.journal) for sandbox in every),
            "journal_bytes": sum(sandbox.journal.size for sandbox in every),
            "event_readers": self._readers(),
        }

    def _done(self, sandboxes: Sandboxes) -> dict[str, int]:
        meters = sandboxes.meters
        commits = meters.commits + sum(sandbox.commits for sandbox in sandboxes)
        return {"sandboxes_opened": meters.opened, "commits": commits, "log_lines_dropped": output.dropped()}


def _calls(sandboxes: Sandboxes) -> Calls:
    found = sandboxes.meters.calls.copy()
    for sandbox in sandboxes:
        found.update(calls_of(sandbox.journal.tally))
    return found


def _histogram(latencies: Latencies) -> "Metric":
    from prometheus_client.metrics_core import HistogramMetricFamily

    what = "How long calls to the vendors took, since the metrics were asked for first."
    family = HistogramMetricFamily("simulator_call_seconds", what, labels=("vendor", "operation"))
    names = [*map(str, BOUNDS), "+Inf"]
    for (vendor, operation), row in latencies.rows.items():
        buckets = [*zip(names, map(float, accumulate(row)), strict=True)]
        family.add_metric((vendor, operation or OTHER), buckets, latencies.sums[vendor, operation])
    return family
