"""Who is let in: credentials, bearer tokens, and the rules that ask for them.

A token begins with its sandbox's name, and the sandbox remembers it until some time after it lapsed.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, cast

from assessment_simulator.core import instant
from assessment_simulator.core.decision import TOKEN, Decision, Record
from assessment_simulator.core.request import VendorRequest, VendorResponse
from assessment_simulator.core.rules import Rule
from assessment_simulator.core.sandbox_view import SandboxView, Stored
from assessment_simulator.core.sources import Standing, ours
from assessment_simulator.core.text import all_ignored
from assessment_simulator.core.vendor import Credential
from assessment_simulator.vendors.pymetrics import sources

TOKEN_CALLS = ("create_token", "create_token_v2")
"""The operations that give out tokens; a token serves both versions of the API."""
LIFETIME = 3600
_MEMBERS = ("client_id", "client_secret", "grant_type")
"""Seconds that a token lives on the sandbox's clock: the vendor's "usually 3600"."""


def credential(operation: str, params: Mapping[str, str], headers: Mapping[str, str], body: Any) -> Credential | None:
    """The credential of a request: a client for a token, a sealed link for a report, the API key for all else."""
    if operation in TOKEN_CALLS:
        return _client(body)
    if operation == "download_report":
        name, seal, id, *_ = [*params.get("ticket", "").split("."), "", ""]
        return Credential("link", name, seal, id) if name else None
    key = headers.get("x-api-key", "")
    return Credential("pymetrics.key", key) if key else None


def _client(body: Any) -> Credential | None:
    if not isinstance(body, dict):
        return None
    id, secret = body.get("client_id"), body.get("client_secret")
    if not (isinstance(id, str) and isinstance(secret, str) and id and secret):
        return None
    return Credential("pymetrics.client", id, secret)


def issue(call: VendorRequest, world: SandboxView) -> Decision:
    """Generate OAuth Token."""
    # After a reset chance begins anew, and would draw the old tokens again: the generation tells them apart.
    token = f"sim-{world.name}.{world.generation}.{call.random.token(20)}"
    body = {"access_token": token, "token_type": "Bearer", "expires_in": LIFETIME, "scope": "mercury"}
    notes = all_ignored("body", call.body, _MEMBERS)
    return Decision(
        VendorResponse(201, body, notes=notes), (Record(TOKEN, token, call.now + LIFETIME * instant.SECOND, {}),)
    )


def bearer(call: VendorRequest) -> str:
    """The token that a call comes with: that of `Authorization: Bearer <token>`; empty when the header is none such."""
    return _bearer(call.headers.get("authorization", ""))


@lru_cache(maxsize=1_024)
def _bearer(header: str) -> str:
    scheme, _, token = header.partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _has_key(call: VendorRequest, world: SandboxView) -> bool:
    return world.name != ""


def _within_limit(call: VendorRequest, world: SandboxView) -> bool:
    limit = world.config.rate_limit
    return limit is None or call.recent < limit


def _has_bearer(call: VendorRequest, world: SandboxView) -> bool:
    return bearer(call) != ""


def _is_ours(call: VendorRequest, world: SandboxView) -> bool:
    token = bearer(call)
    return not token or world.get(TOKEN, token) is not None


def _is_live(call: VendorRequest, world: SandboxView) -> bool:
    # The stage before found the token among those that were given out.
    return bool(call.now < cast("Stored", world.get(TOKEN, bearer(call))).status)


def _is_client(call: VendorRequest, world: SandboxView) -> bool:
    return world.name != "" and bool(call.body["client_secret"])


KEY = Rule(
    "pymetrics.access.key", "header.x-api-key", "the header X-Api-Key must hold a key issued by pymetrics", 403,
    Standing.DOCUMENTED, sources.INTRODUCTION, _has_key, status_basis=sources.GATEWAY, body_basis=sources.GATEWAY,
)  # fmt: skip
"""The demand is documented. The status and the body are not: they are those of Amazon API Gateway's INVALID_API_KEY."""

RATE = Rule(
    "pymetrics.access.rate", "request",
    "a minute must not see more calls than the limit; wait, then send the same again", 429,
    Standing.ASSUMED, ours("no limit is documented; a sandbox may set one to see how its callers bear it"),
    _within_limit,
)  # fmt: skip
_BEARER = Rule(
    "pymetrics.access.bearer", "header.authorization", "the header Authorization must be 'Bearer <access token>'", 401,
    Standing.DOCUMENTED, sources.INTRODUCTION, _has_bearer, status_basis=sources.BEARER,
)  # fmt: skip
_KNOWN = Rule(
    "pymetrics.access.token.known", "header.authorization",
    "the access token must be one that the token call gave to this client", 401,
    Standing.DOCUMENTED, sources.CONFIGURATION_401, _is_ours, status_basis=sources.BEARER,
)  # fmt: skip
_LIVE = Rule(
    "pymetrics.access.token.live", "header.authorization",
    "the access token must not have expired; ask for a new one", 401,
    Standing.DOCUMENTED, sources.INTRODUCTION, _is_live, status_basis=sources.BEARER,
)  # fmt: skip
CLIENT = Rule(
    "pymetrics.token.client", "body.client_id", "client_id and client_secret must be those of a known client", 401,
    Standing.DOCUMENTED, sources.TOKEN_401, _is_client,
)  # fmt: skip

ACCESS = ((KEY,), (RATE,), (_BEARER, _KNOWN), (_LIVE,))
"""The stages before every call but the token's and a report's: first the gateway's, then the application's."""
