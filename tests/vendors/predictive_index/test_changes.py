"""Changing and archiving: what follows, what stays, and what is free again."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assessment_simulator.core import instant
from assessment_simulator.core.config import Config, CustomField
from assessment_simulator.core.request import BASE_URL_TOKEN, LINK_TOKEN, VendorResponse
from assessment_simulator.vendors.predictive_index import VENDOR
from tests.fakes import BASE_URL, NOW, FakeSandbox, at
from tests.vendors.predictive_index.rows import ADMINISTRATOR, VALID
from tests.vendors.predictive_index.test_assessments import SAMPLE_MEMBERS, again, created, post, saved
from tests.vendors.predictive_index.test_rules import HOSTILE, JSON
from tests.vendors.predictive_index.test_states import act

DAY = instant.DAY
BOTH = {"externalId": "a-1", "externalPersonId": "p-1"}


def change(world: FakeSandbox, id: str, body: Any) -> VendorResponse:
    return world.ask(VENDOR, "change_assessment", body, params={"assessmentId": id}, media_type="application/json")


def change_by(world: FakeSandbox, external_id: str, body: Any) -> VendorResponse:
    query = {"externalId": external_id}
    return world.ask(VENDOR, "change_by_external_id", body, query=query, media_type="application/json")


def archive(world: FakeSandbox, id: str) -> VendorResponse:
    return world.ask(VENDOR, "archive_assessment", params={"assessmentId": id})


def changed(world: FakeSandbox, id: str, **body: Any) -> dict[str, Any]:
    """The face after a change, which the answer shows and a later look too."""
    reply = change(world, id, body)
    assert reply.status == 200, reply
    face: dict[str, Any] = reply.body
    assert face == saved(world, id).public
    assert list(face) == SAMPLE_MEMBERS
    return face


def new(world: FakeSandbox, **more: Any) -> str:
    id: str = created(world, **more)["assessmentId"]
    return id


PLAIN: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({}, {}),
    ({"firstName": "Kevin", "email": "kevin@example.com"}, {}),
    ({"middleName": "K", "lastName": "Other"}, {}),
    (ADMINISTRATOR, {"administeredByPhone": "+1 555-0100"}),
    (ADMINISTRATOR | {"administeredByPhone": "1"}, {}),
    ({"gender": 2.0, "notifyAssessmentAvailableUsingEmail": 1}, {"gender": 2}),
    ({"personType": "Employee"}, {}),
    ({"assessmentStatusWebHook": "https://example.com/new"}, {}),
    ({"redirectUrl": "https://example.com/thanks"}, {}),
    ({"folderPath": "\\Example Company"}, {}),
    ({"associatedPositionTitle": "Software Engineer"},
     {"associatedPositionImageUrl": f"{BASE_URL_TOKEN}/Browse/PositionImage?title=Software%20Engineer"}),
    ({"externalId": "a-9", "externalPersonId": "p-9"}, {}),
    ({"expirationDateTime": "2030-01-31"}, {"expirationDateTime": "2030-01-31T23:59:59.9999999Z"}),
]  # fmt: skip


@pytest.mark.parametrize(("body", "more"), PLAIN)
def test_what_is_sent_is_changed_and_nothing_else(body: dict[str, Any], more: dict[str, Any]) -> None:
    world = FakeSandbox()
    id = new(world)
    before = saved(world, id).public
    assert changed(world, id, **body) == {**before, **body, **more}
    assert world.webhook_events == []
    assert world.all("mail") == []


EMPTY = [
    *({member: value} for member in ("firstName", "middleName", "lastName", "email") for value in ("", None)),
    *({member: value} for member in ("externalId", "externalPersonId") for value in ("", None)),
    {"administeredByEmail": "", "administeredByPhone": None},
    {"gender": None, "personType": None, "redirectUrl": None, "folderPath": None, "customFields": None},
    {"expirationDateTime": None, "languageLocale": None, "associatedPositionTitle": None},
    {"assessmentStatusWebHook": None, "notifyAssessmentAvailableUsingEmail": None},
]


FULL = {
    **BOTH, **ADMINISTRATOR, "administeredByPhone": "1", "middleName": "Kevin", "gender": 1, "personType": "Other",
    "associatedPositionTitle": "Software Engineer", "assessmentStatusWebHook": "https://example.com/hook",
    "redirectUrl": "https://example.com", "notifyAssessmentAvailableUsingEmail": 1,
    "customFields": [{"fieldName": "Favorite Color", "fieldValue": "Blue"}],
}  # fmt: skip


@pytest.mark.parametrize("body", EMPTY)
def test_null_and_empty_leave_a_member_as_it_is_and_each_is_noted(body: dict[str, Any]) -> None:
    world = FakeSandbox()
    id = new(world, **FULL)
    before = saved(world, id).public
    assert changed(world, id, **body) == before
    notes = "; ".join(change(world, id, body).notes)
    assert [member for member in body if f"body.{member}" not in notes] == []


def test_null_and_empty_for_what_was_not_set_are_not_noted() -> None:
    world = FakeSandbox()
    id = new(world, externalPersonId="")
    unset = ("middleName", "externalId", "externalPersonId", "redirectUrl", "gender", "personType", "customFields")
    assert change(world, id, dict.fromkeys(unset)).notes == ()
    assert change(world, id, {"middleName": "", "externalId": ""}).notes == ()


CLEARED: list[tuple[dict[str, Any], dict[str, Any]]] = [
    *(({member: None}, {}) for member in ("middleName", "externalId", "externalPersonId", "administeredByPhone")),
    *(({member: None}, {}) for member in ("assessmentStatusWebHook", "redirectUrl")),
    ({"associatedPositionTitle": None}, {"associatedPositionImageUrl": "", "positionSigmaScore": None}),
    ({"personType": None}, {"personType": "Unknown"}),
    ({"customFields": None}, {"customFields": [{"fieldName": "Favorite Color", "fieldValue": None},
                                               {"fieldName": "Favorite Food", "fieldValue": None}]}),
    ({"customFields": [{"fieldName": "Favorite Color", "fieldValue": None}, {"fieldName": [], "fieldValue": None}]},
     {"customFields": [{"fieldName": "Favorite Color", "fieldValue": None},
                       {"fieldName": "Favorite Food", "fieldValue": None}]}),
]  # fmt: skip


@pytest.mark.parametrize(("body", "more"), CLEARED)
def test_null_may_clear_a_member_that_may_be_empty(body: dict[str, Any], more: dict[str, Any]) -> None:
    world = FakeSandbox()
    id = new(world, **FULL)
    act(world, id, "complete")
    before = saved(world, id).public
    kept = change(world, id, body)
    assert kept.body == before
    assert "null was ignored" in kept.notes[-1]
    world.behave(pi_patch_null="cleared")
    reply = change(world, id, body)
    assert reply.body == {**before, **body, **more}
    assert not [note for note in reply.notes if "null" in note]
    assert saved(world, id).public == reply.body


@pytest.mark.parametrize("member", ["firstName", "lastName", "email", "expirationDateTime", "folderPath", "gender"])
def test_null_clears_no_member_that_always_has_a_value(member: str) -> None:
    world = FakeSandbox()
    world.behave(pi_patch_null="cleared")
    id = new(world, **{**FULL, "gender": 0})
    before = saved(world, id).public
    assert changed(world, id, **{member: None}) == before


def test_what_null_has_cleared_leads_nowhere_any_more() -> None:
    world = FakeSandbox()
    world.behave(pi_patch_null="cleared")
    id, other = new(world, **BOTH), again(world, externalPersonId="p-1")["assessmentId"]
    changed(world, id, externalId=None, externalPersonId=None)
    assert saved(world, other).public["externalPersonId"] is None
    assert post(world, externalId="a-1", externalPersonId="p-1").status == 400
    assert change_by(world, "a-1", {}).rules == ("pi.change.known",)


# What was read can be sent back.

SHAPES: list[dict[str, Any]] = [
    {}, {"pi_folder_path": "full"}, {"pi_folder_path": "name"}, {"pi_person_type": "numbers"},
    {"pi_state_member": "assessmentStatus"}, {"pi_response_members": "table"}, {"pi_sigma_container": "object"},
    {"pi_sigma_graphs": "self"}, {"pi_webhook_member": "assessmentStatusWebHookUrl"}, {"pi_patch_null": "cleared"},
    {"pi_external_id_match": "assessmentId"}, {"pi_revive_expired": False},
]  # fmt: skip
BODIES: list[dict[str, Any]] = [{}, FULL, {"folderPath": "\\Example Company"}, {"middleName": "", "externalId": ""}]


@pytest.mark.parametrize("actions", [(), ("open",), ("complete",), ("expire",), ("abort",), ("start", "fail")])
@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("shape", SHAPES)
def test_an_assessment_that_was_read_can_be_sent_back_unchanged(
    shape: dict[str, Any], body: dict[str, Any], actions: tuple[str, ...]
) -> None:
    world = FakeSandbox()
    id = new(world, **body)
    for action in actions:
        act(world, id, action)
    world.behave(**shape)
    before, alarms = saved(world, id), dict(world.timers)
    read = world.ask(VENDOR, "get_assessment", params={"assessmentId": id}).body
    shown = getattr(read, "public", read)
    reply = change(world, id, _as_sent(shown))
    assert (reply.status, reply.body, reply.notes) == (200, shown, ())
    assert (saved(world, id), world.timers) == (before, alarms)


def _as_sent(face: dict[str, Any]) -> dict[str, Any]:
    """A face with the caller's address and the sandbox's seal in their places, as answers have it."""
    return {
        m: FakeSandbox().links.fill_text(value, BASE_URL) if isinstance(value, str) else value
        for m, value in face.items()
    }


def test_what_the_account_no_longer_has_can_be_sent_back_and_not_be_chosen() -> None:
    world = FakeSandbox()
    id = new(world, associatedPositionTitle="Software Engineer", expirationDateTime="2026-11-02T00:00:00Z")
    world.ring(VENDOR, 2 * DAY)
    world.config = replace(world.config, positions=(), folders=())
    shown = saved(world, id).public
    assert changed(world, id, **shown) == shown
    assert change(world, id, {**shown, "folderPath": "Some Folder"}).rules == ("pi.change.folder.exists",)
    assert change(world, new(world), shown).rules == (
        "pi.change.expiration.future", "pi.change.position.exists", "pi.change.folder.exists",
    )  # fmt: skip


def test_a_folder_keeps_its_place_when_its_name_is_sent() -> None:
    world = FakeSandbox(Config(folders=("\\A\\Sales", "\\B\\Sales", "\\B")))
    id = new(world, folderPath="\\B\\Sales")
    changed(world, id, folderPath="Sales")
    assert saved(world, id).internal["folder"] == "\\B\\Sales"
    changed(world, id, folderPath="B")
    changed(world, id, folderPath="Sales")
    assert saved(world, id).internal["folder"] == "\\A\\Sales"


def test_a_member_of_answers_alone_is_noted_where_it_differs() -> None:
    world = FakeSandbox()
    id = new(world)
    face = saved(world, id).public
    reply = change(world, id, {**_as_sent(face), "assessmentState": 40, "isDeleted": False})
    assert reply.body == face
    assert [note.split()[0] for note in reply.notes] == ["body.isDeleted", "body.assessmentState"]


def test_the_link_follows_the_language_and_a_strange_one_is_noted() -> None:
    world = FakeSandbox()
    id = new(world)
    assert changed(world, id, languageLocale="fr-CA")["assessmentUrl"] == (
        f"{BASE_URL_TOKEN}/Account/LoginPi?a={LINK_TOKEN}.{id}&lang=fr-CA"
    )
    assert saved(world, id).internal["language"] == "fr-CA"
    reply = change(world, id, {"languageLocale": "tlh", "strange": 1})
    assert reply.notes == (
        "body.strange is not a documented member; it was ignored",
        "body.languageLocale tlh is not among the languages that the vendor is known to publish; it was accepted",
    )


def test_custom_fields_that_are_sent_and_valid_are_assigned_and_the_others_stay() -> None:
    world = FakeSandbox(
        Config(custom_fields=(CustomField("Size", ("S", "M")), CustomField("Team"), CustomField("Cup")))
    )
    sent = {"Size": "M", "Team": "Blue"}
    id = new(world, customFields=[{"fieldName": name, "fieldValue": value} for name, value in sent.items()])
    wanted = {"Size": "XL", "Team": "Red", "Unknown": "x"}
    face = changed(world, id, customFields=[{"fieldName": name, "fieldValue": value} for name, value in wanted.items()])
    assert {item["fieldName"]: item["fieldValue"] for item in face["customFields"]} == {
        "Size": "M", "Team": "Red", "Cup": None,
    }  # fmt: skip


def test_the_answer_is_shaped_by_the_switches_and_the_record_is_not() -> None:
    world = FakeSandbox()
    id = new(world)
    world.behave(pi_person_type="numbers", pi_folder_path="name", pi_webhook_member="assessmentStatusWebHookUrl")
    body = {"personType": 4, "folderPath": "\\Example Company", "assessmentStatusWebHookUrl": "https://example.com/"}
    shown = change(world, id, body).body
    assert (shown["personType"], shown["folderPath"]) == (4, "Example Company")
    face = saved(world, id).public
    assert (face["personType"], face["folderPath"]) == ("Employee", "\\Example Company")
    assert shown["assessmentStatusWebHook"] == face["assessmentStatusWebHook"] == "https://example.com/"


# Who is meant, and whose ids are whose.


def test_an_external_id_finds_the_latest_that_has_it() -> None:
    world = FakeSandbox()
    first = new(world, externalId="a-1")
    second = again(world, externalId="a-1")["assessmentId"]
    assert change_by(world, "a-1", {"gender": 1}).body["assessmentId"] == second
    changed(world, second, externalId="a-2")
    assert change_by(world, "a-1", {"gender": 1}).body["assessmentId"] == first
    assert change_by(world, "a-2", {"gender": 1}).body["assessmentId"] == second
    archive(world, first)
    assert change_by(world, "a-1", {"gender": 1}).rules == ("pi.change.known",)


def test_a_change_of_something_else_does_not_make_an_assessment_the_latest() -> None:
    world = FakeSandbox()
    first = new(world, externalId="a-1")
    second = again(world, externalId="a-1")["assessmentId"]
    changed(world, first, gender=1)
    assert change_by(world, "a-1", {}).body["assessmentId"] == second


def test_an_old_external_id_is_free_and_the_new_one_re_assesses() -> None:
    world = FakeSandbox()
    id = new(world, externalId="a-1")
    changed(world, id, externalId="a-2")
    person = saved(world, id).public["assessmentUserId"]
    assert created(world, externalId="a-1")["assessmentUserId"] != person
    assert again(world, externalId="a-2")["assessmentUserId"] == person
    assert change(world, id, {"externalId": "a-1"}).rules == ("pi.change.external_id.free",)


def test_changed_names_are_those_of_the_next_assessment() -> None:
    world = FakeSandbox()
    first = new(world, **BOTH)
    changed(world, first, lastName="Other", email="other@example.com")
    second = again(world, externalId="a-1")
    assert (second["firstName"], second["lastName"], second["email"]) == ("Sam", "Other", "other@example.com")


def test_a_persons_new_id_is_known_and_the_old_one_is_free() -> None:
    world = FakeSandbox()
    id = new(world, **BOTH)
    person = changed(world, id, externalPersonId="p-2")["assessmentUserId"]
    assert again(world, externalPersonId="p-2")["assessmentUserId"] == person
    other = created(world, externalPersonId="p-1")
    assert other["assessmentUserId"] != person
    assert change(world, id, {"externalPersonId": "p-1"}).rules == ("pi.change.external_person_id.free",)
    changed(world, other["assessmentId"], externalPersonId="p-3")
    assert changed(world, id, externalPersonId="p-1")["externalPersonId"] == "p-1"
    assert again(world, externalPersonId="p-1")["assessmentUserId"] == person


# The expiration.


def test_a_later_date_moves_the_alarm() -> None:
    world = FakeSandbox()
    id = new(world)
    changed(world, id, expirationDateTime="2026-12-01T00:00:00Z")
    world.ring(VENDOR, 10 * DAY)
    assert saved(world, id).status == 0
    world.ring(VENDOR, at("2026-12-01T00:00:00Z") - world.now)
    assert saved(world, id).status == 50


def test_a_later_date_revives_an_expired_assessment_and_it_may_expire_again() -> None:
    world = FakeSandbox()
    id = new(world)
    world.ring(VENDOR, 10 * DAY)
    face = changed(world, id, expirationDateTime="2026-12-01T00:00:00Z")
    assert (face["assessmentState"], saved(world, id).status) == (10, 10)
    assert world.timers["expire", id].at == at("2026-12-01T00:00:00Z")
    world.ring(VENDOR, 30 * DAY)
    assert saved(world, id).status == 50
    assert changed(world, id, gender=1)["assessmentState"] == 50


def test_a_revived_assessment_can_be_completed() -> None:
    world = FakeSandbox()
    id = new(world)
    act(world, id, "expire")
    changed(world, id, expirationDateTime="2999-01-01")
    assert act(world, id, "complete").status == 200
    assert world.timers == {}


def test_the_same_date_in_another_form_revives_nothing() -> None:
    world = FakeSandbox()
    id = new(world, expirationDateTime="2030-01-31")
    act(world, id, "expire")
    assert changed(world, id, expirationDateTime="2030-01-31T23:59:59.9999999Z")["assessmentState"] == 50
    assert changed(world, id, expirationDateTime="2030-01-31")["assessmentState"] == 50


def test_an_expired_assessment_may_stay_so() -> None:
    world = FakeSandbox()
    world.behave(pi_revive_expired=False)
    id = new(world)
    act(world, id, "expire")
    face = changed(world, id, expirationDateTime="2999-01-01")
    assert (face["assessmentState"], face["expirationDateTime"]) == (50, "2999-01-01T23:59:59.9999999Z")
    assert world.timers == {}


@pytest.mark.parametrize("actions", [("complete",), ("abort",), ("start", "fail")])
def test_after_another_end_the_date_is_ignored(actions: tuple[str, ...]) -> None:
    world = FakeSandbox()
    id = new(world)
    for action in actions:
        act(world, id, action)
    before = saved(world, id)
    reply = change(world, id, {"expirationDateTime": "2999-01-01"})
    state = {40: "Completed (40)", 65: "Aborted (65)", 60: "Failed (60)"}[before.status]
    assert (reply.body, reply.notes) == (
        before.public, (f"body.expirationDateTime was ignored: the assessment is {state}",)
    )  # fmt: skip
    assert saved(world, id) == before
    assert world.timers == {}
    assert change(world, id, {"expirationDateTime": "2015-01-01"}).rules == ("pi.change.expiration.future",)


def test_after_completion_report_and_position_follow_what_is_changed() -> None:
    world = FakeSandbox()
    id = new(world)
    act(world, id, "complete")
    face = changed(world, id, gender=2, associatedPositionTitle="Software Engineer")
    assert face["descriptiveReportUrl"].endswith("gender=2")
    assert [*face["positionSigmaScore"][0]] == ["aSigma", "bSigma", "cSigma", "dSigma"]


# Archiving.


def test_what_is_archived_is_gone_from_reads_and_lists() -> None:
    world = FakeSandbox()
    id, other = new(world), new(world)
    reply = archive(world, id)
    assert (reply.status, reply.body) == (204, None)
    assert world.ask(VENDOR, "get_assessment", params={"assessmentId": id}).status == 404
    assert [stored.id for stored in world.ask(VENDOR, "list_assessments").body] == [other]
    assert act(world, id, "open").status == 404
    assert change(world, id, {}).status == 404
    assert archive(world, id).rules == ("pi.archive.known",)
    assert {key[1] for key in world.timers} == {other}


def test_an_archived_assessments_ids_are_free() -> None:
    world = FakeSandbox()
    id = new(world, **BOTH)
    archive(world, id)
    assert world.all("person") == []
    fresh = created(world, **BOTH)
    assert fresh["assessmentId"] != id


def test_a_person_stays_as_long_as_an_assessment_of_theirs_does() -> None:
    world = FakeSandbox()
    first = new(world, **BOTH)
    second = again(world, externalPersonId="p-1", externalId="a-2")["assessmentId"]
    archive(world, second)
    third = again(world, externalPersonId="p-1")["assessmentId"]
    archive(world, third)
    assert created(world, externalId="a-2")["assessmentUserId"] != saved(world, first).public["assessmentUserId"]
    archive(world, first)
    assert post(world, **VALID, externalPersonId="p-1").status == 201


def test_archiving_may_show_what_was_archived() -> None:
    world = FakeSandbox()
    world.behave(pi_archive_status=200, pi_state_member="assessmentStatus")
    id = new(world)
    reply = archive(world, id)
    assert (reply.status, reply.body["assessmentId"], reply.body["isDeleted"]) == (200, id, 1)
    assert reply.body["assessmentStatus"] == 0


# Whatever is sent.


@given(HOSTILE | JSON, st.sampled_from([(), ("complete",), ("expire",), ("abort",)]))
def test_no_change_raises_and_what_is_refused_leaves_nothing_behind(body: Any, actions: tuple[str, ...]) -> None:
    world = FakeSandbox()
    id = new(world, **BOTH)
    new(world, externalId="a-2", externalPersonId="2999-01-01")
    for action in actions:
        act(world, id, action)
    before = world.memory()
    reply = change_by(world, "a-1", body)
    assert reply.status in (200, 400)
    if reply.status == 400:
        assert world.memory() == before
    assert world.webhook_events == []


IDS = st.sampled_from(["x", "y", "z"])
STEPS = st.lists(st.tuples(st.sampled_from(["post", "patch", "person", "delete"]), st.integers(0, 5), IDS), max_size=14)


@given(STEPS)
def test_no_id_ever_leads_to_two_persons(steps: list[tuple[str, int, str]]) -> None:
    world = FakeSandbox()
    for step, number, word in steps:
        ids = [stored.id for stored in world.all("assessment")]
        if step == "post" or not ids:
            post(world, **VALID, externalId=word, externalPersonId=f"p-{word}")
            post(world, externalId=word)
        elif step == "delete":
            archive(world, ids[number % len(ids)])
        else:
            member = "externalId" if step == "patch" else "externalPersonId"
            change(world, ids[number % len(ids)], {member: word if step == "patch" else f"p-{word}"})
        _check(world)


def _check(world: FakeSandbox) -> None:
    shown = [stored.public for stored in world.all("assessment")]
    persons = [stored.public for stored in world.all("person")]
    assert {face["assessmentUserId"] for face in shown} == {face["assessmentUserId"] for face in persons}
    for person in persons:
        mine = [face for face in shown if face["assessmentUserId"] == person["assessmentUserId"]]
        assert all({member: face[member] for member in person} == person for face in mine)
    named = [face["externalPersonId"] for face in persons if face["externalPersonId"]]
    assert len(named) == len(set(named))
    owners: Mapping[str, set[str]] = {word: set() for word in ("x", "y", "z")}
    for face in shown:
        if face["externalId"]:
            owners[face["externalId"]].add(face["assessmentUserId"])
    for word, found in owners.items():
        assert len(found) <= 1
        assert change_by(FakeSandbox(**_same(world)), word, {}).status == (200 if found else 404)


def _same(world: FakeSandbox) -> dict[str, Any]:
    return {"records": dict(world.records), "index": world.index, "now": world.now}


def test_a_change_keeps_to_its_moment() -> None:
    world = FakeSandbox(replace(Config(), invitation_days=30))
    id = new(world)
    before = saved(world, id)
    changed(world, id, gender=1)
    assert saved(world, id).internal == before.internal
    assert before.internal["created"] == NOW
