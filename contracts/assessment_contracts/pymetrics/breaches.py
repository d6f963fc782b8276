"""Every rule of pymetrics, broken on purpose: the vendor's own refusal comes, for that rule alone, and nothing changes.

A rule that holds for several calls is broken on each of them, and all must refuse alike.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from hypothesis import strategies as st

from assessment_contracts.property import Breach, Property, breaches
from assessment_contracts.pymetrics import api, shapes, strangers
from assessment_contracts.pymetrics import strategies as of
from assessment_contracts.pymetrics.facts import LIST_FIELDS, ORDER_FIELDS, TOKEN_FIELDS
from assessment_contracts.pymetrics.flaws import (
    FORM,
    Bent,
    Flaw,
    Form,
    Raw,
    Sent,
    Whole,
    alike,
    finished,
    known,
    post,
    put,
    state,
)
from assessment_contracts.pymetrics.rows import CONTROL, NOTHING, WRITES, Group, any_of, row
from assessment_contracts.sandbox import Sandbox
from assessment_contracts.wire import ABSENT, Answer

_KINDS = {"candidate": "object", "metadata": "object", "send_email": "boolean"}
_URL = "candidate_redirect_url"
_LONGEST = "https://example.com/" + "a" * (shapes.LONGEST_URL - 20)


def _body(noun: str, *more: Flaw) -> tuple[Breach, ...]:
    """What is no JSON, and what is no object."""
    return (
        row(f"{noun}.body.json", 400, any_of(*(Raw(content) for content in of.NO_JSON), *more)),
        row(f"{noun}.body.object", 400, any_of(*(Whole(value) for value in of.NO_OBJECTS))),
    )


def _typed(noun: str, fields: tuple[str, ...]) -> tuple[Breach, ...]:
    """A value of another JSON type, which is not coerced."""
    return tuple(row(f"{noun}.{name}.type", 400, put(name, *of.NOT[_KINDS.get(name, "string")])) for name in fields)


def _required(noun: str, *fields: str) -> tuple[Breach, ...]:
    return tuple(row(f"{noun}.{name}.required", 400, put(name, ABSENT, None)) for name in fields)


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
    row(
        "token.grant_type.value", 400,
        put("grant_type", "", "password", "refresh_token", "Client_Credentials", "client_credentials "),
    ),
    row(
        "token.client", 401,
        put("client_id", "nobody", "", "sim-", "sim_x", "SIM-X", "sim-é") | put("client_secret", ""),
    ),
)  # fmt: skip
_FORM = (row("token.media_type", 400, any_of(FORM, f"{FORM}; charset=utf-8", FORM.upper()), needs=CONTROL),)

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
    row("order.candidate.email.empty", 400, put("candidate.email", "", " ", " \t\n", "\u00a0\u3000")),
    *(
        row(f"order.{name}.blank", 400, put(name, " ", "\t\n", "\u00a0", "\u3000\u2003"))
        for name in ("candidate.first_name", "candidate.last_name")
    ),
    row(
        "order.assessment_id.known", 400,
        any_of(Bent("assessment_id", before=" "), Bent("assessment_id", after="0"))
        | put("assessment_id", "", "core", "00000000-0000-4000-8000-000000000000"),
    ),
    # An empty one is no URL either.
    row(
        "order.candidate_redirect_url.length", 400, put(_URL, f"{_LONGEST}a", f"{_LONGEST}{'a' * 500}", ""),
        "order.candidate_redirect_url.url",
    ),
    row(
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


_STRANGE_IDS = any_of("6ac4d6b5-9a3e-4d0c-8f55-0d5a3f6d2b10", "x", "0", "é", "a b", "%2E%2E", "null", "x" * 500)
_READ = (row("get.known", 404, _STRANGE_IDS),)
_REPORT = (
    row("get.report", 400, any_of("maybe", "2", "null", " ", "truee", "tr ue", "-1", "é", "true,false"), needs=WRITES),
)
_LIST = (
    *_body("list", Form()),
    *_typed("list", LIST_FIELDS),
    row(
        "list.filter", 400,
        any_of(*(Whole(body) for body in (
            {}, {"candidate_id": ""}, {"candidate_id": None, "job_application_id": ""}, {"application_id": "x"},
            {"job_application_id": None}, {"candidate_id": "", "job_application_id": ""},
        ))),
    ),
)  # fmt: skip
_LIST_V2 = (
    row("v2.list.filter", 400, any_of(
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


_UNFINISHED = st.just("{known}")
_FACTORS = (row("v2.factor.known", 404, _STRANGE_IDS), row("v2.factor.scores", 400, _UNFINISHED, needs=WRITES))
_CAPABILITIES = (
    row("v2.capability.known", 404, _STRANGE_IDS),
    row("v2.capability.scores", 400, _UNFINISHED, needs=WRITES),
)
_READER = (
    row("v2.capability.type", 400, any_of("Talent", "candidate", "recruiter ", "managers", "0", "é"), needs=CONTROL),
)

_GROUPS: tuple[Group, ...] = (
    (_TOKEN, _ask_for_token, st.just({})),
    (_FORM, _ask_by_form, NOTHING),
    (_ORDER, _ask_for_order, of.orders()),
    (_V1_EMAIL, _ask_v1, of.orders()),
    (_V2_EMAIL, _ask_v2, of.orders()),
    (_READ, _ask_to_read, NOTHING),
    (_REPORT, _ask_with_report, NOTHING),
    (_LIST, _ask_to_list, st.just({"job_application_id": "application-42", "candidate_id": "candidate-7"})),
    (_LIST_V2, _ask_to_list_v2, NOTHING),
    (_FACTORS, _ask_for_factors, NOTHING),
    (_CAPABILITIES, _ask_for_capabilities, any_of(*api.READERS)),
    (_READER, _ask_for_reader, NOTHING),
    *strangers.GROUPS,
)

PROPERTIES: tuple[Property, ...] = (
    *(
        property
        for rows, ask, right in _GROUPS
        for property in breaches("pymetrics", rows, ask, right, shapes.refusal, state)
    ),
    *breaches("pymetrics", *strangers.KEY, shapes.forbidden, state),
)
"""One property for each rule."""
