"""Error responses: the envelope with three members everywhere, except for the key, which the gateway checks."""

from assessment_simulator.core.decision import VendorResponse
from assessment_simulator.core.request import VendorRequest
from assessment_simulator.core.rules import Rule, uncompressed
from assessment_simulator.core.sandbox_view import SandboxView
from assessment_simulator.core.sources import Standing, ours
from assessment_simulator.vendors.pymetrics.access import KEY, RATE

# Seconds to wait after a 429: then the minute that is counted has passed.
RETRY_AFTER = "60"

# The rules that the HTTP layer checks before it knows the operation.
HTTP_RULES = {
    "route": Rule(
        "pymetrics.http.route", "path", "the path must be that of an operation", 404,
        Standing.ASSUMED, ours("nothing is documented; the envelope is what the vendor's clients parse"),
    ),
    "verb": Rule(
        "pymetrics.http.verb", "method", "the method must be one that this path takes", 405,
        Standing.ASSUMED, ours("nothing is documented; a 405 tells a caller more than a gateway's 403"),
    ),
    "encoding": Rule(
        "pymetrics.http.encoding", "header.content-encoding", "the body must have no content coding such as gzip", 415,
        Standing.ASSUMED, ours("nothing is documented; what is not decoded must not be read as JSON"),
        hint=uncompressed,
    ),
    "size": Rule(
        "pymetrics.http.size", "body", "the body must not be larger than 1 MiB", 413,
        Standing.ASSUMED, ours("nothing is documented; a body that large is a caller's mistake"),
    ),
}  # fmt: skip

_FAILURES = {
    400: "the request is not valid",
    401: "the OAuth credentials are not valid",
    404: "there is no such thing",
    429: RATE.statement,
}


def render_refusal(found: tuple[Rule, ...], request: VendorRequest, view: SandboxView) -> VendorResponse:
    """The response to a request that violates these rules."""
    return _response(found[0].status, request, "; ".join(rule.statement for rule in found), by_gateway=found[0] is KEY)


def render_failure(status: int, request: VendorRequest) -> VendorResponse:
    """The response with this status to a valid request."""
    usual = "the request cannot be served" if status < 500 else "the service failed; the same request may succeed later"
    return _response(status, request, _FAILURES.get(status, usual), by_gateway=status == KEY.status)


def _response(status: int, request: VendorRequest, message: str, *, by_gateway: bool) -> VendorResponse:
    if by_gateway:
        return VendorResponse(KEY.status, {"message": "Forbidden"})
    # `recoverable` means that the same request may succeed later.
    recoverable = status in (408, 429) or status >= 500
    body = {"request_id": request.random.uuid(), "recoverable": recoverable, "message": message}
    return VendorResponse(status, body, (("retry-after", RETRY_AFTER),) if status == 429 else ())
