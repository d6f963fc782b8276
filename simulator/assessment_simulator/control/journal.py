"""Calls about the request journal: list and export it, show one request, and the coverage of the rules."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Annotated, Any

from pydantic import Field
from starlette.responses import Response

from assessment_simulator.control.bodies import INSTANT, Answer, Count, Moment, page
from assessment_simulator.control.operation import ControlCall, Parameter, paging
from assessment_simulator.core import instant
from assessment_simulator.core.schema import text
from assessment_simulator.core.sources import Standing
from assessment_simulator.core.vendor import Vendor
from assessment_simulator.http.problem_details import Problem, flawed
from assessment_simulator.journal import curl
from assessment_simulator.journal.redaction import Mask, UnknownMask
from assessment_simulator.journal.search import invitation_of
from assessment_simulator.journal.views import archive, call_view, coverage_view, entry, whole_call_view
from assessment_simulator.sandbox.credentials import members
from assessment_simulator.sandbox.journal import Exchange, number_of
from assessment_simulator.storage import json_codec

_CALL_ID = "call-[1-9][0-9]{0,18}"
Parsed = Annotated[
    Any, Field(description="JSON parsed, a form as an object, other text as it is; `{bytes}` of what is no text")
]


class Call(Answer):
    """A request to a vendor, in short."""

    id: str
    at: Moment = Field(description="on the sandbox's clock")
    vendor: str
    operation: str | None = Field(description="null if the vendor does not have the path or the verb")
    method: str
    path: str
    status: int | None = Field(description="null if no answer was sent")
    rules: list[str] = Field(description="the rules that it violates")
    fault: str | None = Field(description="the fault that was injected")
    invitation: str | None = Field(description="the one that the call is about; null for none, or several")
    duration: float = Field(description="real seconds")


class Message(Answer):
    """A request or an answer."""

    headers: dict[str, str]
    body: Parsed


class WholeCall(Call):
    """A request with its query, headers and bodies."""

    query: dict[str, str]
    request: Message
    answer: Message | None


class Archive(Answer):
    """HAR 1.2."""

    log: dict[str, Any] = Field(json_schema_extra={"required": ["version", "creator", "entries"]})


class Covered(Answer):
    """How often a sandbox's requests kept and violated a rule."""

    id: str
    vendor: str
    standing: Standing
    kept: Count
    broken: Count
    status_standing: Standing
    body_standing: Standing


class Coverage(Answer):
    """The rules that a sandbox's requests kept and violated."""

    rules: list[Covered]
    kept: Count = Field(description="number of rules that were kept at least once")
    broken: Count = Field(description="number of rules that were violated at least once")
    of: Count = Field(description="number of all rules")


def _status(value: str) -> int | None:
    if not re.fullmatch("none|[1-5][0-9]{2}", value):
        raise ValueError("must be a number from 100 to 599, or none")
    return None if value == "none" else int(value)


def _since(value: str) -> Callable[[Exchange], bool]:
    number, moment = number_of(value), instant.parse(value)
    if number:
        return lambda exchange: exchange.number > number
    if moment is None:
        raise ValueError("must be an instant such as 2026-01-01T00:00:00Z, or the id of a call, such as call-7")
    return lambda exchange: exchange.at >= moment.at


def filters(vendors: Mapping[str, Vendor]) -> dict[str, Parameter]:
    """The filters of the journal."""
    names = sorted({one.operation.name for vendor in vendors.values() for one in vendor.endpoints})
    status = text("calls that were answered so; `none` is those without an answer", pattern="^([1-5][0-9]{2}|none)$")
    since = text(
        "calls from this instant of the sandbox's clock on, or after the call of this id",
        pattern=f"^(?:{_CALL_ID}|{INSTANT})$",
    )
    return {
        "vendor": Parameter(text("calls to this vendor", enum=[*vendors])),
        "operation": Parameter(text("calls of this operation", enum=names)),
        "status": Parameter(status, _status),
        "since": Parameter(since, _since),
    }


PAGING = paging("path, operation, status, rules or fault", "call-7", pattern=f"^{_CALL_ID}$")


def _filtered(exchanges: Iterable[Exchange], query: Mapping[str, Any]) -> Iterator[Exchange]:
    since = query.get("since", lambda exchange: True)
    for one in exchanges:
        if (
            query.get("vendor", one.vendor) == one.vendor
            and query.get("operation", one.operation) == one.operation
            and query.get("status", one.status) == one.status
            and since(one)
        ):
            yield one


async def list_requests(call: ControlCall) -> Iterator[dict[str, Any]]:
    """The calls that came in by HTTP, oldest first, or the newest of them."""
    journal, query, mask = call.sandbox.journal, call.query, Mask(call.sandbox.name)
    newest_first = journal.search(query["q"]) if query.get("q") else reversed(journal)
    if "before" in query:
        before = number_of(query["before"])
        if not journal.may_have(before):
            what = "must be the id of a call that came in, such as call-7"
            raise flawed([{"where": "before", "what": what}], between=" ")
        newest_first = (exchange for exchange in newest_first if exchange.number < before)
    found = await page(_filtered(newest_first, query), query.get("newest"))
    return (call_view(exchange, mask, invitation_of(call.sandbox, exchange)) for exchange in found)


async def list_unattributed(call: ControlCall) -> Iterator[dict[str, Any]]:
    """The last calls to this process that belong to no sandbox, because their key or path is wrong, oldest first."""
    anonymous, mask = call.api.sandboxes.anonymous, UnknownMask("")
    found = await page(reversed(anonymous.journal), call.query.get("newest"))
    return (whole_call_view(exchange, mask, anonymous.links, None) for exchange in found)


async def export_har(call: ControlCall) -> bytes:
    """The same as an HTTP Archive (HAR 1.2)."""
    sandbox, mask = call.sandbox, Mask(call.sandbox.name)
    entries = [entry(one, mask, sandbox.links) for one in _filtered(sandbox.journal, call.query)]
    return json_codec.dumps(archive(entries, call.api.version))


def _found(call: ControlCall) -> Exchange:
    id = call.params["id"]
    found = call.sandbox.journal.find(id)
    if found is None:
        raise Problem(404, f"the journal of {call.sandbox.name!r} has no call {id[:40]!r}; the oldest are forgotten")
    return found


async def show_request(call: ControlCall) -> dict[str, Any]:
    """One call with its headers and bodies, secrets hidden."""
    found, sandbox = _found(call), call.sandbox
    return whole_call_view(found, Mask(sandbox.name), sandbox.links, invitation_of(sandbox, found))


async def curl_script(call: ControlCall) -> Response:
    """A shell script that repeats the call with curl."""
    exchange, sandbox = _found(call), call.sandbox
    vendor = sandbox.vendors[exchange.vendor]
    held = dict.fromkeys(members(vendor), f"sim-{sandbox.name}")
    keys = curl.Keys(sandbox.name, held, call.api.sandboxes.open_access)
    return Response(curl.script(exchange, vendor, keys), media_type=curl.MEDIA_TYPE)


async def rule_coverage(call: ControlCall) -> dict[str, Any]:
    """Which rules this sandbox's traffic has kept and broken."""
    return coverage_view(call.sandbox.vendors, call.sandbox.journal)
