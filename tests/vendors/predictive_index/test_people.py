"""A taker is one entity: every assessment of a person, every list and every search shows the same data of a person."""

from typing import Any

import pytest

from assessment_simulator.vendors.predictive_index import VENDOR
from tests.fakes import FakeSandbox
from tests.vendors.predictive_index.rows import VALID
from tests.vendors.predictive_index.test_assessments import again, created, saved
from tests.vendors.predictive_index.test_changes import archive, changed
from tests.vendors.predictive_index.test_lists import ask, faces
from tests.vendors.predictive_index.test_search import search
from tests.vendors.predictive_index.test_states import act

TAKER = ("firstName", "middleName", "lastName", "email", "gender", "personType", "externalPersonId")
OTHERS = {"firstName": "Quorra", "email": "quorra@example.com", "externalPersonId": "p-2"}


@pytest.fixture
def sandbox() -> FakeSandbox:
    """Three assessments of one person, of which the second is completed and the third is archived; one of another."""
    sandbox = FakeSandbox()
    created(sandbox, externalId="a-1", externalPersonId="p-1", middleName="Kevin", gender=2, personType="Candidate")
    act(sandbox, again(sandbox, externalPersonId="p-1", externalId="a-2")["assessmentId"], "complete")
    archive(sandbox, again(sandbox, externalPersonId="p-1", externalId="a-3")["assessmentId"])
    again(sandbox, **{**VALID, **OTHERS})
    return sandbox


def id_of(sandbox: FakeSandbox, external_id: str) -> str:
    return str(sandbox.latest_id("pi.external_id", external_id))


def test_a_new_assessment_of_a_person_shows_the_gender_and_the_type_of_the_first(sandbox: FakeSandbox) -> None:
    for ids in ({"externalPersonId": "p-1"}, {"externalId": "a-1"}, {"externalId": "a-2", "gender": None}):
        face = again(sandbox, **ids)
        assert (face["gender"], face["personType"], face["lastName"]) == (2, "Candidate", "Flynn")


CHANGES: list[dict[str, Any]] = [
    *({member: value} for member, value in {**dict.fromkeys(TAKER[:4], "New"), "externalPersonId": "p-9"}.items()),
    {"gender": 1}, {"gender": 0}, {"personType": "Former Employee"}, {"personType": "Unknown"},
    {"lastName": "New", "gender": 1, "redirectUrl": "https://example.com"},
]  # fmt: skip


@pytest.mark.parametrize("through", ["a-1", "a-2"])
@pytest.mark.parametrize("body", CHANGES)
def test_change_of_a_person_changes_all_their_assessments(
    sandbox: FakeSandbox, body: dict[str, Any], through: str
) -> None:
    before = {stored.id: stored for stored in sandbox.all("assessment")}
    changed(sandbox, id_of(sandbox, through), **body)
    new = {member: value for member, value in body.items() if member in TAKER}
    for external_id in ("a-1", "a-2"):
        id = id_of(sandbox, external_id)
        own = {member: value for member, value in body.items() if member not in TAKER and external_id == through}
        url = before[id].public["descriptiveReportUrl"].replace("gender=2", f"gender={body.get('gender', 2)}")
        assert saved(sandbox, id).public == {**before[id].public, **new, **own, "descriptiveReportUrl": url}
        assert (saved(sandbox, id).status, saved(sandbox, id).internal) == (before[id].status, before[id].internal)
    assert [stored.id for stored in sandbox.all("assessment")] == [*before]
    other = [*before][-1]
    assert saved(sandbox, other) == before[other]


@pytest.mark.parametrize("body", [{"gender": 1}, {"gender": 0}, {"personType": "Employee"}, {"gender": 1.0}])
def test_re_assessment_changes_gender_and_type_of_the_person(sandbox: FakeSandbox, body: dict[str, Any]) -> None:
    known = {"gender": 2, "personType": "Candidate"}
    face = again(sandbox, externalId="a-1", **body)
    for shown in (face, saved(sandbox, id_of(sandbox, "a-1")).public, saved(sandbox, id_of(sandbox, "a-2")).public):
        assert {member: shown[member] for member in known} == {**known, **body}
    assert saved(sandbox, id_of(sandbox, "a-2")).public["descriptiveReportUrl"].endswith(f"gender={face['gender']}")


def test_lists_filters_and_searches_agree_after_a_change(sandbox: FakeSandbox) -> None:
    changed(sandbox, id_of(sandbox, "a-1"), lastName="New", email="new@example.com", gender=1, externalPersonId="p-9")
    for options in (
        {"filter": "externalPersonId eq 'p-9'"}, {"filter": "email eq 'new@example.com'"}, {"filter": "gender eq 1"},
        {"filter": "lastName eq 'New'"}, {"search": "new"},
    ):  # fmt: skip
        assert [face["externalId"] for face in faces(ask(sandbox, **options))] == ["a-1", "a-2"]
    for options in ({"filter": "externalPersonId eq 'p-1'"}, {"filter": "gender eq 2"}, {"search": "p-1"}):
        assert faces(ask(sandbox, **options)) == []
    root = "peopleAndJobsSearchResult"
    for options in (
        {"search": "new"}, {"filter": f"{root}/assessmentUser/email eq 'new@example.com'"},
        {"filter": f"{root}/assessmentUser/externalPersonId eq 'p-9'"},
    ):  # fmt: skip
        (person,) = search(sandbox, **options).body[root]
        assert person["sortName"] == "New, Sam"
    candidates = [VENDOR.to_invitation(stored).candidate for stored in sandbox.all("assessment")]
    assert [candidate["last_name"] for candidate in candidates] == ["New", "New", "Flynn"]


def test_later_external_person_id_is_shown_in_earlier_assessments() -> None:
    sandbox = FakeSandbox()
    created(sandbox, externalId="a-1")
    first = id_of(sandbox, "a-1")
    again(sandbox, externalId="a-1", externalPersonId="p-1")
    assert saved(sandbox, first).public["externalPersonId"] == "p-1"
    assert len(faces(ask(sandbox, filter="externalPersonId eq 'p-1'"))) == 2


def test_person_stored_by_an_earlier_version_keeps_its_data(sandbox: FakeSandbox) -> None:
    id = saved(sandbox, id_of(sandbox, "a-1")).public["assessmentUserId"]
    for member in ("gender", "personType"):
        del sandbox.records["person", id].public[member]
    changed(sandbox, id_of(sandbox, "a-2"), lastName="New")
    assert [saved(sandbox, id_of(sandbox, one)).public["gender"] for one in ("a-1", "a-2")] == [2, 2]


def test_change_of_other_members_saves_no_other_assessment(sandbox: FakeSandbox) -> None:
    reply_of = {stored.id: stored for stored in sandbox.all("assessment")}
    changed(sandbox, id_of(sandbox, "a-1"), redirectUrl="https://example.com")
    assert [id for id, stored in reply_of.items() if saved(sandbox, id) is not stored] == [id_of(sandbox, "a-1")]


# The two readings of externalId.


def test_external_id_match_may_use_the_assessment_id() -> None:
    sandbox = FakeSandbox()
    sandbox.set_behaviour(pi_external_id_match="assessmentId")
    first = created(sandbox, externalId="a-1", gender=2)
    second = again(sandbox, externalId=first["assessmentId"].upper())
    assert (second["assessmentUserId"], second["gender"]) == (first["assessmentUserId"], 2)
    response = sandbox.handle(
        VENDOR, "create_assessment", {**VALID, "externalId": first["assessmentId"]}, media_type="application/json"
    )
    assert set(response.rules) == {f"pi.create.{name}.excluded" for name in ("first_name", "last_name", "email")}
    assert created(sandbox, externalId="a-1")["assessmentUserId"] != first["assessmentUserId"]


READINGS = [("externalId", "assessmentId", {"externalId": "ID"}), ("assessmentId", "externalId", {"externalId": "a-1"})]


@pytest.mark.parametrize(("value", "other", "body"), READINGS)
def test_match_under_the_other_reading_is_noted_or_hinted(value: str, other: str, body: dict[str, str]) -> None:
    sandbox = FakeSandbox()
    sandbox.set_behaviour(pi_external_id_match=value)
    id = created(sandbox, externalId="a-1")["assessmentId"]
    body = {name: id if text == "ID" else text for name, text in body.items()}
    said = f'body.externalId is the {other} of an assessment; pi.external_id_match "{other}" re-assesses its taker'
    members = {"media_type": "application/json"}
    assert sandbox.handle(VENDOR, "create_assessment", body, **members).hints == (said,)
    assert sandbox.handle(VENDOR, "create_assessment", {**VALID, **body}, **members).notes == (said,)
    assert sandbox.handle(VENDOR, "create_assessment", {**VALID, "externalId": "new"}, **members).notes == ()
