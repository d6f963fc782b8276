"""Authentication: credentials, bearer tokens, and the rules that require them.

A token begins with its sandbox's name. The sandbox keeps it for some time after it has expired.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, cast

from assessment_simulator.core import instant
from assessment_simulator.core.decision import TOKEN, Decision, Record, VendorResponse
from assessment_simulator.core.request import Credential, VendorRequest
from assessment_simulator.core.rules import Rule, client_hint, key_hint
from assessment_simulator.core.sandbox_view import SandboxView, Stored
from assessment_simulator.core.sources import Standing, ours
from assessment_simulator.core.text import all_ignored
from assessment_simulator.vendors.pymetrics import sources

_TOKEN_OPERATIONS = ("create_token", "create_token_v2")
_TOKEN_MEMBERS = ("client_id", "client_secret", "grant_type")
# Seconds that a token lives on the sandbox's clock: the vendor's "usually 3600".
LIFETIME = 3600


def credential(operation: str, params: Mapping[str, str], headers: Mapping[str, str], body: Any) -> Credential | None:
    """The credential of a request: a client for a token, a sealed link for a report, the API key for all else."""
    if operation in _TOKEN_OPERATIONS:
        if not isinstance(body, dict):
            return None
        id, secret = body.get("client_id"), body.get("client_secret")
        if isinstance(id, str) and isinstance(secret, str) and id and secret:
            return Credential("pymetrics.client", id, secret)
        return None
    if operation == "download_report":
        name, seal, id, *_ = [*params.get("ticket", "").split("."), "", ""]
        return Credential("link", name, seal, id) if name else None
    key = headers.get("x-api-key", "")
    return Credential("pymetrics.key", key) if key else None


def issue(request: VendorRequest, view: SandboxView) -> Decision:
    """Generate OAuth Token; a token serves both versions of the API."""
    # A reset restarts the random source, which then repeats the old tokens: the generation tells them apart.
    token = f"sim-{view.name}.{view.generation}.{request.random.token(20)}"
    body = {"access_token": token, "token_type": "Bearer", "expires_in": LIFETIME, "scope": "mercury"}
    notes = all_ignored("body", request.body, _TOKEN_MEMBERS)
    expires = request.now + LIFETIME * instant.SECOND
    return Decision(VendorResponse(201, body, notes=notes), (Record(TOKEN, token, expires, {}),))


def bearer(request: VendorRequest) -> str:
    """The token in `Authorization: Bearer <token>`; empty for any other header."""
    return _bearer(request.headers.get("authorization", ""))


@lru_cache(maxsize=1_024)
def _bearer(header: str) -> str:
    # Cached: three rules of every request need it.
    scheme, _, token = header.partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


_RENEW = "POST /mercury/oauth/token returns an access_token; send it as Authorization: Bearer <access_token>"


def _bearer_hint(request: VendorRequest, view: SandboxView) -> str:
    """What is wrong with an `Authorization` that has no bearer token."""
    scheme, blank, rest = request.headers.get("authorization", "").partition(" ")
    if not scheme:
        return f"the header Authorization is missing; {_RENEW}"
    if scheme.casefold() == "bearer":
        return f"no token follows the word Bearer; {_RENEW}"
    if blank and rest:
        return f"another scheme than Bearer is not read; {_RENEW}"
    return f"the word Bearer and a blank must stand before the token; {_RENEW}"


def _token_hint(request: VendorRequest, view: SandboxView) -> str:
    """Why a token is unknown."""
    token = bearer(request)
    if token == request.headers.get("x-api-key"):
        return f"this is the API key, not an access token; {_RENEW}"
    if token.strip("\"'<>{}") != token or " " in token:
        return f"the token stands alone behind the word Bearer, without marks or other words; {_RENEW}"
    name, _, rest = token.removeprefix("sim-").partition(".")
    if token.startswith("sim-") and rest and name != view.name:
        return "the token is of another sandbox than the key in X-Api-Key; send a token and a key of one sandbox"
    if token.startswith("sim-") and rest:
        return f"the token was issued before a reset or a restart of the server, or was changed; {_RENEW}"
    return f"this token was not issued here; {_RENEW}"


# The demand is documented. The status and the body are those of Amazon API Gateway's INVALID_API_KEY.
KEY = Rule("pymetrics.access.key", "header.x-api-key", "the header X-Api-Key must hold a key issued by pymetrics", 403,
    Standing.DOCUMENTED, sources.INTRODUCTION, lambda request, view: view.name != "",
    key_hint("X-Api-Key", ", and the access token in Authorization: Bearer"),
    sources.GATEWAY, sources.GATEWAY)  # fmt: skip
RATE = Rule("pymetrics.access.rate", "request",
    "a minute must not see more calls than the limit; wait, then send the same again", 429,
    Standing.ASSUMED, ours("no limit is documented; a sandbox may set one to see how its callers bear it"),
    lambda request, view: view.config.rate_limit is None or request.recent < view.config.rate_limit)  # fmt: skip
_BEARER = Rule(
    "pymetrics.access.bearer", "header.authorization", "the header Authorization must be 'Bearer <access token>'", 401,
    Standing.DOCUMENTED, sources.INTRODUCTION, lambda request, view: bearer(request) != "", _bearer_hint,
    sources.BEARER)  # fmt: skip
_KNOWN = Rule("pymetrics.access.token.known", "header.authorization",
    "the access token must be one that the token call gave to this client", 401,
    Standing.DOCUMENTED, sources.CONFIGURATION_401,
    lambda request, view: not (token := bearer(request)) or view.get(TOKEN, token) is not None, _token_hint,
    sources.BEARER)  # fmt: skip
_LIVE = Rule("pymetrics.access.token.live", "header.authorization",
    "the access token must not have expired; ask for a new one", 401, Standing.DOCUMENTED, sources.INTRODUCTION,
    # The stage before found the token among those that were issued.
    lambda request, view: bool(request.now < cast("Stored", view.get(TOKEN, bearer(request))).status),
    lambda request, view:
        f"a token is valid for {LIFETIME} s of the sandbox's clock, which now says "
        f"{instant.seven_digits(request.now)}; {_RENEW}",
    sources.BEARER)  # fmt: skip
CLIENT = Rule(
    "pymetrics.token.client", "body.client_id", "client_id and client_secret must be those of a known client", 401,
    Standing.DOCUMENTED, sources.TOKEN_401,
    lambda request, view: view.name != "" and bool(request.body["client_secret"]), client_hint)  # fmt: skip

# The stages before every operation but the token's and a report's: first the gateway's, then the application's.
ACCESS = ((KEY,), (RATE,), (_BEARER, _KNOWN), (_LIVE,))
