"""Who is let in, and when nobody is: the API key, the maintenance window and the rate limit."""

from collections.abc import Mapping
from typing import Any

from assessment_simulator.core.request import VendorRequest
from assessment_simulator.core.rules import Rule
from assessment_simulator.core.sandbox_view import SandboxView
from assessment_simulator.core.sources import Standing
from assessment_simulator.core.vendor import Credential
from assessment_simulator.vendors.predictive_index.requests import ROUTE
from assessment_simulator.vendors.predictive_index.sources import BODY, KEY, KEY_BODY, KEY_STATUS, MAINTENANCE, RATE


def credential(operation: str, params: Mapping[str, str], headers: Mapping[str, str], body: Any) -> Credential | None:
    """The key in the header `api-key`; an opaque string of any form."""
    key = headers.get("api-key")
    return Credential("predictive_index.key", key) if key else None


def _opened(call: VendorRequest, world: SandboxView) -> bool:
    # A key that opens nothing is given a world without a name.
    return world.name != ""


def _up(call: VendorRequest, world: SandboxView) -> bool:
    return not world.config.maintenance


def _within_rate(call: VendorRequest, world: SandboxView) -> bool:
    limit = world.config.rate_limit
    return limit is None or call.recent < limit


ADMISSION: tuple[tuple[Rule, ...], ...] = (
    (ROUTE,),
    (Rule("pi.access.key", "header.api-key", "the header api-key must carry a key that is known and active", 401,
          Standing.DOCUMENTED, KEY, _opened, status_basis=KEY_STATUS, body_basis=KEY_BODY),),
    (Rule("pi.access.maintenance", "request", "the API must not be down for maintenance", 503,
          Standing.DOCUMENTED, MAINTENANCE, _up),),
    (Rule("pi.access.rate", "request", "no more calls in 60 seconds than X-RateLimit-Limit says", 429,
          Standing.THIRD_PARTY, RATE, _within_rate, body_basis=BODY),),
)  # fmt: skip
"""The stages that every endpoint begins with."""


def rate_headers(world: SandboxView) -> tuple[tuple[str, str], ...]:
    """The limit, on every answer of an account that has one; no other rate header is known."""
    limit = world.config.rate_limit
    return () if limit is None else (("x-ratelimit-limit", str(limit)),)
