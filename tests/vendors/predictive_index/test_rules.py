"""Every rule, kept and broken, and that a refusal changes nothing."""

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assessment_simulator.core.config import Config
from assessment_simulator.core.decision import VendorResponse
from assessment_simulator.core.request import MISSING, Unreadable
from assessment_simulator.core.vendor import refusal_response
from assessment_simulator.vendors.predictive_index import VENDOR
from assessment_simulator.vendors.predictive_index.rules import FIELDS
from tests.fakes import BASE_URL, FakeSandbox
from tests.vendors.predictive_index.change_rows import CHANGE_ROWS
from tests.vendors.predictive_index.list_rows import LIST_ROWS
from tests.vendors.predictive_index.rows import FIRST, LAST, NAMELESS, PATH, ROWS, VALID, WEBHOOK, Row, Try


def post(sandbox: FakeSandbox, body: Any, **members: Any) -> VendorResponse:
    return sandbox.handle(
        VENDOR, "create_assessment", body, media_type="application/json", method="POST", path=PATH, **members
    )


def prepared(before: tuple[Mapping[str, Any], ...], actions: tuple[str, ...] = ()) -> FakeSandbox:
    sandbox = FakeSandbox()
    for body in before:
        assert post(sandbox, body).status == 201
    for action in actions:
        assert sandbox.handle(VENDOR, action, params={"id": sandbox.all("assessment")[0].id}).status == 200
    return sandbox


HTTP_IDS = {rule.id for rule in VENDOR.http_rules.values()}
ALL_ROWS = [*ROWS, *LIST_ROWS, *CHANGE_ROWS]


def play(sandbox: FakeSandbox, row: Try) -> VendorResponse:
    sandbox.config = replace(Config(), **row.config)
    sandbox.name = "test" if row.with_key else ""
    ids = [stored.id for stored in sandbox.all("assessment")] or [""]
    path = row.path.replace(FIRST, ids[0]).replace(LAST, ids[-1])
    operation, params = found(row.method, path)
    members = {"media_type": row.media_type, "method": row.method, "path": path, "recent": row.recent}
    return sandbox.handle(VENDOR, operation, parsed(row), params=params, query=row.query, **members)


def found(method: str, path: str) -> tuple[str, dict[str, str]]:
    """The operation that a request is for, and the parameters in its path."""
    for endpoint in VENDOR.endpoints:
        matched = re.fullmatch(re.sub(r"{(\w+)}", r"(?P<\1>[^/]+)", endpoint.path), path)
        if matched and endpoint.method == method:
            return endpoint.operation.name, matched.groupdict()
    raise AssertionError(f"{method} {path} leads nowhere")


def parsed(row: Try) -> Any:
    if row.raw == "" or row.method == "GET":
        return MISSING
    try:
        return row.body if row.raw is None else json.loads(row.raw)
    except ValueError as reason:
        return Unreadable(str(reason))


@pytest.mark.parametrize("row", ALL_ROWS, ids=lambda row: row.rule)
def test_request_that_satisfies_the_rule_is_accepted(row: Row) -> None:
    response = play(prepared(row.before, row.actions), row.kept)
    assert (response.status, response.rules) == (row.kept.accepted, ())


@pytest.mark.parametrize("row", ALL_ROWS, ids=lambda row: row.rule)
def test_request_that_violates_the_rule_is_refused_and_changes_nothing(row: Row) -> None:
    sandbox = prepared(row.before, row.actions)
    before = sandbox.memory()
    response = play(sandbox, row.broken)
    assert row.rule in response.rules
    assert response.status == next(rule.status for rule in VENDOR.rules if rule.id == row.rule)
    assert sandbox.memory() == before


def test_the_rows_cover_every_rule_and_no_other() -> None:
    assert {row.rule for row in ALL_ROWS} | HTTP_IDS == {rule.id for rule in VENDOR.rules}


def test_refusal_names_all_violated_rules() -> None:
    response = post(FakeSandbox(), {"firstName": 1, "gender": 9, "redirectUrl": "www", "administeredByPhone": "1"})
    assert set(response.rules) == {
        "pi.create.first_name.type", "pi.create.last_name.required", "pi.create.email.required",
        "pi.create.administered_by.first_name.required", "pi.create.administered_by.last_name.required",
        "pi.create.administered_by.email.required", "pi.create.gender.value", "pi.create.redirect.url",
    }  # fmt: skip
    assert [item["parameter"] for item in response.body["parameterErrors"]] == [
        "firstName", "lastName", "email", "administeredByFirstName", "administeredByLastName", "administeredByEmail",
        "gender", "redirectUrl",
    ]  # fmt: skip


def test_maintenance_is_checked_after_the_key_and_before_the_rate() -> None:
    sandbox = FakeSandbox(Config(maintenance=True, rate_limit=0))
    assert post(sandbox, VALID).rules == ("pi.access.maintenance",)
    sandbox.name = ""
    assert post(sandbox, VALID).rules == ("pi.access.key",)


def legacy(number: int, description: str, *items: Mapping[str, str]) -> dict[str, Any]:
    return {"number": number, "context": None, "description": description, "parameterErrors": list(items)}


def stock(message: str) -> dict[str, str]:
    return {"Message": message}


BODIES = [
    (Try(with_key=False), 401, stock("Authorization has been denied for this request.")),
    (Try(config={"maintenance": True}), 503, legacy(27, "The API is down for maintenance")),
    (Try(config={"rate_limit": 1}, recent=1), 429,
     legacy(3, "no more calls in 60 seconds than X-RateLimit-Limit says")),
    (Try(media_type="text/xml"), 415,
     stock("The request entity's media type 'text/xml' is not supported for this resource.")),
    (Try(media_type=""), 415,
     stock("The request contains an entity body but no Content-Type header. The inferred media type"
           " 'application/octet-stream' is not supported for this resource.")),
    (Try(raw="{"), 400, stock("The request is invalid.")),
    (Try(raw="7"), 400, stock("The request is invalid.")),
    (Try({"gender": 3}), 400,
     legacy(1, "The request is not valid", {"parameter": "gender", "description": "gender must be 0, 1 or 2"})),
    (Try(method="GET", path=f"{PATH}/x"), 404,
     legacy(2, "assessmentId must be that of an assessment in this account")),
]  # fmt: skip


@pytest.mark.parametrize(("row", "status", "body"), BODIES)
def test_refusal_has_the_vendors_body(row: Try, status: int, body: object) -> None:
    response = play(FakeSandbox(), row)
    assert (response.status, response.body) == (status, body)


HTTP = [
    ("route", 404, f"No HTTP resource was found that matches the request URI '{BASE_URL}/api/v2/x'."),
    ("verb", 405, "The requested resource does not support http method 'PUT'."),
    ("encoding", 415, "The request entity's content encoding is not supported for this resource."),
    ("size", 413, "The request entity is too large."),
]


@pytest.mark.parametrize(("key", "status", "message"), HTTP)
def test_http_rules_refuse_with_the_frameworks_body(key: str, status: int, message: str) -> None:
    sandbox = FakeSandbox(name="")
    response = refusal_response(
        VENDOR, (VENDOR.http_rules[key],), sandbox.call("", method="PUT", path="/api/v2/x"), sandbox
    )
    assert (response.status, response.body, response.rules) == (status, {"Message": message}, (f"pi.http.{key}",))


def test_rate_limit_header_is_on_every_response() -> None:
    assert post(FakeSandbox(), VALID).headers == ()
    limited = FakeSandbox(Config(rate_limit=1))
    assert post(limited, VALID).headers == (("x-ratelimit-limit", "1"),)
    assert post(limited, VALID, recent=1).headers == (("x-ratelimit-limit", "1"),)


@pytest.mark.parametrize(("headers", "key"), [({"api-key": "sim-a"}, "sim-a"), ({"api-key": ""}, None), ({}, None)])
def test_the_credential_is_the_key_in_the_header(headers: dict[str, str], key: str | None) -> None:
    found = VENDOR.credential("list_assessments", {}, headers, None)
    assert (found and (found.kind, found.id)) == (key and ("predictive_index.key", key))


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.sampled_from(
        ["", "a-1", "p-1", "2999-01-01", "Candidate", "en-US", WEBHOOK, "\\Example Company", 1, 2.0, 1e308]
    )
    | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=8,
)
HOSTILE = st.fixed_dictionaries({}, optional=dict.fromkeys(FIELDS, JSON)).flatmap(
    lambda known: st.dictionaries(st.text(max_size=60), JSON, max_size=7).map(lambda strange: {**strange, **known})
)


@given(HOSTILE | JSON, st.sampled_from([{}, VALID, NAMELESS]))
def test_arbitrary_body_never_raises_and_refusal_changes_nothing(body: Any, over: Mapping[str, Any]) -> None:
    sandbox = prepared(
        ({**VALID, "externalId": "a-1", "externalPersonId": "p-1"}, {**VALID, "externalId": "2999-01-01"})
    )
    before = sandbox.memory()
    response = post(sandbox, {**body, **over} if isinstance(body, dict) else body)
    assert (response.status, sandbox.memory() == before) in ((201, False), (400, True))
    assert all(note.isascii() and note.isprintable() for note in response.notes)
    assert sum("is not a documented member" in note for note in response.notes) <= 5
