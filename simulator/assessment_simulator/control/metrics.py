"""`/_simulator/metrics`: what this process, and no other, has done and holds, as Prometheus reads it."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response

from assessment_simulator import output
from assessment_simulator.http.problem_details import Problem
from assessment_simulator.http.routing import Handler
from assessment_simulator.sandbox.registry import Sandboxes
from assessment_simulator.sandbox.sandbox import Sandbox

if TYPE_CHECKING:
    from prometheus_client.metrics_core import Metric

GAUGES = {
    "sandboxes": "Sandboxes in memory: those that this process owns.",
    "deliveries_pending": "Webhooks that are neither delivered nor given up.",
    "alarms_pending": "Alarms that have not rung.",
    "journal_entries": "Calls in the journals.",
    "journal_bytes": "Bytes of bodies, paths and queries in the journals.",
    "event_readers": "Readers of event streams.",
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
        self._registered = False

    def table(self, root: str) -> tuple[tuple[str, str, Handler], ...]:
        """The call by method and path."""
        return (("GET", f"{root}/metrics", self.metrics),)

    async def metrics(self, request: Request) -> Response:
        """What this process has done and holds, for Prometheus."""
        meters = self._sandboxes().meters
        if meters.registry is None:
            raise Problem(501, INSTALL)
        from prometheus_client import CONTENT_TYPE_LATEST, ProcessCollector, generate_latest

        if not self._registered:
            self._registered = True
            meters.registry.register(self)
            ProcessCollector(registry=meters.registry)
            meters.time()
        return Response(generate_latest(meters.registry), media_type=CONTENT_TYPE_LATEST)

    def collect(self) -> Iterator["Metric"]:
        """What is not counted as it happens; called by the registry."""
        from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily

        sandboxes = self._sandboxes()
        held = self._held([*sandboxes])
        yield InfoMetricFamily("simulator", "This program.", {"version": self._version()})
        for name, what in GAUGES.items():
            yield GaugeMetricFamily(f"simulator_{name}", what, held[name])
        for name, what, count in self._of_the_log(sandboxes):
            yield CounterMetricFamily(f"simulator_{name}", what, count)
        what = "Log lines that could not be written."
        yield CounterMetricFamily("simulator_log_lines_dropped", what, output.dropped())
        invitations = GaugeMetricFamily("simulator_invitations", "Invitations that are stored.", labels=("vendor",))
        for vendor in sandboxes.vendors.values():
            count = sum(sandbox.state.count((vendor.kind,)) for sandbox in sandboxes)
            invitations.add_metric((vendor.id,), count)
        yield invitations

    def _of_the_log(self, sandboxes: Sandboxes) -> Iterator[tuple[str, str, int]]:
        groups = 0 if sandboxes.writer is None else sandboxes.writer.groups
        takeovers = 0 if sandboxes.log is None else sandboxes.log.takeovers
        yield "commit_groups", "Transactions in which commits were written to the log.", groups
        yield "takeovers", "Sandboxes that were taken over from a process that is gone.", takeovers
        yield "forwarded_requests", "Requests that were forwarded to the owner of a sandbox.", sandboxes.forwarded

    def _held(self, every: list[Sandbox]) -> dict[str, int]:
        return {
            "sandboxes": len(every),
            "deliveries_pending": sum(len(sandbox.state.pending) for sandbox in every),
            "alarms_pending": sum(len(sandbox.state.alarms) for sandbox in every),
            "journal_entries": sum(len(sandbox.journal) for sandbox in every),
            "journal_bytes": sum(sandbox.journal.size for sandbox in every),
            "event_readers": self._readers(),
        }
