"""How pymetrics says no: the three-member envelope everywhere, but for the key, which its gateway asks for."""

from assessment_simulator.core.request import VendorRequest, VendorResponse
from assessment_simulator.core.rules import Rule, uncompressed
from assessment_simulator.core.sandbox_view import SandboxView
from assessment_simulator.core.sources import Standing, ours
from assessment_simulator.vendors.pymetrics.access import KEY, RATE

RETRY_AFTER = "60"
"""Seconds to wait after a 429, in which the minute that is counted has passed."""

HTTP_RULES = {
    "route": Rule(
        "pymetrics.door.route", "path", "the path must be that of an operation", 404,
        Standing.ASSUMED, ours("nothing is documented; the envelope is what the vendor's clients parse"),
    ),
    "verb": Rule(
        "pymetrics.door.verb", "method", "the method must be one that this path takes", 405,
        Standing.ASSUMED, ours("nothing is documented; a 405 tells a caller more than a gateway's 403"),
    ),
    "encoding": Rule(
        "pymetrics.door.encoding", "header.content-encoding", "the body must have no content coding such as gzip", 415,
        Standing.ASSUMED, ours("nothing is documented; what is not decoded must not be read as JSON"),
        hint=uncompressed,
    ),
    "size": Rule(
        "pymetrics.door.size", "body", "the body must not be larger than 1 MiB", 413,
        Standing.ASSUMED, ours("nothing is documented; a body that large is a caller's mistake"),
    ),
}  # fmt: skip
"""What the HTTP edge judges before it knows which operation is meant."""


def render_refusal(found: tuple[Rule, ...], call: VendorRequest, world: SandboxView) -> VendorResponse:
    """The answer to a call that breaks these rules; `recoverable` means that the same call may succeed later."""
    if found[0] is KEY:
        return VendorResponse(KEY.status, {"message": "Forbidden"})
    return _envelope(found[0].status, call, "; ".join(rule.statement for rule in found))


_TROUBLES = {
    400: "the request is not valid",
    401: "the OAuth credentials are not valid",
    404: "there is no such thing",
    429: RATE.statement,
}


def render_failure(status: int, call: VendorRequest) -> VendorResponse:
    """The answer with this status to a call with which nothing is wrong."""
    if status == KEY.status:
        return VendorResponse(KEY.status, {"message": "Forbidden"})
    usual = "the request cannot be served" if status < 500 else "the service failed; the same request may succeed later"
    return _envelope(status, call, _TROUBLES.get(status, usual))


def _envelope(status: int, call: VendorRequest, message: str) -> VendorResponse:
    body = {"request_id": call.random.uuid(), "recoverable": status in (408, 429) or status >= 500, "message": message}
    return VendorResponse(status, body, (("retry-after", RETRY_AFTER),) if status == 429 else ())
