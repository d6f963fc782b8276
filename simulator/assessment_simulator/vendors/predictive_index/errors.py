"""Refusals as the vendor words them: ASP.NET's stock bodies at the door, the vendor's own object behind it.

The API Guide prints the object once, for maintenance. The newer API's message for a missing key is ASP.NET Web API's
own, which is why its stock answers are taken for what is refused before the vendor's code sees the request.
"""

from collections.abc import Callable, Mapping

from assessment_simulator.core.request import VendorRequest, VendorResponse
from assessment_simulator.core.rules import Rule, uncompressed
from assessment_simulator.core.sandbox_view import SandboxView
from assessment_simulator.core.sources import Standing, ours
from assessment_simulator.vendors.predictive_index.list_rules import found_wrong
from assessment_simulator.vendors.predictive_index.requests import ROUTE, STOCK

# Only 27 is published. The others are ours, so that clients can tell the kinds apart; never rely on them.
_NUMBERS = {400: 1, 404: 2, 429: 3, 503: 27}
_DESCRIPTIONS = {400: "The request is not valid", 503: "The API is down for maintenance"}

HTTP_RULES: Mapping[str, Rule] = {
    "route": ROUTE,
    "verb": Rule("pi.door.verb", "request", "the path must know the method", 405, Standing.ASSUMED, STOCK),
    "encoding": Rule(
        "pi.door.encoding", "header.content-encoding", "the body must have no content coding such as gzip", 415,
        Standing.ASSUMED, ours("no coding is published; what is not decoded must not be read as JSON"),
        hint=uncompressed,
    ),
    "size": Rule(
        "pi.door.size", "request", "the body must not be larger than 1 MiB", 413, Standing.ASSUMED,
        ours("no limit is published; a real server has one"),
    ),
}  # fmt: skip


def _unsupported(call: VendorRequest) -> str:
    if not call.media_type:
        return (
            "The request contains an entity body but no Content-Type header. The inferred media type"
            " 'application/octet-stream' is not supported for this resource."
        )
    return f"The request entity's media type '{call.media_type}' is not supported for this resource."


def _invalid(call: VendorRequest) -> str:
    return "The request is invalid."


_MESSAGES: Mapping[str, Callable[[VendorRequest], str]] = {
    "pi.access.key": lambda call: "Authorization has been denied for this request.",
    "pi.door.route": lambda call: (
        f"No HTTP resource was found that matches the request URI '{call.base_url}{call.path}'."
    ),
    "pi.door.verb": lambda call: f"The requested resource does not support http method '{call.method}'.",
    "pi.door.encoding": lambda call: "The request entity's content encoding is not supported for this resource.",
    "pi.door.size": lambda call: "The request entity is too large.",
    **{f"pi.{writing}.media_type": _unsupported for writing in ("create", "change")},
    **{f"pi.{writing}.body.{flaw}": _invalid for writing in ("create", "change") for flaw in ("json", "object")},
}
"""The stock message of each rule that is judged before the vendor's own code would see the request."""


def render_refusal(rules: tuple[Rule, ...], call: VendorRequest, world: SandboxView) -> VendorResponse:
    """The vendor's answer to a call that breaks these rules, all of one stage."""
    first = rules[0]
    message = _MESSAGES.get(first.id)
    if message is not None:
        return VendorResponse(first.status, {"Message": message(call)})
    named = [rule for rule in rules if rule.status == 400 and rule.place.startswith(("body.", "query.", "path."))]
    items = [_item(rule, found_wrong(rule, call, world)) for rule in named]
    return VendorResponse(first.status, _legacy(first.status, _DESCRIPTIONS.get(first.status, first.statement), items))


_STOCK_TROUBLES: Mapping[int, str] = {401: "pi.access.key", 405: "pi.door.verb", 413: "pi.door.size"}
"""The rule whose stock message stands for a status."""
_TROUBLES = {**_DESCRIPTIONS, 404: "There is no such thing", 429: "There were too many calls in 60 seconds"}


def render_failure(status: int, call: VendorRequest) -> VendorResponse:
    """The answer with this status to a call with which nothing is wrong; 500 is ASP.NET's stock body for a crash."""
    if status in _NUMBERS:
        return VendorResponse(status, _legacy(status, _TROUBLES[status], []))
    message = _MESSAGES[_STOCK_TROUBLES[status]](call) if status in _STOCK_TROUBLES else "An error has occurred."
    return VendorResponse(status, {"Message": message})


def _legacy(status: int, description: str, items: list[dict[str, str]]) -> dict[str, object]:
    return {"number": _NUMBERS[status], "context": None, "description": description, "parameterErrors": items}


def _item(rule: Rule, found: str) -> dict[str, str]:
    # The list is empty in the only example, so the shape of an item is ours.
    return {"parameter": rule.name, "description": rule.statement + found}
