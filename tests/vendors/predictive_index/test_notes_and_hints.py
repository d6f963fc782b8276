"""How a request is read before its rules are judged, and the notes and hints that go with that."""

from collections.abc import Mapping
from typing import Any

import pytest

from assessment_simulator.core.config import Config, CustomField
from assessment_simulator.core.decision import VendorResponse
from assessment_simulator.core.request import Unreadable
from assessment_simulator.vendors.predictive_index import VENDOR
from tests.fakes import FakeSandbox
from tests.vendors.predictive_index.rows import ADMINISTRATOR, PATH, VALID
from tests.vendors.predictive_index.test_assessments import created, post

JSON: Mapping[str, Any] = {"media_type": "application/json"}
MARKED = Unreadable("unexpected character", "send it without the mark", dict(VALID))


def change(sandbox: FakeSandbox, body: Any) -> VendorResponse:
    id = sandbox.all("assessment")[0].id
    return sandbox.handle(VENDOR, "change_assessment", body, params={"assessmentId": id}, path=f"{PATH}/{id}", **JSON)


def listed(sandbox: FakeSandbox, raw_query: str, **query: str) -> VendorResponse:
    return sandbox.handle(VENDOR, "list_assessments", path=PATH, query=query, raw_query=raw_query)


# The address.


def test_path_in_another_case_is_noted_or_refused(sandbox: FakeSandbox) -> None:
    (note,) = sandbox.handle(VENDOR, "list_assessments", path="/api/v1/BehavioralAssessments/").notes
    assert "/api/v1/BehavioralAssessments/" in note
    assert sandbox.handle(VENDOR, "list_assessments", path=PATH).notes == ()
    sandbox.set_behaviour(pi_url_match="exact")
    assert sandbox.handle(VENDOR, "list_assessments", path=f"{PATH}/").rules == ("pi.http.route",)


def test_query_parameters_are_read_in_any_case_unless_exact(sandbox: FakeSandbox) -> None:
    id = created(sandbox, externalId="a-1")["assessmentId"]
    sandbox.handle(VENDOR, "complete", params={"id": id})
    query = {"Format": "PDF", "GENDER": "1", "languagelocale": "en-US"}
    asked = {"params": {"assessmentId": id, "reportType": "1"}, "query": query}
    made = sandbox.handle(VENDOR, "get_report", path=f"{PATH}/{id}/reports/1", **asked)
    assert (made.status, len(made.notes)) == (200, 3)
    assert (
        sandbox.handle(VENDOR, "change_by_external_id", {}, query={"ExternalID": "a-1"}, path=PATH, **JSON).status
        == 200
    )
    sandbox.set_behaviour(pi_url_match="exact")
    assert sandbox.handle(VENDOR, "get_report", path=f"{PATH}/{id}/reports/1", **asked).status == 400
    refused = sandbox.handle(VENDOR, "change_by_external_id", {}, query={"ExternalID": "a-1"}, path=PATH, **JSON)
    assert refused.hints == ("query.ExternalID is unknown; did you mean externalId?",)


def test_an_odata_option_in_another_case_is_refused_with_a_hint() -> None:
    response = listed(FakeSandbox(), "", **{"$Filter": "gender eq 1"})
    assert (response.rules, response.hints) == (
        ("pi.list.option.known",), ("query.$Filter is unknown; did you mean $filter?",),
    )  # fmt: skip


def test_a_byte_order_mark_is_accepted_with_a_note_or_refused_with_a_hint(sandbox: FakeSandbox) -> None:
    accepted = sandbox.handle(VENDOR, "create_assessment", MARKED, path=PATH, **JSON)
    assert accepted.status == 201
    assert "byte order mark" in accepted.notes[0]
    sandbox.set_behaviour(pi_byte_order_mark="refused")
    refused = sandbox.handle(VENDOR, "create_assessment", MARKED, path=PATH, **JSON)
    assert (refused.rules, refused.hints) == (("pi.create.body.json",), (MARKED.hint,))


def test_a_body_that_is_unreadable_for_another_reason_has_no_hint() -> None:
    response = FakeSandbox().handle(VENDOR, "create_assessment", Unreadable("it ends"), path=PATH, **JSON)
    assert (response.status, response.hints) == (400, ())


@pytest.mark.parametrize(
    "operation", ["get_assessment", "archive_assessment", "change_assessment", "create_assessment"]
)
def test_an_unknown_query_parameter_is_noted_wherever_it_is_sent(sandbox: FakeSandbox, operation: str) -> None:
    id = created(sandbox)["assessmentId"]
    body = dict(VALID) if operation == "create_assessment" else {}
    response = sandbox.handle(VENDOR, operation, body, params={"assessmentId": id}, query={"verbose": "1"}, **JSON)
    assert response.notes == ("query.verbose is not a documented parameter; it was ignored",)


# Members.


def unknown(sent: str, member: str) -> str:
    return f"body.{sent} is unknown; did you mean {member}?"


def no_zone(right: str) -> str:
    return f"expirationDateTime has no zone; send it in UTC, as {right}"


# What is sent over a valid body (None: the member is left out), and the hints of the refusal.
HINTED: list[tuple[dict[str, Any], tuple[str, ...]]] = [
    ({"firstName": None, "FirstName": "Sam"}, (unknown("FirstName", "firstName"),)),
    ({"firstName": None, "first_name": "Sam"}, (unknown("first_name", "firstName"),)),
    ({"lastName": None, "LASTNAME": "Flynn"}, (unknown("LASTNAME", "lastName"),)),
    ({"email": None, "E-mail": "a@b.c"}, (unknown("E-mail", "email"),)),
    ({"email": None}, ()),
    ({**ADMINISTRATOR, "administeredByEmail": None, "AdministeredByEmail": "r@example.com"},
     (unknown("AdministeredByEmail", "administeredByEmail"),)),
    ({"expirationDateTime": "2999-01-31T23:59:59"}, (no_zone("2999-01-31T23:59:59Z"),)),
    ({"expirationDateTime": "2999-01-31T23:59"}, (no_zone("2999-01-31T23:59:00Z"),)),
    ({"expirationDateTime": "2999-01-31 23:59:59.5"}, (no_zone("2999-01-31T23:59:59.5Z"),)),
    *(({"expirationDateTime": date}, ()) for date in (
        "31.01.2999", "2999-02-29T10:00:00", "2999-01-31T25:00:00", "", "2999-01-31T23:59:5",
    )),
]  # fmt: skip


@pytest.mark.parametrize(("body", "hints"), HINTED)
def test_refused_body_has_hints(sandbox: FakeSandbox, body: dict[str, Any], hints: tuple[str, ...]) -> None:
    sent = {name: value for name, value in {**VALID, **body}.items() if value is not None}
    response = post(sandbox, **sent)
    assert (response.status, response.hints, response.notes) == (400, hints, ())
    if "expirationDateTime" in body:
        created(sandbox)
        assert change(sandbox, body).hints == hints


# What is sent over a valid body, and words of the only note of the answer; none: there is no note.
NOTED: list[tuple[dict[str, Any], str]] = [
    ({"Gender": 1}, "body.Gender is not a documented member; it was ignored; did you mean gender?"),
    *(({"expirationDateTime": date}, "converted to UTC") for date in (
        "2999-01-31T00:00:00+14:00", "2999-01-31T00:00:00.5-05:00", "2999-01-31T00:00:00+00:00",
    )),
    *(({"expirationDateTime": date}, "") for date in ("2999-01-31", "2999-01-31T00:00:00Z")),
    ({"email": "not-an-address"}, "body.email cannot be an e-mail address: it has no @; it was accepted"),
    ({"email": "a@b@example.com"}, "body.email cannot be an e-mail address"),
    ({"email": "ada+expires@example.com"}, ""),
    ({**ADMINISTRATOR, "administeredByEmail": "a b@example.com"}, "body.administeredByEmail cannot be"),
]  # fmt: skip


@pytest.mark.parametrize(("body", "words"), NOTED)
def test_accepted_body_has_notes(sandbox: FakeSandbox, body: dict[str, Any], words: str) -> None:
    response = post(sandbox, **{**VALID, **body})
    assert (response.status, response.hints, len(response.notes)) == (201, (), 1 if words else 0)
    assert words in "".join(response.notes)


@pytest.mark.parametrize("member", ["assessmentStatusWebHook", "assessmentStatusWebHookUrl"])
def test_the_note_about_the_webhook_member_names_the_flag(sandbox: FakeSandbox, member: str) -> None:
    other = {"assessmentStatusWebHook", "assessmentStatusWebHookUrl"} - {member}
    sandbox.set_behaviour(pi_webhook_member=member)
    (note,) = post(sandbox, **VALID, **{other.pop(): "https://example.com"}).notes
    assert f"pi.webhook_member is {member}" in note
    assert "documented" not in note
    assert post(sandbox, **VALID, **{member: "https://example.com"}).notes == ()


def test_a_blank_name_in_a_re_assessment_counts_as_empty(sandbox: FakeSandbox) -> None:
    first = created(sandbox, externalId="a-1")
    blank = dict.fromkeys(("firstName", "middleName", "lastName", "email"), " \u00a0")
    face = post(sandbox, **blank, externalId="a-1").body
    assert [face[name] for name in blank] == [first[name] for name in blank]


# Custom fields.

FIELDS = Config(custom_fields=(CustomField("Favorite Color", ("Blue",)), CustomField("Größe")))
DROPPED = [
    ([{"fieldName": "Favorite ood", "fieldValue": "Pizza"}], "no custom field Favorite ood"),
    ([{"fieldName": "favorite color", "fieldValue": "Blue"}], "did you mean Favorite Color?"),
    ([{"fieldName": "Favorite Color", "fieldValue": "blue"}], "Favorite Color cannot be blue"),
    ([{"fieldName": "Favorite Color", "fieldValue": 1}], "Favorite Color must be a text"),
    ([{"fieldName": "Größe", "fieldValue": "a"}, {"fieldName": "Größe", "fieldValue": "b"}], "is given again later"),
    ([{"FieldName": "Favorite Color", "fieldValue": "Blue"}], "did you mean fieldName instead of FieldName?"),
    ([{"fieldName": "Favorite Color", "FieldValue": "Blue"}], "did you mean fieldValue instead of FieldValue?"),
    ([{}], "no text as fieldName"),
]  # fmt: skip


@pytest.mark.parametrize(("items", "words"), DROPPED)
def test_a_custom_field_that_is_not_assigned_is_noted_by_name(items: Any, words: str) -> None:
    sandbox = FakeSandbox(FIELDS)
    (note,) = post(sandbox, **VALID, customFields=items).notes
    assert words in note
    assert change(sandbox, {"customFields": items}).notes == (note,)


def test_assigned_and_returned_custom_fields_have_no_note_and_at_most_five_have_one() -> None:
    sandbox = FakeSandbox(FIELDS)
    face = created(sandbox, customFields=[{"fieldName": "Favorite Color", "fieldValue": "Blue"}])
    assert change(sandbox, {"customFields": face["customFields"]}).notes == ()
    assert len(post(sandbox, **VALID, customFields=[{}] * 9).notes) == 5


# Filters.


def test_a_plus_that_arrives_as_a_blank_is_noted(sandbox: FakeSandbox) -> None:
    created(sandbox, externalId="a+b")
    (note,) = listed(sandbox, "$filter=externalId%20eq%20'a+b'", **{"$filter": "externalId eq 'a b'"}).notes
    assert note == "query.$filter: a + in a URL arrives as a blank; send a plus as %2B"
    assert listed(sandbox, "$filter=externalId+eq+'a%2Bb'", **{"$filter": "externalId eq 'a+b'"}).notes == ()
    (note,) = listed(sandbox, "$search=sam+x@example.com", **{"$search": "sam x@example.com"}).notes
    assert "%2B" in note


def test_offset_in_a_filter_is_noted_and_lost_plus_is_hinted() -> None:
    right, lost = "2030-01-01T00:00:00+02:00", "2030-01-01T00:00:00 02:00"
    (note,) = listed(FakeSandbox(), "", **{"$filter": f"assessmentDateTime gt {right}"}).notes
    assert "converted to UTC" in note
    for value in (lost, f"'{lost}'"):
        raw = f"$filter=assessmentDateTime+gt+{value.replace(' ', '+')}"
        refused = listed(FakeSandbox(), raw, **{"$filter": f"assessmentDateTime gt {value}"})
        assert (refused.status, refused.hints) == (400, ("a + in a URL arrives as a blank; send a plus as %2B",))
    assert listed(FakeSandbox(), "$filter=gender+is+1", **{"$filter": "gender is 1"}).hints == ()


def test_an_external_id_whose_plus_was_lost_is_refused_with_a_hint() -> None:
    query = {"externalId": "a b"}
    lost = FakeSandbox().handle(
        VENDOR, "change_by_external_id", {}, query=query, raw_query="externalId=a+b", path=PATH, **JSON
    )
    assert (lost.status, lost.hints) == (404, ("a + in a URL arrives as a blank; send a plus as %2B",))
    other = FakeSandbox().handle(
        VENDOR, "change_by_external_id", {}, query=query, raw_query="externalId=a%20b", path=PATH, **JSON
    )
    assert (other.status, other.hints) == (404, ())


def test_an_id_in_capitals_is_found_by_a_filter(sandbox: FakeSandbox) -> None:
    face = created(sandbox)
    for member in ("assessmentId", "assessmentUserId"):
        for asked in (f"{member} eq '{face[member].upper()}'", f"'{face[member].upper()}' eq {member}"):
            assert len(listed(sandbox, "", **{"$filter": asked}).body) == 1
        assert listed(sandbox, "", **{"$filter": f"{member} ne '{face[member].upper()}'"}).body == []
