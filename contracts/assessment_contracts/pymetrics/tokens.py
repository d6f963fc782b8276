"""Tokens: what the token request returns, what a token gives access to, and for how long."""

from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from hypothesis import strategies as st

from assessment_contracts import timestamps
from assessment_contracts.context import Context
from assessment_contracts.invalid_requests import check_refusal
from assessment_contracts.property import given
from assessment_contracts.pymetrics import api, errors
from assessment_contracts.pymetrics.facts import FACTS, TABLES
from assessment_contracts.pymetrics.fixtures import guarded
from assessment_contracts.pymetrics.strategies import BEARER_LESS, PLAIN, STRANGE_TOKENS, instants, texts, versions
from assessment_contracts.registry import ASSUMED, CONTROL, Registry
from assessment_contracts.sandbox import Sandbox
from assessment_contracts.wire import Answer

contract = Registry("pymetrics.tokens", FACTS)

FORM = "application/x-www-form-urlencoded"
_LIFE = timedelta(seconds=3600)
_MINUTE = timedelta(minutes=1)


def _asked(sandbox: Sandbox, version: api.Version, more: dict[str, Any] | None = None) -> Answer:
    return sandbox.call("POST", version.token, json={**api.client(sandbox), **(more or {})})


def _token(sandbox: Sandbox, version: api.Version = api.V1) -> str:
    return str(api.expected(_asked(sandbox, version), 201)["access_token"])


def _opens(sandbox: Sandbox, token: str, version: api.Version = api.V1) -> Answer:
    return sandbox.call("GET", version.configuration, headers={"Authorization": f"Bearer {token}"}, auth="pymetrics")


@contract("token.created token.keyless", accepts="token.*")
@given(
    version=versions,
    key=st.sampled_from((None, "", "nobody")),
    member=st.sampled_from(("", "scope", "ключ")),
    value=texts,
)
def shown(context: Context, version: api.Version, key: str | None, member: str, value: str) -> None:
    """A valid token request returns 201 with a token, its type, its lifetime and its scope.

    The request needs no key, and other members are ignored. The clients read four members and fail if one is missing,
    null or of another type; they know no status but 201.
    """
    sandbox = context.sandbox
    body = {**api.client(sandbox), **({member: value} if member else {})}
    answer = sandbox.call("POST", version.token, json=body, headers={"X-Api-Key": key})
    TABLES.check(api.expected(answer, 201), "token")
    assert answer.rules == ()


@contract(standing=ASSUMED, examples=0.2)
@given(version=versions, media_type=st.sampled_from((FORM, FORM.upper(), f"{FORM}; charset=utf-8")))
def by_form(context: Context, version: api.Version, media_type: str) -> None:
    """The token request may also be a form.

    General OAuth clients send a form; nothing is documented against it.
    """
    content = urlencode(api.client(context.sandbox)).encode()
    answer = context.sandbox.call("POST", version.token, content=content, media_type=media_type)
    TABLES.check(api.expected(answer, 201), "token")


@contract("v2.shared", needs=CONTROL, examples=0.35)
@given(version=versions)
def serve_both(context: Context, version: api.Version) -> None:
    """A token of either version is valid for every request of both versions.

    Both versions belong to one service, so a caller may migrate request by request.
    """
    calls = guarded(context.sandbox)
    token = _token(context.sandbox, version)
    for name, call in calls.items():
        answer = call({"Authorization": f"Bearer {token}"})
        assert answer.status == 200, f"{name} answered {answer.status}: {answer.text[:200]}"


@contract("types v2.same v2.shared", accepts="access.key access.bearer access.token.known", examples=0.2)
@given(
    key=st.sampled_from(("X-Api-Key", "x-api-key", "X-API-KEY")),
    name=st.sampled_from(("Authorization", "authorization")),
)
def configuration(context: Context, key: str, name: str) -> None:
    """With key and token, both versions return the configured assessments.

    Header names may be in any case; the ids of the assessments differ.
    """
    sandbox, shown = context.sandbox, []
    for version in api.VERSIONS:
        headers = {key: sandbox.pymetrics.api_key, name: f"Bearer {sandbox.token()}"}
        answer = sandbox.call("GET", version.configuration, headers=headers)
        TABLES.check(api.expected(answer, 200), "configuration")
        shown.append(answer.json)
    api.same(shown[1], shown[0], "the configuration of version 2")
    ids = [one["id"] for one in shown[0]["assessments"]]
    assert len(ids) == len(set(ids)), f"an id is there twice: {ids}"


@contract(standing=ASSUMED, examples=0.35)
@given(scheme=st.sampled_from(("bearer", "BEARER", "bEARER")), version=versions)
def scheme(context: Context, scheme: str, version: api.Version) -> None:
    """The scheme before the token may be in any case.

    RFC 9110, section 11.1, says so of every scheme, and some clients write it in lower case.
    """
    headers = {"Authorization": f"{scheme} {context.sandbox.token()}"}
    answer = context.sandbox.call("GET", version.configuration, headers=headers, auth="pymetrics")
    TABLES.check(api.expected(answer, 200), "configuration")


@contract("types", needs=CONTROL, examples=0.35)
@given(wanted=st.lists(
    st.fixed_dictionaries({
        "id": st.sampled_from(("a", "B", "6ac4d6b5", "é")),
        "type": st.sampled_from(TABLES.data["enumerations"]["assessment_type"]),
        "description": st.sampled_from(("", "Games", "Þórður")),
    }),
    min_size=1, max_size=3, unique_by=lambda one: str(one["id"]),
))  # fmt: skip
def configured(context: Context, wanted: list[dict[str, str]]) -> None:
    """The configuration returns the assessments of the settings, in their order.

    Assessments are registered outside the API; in a simulator the control API sets them.
    """
    sandbox = context.sandbox
    sandbox.config(assessments=wanted)
    sandbox.memo.pop("assessments", None)
    for version in api.VERSIONS:
        answer = sandbox.call("GET", version.configuration, auth="pymetrics")
        api.same(api.expected(answer, 200), {"assessments": wanted}, "the configuration")


@contract("error.envelope", examples=0.35)
@given(wrong=st.sampled_from(BEARER_LESS) | st.sampled_from(STRANGE_TOKENS).map("Bearer {}".format), version=versions)
def refused(context: Context, wrong: str | None, version: api.Version) -> None:
    """Without a valid token, configuration and creation return 401 with the error envelope.

    The 401 is documented for these two requests; `access.*.broken` checks all others.
    """
    sandbox = context.sandbox
    header = {"Authorization": wrong and wrong.replace("{token}", sandbox.token())}
    body = api.filled(sandbox, PLAIN)
    for answer in (
        sandbox.call("GET", version.configuration, headers=header, auth="pymetrics"),
        sandbox.call("POST", version.create, json=body, headers=header, auth="pymetrics"),
    ):
        assert answer.status == 401, f"{answer.status} instead of 401: {answer.text[:200]}"
        errors.envelope(answer)


@contract(standing=ASSUMED, examples=0.35)
@given(count=st.integers(2, 4), version=versions)
def several(context: Context, count: int, version: api.Version) -> None:
    """A new token differs from earlier ones, which stay valid.

    Several workers of one caller request their own tokens and must not invalidate each other's.
    """
    tokens = [_token(context.sandbox, version) for _ in range(count)]
    assert len(set(tokens)) == count, f"the same token came twice: {tokens}"
    for token in tokens:
        assert _opens(context.sandbox, token, version).status == 200, "an earlier token is refused"


@contract("token.life", accepts="access.token.live", refuses="access.token.live", needs=CONTROL, examples=0.5)
@given(version=versions, at=instants, before=st.sampled_from((1, 1_000_000, 60_000_000, 1_800_000_000, 3_599_000_000)))
def life(context: Context, version: api.Version, at: str, before: int) -> None:
    """A token is valid for exactly the seconds in its response, on the sandbox's clock.

    It is valid until the last microsecond and invalid for every request from then on; its use does not extend it.
    """
    sandbox, rest = context.sandbox, timedelta(microseconds=before)
    calls = guarded(sandbox)
    sandbox.freeze(at)
    token = _token(sandbox, version)
    sandbox.advance(timestamps.duration(_LIFE - rest))
    assert _opens(sandbox, token, version).status == 200, f"the token was refused {rest} before its end"
    sandbox.advance(timestamps.duration(rest))
    for name, call in calls.items():
        answer = call({"Authorization": f"Bearer {token}"})
        check_refusal(answer, 401, {"pymetrics.access.token.live"}, name, is_simulator=True)
        errors.envelope(answer)
    assert _opens(sandbox, _token(sandbox, version), version).status == 200, "a new token does not open"
    sandbox.forget_token()


@contract(accepts="access.rate", refuses="access.rate", needs=CONTROL, examples=0.35)
@given(limit=st.integers(1, 4), wait=st.sampled_from((0, 1, 30_000_000, 59_000_000, 59_999_999)))
def limited(context: Context, limit: int, wait: int) -> None:
    """A rate limit admits its number of requests in any 60 seconds, and then refuses every request.

    The window slides, and refused requests do not count. So a caller who waits for `Retry-After` is served, and one
    who comes a moment too early is not.
    """
    sandbox, pause = context.sandbox, timedelta(microseconds=wait)
    calls, token = guarded(sandbox), sandbox.token()
    sandbox.freeze("2026-03-01T00:00:00Z")
    sandbox.config(rate_limit=limit)
    try:
        for waits in (False, True):
            statuses = [_opens(sandbox, token).status for _ in range(limit)]
            assert statuses == [200] * limit, f"{statuses} within a limit of {limit}"
            sandbox.advance(timestamps.duration(pause))
            for name, call in calls.items():
                refused = call({"Authorization": f"Bearer {token}"})
                check_refusal(refused, 429, {"pymetrics.access.rate"}, f"{name} after {pause}", is_simulator=True)
                errors.envelope(refused)
            sandbox.advance(f"PT{refused.headers['retry-after']}S" if waits else timestamps.duration(_MINUTE - pause))
        assert _opens(sandbox, token).status == 200, "still refused after the time in Retry-After"
    finally:
        sandbox.config(rate_limit=None)
        sandbox.forget_token()


PROPERTIES = contract.properties
