"""Calls about the request journal: list and export it, show one request, and the coverage of the rules."""

from collections.abc import Iterator
from typing import Any

from starlette.responses import Response

from assessment_simulator.control.operation import ControlCall
from assessment_simulator.http.problem_details import Problem
from assessment_simulator.journal import curl
from assessment_simulator.journal.har import archive, entry
from assessment_simulator.journal.queries import chosen, filtered
from assessment_simulator.journal.recorder import Exchange
from assessment_simulator.journal.redaction import Mask
from assessment_simulator.journal.rule_coverage import coverage_view
from assessment_simulator.journal.views import call_view, whole_call_view
from assessment_simulator.sandbox.credentials import members
from assessment_simulator.storage import json_codec


async def list_requests(call: ControlCall) -> Iterator[dict[str, Any]]:
    """The calls that came in by HTTP, oldest first, or the newest of them."""
    mask = Mask(call.sandbox.name)
    found = await chosen(call.sandbox, call.request.query_params.multi_items())
    return (call_view(exchange, mask) for exchange in found)


async def export_har(call: ControlCall) -> bytes:
    """The same as an HTTP Archive (HAR 1.2)."""
    mask = Mask(call.sandbox.name)
    found = filtered(call.sandbox, call.request.query_params.multi_items())
    return json_codec.dumps(archive([entry(exchange, mask) for exchange in found], call.api.version))


async def show_request(call: ControlCall) -> dict[str, Any]:
    """One call with its headers and bodies, secrets hidden."""
    return whole_call_view(_found(call), Mask(call.sandbox.name))


async def curl_script(call: ControlCall) -> Response:
    """A shell script that repeats the call with curl."""
    exchange, sandbox = _found(call), call.sandbox
    vendor = sandbox.vendors[exchange.vendor]
    held = dict.fromkeys(members(vendor), f"sim-{sandbox.name}")
    keys = curl.Keys(sandbox.name, held, call.api.sandboxes.open_access)
    return Response(curl.script(exchange, vendor, keys), media_type=curl.MEDIA_TYPE)


async def rule_coverage(call: ControlCall) -> dict[str, Any]:
    """Which rules this sandbox's traffic has kept and broken."""
    return coverage_view(call.sandbox.vendors, call.sandbox.journal.tally)


def _found(call: ControlCall) -> Exchange:
    id = call.params["id"]
    found = call.sandbox.journal.find(id)
    if found is None:
        raise Problem(404, f"the journal of {call.sandbox.name!r} has no call {id[:40]!r}; the oldest are forgotten")
    return found
