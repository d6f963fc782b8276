"""Calls about the request journal: list and export it, show one request, and the coverage of the rules."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from starlette.responses import Response

from assessment_simulator.control.models.base import INSTANT
from assessment_simulator.control.operation import ControlCall
from assessment_simulator.control.query_parameters import Parameter, no_such_id, one_of, page, paging
from assessment_simulator.core import instant
from assessment_simulator.core.schema import text
from assessment_simulator.core.vendor import Vendor
from assessment_simulator.http.problem_details import Problem
from assessment_simulator.journal import curl
from assessment_simulator.journal.har import archive, entry
from assessment_simulator.journal.redaction import Mask
from assessment_simulator.journal.rule_coverage import coverage_view
from assessment_simulator.journal.views import call_view, whole_call_view
from assessment_simulator.sandbox.credentials import members
from assessment_simulator.sandbox.journal import Exchange, number_of
from assessment_simulator.storage import json_codec

NO_ANSWER = "none"
"""The value of the filter `status` for requests without a response."""
_CALL_ID = "call-[1-9][0-9]{0,18}"
_Test = Callable[[Exchange], bool]


def filters(vendors: Mapping[str, Vendor]) -> dict[str, Parameter]:
    """The filters of the journal: each is read as a test of an exchange."""
    names = sorted({one.operation.name for vendor in vendors.values() for one in vendor.endpoints})
    vendor, operation = one_of("calls to this vendor", vendors), one_of("calls of this operation", names)

    def of_vendor(value: str) -> _Test:
        id = vendor.read(value)
        return lambda exchange: exchange.vendor == id

    def of_operation(value: str) -> _Test:
        name = operation.read(value)
        return lambda exchange: exchange.operation == name

    def with_status(value: str) -> _Test:
        if value == NO_ANSWER:
            return lambda exchange: exchange.status is None
        if not re.fullmatch("[1-5][0-9]{2}", value):
            raise ValueError(f"must be a number from 100 to 599, or {NO_ANSWER}")
        return lambda exchange: exchange.status == int(value)

    def since(value: str) -> _Test:
        number, moment = number_of(value), instant.parse(value)
        if number:
            return lambda exchange: exchange.number > number
        if moment is None:
            raise ValueError("must be an instant such as 2026-01-01T00:00:00Z, or the id of a call, such as call-7")
        return lambda exchange: exchange.at >= moment.at

    status = text("calls that were answered so; `none` is those without an answer", pattern="^([1-5][0-9]{2}|none)$")
    from_then_on = text(
        "calls from this instant of the sandbox's clock on, or after the call of this id",
        pattern=f"^(?:{_CALL_ID}|{INSTANT})$",
    )
    return {
        "vendor": Parameter(vendor.schema, of_vendor), "operation": Parameter(operation.schema, of_operation),
        "status": Parameter(status, with_status), "since": Parameter(from_then_on, since),
    }  # fmt: skip


PAGING = paging("path, operation, status, rules or fault", "call-7", pattern=f"^{_CALL_ID}$")


async def list_requests(call: ControlCall) -> Iterator[dict[str, Any]]:
    """The calls that came in by HTTP, oldest first, or the newest of them."""
    journal, mask = call.sandbox.journal, Mask(call.sandbox.name)
    most, before, words = (call.query.get(name) for name in PAGING)
    tests: list[_Test] = [test for name, test in call.query.items() if name not in PAGING]
    if before is not None:
        number = number_of(before)
        if not journal.may_have(number):
            raise no_such_id("must be the id of a call that came in, such as call-7")
        tests.append(lambda exchange: exchange.number < number)
    newest_first = journal.search(words) if words else reversed(journal)
    found = await page((one for one in newest_first if all(test(one) for test in tests)), most)
    return (call_view(exchange, mask) for exchange in found)


async def export_har(call: ControlCall) -> bytes:
    """The same as an HTTP Archive (HAR 1.2)."""
    sandbox, mask = call.sandbox, Mask(call.sandbox.name)
    found = [one for one in sandbox.journal if all(test(one) for test in call.query.values())]
    entries = [entry(one, mask, sandbox.links) for one in found]
    return json_codec.dumps(archive(entries, call.api.version))


async def show_request(call: ControlCall) -> dict[str, Any]:
    """One call with its headers and bodies, secrets hidden."""
    return whole_call_view(_found(call), Mask(call.sandbox.name), call.sandbox.links)


async def curl_script(call: ControlCall) -> Response:
    """A shell script that repeats the call with curl."""
    exchange, sandbox = _found(call), call.sandbox
    vendor = sandbox.vendors[exchange.vendor]
    held = dict.fromkeys(members(vendor), f"sim-{sandbox.name}")
    keys = curl.Keys(sandbox.name, held, call.api.sandboxes.open_access)
    return Response(curl.script(exchange, vendor, keys), media_type=curl.MEDIA_TYPE)


async def rule_coverage(call: ControlCall) -> dict[str, Any]:
    """Which rules this sandbox's traffic has kept and broken."""
    return coverage_view(call.sandbox.vendors, call.sandbox.journal.rule_counts)


def _found(call: ControlCall) -> Exchange:
    id = call.params["id"]
    found = call.sandbox.journal.find(id)
    if found is None:
        raise Problem(404, f"the journal of {call.sandbox.name!r} has no call {id[:40]!r}; the oldest are forgotten")
    return found
