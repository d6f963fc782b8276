"""Calls about the server: its health, the metrics of this process, and the rules of its vendors."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from assessment_simulator import output
from assessment_simulator.control.operation import ControlCall
from assessment_simulator.core.rules import Rule
from assessment_simulator.core.text import install
from assessment_simulator.core.vendor import Vendor
from assessment_simulator.http.problem_details import Problem
from assessment_simulator.http.routing import json

if TYPE_CHECKING:
    from prometheus_client.metrics_core import Metric

    from assessment_simulator.control.router import ControlApi


async def health(call: ControlCall) -> Response:
    """Whether the process answers; the storage is not checked."""
    # Not by its model, which loads pydantic: monitors call this before anything else is loaded.
    return json({"status": "ok", "version": call.api.version})


async def ready(call: ControlCall) -> Response:
    """Whether requests can be served: whether the storage, where there is one, can be written."""
    if call.api.sandboxes.log is not None:
        await call.api.sandboxes.log.ready()
    return await health(call)


def catalogue(vendors: Mapping[str, Vendor]) -> list[dict[str, Any]]:
    """Every rule as JSON values."""
    return [rule_view(vendor, rule) for vendor in vendors.values() for rule in vendor.rules]


def rule_view(vendor: Vendor, rule: Rule) -> dict[str, Any]:
    """A rule as JSON values."""
    return {
        "id": rule.id, "vendor": vendor.id, "place": rule.place, "statement": rule.statement,
        "standing": rule.standing.value, "source": str(rule.source), "status": rule.status,
        "status_standing": rule.of_status.standing.value, "status_source": str(rule.of_status.source),
        "body_standing": rule.of_body.standing.value, "body_source": str(rule.of_body.source),
        "verified": [asdict(one) for one in vendor.verified.get(rule.id, ())],
    }  # fmt: skip


async def counters(call: ControlCall) -> dict[str, Any]:
    """The number of sandboxes, and what this process has counted since its start."""
    sandboxes = call.api.sandboxes
    counted: dict[str, dict[str, int]] = {"calls": {}, "webhook_attempts": {}}
    for (name, *labels), count in sandboxes.meters.totals.items():
        if name in counted:
            counted[name][labels[-1]] = counted[name].get(labels[-1], 0) + count
    return {"sandboxes": await sandboxes.count(), **counted}


async def metrics(call: ControlCall) -> Response:
    """The counters and gauges of this process, for Prometheus."""
    api, meters = call.api, call.api.sandboxes.meters
    if meters.registry is None:
        raise Problem(501, f"metrics need prometheus-client: {install('metrics')}")
    from prometheus_client import CONTENT_TYPE_LATEST, ProcessCollector, generate_latest

    if api.collector is None:  # at the first scrape: without one, no call pays for the measuring of its duration
        api.collector = Collector(api)
        meters.registry.register(api.collector)
        ProcessCollector(registry=meters.registry)
        meters.time()
    return Response(generate_latest(meters.registry), media_type=CONTENT_TYPE_LATEST)


class Collector:
    """The values that are read off the sandboxes whenever the registry is read."""

    def __init__(self, api: "ControlApi") -> None:
        self._api = api

    def collect(self) -> Iterator["Metric"]:
        """Called by the registry."""
        from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily

        sandboxes = self._api.sandboxes
        held, writer, log = [*sandboxes], sandboxes.writer, sandboxes.log
        readers = sum(feed.readers for feed in self._api.feeds.values())
        yield InfoMetricFamily("simulator", "This program.", {"version": self._api.version})
        for name, what, value in (
            ("sandboxes", "Sandboxes in memory: those that this process owns.", len(held)),
            ("deliveries_pending", "Webhooks that are neither delivered nor given up.",
             sum(len(one.state.pending) for one in held)),
            # The name is public, though the program calls them timers.
            ("alarms_pending", "Timers that have not fired.", sum(len(one.state.timers) for one in held)),
            ("journal_entries", "Calls in the journals.", sum(len(one.journal) for one in held)),
            ("journal_bytes", "Bytes of bodies, paths and queries in the journals.",
             sum(one.journal.size for one in held)),
            ("event_readers", "Readers of event streams.", readers),
        ):  # fmt: skip
            yield GaugeMetricFamily(f"simulator_{name}", what, value)
        for name, what, count in (
            ("commit_groups", "Transactions in which commits were written to the storage.",
             0 if writer is None else writer.groups),
            ("takeovers", "Sandboxes that were taken over from a process that is gone.",
             0 if log is None else log.takeovers),
            ("forwarded_requests", "Requests that were forwarded to the owner of a sandbox.", sandboxes.forwarded),
            ("log_lines_dropped", "Log lines that could not be written.", output.dropped()),
        ):  # fmt: skip
            yield CounterMetricFamily(f"simulator_{name}", what, count)
        invitations = GaugeMetricFamily("simulator_invitations", "Invitations that are stored.", labels=("vendor",))
        for vendor in sandboxes.vendors.values():
            invitations.add_metric((vendor.id,), sum(one.state.count((vendor.record_kind,)) for one in held))
        yield invitations
