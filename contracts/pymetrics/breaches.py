"""Every rule of pymetrics, broken on purpose: the vendor's own refusal comes, for that rule alone, and nothing changes.

A rule that holds for several calls is broken on each of them, and all must refuse alike.
"""

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

from hypothesis import strategies as st

from contracts.property import Breach, Need, Property, breaches
from contracts.pymetrics import api, shapes
from contracts.pymetrics import strategies as of
from contracts.pymetrics.facts import LIST_FIELDS, ORDER_FIELDS, TOKEN_FIELDS, standing
from contracts.pymetrics.flaws import (
    ABSENT,
    FORM,
    Bent,
    Flaw,
    Form,
    Raw,
    Sent,
    Whole,
    alike,
    finished,
    guarded,
    known,
    link,
    post,
    put,
    state,
)
from contracts.sandbox import Sandbox
from contracts.wire import Answer

_KINDS = {"candidate": "object", "metadata": "object", "send_email": "boolean"}
_CONTROL = frozenset({Need.CONTROL})
_WRITES = frozenset({Need.WRITES})
_URL = "candidate_redirect_url"
_LONGEST = "https://example.com/" + "a" * (shapes.LONGEST_URL - 20)


def _row(
    rule: str, status: int, wrong: st.SearchStrategy[Any], *also: str, needs: frozenset[Need] = frozenset()
) -> Breach:
    id = f"pymetrics.{rule}"
    return Breach(id, status, wrong, standing(id), needs, tuple(f"pymetrics.{one}" for one in also))


def _from(*values: Any) -> st.SearchStrategy[Any]:
    return st.sampled_from(values)


def _body(noun: str, *more: Flaw) -> tuple[Breach, ...]:
    """What is no JSON, and what is no object."""
    return (
        _row(f"{noun}.body.json", 400, _from(*(Raw(content) for content in of.NO_JSON), *more)),
        _row(f"{noun}.body.object", 400, _from(*(Whole(value) for value in of.NO_OBJECTS))),
    )


def _typed(noun: str, fields: tuple[str, ...]) -> tuple[Breach, ...]:
    """A value of another JSON type, which is not coerced."""
    return tuple(_row(f"{noun}.{name}.type", 400, put(name, *of.NOT[_KINDS.get(name, "string")])) for name in fields)


def _required(noun: str, *fields: str) -> tuple[Breach, ...]:
    return tuple(_row(f"{noun}.{name}.required", 400, put(name, ABSENT, None)) for name in fields)


# The token call.


def _ask_for_token(sandbox: Sandbox, right: Mapping[str, Any], wrong: Flaw) -> Answer:
    sent = wrong({**api.client(sandbox), **right})
    return alike({version.token: post(sandbox, version.token, sent, auth=False) for version in api.VERSIONS})


def _ask_by_form(sandbox: Sandbox, right: Mapping[str, Any], wrong: str) -> Answer:
    sandbox.config(behaviour={"pymetrics.token_form_body": "refused"})
    sent = Sent(content=urlencode(api.client(sandbox)).encode(), media_type=wrong)
    return alike({version.token: post(sandbox, version.token, sent, auth=False) for version in api.VERSIONS})


_TOKEN = (
    *_body("token"),
    *_required("token", *TOKEN_FIELDS),
    *_typed("token", TOKEN_FIELDS),
    _row(
        "token.grant_type.value", 400,
        put("grant_type", "", "password", "refresh_token", "Client_Credentials", "client_credentials "),
    ),
    _row(
        "token.client", 401,
        put("client_id", "nobody", "", "sim-", "sim_x", "SIM-X", "sim-é") | put("client_secret", ""),
    ),
)  # fmt: skip
_FORM = (_row("token.media_type", 400, _from(FORM, f"{FORM}; charset=utf-8", FORM.upper()), needs=_CONTROL),)

# Creating an order.


def _ask_for_order(sandbox: Sandbox, right: Mapping[str, Any], wrong: Flaw) -> Answer:
    sent = wrong(api.filled(sandbox, right))
    return alike({version.create: post(sandbox, version.create, sent) for version in api.VERSIONS})


def _ask_v1(sandbox: Sandbox, right: Mapping[str, Any], wrong: Flaw) -> Answer:
    return post(sandbox, api.V1.create, wrong(api.filled(sandbox, right)))


def _ask_v2(sandbox: Sandbox, right: Mapping[str, Any], wrong: Flaw) -> Answer:
    return post(sandbox, api.V2.create, wrong(api.filled(sandbox, right)))


_ORDER = (
    *_body("order", Form()),
    *_required("order", "candidate", "assessment_id", "application_id"),
    *_typed("order", ORDER_FIELDS),
    _row("order.candidate.email.empty", 400, put("candidate.email", "", " ", " \t\n")),
    _row(
        "order.assessment_id.known", 400,
        _from(Bent("assessment_id", before=" "), Bent("assessment_id", after="0"))
        | put("assessment_id", "", "core", "00000000-0000-4000-8000-000000000000"),
    ),
    # An empty one is no URL either.
    _row(
        "order.candidate_redirect_url.length", 400, put(_URL, f"{_LONGEST}a", f"{_LONGEST}{'a' * 500}", ""),
        "order.candidate_redirect_url.url",
    ),
    _row(
        "order.candidate_redirect_url.url", 400,
        put(
            _URL, "www.example.com/back", "/back", "back", "mailto:ada@example.com", "javascript:alert(1)",
            "https://exa mple.com", "http://[::1", "http://a:99999", "https://", "://example.com", "1x://example.com",
        ),
    ),
)  # fmt: skip
_V1_EMAIL = _required("order", "candidate.email")
_V2_EMAIL = _required("v2.order", "candidate.email")

# Reading and listing.


def _ask_to_read(sandbox: Sandbox, right: Any, wrong: str) -> Answer:
    return alike({
        version.read: sandbox.call("GET", f"{version.read}/{wrong}", auth="pymetrics") for version in api.VERSIONS
    })  # fmt: skip


def _ask_with_report(sandbox: Sandbox, right: str, wrong: str) -> Answer:
    id = known(sandbox)["id"]
    return alike({
        version.read: sandbox.call("GET", f"{version.read}/{id}", query={"report": wrong}, auth="pymetrics")
        for version in api.VERSIONS
    })  # fmt: skip


def _ask_to_list(sandbox: Sandbox, right: Mapping[str, Any], wrong: Flaw) -> Answer:
    return post(sandbox, "/mercury/orders", wrong(right))


def _ask_to_list_v2(sandbox: Sandbox, right: Any, wrong: Mapping[str, str]) -> Answer:
    return sandbox.call("GET", "/mercury/v2/orders", query=wrong, auth="pymetrics")


_STRANGE_IDS = _from("6ac4d6b5-9a3e-4d0c-8f55-0d5a3f6d2b10", "x", "0", "é", "a b", "%2E%2E", "null", "x" * 500)
_READ = (_row("get.known", 404, _STRANGE_IDS),)
_REPORT = (
    _row("get.report", 400, _from("maybe", "2", "null", " ", "truee", "tr ue", "-1", "é", "true,false"), needs=_WRITES),
)
_LIST = (
    *_body("list", Form()),
    *_typed("list", LIST_FIELDS),
    _row(
        "list.filter", 400,
        _from(*(Whole(body) for body in (
            {}, {"candidate_id": ""}, {"candidate_id": None, "job_application_id": ""}, {"application_id": "x"},
            {"job_application_id": None}, {"candidate_id": "", "job_application_id": ""},
        ))),
    ),
)  # fmt: skip
_LIST_V2 = (
    _row("v2.list.filter", 400, _from(
        {}, {"candidate_id": ""}, {"candidate_id": "", "job_application_id": ""}, {"candidateId": "c-1"}, {"page": "2"},
    )),
)  # fmt: skip

# Content and reports.


def _meant(sandbox: Sandbox, id: str) -> str:
    return str(known(sandbox)["id"]) if id == "{known}" else id


def _ask_for_factors(sandbox: Sandbox, right: str, wrong: str) -> Answer:
    return api.factors(sandbox, _meant(sandbox, wrong))


def _ask_for_capabilities(sandbox: Sandbox, right: str, wrong: str) -> Answer:
    return api.capabilities(sandbox, _meant(sandbox, wrong), right)


def _ask_for_reader(sandbox: Sandbox, right: str, wrong: str) -> Answer:
    return api.capabilities(sandbox, finished(sandbox), wrong)


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


_UNFINISHED = st.just("{known}")
_FACTORS = (_row("v2.factor.known", 404, _STRANGE_IDS), _row("v2.factor.scores", 400, _UNFINISHED, needs=_WRITES))
_CAPABILITIES = (
    _row("v2.capability.known", 404, _STRANGE_IDS),
    _row("v2.capability.scores", 400, _UNFINISHED, needs=_WRITES),
)
_READER = (
    _row("v2.capability.type", 400, _from("Talent", "candidate", "recruiter ", "managers", "0", "é"), needs=_CONTROL),
)
_LINK = (
    _row(
        "report.link", 403,
        _from("x", "....", "{ticket}0", "{ticket}.", ".{ticket}", "{ticket}é", "é")
        | st.integers(0, 100).map("at {}".format),
        needs=_CONTROL,
    ),
)  # fmt: skip
_LAPSED = (_row("report.lapsed", 403, _from("PT1H", "PT61M", "P1D", "P30D"), needs=_CONTROL),)

# Who is let in. Each of these is broken on every call that asks for a key and a token.


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


_KEY = (_row("access.key", 403, _from(*of.STRANGE_KEYS)),)
_BEARER = (_row("access.bearer", 401, _from(*of.BEARER_LESS)),)
_TOKEN_KNOWN = (_row("access.token.known", 401, _from(*of.STRANGE_TOKENS)),)
_TOKEN_LIVE = (_row("access.token.live", 401, _from("PT1H", "PT61M", "PT12H"), needs=_CONTROL),)
_RATE = (_row("access.rate", 429, st.integers(1, 4), needs=_CONTROL),)

# The door.

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


_ROUTE = (
    _row("door.route", 404, _from(
        "/mercury", "/mercury/", "/mercury/nothing", "/mercury/order/x", "/mercury/v3/orders", "/mercury/v2",
        "/mercury/Order", "/mercury/getOrder", "/mercury/getOrder/a/b", "/mercury/configuration/", "/pymetrics/nothing",
    )),
)  # fmt: skip
_VERB = (_row("door.verb", 405, _from("PUT", "PATCH", "DELETE", "GET", "POST", "PROPFIND", "OPTIONS")),)
_SIZE = (_row("door.size", 413, _from(1_048_577, 1_048_600)),)
_POSTS = ("/mercury/order", "/mercury/v2/orders", "/mercury/orders", "/mercury/oauth/token", "/mercury/v2/oauth/token")

_NOTHING: st.SearchStrategy[Any] = st.none()
_TABLE: tuple[tuple[tuple[Breach, ...], Callable[[Sandbox, Any, Any], Answer], st.SearchStrategy[Any]], ...] = (
    (_TOKEN, _ask_for_token, st.just({})),
    (_FORM, _ask_by_form, _NOTHING),
    (_ORDER, _ask_for_order, of.orders()),
    (_V1_EMAIL, _ask_v1, of.orders()),
    (_V2_EMAIL, _ask_v2, of.orders()),
    (_READ, _ask_to_read, _NOTHING),
    (_REPORT, _ask_with_report, _NOTHING),
    (_LIST, _ask_to_list, st.just({"job_application_id": "application-42", "candidate_id": "candidate-7"})),
    (_LIST_V2, _ask_to_list_v2, _NOTHING),
    (_FACTORS, _ask_for_factors, _NOTHING),
    (_CAPABILITIES, _ask_for_capabilities, _from(*api.READERS)),
    (_READER, _ask_for_reader, _NOTHING),
    (_LINK, _ask_by_link, _NOTHING),
    (_LAPSED, _ask_too_late, _NOTHING),
    (_BEARER, _ask_with_bearer, _NOTHING),
    (_TOKEN_KNOWN, _ask_with_token, _NOTHING),
    (_TOKEN_LIVE, _ask_after, _NOTHING),
    (_RATE, _ask_too_often, _NOTHING),
    (_ROUTE, _ask_by_path, _NOTHING),
    (_VERB, _ask_by_verb, _NOTHING),
    (_SIZE, _ask_at_length, _from(*_POSTS)),
)

PROPERTIES: tuple[Property, ...] = (
    *(
        property
        for rows, ask, right in _TABLE
        for property in breaches("pymetrics", rows, ask, right, shapes.refusal, state)
    ),
    *breaches("pymetrics", _KEY, _ask_with_key, _NOTHING, shapes.forbidden, state),
)
"""One property for each rule."""
