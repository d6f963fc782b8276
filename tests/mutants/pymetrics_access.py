"""pymetrics: who is let in, and how it says no."""

from tests.mutants.mutant import Mutant

_ACCESS = "vendors/pymetrics/access.py"
_ERRORS = "vendors/pymetrics/errors.py"
_RULES = "vendors/pymetrics/rules.py"

MUTANTS = (
    Mutant(
        "pymetrics.token.ok", _ACCESS, "201, body, notes=notes", "200, body, notes=notes",
        "A token is answered with 200 in place of 201.",
    ),
    Mutant(
        "pymetrics.token.scopeless", _ACCESS, ', "scope": "mercury"}', "}",
        "The answer with a token lacks the member scope.",
    ),
    Mutant(
        "pymetrics.token.typeless", _ACCESS, '"token_type": "Bearer"', '"token_type": None',
        "token_type is null in place of Bearer.",
    ),
    Mutant(
        "pymetrics.token.life_as_text", _ACCESS, '"expires_in": LIFETIME,', '"expires_in": str(LIFETIME),',
        "expires_in is a text in place of an integer.",
    ),
    Mutant(
        "pymetrics.token.immortal", _ACCESS, 'request.now < cast("Stored"', '0 < cast("Stored"',
        "A token never lapses.",
    ),
    Mutant(
        "pymetrics.token.short_lived", _ACCESS, "request.now + LIFETIME * instant.SECOND",
        "request.now + LIFETIME // 2 * instant.SECOND",
        "A token lapses after half of the time that its answer promised.",
    ),
    Mutant(
        "pymetrics.token.unchecked", _ACCESS, "(_BEARER, _KNOWN), (_LIVE,))", "(_BEARER,))",
        "Whatever stands behind Bearer is let in.",
    ),
    Mutant(
        "pymetrics.token.of_another",
        _ACCESS,
        '''    return not token or view.get(TOKEN, token) is not None


def _is_live(request: VendorRequest, view: SandboxView) -> bool:
    # The stage before found the token among those that were issued.
    return bool(request.now < cast("Stored", view.get(TOKEN, bearer(request))).status)
''',
        '''    return not token or token.startswith("sim-")


def _is_live(request: VendorRequest, view: SandboxView) -> bool:
    stored = view.get(TOKEN, bearer(request))
    return stored is None or request.now < stored.status
''',
        "A token that another client was given is let in.",
    ),
    Mutant(
        "pymetrics.token.any_scheme", _ACCESS, 'token.strip() if scheme.lower() == "bearer" else ""', "token.strip()",
        "The word before the token need not be Bearer.",
    ),
    Mutant(
        "pymetrics.token.v2_wants_key", _ACCESS, '("create_token", "create_token_v2")', '("create_token",)',
        "Version 2's token call asks for an X-Api-Key, though the token call alone needs none.",
    ),
    Mutant(
        "pymetrics.token.any_grant", _RULES, 'passes("client_credentials".__eq__)', "passes(bool)",
        "grant_type may be anything.",
    ),
    Mutant(
        "pymetrics.client.anybody", _ACCESS, 'view.name != "" and bool(request.body["client_secret"])', "True",
        "A client that nobody knows is given a token.",
    ),
    Mutant(
        "pymetrics.client.bad_request", _ACCESS, "must be those of a known client\", 401,",
        "must be those of a known client\", 400,",
        "A client that nobody knows is refused with 400 in place of 401.",
    ),
    Mutant(
        "pymetrics.key.needless",
        _ACCESS,
        'key = headers.get("x-api-key", "")\n',
        'key = headers.get("x-api-key") or headers.get("authorization", "").partition(" ")[2].partition(".")[0]\n',
        "A call without X-Api-Key is let in by its token alone.",
    ),
    Mutant(
        "pymetrics.bearer.forbidden", _ACCESS, "must be 'Bearer <access token>'\", 401,",
        "must be 'Bearer <access token>'\", 403,",
        "A call without a token is refused with 403 in place of 401.",
    ),
    Mutant(
        "pymetrics.rate.endless", _ACCESS,
        "view.config.rate_limit is None or request.recent < view.config.rate_limit", "True",
        "The limit of calls a minute refuses nobody.",
    ),
    Mutant(
        "pymetrics.rate.one_less", _ACCESS, "request.recent < view.config.rate_limit",
        "request.recent < view.config.rate_limit - 1",
        "The last call that the limit allows is refused.",
    ),
    Mutant(
        "pymetrics.rate.no_retry_after", _ERRORS, '(("retry-after", RETRY_AFTER),) if status == 429 else ()', "()",
        "A 429 does not say when to come back.",
    ),
    Mutant(
        "pymetrics.error.nameless", _ERRORS, '"request_id": request.random.uuid(), ', "",
        "An error lacks request_id.",
    ),
    Mutant(
        "pymetrics.error.recoverable_text", _ERRORS, '"recoverable": recoverable,',
        '"recoverable": str(recoverable).lower(),', "recoverable is a text in place of a boolean.",
    ),
    Mutant(
        "pymetrics.error.always_recoverable", _ERRORS, '"recoverable": recoverable,', '"recoverable": True,',
        "A refusal that will stand for ever invites the same call again.",
    ),
    Mutant(
        "pymetrics.error.wrapped", _ERRORS, "(status, body,", '(status, {"error": body},',
        "An error's envelope is wrapped in another object.",
    ),
    Mutant(
        "pymetrics.error.list", _ERRORS, '"; ".join(rule.statement for rule in found)',
        "[rule.statement for rule in found]",
        "message is a list in place of a text.",
    ),
)  # fmt: skip
