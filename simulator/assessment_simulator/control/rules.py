"""The rule catalogue and the page of each rule, with two requests that are sent when the page is first asked for."""

from collections.abc import Mapping
from functools import partial
from http import HTTPStatus
from typing import Any

from pydantic import Field
from starlette.responses import Response

from assessment_simulator.control import settings
from assessment_simulator.control.bodies import Answer
from assessment_simulator.control.journal import WholeCall
from assessment_simulator.control.operation import ControlCall
from assessment_simulator.control.server import catalogue, rule_view
from assessment_simulator.core.sources import Standing, Verified, last_verified
from assessment_simulator.core.text import meant, pretty
from assessment_simulator.core.vendor import Vendor
from assessment_simulator.documents.renderer import draw
from assessment_simulator.http import examples
from assessment_simulator.http.asgi import App, Receive, Scope, Send, accepts_html, named_headers
from assessment_simulator.http.base_url import BaseUrl, proxy_info
from assessment_simulator.http.cross_origin import CrossOriginPolicy
from assessment_simulator.http.problem_details import ROOT, Problem
from assessment_simulator.http.templating import render
from assessment_simulator.http.vendor_endpoint import VendorEndpoint
from assessment_simulator.sandbox.registry import Sandboxes


class Comparison(Answer):
    """A comparison with the vendor in which the rule agreed."""

    date: str = Field(description="the day of the recording")
    host: str
    version: str = Field(description="of this program")
    calls: int


class Rule(Answer):
    """A rule of a vendor."""

    id: str
    vendor: str
    place: str = Field(description="the part of a request that it is about")
    statement: str
    standing: Standing
    source: str
    status: int
    status_standing: Standing
    status_source: str = Field(description="the source of the status")
    body_standing: Standing
    body_source: str = Field(description="the source of the shape of the error body")
    verified: list[Comparison] = Field(description="empty if it was never compared with the vendor")


class WholeRule(Rule):
    """A rule with two requests that were sent, in this order, in a sandbox that nothing else sees."""

    accepted: WholeCall
    refused: WholeCall


async def show_all(call: ControlCall) -> Response | list[dict[str, Any]]:
    """The rule catalogue; a page for a browser."""
    vendors = call.api.sandboxes.vendors
    if not accepts_html(named_headers(call.request.scope)):
        return catalogue(vendors)
    listed = [(vendor.title, [rule_view(vendor, rule) for rule in vendor.rules]) for vendor in vendors.values()]
    return render("rules.html", prefix=proxy_info(call.request.scope).prefix, listed=listed, root=ROOT)


async def shown(vendors: Mapping[str, Vendor], id: str) -> dict[str, Any]:
    """A rule with its examples, which are run here; raises KeyError."""
    vendor, rule = next((vendor, rule) for vendor in vendors.values() for rule in vendor.rules if rule.id == id)
    changed = partial(settings.changed, {vendor.id: vendor})
    accepted, refused = await examples.run(vendor, vendor.examples()[id], changed, _endpoint)
    return {**rule_view(vendor, rule), "accepted": accepted, "refused": refused}


def _endpoint(sandboxes: Sandboxes) -> App:
    async def nowhere(scope: Scope, receive: Receive, send: Send) -> None:
        raise AssertionError("an example is sent to a vendor's path")

    return VendorEndpoint(sandboxes, nowhere, draw, BaseUrl(examples.ADDRESS), CrossOriginPolicy())


async def show(call: ControlCall) -> Response | dict[str, Any]:
    """A rule with an accepted and a refused request; a page for a browser."""
    api, id = call.api, call.params["id"]
    vendors = api.sandboxes.vendors
    known = [rule.id for vendor in vendors.values() for rule in vendor.rules]
    if id not in known:
        right = meant(id, known)
        more = f"did you mean {right}? " if right else ""
        raise Problem(404, f"there is no rule {id[:80]!r}; {more}GET {ROOT}/rules lists all")
    if id not in api.rules:
        try:
            api.rules[id] = await shown(vendors, id)
        except TimeoutError:
            raise Problem(503, "the examples of this rule took too long; try again") from None
    rule = api.rules[id]
    if not accepts_html(named_headers(call.request.scope)):
        return rule
    prefix = proxy_info(call.request.scope).prefix
    return render(
        "rule.html", prefix=prefix, rule=rule, facts=facts(rule), title=vendors[rule["vendor"]].title,
        written=written, root=ROOT,
        calls=[("Accepted", "good", rule["accepted"]), ("Refused", "bad", rule["refused"])],
    )  # fmt: skip


def facts(rule: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What there is to say of a rule, under headings; where status and form have the source of the demand, once."""
    found = [
        ("Demand", rule["statement"]), ("About", rule["place"]), ("Standing", f"{rule['standing']}: {rule['source']}"),
        ("Refused with", str(rule["status"])),
    ]  # fmt: skip
    bases = [(rule[f"{part}standing"], rule[f"{part}source"]) for part in ("", "status_", "body_")]
    for heading, before, (standing, source) in zip(("Status", "Form of the refusal"), bases, bases[1:], strict=False):
        if (standing, source) != before:
            found.append((heading, f"{standing}: {source}"))
    verified = last_verified([Verified(**one) for one in rule["verified"]])
    found.append(("Verified", verified or "never compared with the vendor"))
    return found


def written(call: Mapping[str, Any], part: str) -> str:
    """The request or the answer of an example as text, without headers that say nothing about the rule."""
    message = call[part]
    if part == "request":
        query = "&".join(f"{name}={value}" for name, value in call["query"].items())
        first = f"{call['method']} {call['path']}{'?' if query else ''}{query}"
    else:
        first = f"{call['status']} {HTTPStatus(call['status']).phrase}"
    lines = [first, *(f"{name}: {value}" for name, value in message["headers"].items() if name not in _PLAIN)]
    body = message["body"]
    if body is None:
        return "\n".join(lines)
    return "\n".join([*lines, "", pretty(body)])


_PLAIN = ("content-length", "date", "host", "link", "vary")
