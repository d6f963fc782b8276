"""Error responses: ASP.NET's stock bodies before the vendor's code runs, the vendor's own object behind it.

The API Guide prints the object once, for maintenance. The newer API's message for a missing key is ASP.NET Web API's
own, which is why its stock answers are taken for what is refused before the vendor's code sees the request.
"""

from collections.abc import Callable, Mapping

from assessment_simulator.core.decision import VendorResponse
from assessment_simulator.core.request import VendorRequest
from assessment_simulator.core.rules import Rule, uncompressed
from assessment_simulator.core.sandbox_view import SandboxView
from assessment_simulator.core.sources import Standing, ours
from assessment_simulator.vendors.predictive_index.access import FRAMEWORK, ROUTE
from assessment_simulator.vendors.predictive_index.odata.rules import error_detail

# Only 27 is published. The others are ours, so that clients can distinguish the kinds; never rely on them.
_NUMBERS = {400: 1, 404: 2, 429: 3, 503: 27}
_DESCRIPTIONS = {400: "The request is not valid", 503: "The API is down for maintenance"}

HTTP_RULES: Mapping[str, Rule] = {
    "route": ROUTE,
    "verb": Rule("pi.http.verb", "request", "the path must know the method", 405, Standing.ASSUMED, FRAMEWORK),
    "encoding": Rule(
        "pi.http.encoding", "header.content-encoding", "the body must have no content coding such as gzip", 415,
        Standing.ASSUMED, ours("no coding is published; what is not decoded must not be read as JSON"),
        hint=uncompressed,
    ),
    "size": Rule(
        "pi.http.size", "request", "the body must not be larger than 1 MiB", 413, Standing.ASSUMED,
        ours("no limit is published; a real server has one"),
    ),
}  # fmt: skip


def _unsupported(request: VendorRequest) -> str:
    if not request.media_type:
        return (
            "The request contains an entity body but no Content-Type header. The inferred media type"
            " 'application/octet-stream' is not supported for this resource."
        )
    return f"The request entity's media type '{request.media_type}' is not supported for this resource."


# The stock message of each rule that is judged before the vendor's own code would see the request.
_MESSAGES: Mapping[str, str | Callable[[VendorRequest], str]] = {
    "pi.access.key": "Authorization has been denied for this request.",
    "pi.http.route": lambda request:
        f"No HTTP resource was found that matches the request URI '{request.base_url}{request.path}'.",
    "pi.http.verb": lambda request: f"The requested resource does not support http method '{request.method}'.",
    "pi.http.encoding": "The request entity's content encoding is not supported for this resource.",
    "pi.http.size": "The request entity is too large.",
    **dict.fromkeys(("pi.create.media_type", "pi.change.media_type"), _unsupported),
    **dict.fromkeys(
        (f"pi.{verb}.body.{rule}" for verb in ("create", "change") for rule in ("json", "object")),
        "The request is invalid.",
    ),
}  # fmt: skip


def _stock(status: int, rule: str, request: VendorRequest) -> VendorResponse:
    message = _MESSAGES[rule]
    return VendorResponse(status, {"Message": message if isinstance(message, str) else message(request)})


def _legacy(status: int, description: str, items: list[dict[str, str]]) -> VendorResponse:
    body = {"number": _NUMBERS[status], "context": None, "description": description, "parameterErrors": items}
    return VendorResponse(status, body)


def render_refusal(rules: tuple[Rule, ...], request: VendorRequest, view: SandboxView) -> VendorResponse:
    """Return the vendor's answer to a request that violates these rules, all of one stage."""
    first = rules[0]
    if first.id in _MESSAGES:
        return _stock(first.status, first.id, request)
    # The list of parameters is empty in the only example, so the members of an item are ours.
    items = [
        {"parameter": rule.name, "description": rule.statement + error_detail(rule, request, view)}
        for rule in rules
        if rule.status == 400 and rule.place.startswith(("body.", "query.", "path."))
    ]
    return _legacy(first.status, _DESCRIPTIONS.get(first.status, first.statement), items)


def render_failure(status: int, request: VendorRequest) -> VendorResponse:
    """Return the answer with this status to a valid request; 500 has ASP.NET's stock body for a crash."""
    if status in _NUMBERS:
        descriptions = {**_DESCRIPTIONS, 404: "There is no such thing", 429: "There were too many calls in 60 seconds"}
        return _legacy(status, descriptions[status], [])
    rules = {401: "pi.access.key", 405: "pi.http.verb", 413: "pi.http.size"}
    if status in rules:
        return _stock(status, rules[status], request)
    return VendorResponse(status, {"Message": "An error has occurred."})
