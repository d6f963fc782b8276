"""Breaches by callers without access: without key or token, with an unknown link, or on an unknown path."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from hypothesis import strategies as st

from assessment_contracts.pymetrics import api
from assessment_contracts.pymetrics import strategies as of
from assessment_contracts.pymetrics.flaws import alike, guarded, link
from assessment_contracts.pymetrics.rows import CONTROL, NOTHING, Group, any_of, row
from assessment_contracts.sandbox import Sandbox, dumps
from assessment_contracts.wire import Answer

# Links.


def _ask_by_link(sandbox: Sandbox, right: Any, wrong: str) -> Answer:
    path = urlsplit(link(sandbox)).path
    before, _, ticket = path.rpartition("/")
    return sandbox.call("GET", f"{before}/{_bent(ticket, wrong)}")


def _bent(ticket: str, wrong: str) -> str:
    """Another ticket: the words of `wrong` stand for the ticket, or a place in it where one letter is another."""
    if not wrong.startswith("at "):
        return wrong.replace("{ticket}", ticket)
    at = int(wrong.removeprefix("at ")) * (len(ticket) - 1) // 100
    if ticket[at] == ".":
        at += 1
    return ticket[:at] + ("1" if ticket[at] == "0" else "0") + ticket[at + 1 :]


def _ask_too_late(sandbox: Sandbox, right: Any, wrong: str) -> Answer:
    path = urlsplit(link(sandbox)).path
    sandbox.advance(wrong)
    sandbox.forget_token()
    return sandbox.call("GET", path)


_LINK = (
    row(
        "report.link", 403,
        any_of("x", "....", "{ticket}0", "{ticket}.", ".{ticket}", "{ticket}é", "é")
        | st.integers(0, 100).map("at {}".format),
        needs=CONTROL,
    ),
)  # fmt: skip
_LAPSED = (row("report.lapsed", 403, any_of("PT1H", "PT61M", "P1D", "P30D"), needs=CONTROL),)

# Key and token. Each of these is broken on every call that asks for them.


def _everywhere(sandbox: Sandbox, headers: Mapping[str, str | None]) -> Answer:
    return alike({name: call(headers) for name, call in guarded(sandbox).items()})


def _ask_with_key(sandbox: Sandbox, right: Any, wrong: str | None) -> Answer:
    return _everywhere(sandbox, {"X-Api-Key": wrong})


def _ask_with_bearer(sandbox: Sandbox, right: Any, wrong: str | None) -> Answer:
    return _everywhere(sandbox, {"Authorization": wrong and wrong.replace("{token}", sandbox.token())})


def _ask_with_token(sandbox: Sandbox, right: Any, wrong: str) -> Answer:
    return _everywhere(sandbox, {"Authorization": f"Bearer {wrong.replace('{token}', sandbox.token())}"})


def _ask_after(sandbox: Sandbox, right: Any, wrong: str) -> Answer:
    sandbox.forget_token()
    token = sandbox.token()
    calls = guarded(sandbox)
    sandbox.advance(wrong)
    sandbox.forget_token()
    return alike({name: call({"Authorization": f"Bearer {token}"}) for name, call in calls.items()})


def _ask_too_often(sandbox: Sandbox, right: Any, wrong: int) -> Answer:
    calls = guarded(sandbox)
    sandbox.config(rate_limit=wrong)
    try:
        for name, call in [*calls.items()][:wrong]:
            assert call().status < 300, f"{name} was refused within the limit"
        return alike({name: call() for name, call in calls.items()})
    finally:
        sandbox.config(rate_limit=None)


_KEY = (row("access.key", 403, any_of(*of.STRANGE_KEYS)),)
_BEARER = (row("access.bearer", 401, any_of(*of.BEARER_LESS)),)
_TOKEN_KNOWN = (row("access.token.known", 401, any_of(*of.STRANGE_TOKENS)),)
_TOKEN_LIVE = (row("access.token.live", 401, any_of("PT1H", "PT61M", "PT12H"), needs=CONTROL),)
_RATE = (row("access.rate", 429, st.integers(1, 4), needs=CONTROL),)

# The HTTP layer.

_PATHS = {
    "/mercury/oauth/token": ("POST",), "/mercury/configuration": ("GET",), "/mercury/order": ("POST",),
    "/mercury/getOrder/x": ("GET",), "/mercury/orders": ("POST",), "/mercury/v2/oauth/token": ("POST",),
    "/mercury/v2/assessments": ("GET",), "/mercury/v2/orders": ("GET", "POST"), "/mercury/v2/orders/x": ("GET",),
    "/mercury/v2/factorContent/x": ("GET",), "/mercury/v2/capabilityContent/x/talent": ("GET",),
}  # fmt: skip


def _ask_by_path(sandbox: Sandbox, right: str, wrong: str) -> Answer:
    return alike({
        method: sandbox.call(method, wrong, auth="pymetrics") for method in ("GET", "POST", "DELETE")
    })  # fmt: skip


def _ask_by_verb(sandbox: Sandbox, right: Any, wrong: str) -> Answer:
    answers = {
        path: sandbox.call(wrong, path, json=api.filled(sandbox, of.PLAIN), auth="pymetrics")
        for path, allowed in _PATHS.items()
        if wrong not in allowed
    }
    for path, answer in answers.items():
        allowed = answer.headers.get("allow", "")
        assert sorted(allowed.split(", ")) == sorted(_PATHS[path]), f"Allow of {path} is {allowed!r}"
    return alike(answers)


def _ask_at_length(sandbox: Sandbox, right: str, wrong: int) -> Answer:
    return sandbox.call("POST", right, content=b" " * wrong, media_type="application/json", auth="pymetrics")


def _ask_encoded(sandbox: Sandbox, right: str, wrong: str) -> Answer:
    content = dumps(api.filled(sandbox, of.PLAIN))
    return sandbox.call("POST", right, content=content, headers={"Content-Encoding": wrong}, auth="pymetrics")


_ROUTE = (
    row("http.route", 404, any_of(
        "/mercury", "/mercury/", "/mercury/nothing", "/mercury/order/x", "/mercury/v3/orders", "/mercury/v2",
        "/mercury/Order", "/mercury/getOrder", "/mercury/getOrder/a/b", "/mercury/configuration/", "/pymetrics/nothing",
    )),
)  # fmt: skip
_VERB = (row("http.verb", 405, any_of("PUT", "PATCH", "DELETE", "GET", "POST")),)
_ENCODING = (row("http.encoding", 415, any_of("gzip", "br", "GZIP", "deflate, gzip"), needs=CONTROL),)
_SIZE = (row("http.size", 413, any_of(1_048_577, 1_048_600), needs=CONTROL),)
_POSTS = ("/mercury/order", "/mercury/v2/orders", "/mercury/orders", "/mercury/oauth/token", "/mercury/v2/oauth/token")

KEY: Group = (_KEY, _ask_with_key, NOTHING)
"""The one that the gateway refuses, in a form of its own."""
GROUPS: tuple[Group, ...] = (
    (_LINK, _ask_by_link, NOTHING),
    (_LAPSED, _ask_too_late, NOTHING),
    (_BEARER, _ask_with_bearer, NOTHING),
    (_TOKEN_KNOWN, _ask_with_token, NOTHING),
    (_TOKEN_LIVE, _ask_after, NOTHING),
    (_RATE, _ask_too_often, NOTHING),
    (_ROUTE, _ask_by_path, NOTHING),
    (_VERB, _ask_by_verb, NOTHING),
    (_ENCODING, _ask_encoded, any_of(*_POSTS)),
    (_SIZE, _ask_at_length, any_of(*_POSTS)),
)
