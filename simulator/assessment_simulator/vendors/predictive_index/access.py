"""How a request is read, and who may call: spelling of addresses, the API key, maintenance and the rate limit.

The vendor's own code runs on ASP.NET Web API. It compares routes and names of simple query parameters without regard to
letter case and ignores a slash at the end of a path; Json.NET's reader skips a UTF-8 byte order mark. None of this is
on a page of the vendor. OData options (`$filter` and the like) and members of bodies are compared exactly.
"""

import re
from collections.abc import Mapping
from typing import Any

from assessment_simulator.core.request import MISSING, Credential, Unreadable, VendorRequest
from assessment_simulator.core.rules import Rule, key_hint
from assessment_simulator.core.sandbox_view import SandboxView
from assessment_simulator.core.sources import Standing, ours
from assessment_simulator.core.text import plain
from assessment_simulator.vendors.predictive_index.behaviour_flags import BYTE_ORDER_MARK, URL_MATCH
from assessment_simulator.vendors.predictive_index.sources import BODY, KEY, KEY_BODY, KEY_STATUS, MAINTENANCE, RATE

FRAMEWORK = ours("the message for a missing key is ASP.NET Web API's own, so its other stock answers are taken too")

_DOCUMENTED_PATH = re.compile(
    r"/api/v1/behavioralassessments(?:/[^/]+(?:/(?:patterns|reports)/[^/]+)?)?|/api/v2/peopleandjobs"
)
# The query parameters that are no OData options.
_PARAMETERS = {name.lower(): name for name in ("externalId", "format", "gender", "languageLocale", "searchfields")}


def _has_documented_path(request: VendorRequest) -> bool:
    # A request of a timer or of the control API has no path.
    return not request.path or _DOCUMENTED_PATH.fullmatch(request.path) is not None


ROUTE = Rule(
    "pi.http.route", "request", "the path must be one of the API's", 404, Standing.ASSUMED, FRAMEWORK,
    lambda request, view: _has_documented_path(request) or URL_MATCH.value(view.config) != "exact",
    lambda request, view: f"letter case and a slash at the end count here, because {URL_MATCH.id} is exact",
)  # fmt: skip
# The stages that every endpoint begins with.
ACCESS: tuple[tuple[Rule, ...], ...] = (
    (ROUTE,),
    (Rule("pi.access.key", "header.api-key", "the header api-key must carry a key that is known and active", 401,
          # The view of a key that belongs to no sandbox has no name.
          Standing.DOCUMENTED, KEY, lambda request, view: view.name != "", key_hint("api-key"),
          KEY_STATUS, KEY_BODY),),
    (Rule("pi.access.maintenance", "request", "the API must not be down for maintenance", 503,
          Standing.DOCUMENTED, MAINTENANCE, lambda request, view: not view.config.maintenance),),
    (Rule("pi.access.rate", "request", "no more calls in 60 seconds than X-RateLimit-Limit says", 429,
          Standing.THIRD_PARTY, RATE,
          lambda request, view: view.config.rate_limit is None or request.recent < view.config.rate_limit,
          body_basis=BODY),),
)  # fmt: skip


def credential(operation: str, params: Mapping[str, str], headers: Mapping[str, str], body: Any) -> Credential | None:
    """Return the key in the header `api-key`, an opaque string."""
    key = headers.get("api-key")
    return Credential("predictive_index.key", key) if key else None


def rate_headers(view: SandboxView) -> tuple[tuple[str, str], ...]:
    """Return the header of every answer of an account with a rate limit; no other rate header is known."""
    limit = view.config.rate_limit
    return () if limit is None else (("x-ratelimit-limit", str(limit)),)


def normalize(request: VendorRequest, view: SandboxView) -> tuple[VendorRequest, tuple[str, ...]]:
    """Return the request with known parameter names and a readable body, and a note about each deviation."""
    notes: list[str] = []
    if not _has_documented_path(request):
        path = plain(request.path)
        notes.append(f"path {path} was accepted: letter case and a slash at the end are ignored (assumed)")
    if request.query and URL_MATCH.value(view.config) != "exact":
        names = {name: _PARAMETERS.get(name.lower(), name) for name in request.query}
        renamed = {name: known for name, known in names.items() if known != name}
        if renamed:
            request = request._replace(query={names[name]: value for name, value in request.query.items()})
            notes += [f"query.{plain(name)} was read as {known} (assumed)" for name, known in renamed.items()]
    unmarked = request.body.unmarked if isinstance(request.body, Unreadable) else MISSING
    if unmarked is not MISSING and BYTE_ORDER_MARK.value(view.config) == "accepted":
        request = request._replace(body=unmarked)
        notes.append("body begins with a UTF-8 byte order mark; it was accepted (assumed)")
    return request, tuple(notes)
