"""A taker is one entity: every assessment of a person, every list and every search shows the same data of a person."""

from typing import Any

import pytest

from assessment_simulator.vendors.predictive_index import VENDOR
from tests.fakes import FakeSandbox
from tests.vendors.predictive_index.rows import VALID
from tests.vendors.predictive_index.test_assessments import again, created, saved
from tests.vendors.predictive_index.test_changes import archive, change, changed
from tests.vendors.predictive_index.test_listing import ask, faces
from tests.vendors.predictive_index.test_search import search
from tests.vendors.predictive_index.test_states import act

TAKER = ("firstName", "middleName", "lastName", "email", "gender", "personType", "externalPersonId")
OTHERS = {"firstName": "Quorra", "email": "quorra@example.com", "externalPersonId": "p-2"}


@pytest.fixture
def world() -> FakeSandbox:
    """Three assessments of one person, of which the second is completed and the third is archived; one of another."""
    world = FakeSandbox()
    created(world, externalId="a-1", externalPersonId="p-1", middleName="Kevin", gender=2, personType="Candidate")
    act(world, again(world, externalPersonId="p-1", externalId="a-2")["assessmentId"], "complete")
    archive(world, again(world, externalPersonId="p-1", externalId="a-3")["assessmentId"])
    again(world, **{**VALID, **OTHERS})
    return world


def id_of(world: FakeSandbox, external_id: str) -> str:
    return str(world.latest_id("pi.external_id", external_id))


def test_a_new_assessment_of_a_person_shows_the_gender_and_the_type_of_the_first(world: FakeSandbox) -> None:
    for ids in ({"externalPersonId": "p-1"}, {"externalId": "a-1"}, {"externalId": "a-2", "gender": None}):
        face = again(world, **ids)
        assert (face["gender"], face["personType"], face["lastName"]) == (2, "Candidate", "Flynn")


CHANGES: list[dict[str, Any]] = [
    *({member: value} for member, value in {**dict.fromkeys(TAKER[:4], "New"), "externalPersonId": "p-9"}.items()),
    {"gender": 1}, {"gender": 0}, {"personType": "Former Employee"}, {"personType": "Unknown"},
    {"lastName": "New", "gender": 1, "redirectUrl": "https://example.com"},
]  # fmt: skip


@pytest.mark.parametrize("through", ["a-1", "a-2"])
@pytest.mark.parametrize("body", CHANGES)
def test_what_changes_of_a_taker_changes_in_every_assessment_of_the_person(
    world: FakeSandbox, body: dict[str, Any], through: str
) -> None:
    before = {stored.id: stored for stored in world.all("assessment")}
    changed(world, id_of(world, through), **body)
    new = {member: value for member, value in body.items() if member in TAKER}
    for external_id in ("a-1", "a-2"):
        id = id_of(world, external_id)
        own = {member: value for member, value in body.items() if member not in TAKER and external_id == through}
        url = before[id].public["descriptiveReportUrl"].replace("gender=2", f"gender={body.get('gender', 2)}")
        assert saved(world, id).public == {**before[id].public, **new, **own, "descriptiveReportUrl": url}
        assert (saved(world, id).status, saved(world, id).internal) == (before[id].status, before[id].internal)
    assert [stored.id for stored in world.all("assessment")] == [*before]
    other = [*before][-1]
    assert saved(world, other) == before[other]


@pytest.mark.parametrize("body", [{"gender": 1}, {"gender": 0}, {"personType": "Employee"}, {"gender": 1.0}])
def test_a_re_assessment_that_names_gender_or_type_changes_the_taker(world: FakeSandbox, body: dict[str, Any]) -> None:
    known = {"gender": 2, "personType": "Candidate"}
    face = again(world, externalId="a-1", **body)
    for shown in (face, saved(world, id_of(world, "a-1")).public, saved(world, id_of(world, "a-2")).public):
        assert {member: shown[member] for member in known} == {**known, **body}
    assert saved(world, id_of(world, "a-2")).public["descriptiveReportUrl"].endswith(f"gender={face['gender']}")


def test_lists_filters_and_searches_agree_after_a_change(world: FakeSandbox) -> None:
    changed(world, id_of(world, "a-1"), lastName="New", email="new@example.com", gender=1, externalPersonId="p-9")
    for options in (
        {"filter": "externalPersonId eq 'p-9'"}, {"filter": "email eq 'new@example.com'"}, {"filter": "gender eq 1"},
        {"filter": "lastName eq 'New'"}, {"search": "new"},
    ):  # fmt: skip
        assert [face["externalId"] for face in faces(ask(world, **options))] == ["a-1", "a-2"]
    for options in ({"filter": "externalPersonId eq 'p-1'"}, {"filter": "gender eq 2"}, {"search": "p-1"}):
        assert faces(ask(world, **options)) == []
    root = "peopleAndJobsSearchResult"
    for options in (
        {"search": "new"}, {"filter": f"{root}/assessmentUser/email eq 'new@example.com'"},
        {"filter": f"{root}/assessmentUser/externalPersonId eq 'p-9'"},
    ):  # fmt: skip
        (person,) = search(world, **options).body[root]
        assert person["sortName"] == "New, Sam"
    candidates = [VENDOR.to_invitation(stored).candidate for stored in world.all("assessment")]
    assert [candidate["last_name"] for candidate in candidates] == ["New", "New", "Flynn"]


def test_an_order_is_that_of_creation_whatever_was_changed_last(world: FakeSandbox) -> None:
    changed(world, id_of(world, "a-1"), email="quorra@example.com")
    found = faces(ask(world, filter="email eq 'quorra@example.com'"))
    assert [face["assessmentId"] for face in found] == [stored.id for stored in world.all("assessment")]
    root = "peopleAndJobsSearchResult"
    by_email = search(world, filter=f"{root}/assessmentUser/email eq 'quorra@example.com'")
    assert by_email.body == search(world, search="quorra@example.com").body


def test_a_person_of_the_same_name_and_address_is_another_taker() -> None:
    world = FakeSandbox()
    first, second = (created(world, externalId=f"a-{number}")["assessmentId"] for number in (1, 2))
    changed(world, first, lastName="New", gender=1)
    assert (saved(world, second).public["lastName"], saved(world, second).public["gender"]) == ("Flynn", 0)


def test_an_id_of_the_person_that_comes_later_is_shown_in_the_earlier_assessments_too() -> None:
    world = FakeSandbox()
    created(world, externalId="a-1")
    first = id_of(world, "a-1")
    again(world, externalId="a-1", externalPersonId="p-1")
    assert saved(world, first).public["externalPersonId"] == "p-1"
    assert len(faces(ask(world, filter="externalPersonId eq 'p-1'"))) == 2


def test_the_id_of_another_person_is_refused_and_changes_nobody(world: FakeSandbox) -> None:
    before = world.memory()
    reply = change(world, id_of(world, "a-1"), {"externalPersonId": "p-2", "lastName": "New"})
    assert reply.rules == ("pi.change.external_person_id.free",)
    assert world.memory() == before


def test_person_types_as_numbers_are_the_takers_too(world: FakeSandbox) -> None:
    world.behave(pi_person_type="numbers")
    assert again(world, externalPersonId="p-1", personType=4)["personType"] == 4
    assert saved(world, id_of(world, "a-1")).public["personType"] == "Employee"


def test_a_person_that_an_earlier_version_saved_loses_nothing(world: FakeSandbox) -> None:
    id = saved(world, id_of(world, "a-1")).public["assessmentUserId"]
    for member in ("gender", "personType"):
        del world.records["person", id].public[member]
    changed(world, id_of(world, "a-2"), lastName="New")
    assert [saved(world, id_of(world, one)).public["gender"] for one in ("a-1", "a-2")] == [2, 2]


def test_a_change_of_something_else_saves_no_other_assessment(world: FakeSandbox) -> None:
    reply_of = {stored.id: stored for stored in world.all("assessment")}
    changed(world, id_of(world, "a-1"), redirectUrl="https://example.com")
    assert [id for id, stored in reply_of.items() if saved(world, id) is not stored] == [id_of(world, "a-1")]


# The two readings of externalId.


def test_an_external_id_may_match_an_assessment_id_instead() -> None:
    world = FakeSandbox()
    world.behave(pi_external_id_match="assessmentId")
    first = created(world, externalId="a-1", gender=2)
    second = again(world, externalId=first["assessmentId"].upper())
    assert (second["assessmentUserId"], second["gender"]) == (first["assessmentUserId"], 2)
    reply = world.ask(
        VENDOR, "create_assessment", {**VALID, "externalId": first["assessmentId"]}, media_type="application/json"
    )
    assert set(reply.rules) == {f"pi.create.{name}.excluded" for name in ("first_name", "last_name", "email")}
    assert created(world, externalId="a-1")["assessmentUserId"] != first["assessmentUserId"]


READINGS = [
    ("externalId", "assessmentId", {"externalId": "ID"}),
    ("assessmentId", "externalId", {"externalId": "a-1"}),
]


@pytest.mark.parametrize(("value", "other", "body"), READINGS)
def test_what_the_other_reading_would_match_is_noted_or_hinted_at(value: str, other: str, body: dict[str, str]) -> None:
    world = FakeSandbox()
    world.behave(pi_external_id_match=value)
    id = created(world, externalId="a-1")["assessmentId"]
    body = {name: id if text == "ID" else text for name, text in body.items()}
    said = f'body.externalId is the {other} of an assessment; pi.external_id_match "{other}" re-assesses its taker'
    members = {"media_type": "application/json"}
    assert world.ask(VENDOR, "create_assessment", body, **members).hints == (said,)
    assert world.ask(VENDOR, "create_assessment", {**VALID, **body}, **members).notes == (said,)
    assert world.ask(VENDOR, "create_assessment", {**VALID, "externalId": "new"}, **members).notes == ()
