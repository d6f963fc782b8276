"""Changing and archiving: what follows, what stays, and what is free again."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assessment_simulator.core import instant
from assessment_simulator.core.config import Config, CustomField
from assessment_simulator.core.decision import VendorResponse
from assessment_simulator.core.links import BASE_URL_TOKEN, LINK_TOKEN
from assessment_simulator.vendors.predictive_index import VENDOR
from tests.fakes import BASE_URL, NOW, FakeSandbox, at
from tests.vendors.predictive_index.rows import ADMINISTRATOR, VALID
from tests.vendors.predictive_index.test_assessments import SAMPLE_MEMBERS, again, created, post, saved
from tests.vendors.predictive_index.test_rules import HOSTILE, JSON
from tests.vendors.predictive_index.test_states import act

DAY = instant.DAY
BOTH = {"externalId": "a-1", "externalPersonId": "p-1"}


def change(sandbox: FakeSandbox, id: str, body: Any) -> VendorResponse:
    return sandbox.handle(VENDOR, "change_assessment", body, params={"assessmentId": id}, media_type="application/json")


def change_by(sandbox: FakeSandbox, external_id: str, body: Any) -> VendorResponse:
    query = {"externalId": external_id}
    return sandbox.handle(VENDOR, "change_by_external_id", body, query=query, media_type="application/json")


def archive(sandbox: FakeSandbox, id: str) -> VendorResponse:
    return sandbox.handle(VENDOR, "archive_assessment", params={"assessmentId": id})


def changed(sandbox: FakeSandbox, id: str, **body: Any) -> dict[str, Any]:
    """The face after a change, which the answer shows and a later look too."""
    response = change(sandbox, id, body)
    assert response.status == 200, response
    face: dict[str, Any] = response.body
    assert face == saved(sandbox, id).public
    assert list(face) == SAMPLE_MEMBERS
    return face


def new(sandbox: FakeSandbox, **more: Any) -> str:
    id: str = created(sandbox, **more)["assessmentId"]
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
def test_change_affects_only_the_members_sent(sandbox: FakeSandbox, body: dict[str, Any], more: dict[str, Any]) -> None:
    id = new(sandbox)
    before = saved(sandbox, id).public
    assert changed(sandbox, id, **body) == {**before, **body, **more}
    assert saved(sandbox, id).internal["created"] == NOW
    assert sandbox.webhook_events == []
    assert sandbox.all("mail") == []


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
def test_null_and_empty_are_ignored_and_noted(sandbox: FakeSandbox, body: dict[str, Any]) -> None:
    id = new(sandbox, **FULL)
    before = saved(sandbox, id).public
    assert changed(sandbox, id, **body) == before
    notes = "; ".join(change(sandbox, id, body).notes)
    assert [member for member in body if f"body.{member}" not in notes] == []


def test_null_and_empty_for_what_was_not_set_are_not_noted(sandbox: FakeSandbox) -> None:
    id = new(sandbox, externalPersonId="")
    unset = ("middleName", "externalId", "externalPersonId", "redirectUrl", "gender", "personType", "customFields")
    assert change(sandbox, id, dict.fromkeys(unset)).notes == ()
    assert change(sandbox, id, {"middleName": "", "externalId": ""}).notes == ()


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
    sandbox = FakeSandbox()
    id = new(sandbox, **FULL)
    act(sandbox, id, "complete")
    before = saved(sandbox, id).public
    kept = change(sandbox, id, body)
    assert kept.body == before
    assert "null was ignored" in kept.notes[-1]
    sandbox.set_behaviour(pi_patch_null="cleared")
    response = change(sandbox, id, body)
    assert response.body == {**before, **body, **more}
    assert not [note for note in response.notes if "null" in note]
    assert saved(sandbox, id).public == response.body


@pytest.mark.parametrize("member", ["firstName", "lastName", "email", "expirationDateTime", "folderPath", "gender"])
def test_null_clears_no_member_that_always_has_a_value(sandbox: FakeSandbox, member: str) -> None:
    sandbox.set_behaviour(pi_patch_null="cleared")
    id = new(sandbox, **{**FULL, "gender": 0})
    before = saved(sandbox, id).public
    assert changed(sandbox, id, **{member: None}) == before


def test_cleared_ids_find_no_assessment(sandbox: FakeSandbox) -> None:
    sandbox.set_behaviour(pi_patch_null="cleared")
    id, other = new(sandbox, **BOTH), again(sandbox, externalPersonId="p-1")["assessmentId"]
    changed(sandbox, id, externalId=None, externalPersonId=None)
    assert saved(sandbox, other).public["externalPersonId"] is None
    assert post(sandbox, externalId="a-1", externalPersonId="p-1").status == 400
    assert change_by(sandbox, "a-1", {}).rules == ("pi.change.known",)


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
def test_assessment_can_be_sent_back_as_it_was_read(
    sandbox: FakeSandbox, shape: dict[str, Any], body: dict[str, Any], actions: tuple[str, ...]
) -> None:
    id = new(sandbox, **body)
    for action in actions:
        act(sandbox, id, action)
    sandbox.set_behaviour(**shape)
    before, alarms = saved(sandbox, id), dict(sandbox.timers)
    read = sandbox.handle(VENDOR, "get_assessment", params={"assessmentId": id}).body
    shown = getattr(read, "public", read)
    response = change(sandbox, id, _as_sent(shown))
    assert (response.status, response.body, response.notes) == (200, shown, ())
    assert (saved(sandbox, id), sandbox.timers) == (before, alarms)


def _as_sent(face: dict[str, Any]) -> dict[str, Any]:
    """A face with the caller's address and the sandbox's seal in their places, as answers have it."""
    return {
        m: FakeSandbox().links.fill_text(value, BASE_URL) if isinstance(value, str) else value
        for m, value in face.items()
    }


def test_removed_position_and_folder_can_be_sent_back_but_not_chosen(sandbox: FakeSandbox) -> None:
    id = new(sandbox, associatedPositionTitle="Software Engineer", expirationDateTime="2026-11-02T00:00:00Z")
    sandbox.fire_timers(VENDOR, 2 * DAY)
    sandbox.config = replace(sandbox.config, positions=(), folders=())
    shown = saved(sandbox, id).public
    assert changed(sandbox, id, **shown) == shown
    assert change(sandbox, id, {**shown, "folderPath": "Some Folder"}).rules == ("pi.change.folder.exists",)
    assert change(sandbox, new(sandbox), shown).rules == (
        "pi.change.expiration.future", "pi.change.position.exists", "pi.change.folder.exists",
    )  # fmt: skip


def test_folder_name_keeps_the_present_folder_of_that_name() -> None:
    sandbox = FakeSandbox(Config(folders=("\\A\\Sales", "\\B\\Sales", "\\B")))
    id = new(sandbox, folderPath="\\B\\Sales")
    changed(sandbox, id, folderPath="Sales")
    assert saved(sandbox, id).internal["folder"] == "\\B\\Sales"
    changed(sandbox, id, folderPath="B")
    changed(sandbox, id, folderPath="Sales")
    assert saved(sandbox, id).internal["folder"] == "\\A\\Sales"


def test_response_only_member_is_noted_if_it_differs(sandbox: FakeSandbox) -> None:
    id = new(sandbox)
    face = saved(sandbox, id).public
    response = change(sandbox, id, {**_as_sent(face), "assessmentState": 40, "isDeleted": False})
    assert response.body == face
    assert [note.split()[0] for note in response.notes] == ["body.isDeleted", "body.assessmentState"]


def test_changed_language_changes_the_link_and_unpublished_one_is_noted(sandbox: FakeSandbox) -> None:
    id = new(sandbox)
    assert changed(sandbox, id, languageLocale="fr-CA")["assessmentUrl"] == (
        f"{BASE_URL_TOKEN}/Account/LoginPi?a={LINK_TOKEN}.{id}&lang=fr-CA"
    )
    assert saved(sandbox, id).internal["language"] == "fr-CA"
    response = change(sandbox, id, {"languageLocale": "tlh", "strange": 1})
    assert response.notes == (
        "body.strange is not a documented member; it was ignored",
        "body.languageLocale tlh is not among the languages that the vendor is known to publish; it was accepted",
    )


def fields(**values: str | None) -> dict[str, Any]:
    return {"customFields": [{"fieldName": name, "fieldValue": value} for name, value in values.items()]}


def test_valid_custom_fields_are_assigned_and_others_unchanged(sandbox: FakeSandbox) -> None:
    account = (CustomField("Size", ("S", "M")), CustomField("Team"), CustomField("Cup"))
    sandbox.config = replace(sandbox.config, custom_fields=account)
    id = new(sandbox, **fields(Size="M", Team="Blue"))
    face = changed(sandbox, id, **fields(Size="XL", Team="Red", Unknown="x"))
    assert face["customFields"] == fields(Size="M", Team="Red", Cup=None)["customFields"]


def test_flags_shape_the_response_and_not_the_record(sandbox: FakeSandbox) -> None:
    id = new(sandbox)
    sandbox.set_behaviour(
        pi_person_type="numbers", pi_folder_path="name", pi_webhook_member="assessmentStatusWebHookUrl"
    )
    body = {"personType": 4, "folderPath": "\\Example Company", "assessmentStatusWebHookUrl": "https://example.com/"}
    shown = change(sandbox, id, body).body
    assert (shown["personType"], shown["folderPath"]) == (4, "Example Company")
    face = saved(sandbox, id).public
    assert (face["personType"], face["folderPath"]) == ("Employee", "\\Example Company")
    assert shown["assessmentStatusWebHook"] == face["assessmentStatusWebHook"] == "https://example.com/"


# The expiration.


def test_later_date_moves_the_expiration_timer(sandbox: FakeSandbox) -> None:
    id = new(sandbox)
    changed(sandbox, id, expirationDateTime="2026-12-01T00:00:00Z")
    sandbox.fire_timers(VENDOR, 10 * DAY)
    assert saved(sandbox, id).status == 0
    sandbox.fire_timers(VENDOR, at("2026-12-01T00:00:00Z") - sandbox.now)
    assert saved(sandbox, id).status == 50


def test_a_later_date_revives_an_expired_assessment(sandbox: FakeSandbox) -> None:
    id = new(sandbox)
    sandbox.fire_timers(VENDOR, 10 * DAY)
    face = changed(sandbox, id, expirationDateTime="2026-12-01T00:00:00Z")
    assert (face["assessmentState"], saved(sandbox, id).status) == (10, 10)
    assert sandbox.timers["expire", id].at == at("2026-12-01T00:00:00Z")
    sandbox.fire_timers(VENDOR, 30 * DAY)
    assert saved(sandbox, id).status == 50
    assert changed(sandbox, id, gender=1)["assessmentState"] == 50
    changed(sandbox, id, expirationDateTime="2999-01-01")
    assert act(sandbox, id, "complete").status == 200
    assert sandbox.timers == {}


def test_the_same_date_in_another_form_revives_nothing(sandbox: FakeSandbox) -> None:
    id = new(sandbox, expirationDateTime="2030-01-31")
    act(sandbox, id, "expire")
    assert changed(sandbox, id, expirationDateTime="2030-01-31T23:59:59.9999999Z")["assessmentState"] == 50
    assert changed(sandbox, id, expirationDateTime="2030-01-31")["assessmentState"] == 50


def test_flag_keeps_an_expired_assessment_expired(sandbox: FakeSandbox) -> None:
    sandbox.set_behaviour(pi_revive_expired=False)
    id = new(sandbox)
    act(sandbox, id, "expire")
    face = changed(sandbox, id, expirationDateTime="2999-01-01")
    assert (face["assessmentState"], face["expirationDateTime"]) == (50, "2999-01-01T23:59:59.9999999Z")
    assert sandbox.timers == {}


@pytest.mark.parametrize("actions", [("complete",), ("abort",), ("start", "fail")])
def test_after_another_end_the_date_is_ignored(sandbox: FakeSandbox, actions: tuple[str, ...]) -> None:
    id = new(sandbox)
    for action in actions:
        act(sandbox, id, action)
    before = saved(sandbox, id)
    response = change(sandbox, id, {"expirationDateTime": "2999-01-01"})
    state = {40: "Completed (40)", 65: "Aborted (65)", 60: "Failed (60)"}[before.status]
    assert (response.body, response.notes) == (
        before.public, (f"body.expirationDateTime was ignored: the assessment is {state}",)
    )  # fmt: skip
    assert saved(sandbox, id) == before
    assert sandbox.timers == {}
    assert change(sandbox, id, {"expirationDateTime": "2015-01-01"}).rules == ("pi.change.expiration.future",)


def test_after_completion_report_and_position_follow_what_is_changed(sandbox: FakeSandbox) -> None:
    id = new(sandbox)
    act(sandbox, id, "complete")
    face = changed(sandbox, id, gender=2, associatedPositionTitle="Software Engineer")
    assert face["descriptiveReportUrl"].endswith("gender=2")
    assert [*face["positionSigmaScore"][0]] == ["aSigma", "bSigma", "cSigma", "dSigma"]


# Archiving.


def test_archived_assessment_is_not_found(sandbox: FakeSandbox) -> None:
    id, other = new(sandbox), new(sandbox)
    response = archive(sandbox, id)
    assert (response.status, response.body) == (204, None)
    assert sandbox.handle(VENDOR, "get_assessment", params={"assessmentId": id}).status == 404
    assert [stored.id for stored in sandbox.handle(VENDOR, "list_assessments").body] == [other]
    assert act(sandbox, id, "open").status == 404
    assert change(sandbox, id, {}).status == 404
    assert archive(sandbox, id).rules == ("pi.archive.known",)
    assert {key[1] for key in sandbox.timers} == {other}


def test_archive_status_200_returns_the_assessment(sandbox: FakeSandbox) -> None:
    sandbox.set_behaviour(pi_archive_status=200, pi_state_member="assessmentStatus")
    id = new(sandbox)
    response = archive(sandbox, id)
    assert (response.status, response.body["assessmentId"], response.body["isDeleted"]) == (200, id, 1)
    assert response.body["assessmentStatus"] == 0


# Whatever is sent.


@given(HOSTILE | JSON, st.sampled_from([(), ("complete",), ("expire",), ("abort",)]))
def test_arbitrary_change_never_raises_and_refusal_changes_nothing(body: Any, actions: tuple[str, ...]) -> None:
    sandbox = FakeSandbox()
    id = new(sandbox, **BOTH)
    new(sandbox, externalId="a-2", externalPersonId="2999-01-01")
    for action in actions:
        act(sandbox, id, action)
    before = sandbox.memory()
    response = change_by(sandbox, "a-1", body)
    assert response.status in (200, 400)
    if response.status == 400:
        assert sandbox.memory() == before
    assert sandbox.webhook_events == []


STEPS = st.tuples(
    st.sampled_from(["create", "again", "person", "patch", "patch person", "archive"]), st.integers(0, 5),
    st.sampled_from("xyz"),
)  # fmt: skip


@given(st.lists(STEPS, max_size=20))
def test_ids_lead_to_the_assessments_and_persons_that_have_them(steps: list[tuple[str, int, str]]) -> None:
    sandbox = FakeSandbox()
    # A model: the person of each assessment, who took which externalId (the latest last), each externalPersonId.
    owners, taken, persons = dict[str, str](), list[tuple[str, str]](), dict[str, str | None]()
    for step, number, word in steps:
        own_word = f"p-{word}"
        id = [*owners, ""][number % max(len(owners), 1)]
        latest = next((id for name, id in reversed(taken) if name == word), "")
        person = next((person for person, name in persons.items() if name == own_word), None)
        if step in ("create", "again", "person") or not owners:
            body = {
                "again": {"externalId": word}, "person": {"externalPersonId": own_word},
            }.get(step, {**VALID, "externalId": word, "externalPersonId": own_word})  # fmt: skip
            response = post(sandbox, **body)
            known = owners.get(latest) if step == "again" else person
            is_free = "firstName" in body and not latest and person is None
            assert response.status == (201 if is_free or (known and "firstName" not in body) else 400)
            if response.status == 201:
                id, shown = response.body["assessmentId"], response.body["assessmentUserId"]
                assert shown == known if known else shown not in persons
                owners[id] = shown
                persons |= {shown: own_word} if is_free else {}
                taken += [(word, id)] if "externalId" in body else []
        elif step == "archive":
            archive(sandbox, id)
            person = owners.pop(id)
            taken = [(name, one) for name, one in taken if one != id]
            if person not in owners.values():
                del persons[person]
        else:
            member, holder = ("externalId", owners.get(latest)) if step == "patch" else ("externalPersonId", person)
            response = change(sandbox, id, {member: word if step == "patch" else own_word})
            assert response.status == (200 if holder in (None, owners[id]) else 400)
            if response.status == 200 and step == "patch person":
                persons[owners[id]] = own_word
            elif response.status == 200 and (word, id) not in taken:
                taken = [*((name, one) for name, one in taken if one != id), (word, id)]
        faces = {stored.id: stored.public for stored in sandbox.all("assessment")}
        known_persons = {stored.id: stored.public for stored in sandbox.all("person")}
        assert {id: face["assessmentUserId"] for id, face in faces.items()} == owners
        assert {id: one["externalPersonId"] for id, one in known_persons.items()} == persons
        assert all(known_persons[face["assessmentUserId"]].items() <= face.items() for face in faces.values())
        for name in "xyz":
            found = change_by(sandbox, name, {})
            latest = next((id for word, id in reversed(taken) if word == name), "")
            assert found.body["assessmentId"] == latest if latest else found.status == 404
