"""Tokens: what the token call answers, what a token opens, and for how long."""

from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from hypothesis import strategies as st

from assessment_contracts.context import Context
from assessment_contracts.property import Need, Property, contract, given
from assessment_contracts.pymetrics import api, shapes
from assessment_contracts.pymetrics.facts import TOKEN_FIELDS
from assessment_contracts.pymetrics.flaws import FORM, guarded
from assessment_contracts.pymetrics.strategies import BEARER_LESS, PLAIN, STRANGE_TOKENS, instants, texts, versions
from assessment_contracts.sandbox import Sandbox
from assessment_contracts.sources import Standing
from assessment_contracts.wire import Answer

_RULES = (
    "pymetrics.token.body.json",
    "pymetrics.token.body.object",
    *(f"pymetrics.token.{name}.{what}" for name in TOKEN_FIELDS for what in ("required", "type")),
    "pymetrics.token.grant_type.value",
    "pymetrics.token.client",
    "pymetrics.token.media_type",
)
_ACCESS = ("pymetrics.access.key", "pymetrics.access.bearer", "pymetrics.access.token.known")
_LIFE = timedelta(seconds=3600)
_MINUTE = timedelta(minutes=1)


def _asked(sandbox: Sandbox, version: api.Version, more: dict[str, Any] | None = None) -> Answer:
    return sandbox.call("POST", version.token, json={**api.client(sandbox), **(more or {})})


def _token(sandbox: Sandbox, version: api.Version = api.V1) -> str:
    return str(api.expected(_asked(sandbox, version), 201)["access_token"])


def _opens(sandbox: Sandbox, token: str, version: api.Version = api.V1) -> Answer:
    return sandbox.call("GET", version.configuration, headers={"Authorization": f"Bearer {token}"}, auth="pymetrics")


@contract(
    "pymetrics.tokens.shown",
    "A right token call is answered 201 with a token, its type, its life and its scope",
    kept=_RULES,
    promises=("pymetrics.token.created", "pymetrics.token.keyless"),
)
@given(
    version=versions,
    key=st.sampled_from((None, "", "nobody")),
    member=st.sampled_from(("", "scope", "ключ")),
    value=texts,
)
def shown(context: Context, version: api.Version, key: str | None, member: str, value: str) -> None:
    """The call needs no key, and what it says besides its three members does not matter.

    The clients read four members and fail where one is missing, null or of another type, and they know 201 alone.
    """
    sandbox = context.sandbox
    body = {**api.client(sandbox), **({member: value} if member else {})}
    answer = sandbox.call("POST", version.token, json=body, headers={"X-Api-Key": key})
    shapes.TOKEN(api.expected(answer, 201), "the token")
    assert answer.rules == ()


@contract(
    "pymetrics.tokens.by_form",
    "The token call takes a form as well",
    kept=_RULES,
    standing=Standing.ASSUMED,
    examples=0.2,
)
@given(version=versions, media_type=st.sampled_from((FORM, FORM.upper(), f"{FORM}; charset=utf-8")))
def by_form(context: Context, version: api.Version, media_type: str) -> None:
    """General OAuth clients send a form; nothing is documented against it."""
    content = urlencode(api.client(context.sandbox)).encode()
    answer = context.sandbox.call("POST", version.token, content=content, media_type=media_type)
    shapes.TOKEN(api.expected(answer, 201), "the token")


@contract(
    "pymetrics.tokens.serve_both",
    "A token of either version opens every call of both",
    kept=_ACCESS,
    promises=("pymetrics.v2.shared",),
    needs={Need.CONTROL},
    examples=0.35,
)
@given(version=versions)
def serve_both(context: Context, version: api.Version) -> None:
    """The versions are two faces of one service, so a caller may change over call by call."""
    calls = guarded(context.sandbox)
    token = _token(context.sandbox, version)
    for name, call in calls.items():
        answer = call({"Authorization": f"Bearer {token}"})
        assert answer.status == 200, f"{name} answered {answer.status}: {answer.text[:200]}"


@contract(
    "pymetrics.tokens.configuration",
    "With key and token the configured assessments are shown, in both versions",
    kept=_ACCESS,
    promises=("pymetrics.types", "pymetrics.v2.same", "pymetrics.v2.shared"),
    examples=0.2,
)
@given(
    key=st.sampled_from(("X-Api-Key", "x-api-key", "X-API-KEY")),
    name=st.sampled_from(("Authorization", "authorization")),
)
def configuration(context: Context, key: str, name: str) -> None:
    """Whoever shows key and token is let in, however the headers' names are spelt; ids are told apart by the caller."""
    sandbox, shown = context.sandbox, []
    for version in api.VERSIONS:
        headers = {key: sandbox.pymetrics.api_key, name: f"Bearer {sandbox.token()}"}
        answer = sandbox.call("GET", version.configuration, headers=headers)
        shapes.CONFIGURATION(api.expected(answer, 200), "the configuration")
        shown.append(answer.json)
    api.same(shown[1], shown[0], "the configuration of version 2")
    ids = [one["id"] for one in shown[0]["assessments"]]
    assert len(ids) == len(set(ids)), f"an id is there twice: {ids}"


@contract(
    "pymetrics.tokens.scheme",
    "The scheme before the token may be written in any case",
    kept=_ACCESS,
    standing=Standing.ASSUMED,
    examples=0.35,
)
@given(scheme=st.sampled_from(("bearer", "BEARER", "bEARER")), version=versions)
def scheme(context: Context, scheme: str, version: api.Version) -> None:
    """RFC 9110, section 11.1, says so of every scheme, and some clients write it in small letters."""
    headers = {"Authorization": f"{scheme} {context.sandbox.token()}"}
    answer = context.sandbox.call("GET", version.configuration, headers=headers, auth="pymetrics")
    shapes.CONFIGURATION(api.expected(answer, 200), "the configuration")


@contract(
    "pymetrics.tokens.configured",
    "What is configured is what is shown, in that order, and what can be ordered",
    promises=("pymetrics.types",),
    standing=Standing.ASSUMED,
    needs={Need.CONTROL},
    examples=0.35,
)
@given(wanted=st.lists(
    st.fixed_dictionaries({
        "id": st.sampled_from(("a", "B", "6ac4d6b5", "é")), "type": st.sampled_from(shapes.TYPES),
        "description": st.sampled_from(("", "Games", "Þórður")),
    }),
    min_size=1, max_size=3, unique_by=lambda one: str(one["id"]),
))  # fmt: skip
def configured(context: Context, wanted: list[dict[str, str]]) -> None:
    """Assessments are registered outside the API; ours are set by the control API."""
    sandbox = context.sandbox
    sandbox.config(assessments=wanted)
    sandbox.memo.pop("assessments", None)
    for version in api.VERSIONS:
        answer = sandbox.call("GET", version.configuration, auth="pymetrics")
        api.same(api.expected(answer, 200), {"assessments": wanted}, "the configuration")


@contract(
    "pymetrics.tokens.refused",
    "Without a good token the configuration and a creation are refused with 401, in the envelope",
    promises=("pymetrics.error.envelope",),
    examples=0.35,
)
@given(wrong=st.sampled_from(BEARER_LESS) | st.sampled_from(STRANGE_TOKENS).map("Bearer {}".format), version=versions)
def refused(context: Context, wrong: str | None, version: api.Version) -> None:
    """The 401 is documented for these two calls; that the others answer so too is asked by the breaches."""
    sandbox = context.sandbox
    header = {"Authorization": wrong and wrong.replace("{token}", sandbox.token())}
    body = api.filled(sandbox, PLAIN)
    for answer in (
        sandbox.call("GET", version.configuration, headers=header, auth="pymetrics"),
        sandbox.call("POST", version.create, json=body, headers=header, auth="pymetrics"),
    ):
        assert answer.status == 401, f"{answer.status} instead of 401: {answer.text[:200]}"
        shapes.refusal(answer)


@contract(
    "pymetrics.tokens.several",
    "A new token is another one, and the ones before stay good",
    kept=_ACCESS,
    standing=Standing.ASSUMED,
    examples=0.35,
)
@given(count=st.integers(2, 4), version=versions)
def several(context: Context, count: int, version: api.Version) -> None:
    """Several workers of one caller ask for tokens of their own; none of them may put the others out."""
    tokens = [_token(context.sandbox, version) for _ in range(count)]
    assert len(set(tokens)) == count, f"the same token came twice: {tokens}"
    for token in tokens:
        assert _opens(context.sandbox, token, version).status == 200, "an earlier token is refused"


@contract(
    "pymetrics.tokens.life",
    "A token lives for exactly the seconds that its answer says, on the sandbox's clock",
    kept=("pymetrics.access.token.live",),
    broken=("pymetrics.access.token.live",),
    promises=("pymetrics.token.life",),
    needs={Need.CONTROL},
    examples=0.5,
)
@given(version=versions, at=instants, before=st.sampled_from((1, 1_000_000, 60_000_000, 1_800_000_000, 3_599_000_000)))
def life(context: Context, version: api.Version, at: str, before: int) -> None:
    """Up to the last moment a token is good, and from the end of its hour on it is not; use makes it no younger."""
    sandbox, rest = context.sandbox, timedelta(microseconds=before)
    sandbox.freeze(at)
    token = _token(sandbox, version)
    sandbox.advance(shapes.duration(_LIFE - rest))
    assert _opens(sandbox, token, version).status == 200, f"the token was refused {rest} before its end"
    sandbox.advance(shapes.duration(rest))
    for answer in (_opens(sandbox, token, version), _opens(sandbox, token, api.V1), _opens(sandbox, token, api.V2)):
        assert answer.status == 401, f"a lapsed token is answered {answer.status}"
        shapes.refusal(answer)
        assert answer.rules == ("pymetrics.access.token.live",)
    assert _opens(sandbox, _token(sandbox, version), version).status == 200, "a new token does not open"
    sandbox.forget_token()


@contract(
    "pymetrics.tokens.limited",
    "A limit of calls lets so many through in a minute, and more after it",
    kept=("pymetrics.access.rate",),
    broken=("pymetrics.access.rate",),
    standing=Standing.ASSUMED,
    needs={Need.CONTROL},
    examples=0.35,
)
@given(limit=st.integers(1, 4), wait=st.sampled_from((0, 1, 30_000_000, 59_000_000, 59_999_999)))
def limited(context: Context, limit: int, wait: int) -> None:
    """The minute slides: a call counts until a minute has passed since it, and calls that were refused do not count.

    So a caller who waits as long as `Retry-After` says is served, and not one who comes a moment too early.
    """
    sandbox, pause = context.sandbox, timedelta(microseconds=wait)
    token = sandbox.token()
    sandbox.freeze("2026-03-01T00:00:00Z")
    sandbox.config(rate_limit=limit)
    try:
        for waits in (False, True):
            statuses = [_opens(sandbox, token).status for _ in range(limit)]
            assert statuses == [200] * limit, f"{statuses} within a limit of {limit}"
            sandbox.advance(shapes.duration(pause))
            for _ in range(limit):
                refused = _opens(sandbox, token)
                assert refused.status == 429, f"{refused.status} after {pause}, beyond the limit"
                shapes.refusal(refused)
            sandbox.advance(f"PT{refused.headers['retry-after']}S" if waits else shapes.duration(_MINUTE - pause))
        assert _opens(sandbox, token).status == 200, "still refused after the wait that was asked for"
    finally:
        sandbox.config(rate_limit=None)
        sandbox.forget_token()


PROPERTIES: tuple[Property, ...] = (
    shown, by_form, serve_both, configuration, scheme, configured, refused, several, life, limited,
)  # fmt: skip
