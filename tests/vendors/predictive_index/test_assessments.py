"""Creating, reading and listing: what is shown, what is remembered, and who is re-assessed."""

import json
from typing import Any

import pytest

from assessment_simulator.core import instant
from assessment_simulator.core.config import Config, CustomField
from assessment_simulator.core.decision import VendorResponse
from assessment_simulator.core.links import BASE_URL_TOKEN, LINK_TOKEN
from assessment_simulator.vendors.predictive_index import VENDOR
from tests.fakes import BASE_URL, NOW, FakeSandbox, FakeStored, at
from tests.vendors.predictive_index.rows import ADMINISTRATOR, PATH, VALID

SAMPLE_MEMBERS = (
    "assessmentId firstName middleName lastName email assessmentDateTime expirationDateTime administeredByEmail "
    "administeredByPhone administeredByFirstName administeredByLastName scoringMethod patternNumber "
    "descriptiveReportUrl associatedPositionTitle associatedPositionImageUrl folderPath patternFullUrl "
    "patternSelfUrl gender personType isDeleted assessmentState assessmentStatusWebHook "
    "notifyAssessmentAvailableUsingEmail externalId externalPersonId assessmentUserId assessmentUrl "
    "assessmentPassword descriptiveReportPageUrl personPageUrl redirectUrl selfSigmaScore selfConceptSigmaScore "
    "synthesisSigmaScore positionSigmaScore customFields"
).split()
"""The members of the vendor's example response, in its order."""

SAMPLE_BODY = {
    "firstName": "Sam", "lastName": "Flynn", "email": "test@example.com", "expirationDateTime": "2027-12-31",
    "administeredByEmail": "recruiter@example.com", "administeredByPhone": "+1 781-235-8872",
    "administeredByFirstName": "Recruiter First", "administeredByLastName": "Recruiter Last",
    "gender": 1, "personType": "Candidate", "assessmentStatusWebHook": "https://my.example.com/behavioralcomplete",
    "notifyAssessmentAvailableUsingEmail": 1,
    "externalId": "894ever-behavioral", "externalPersonId": "EightyNine4ever",
    "customFields": [
        {"fieldName": "Favorite Color", "fieldValue": "Blue"}, {"fieldName": "Favorite ood", "fieldValue": "Pizza"},
    ],
}  # fmt: skip


def post(sandbox: FakeSandbox, **body: Any) -> VendorResponse:
    members = {"media_type": "application/json", "method": "POST", "path": PATH}
    return sandbox.handle(VENDOR, "create_assessment", body, **members)


def created(sandbox: FakeSandbox, **more: Any) -> dict[str, Any]:
    response = post(sandbox, **VALID, **more)
    assert response.status == 201, response
    body: dict[str, Any] = response.body
    return body


def again(sandbox: FakeSandbox, **body: Any) -> dict[str, Any]:
    response = post(sandbox, **body)
    assert response.status == 201, response
    face: dict[str, Any] = response.body
    return face


def saved(sandbox: FakeSandbox, id: str) -> FakeStored:
    stored = sandbox.get("assessment", id)
    assert stored is not None
    return stored


def test_creation_returns_the_vendors_example_response() -> None:
    face = post(FakeSandbox(), **SAMPLE_BODY).body
    id, person, password = face["assessmentId"], face["assessmentUserId"], face["assessmentPassword"]
    assert list(face) == SAMPLE_MEMBERS
    assert len(password) == 4
    assert password.isdigit()
    null = (
        "middleName", "patternNumber", "associatedPositionTitle", "redirectUrl", "selfSigmaScore",
        "selfConceptSigmaScore", "synthesisSigmaScore", "positionSigmaScore",
    )  # fmt: skip
    empty = (
        "descriptiveReportUrl", "associatedPositionImageUrl", "patternFullUrl", "patternSelfUrl",
        "descriptiveReportPageUrl",
    )  # fmt: skip
    assert face == {
        **dict.fromkeys(null), **dict.fromkeys(empty, ""), **SAMPLE_BODY,
        "assessmentId": id, "assessmentUserId": person, "assessmentPassword": password,
        "assessmentDateTime": "2026-11-01T12:00:00.0000000Z", "expirationDateTime": "2027-12-31T23:59:59.9999999Z",
        "scoringMethod": 1, "folderPath": "Finance", "isDeleted": 0, "assessmentState": 0,
        "assessmentUrl": f"{BASE_URL_TOKEN}/Account/LoginPi?a={LINK_TOKEN}.{id}&lang=en-US",
        "personPageUrl": f"{BASE_URL_TOKEN}/Browse/PersonDetails?assessmentUserId={person}",
        "customFields": [
            {"fieldName": "Favorite Color", "fieldValue": "Blue"}, {"fieldName": "Favorite Food", "fieldValue": None},
        ],
    }  # fmt: skip


API_USER = {
    "administeredByEmail": "ada.administrator@example.com", "administeredByPhone": "+1 555-0100",
    "administeredByFirstName": "Ada", "administeredByLastName": "Administrator",
}  # fmt: skip
NOW_AND_ONE_TICK = "2026-11-01T12:00:00.0000001Z"
SHOWN: list[tuple[dict[str, Any], dict[str, Any], dict[str, Any]]] = [
    ({}, {}, {**API_USER, "gender": 0, "personType": "Unknown", "notifyAssessmentAvailableUsingEmail": 0}),
    ({}, {}, {"expirationDateTime": "2026-11-11T12:00:00.0000000Z"}),
    ({"invitation_days": 10_000_000}, {}, {"expirationDateTime": "9999-12-31T23:59:59.9999999Z"}),
    ({}, ADMINISTRATOR, {**ADMINISTRATOR, "administeredByPhone": None}),
    *(({}, {member: text}, {member: text}) for member in ("middleName", "externalId") for text in ("", None)),
    *(({}, {"externalPersonId": text}, {"externalPersonId": text}) for text in ("", None)),
    *(({}, {"gender": sent}, {"gender": shown}) for sent, shown in ((1.0, 1), (2, 2), (0, 0), (None, 0))),
    ({}, {"expirationDateTime": "2026-11-01"}, {"expirationDateTime": "2026-11-01T23:59:59.9999999Z"}),
    ({}, {"expirationDateTime": "9999-12-31"}, {"expirationDateTime": "9999-12-31T23:59:59.9999999Z"}),
    ({}, {"expirationDateTime": NOW_AND_ONE_TICK}, {"expirationDateTime": NOW_AND_ONE_TICK}),
    ({}, {"expirationDateTime": "2027-01-01T02:00:00+02:00"}, {"expirationDateTime": "2027-01-01T00:00:00.0000000Z"}),
    ({}, {"associatedPositionTitle": "Software Engineer"},
     {"associatedPositionImageUrl": f"{BASE_URL_TOKEN}/Browse/PositionImage?title=Software%20Engineer"}),
    ({"folders": ()}, {}, {"folderPath": ""}),
]  # fmt: skip


@pytest.mark.parametrize(("config", "sent", "shown"), SHOWN)
def test_creation_shows_what_was_sent_or_the_accounts_defaults(
    config: dict[str, Any], sent: dict[str, Any], shown: dict[str, Any]
) -> None:
    sandbox = FakeSandbox(Config(**config))
    face = created(sandbox, **sent)
    # As JSON, in which 1.0 is not 1.
    assert json.dumps({member: face[member] for member in shown}) == json.dumps(shown)
    assert sandbox.timers["expire", face["assessmentId"]].at == at(face["expirationDateTime"])


@pytest.mark.parametrize("sent", ["2026-10-31", "2026-11-01T12:00:00Z", "2026-11-01T13:59:59+02:00"])
def test_an_expiration_of_this_very_moment_is_past(sent: str) -> None:
    assert post(FakeSandbox(), **VALID, expirationDateTime=sent).rules == ("pi.create.expiration.future",)


FOLDERS = [("\\B\\Sales", "\\B\\Sales", 0), ("Finance", "\\A\\Finance", 1), ("Sales", "\\A\\Sales", 1)]


@pytest.mark.parametrize(("sent", "path", "notes"), FOLDERS)
def test_folder_is_accepted_by_path_or_by_name(sent: str, path: str, notes: int) -> None:
    sandbox = FakeSandbox(Config(folders=("\\A\\Finance", "\\A\\Sales", "\\B\\Sales", "\\")))
    response = post(sandbox, **VALID, folderPath=sent)
    assert (response.body["folderPath"], len(response.notes)) == (sent, notes)
    assert saved(sandbox, response.body["assessmentId"]).internal["folder"] == path


def test_all_custom_fields_are_returned_and_invalid_values_are_not_assigned() -> None:
    fields = (CustomField("Size", ("S", "M")), CustomField("Team"), CustomField("Cup", ("A",)), CustomField("Note"))
    sent = [
        {"fieldName": "Size", "fieldValue": "M"},
        {"fieldName": "Team", "fieldValue": 7},
        {"fieldName": "Cup", "fieldValue": "B"},
        {"fieldName": ["Note"], "fieldValue": "x"},
        {"fieldName": "Unknown", "fieldValue": "x"},
        {},
    ]
    face = created(FakeSandbox(Config(custom_fields=fields)), customFields=sent)
    assert [item["fieldValue"] for item in face["customFields"]] == ["M", None, None, None]


def test_notified_invitation_is_stored_as_sent_and_shown_as_created(sandbox: FakeSandbox) -> None:
    face = created(sandbox, notifyAssessmentAvailableUsingEmail=1)
    stored = saved(sandbox, face["assessmentId"])
    assert (face["assessmentState"], stored.status, stored.public["assessmentState"]) == (0, 10, 10)
    assert len(sandbox.all("mail")) == 1
    assert saved(sandbox, created(sandbox)["assessmentId"]).status == 0
    assert len(sandbox.all("mail")) == 1


def test_notification_sends_a_mail_with_the_link(sandbox: FakeSandbox) -> None:
    face = created(sandbox, notifyAssessmentAvailableUsingEmail=1)
    (mail,) = sandbox.all("mail")
    assert (mail.public["to"], mail.public["invitation"]) == ("sam@example.com", face["assessmentId"])
    assert mail.public["link"] == face["assessmentUrl"]
    assert face["assessmentUrl"] in mail.public["text"]


def test_link_names_the_language() -> None:
    assert created(FakeSandbox(), languageLocale="fr-CA")["assessmentUrl"].endswith("&lang=fr-CA")


def test_unknown_members_are_ignored_and_noted() -> None:
    strange = {"naïve\r\n" + "x" * 99: 1, "languageLocal": "fr", "b": 2, "c": 3, "d": 4, "e": 5}
    notes = post(FakeSandbox(), **strange, **VALID).notes
    assert len(notes) == 5
    assert notes[0] == f"body.na\\xefve\\r\\n{'x' * 28} is not a documented member; it was ignored"
    assert notes[1] == "body.languageLocal is not a documented member; it was ignored"


def test_read_returns_the_stored_record(sandbox: FakeSandbox) -> None:
    id = created(sandbox)["assessmentId"]
    response = sandbox.handle(VENDOR, "get_assessment", params={"assessmentId": id})
    assert response.status == 200
    assert response.body is saved(sandbox, id)


# Re-assessment.


def test_a_known_external_id_re_assesses_its_person(sandbox: FakeSandbox) -> None:
    first = created(sandbox, middleName="Kevin", externalId="a-1", externalPersonId="p-1")
    second = again(sandbox, externalId="a-1", firstName="", email=None)
    same = ("firstName", "middleName", "lastName", "email", "assessmentUserId", "externalId", "externalPersonId")
    assert {name: second[name] for name in same} == {name: first[name] for name in same}
    assert second["assessmentId"] != first["assessmentId"]
    assert sandbox.latest_id("pi.external_id", "a-1") == second["assessmentId"]
    assert len(sandbox.all("person")) == 1


def test_empty_external_ids_match_no_person(sandbox: FakeSandbox) -> None:
    first = created(sandbox, externalId="", externalPersonId="")
    assert created(sandbox, externalId="", externalPersonId="")["assessmentUserId"] != first["assessmentUserId"]


# Steering, and the neutral view.


def alarms(sandbox: FakeSandbox) -> list[tuple[str, int]]:
    return sorted((alarm.operation, (alarm.at or 0) - NOW) for alarm in sandbox.timers.values())


DAYS = 10 * instant.DAY
STEERED = [
    ("ada+completes-in-10s@example.com", "manual", [("complete", 10 * instant.SECOND), ("expire", DAYS)]),
    ("ada+expires@example.com", "PT1H", [("expire", 0)]),
    ("ada+rejected@example.com", "PT1H", [("expire", DAYS)]),
    ("ada@example.com", "PT1H", [("complete", instant.HOUR), ("expire", DAYS)]),
]


@pytest.mark.parametrize(("email", "progress", "expected"), STEERED)
def test_outcome_tags_or_progress_set_the_timers(email: str, progress: str, expected: list[tuple[str, int]]) -> None:
    sandbox = FakeSandbox(Config(progress=progress))
    post(sandbox, **{**VALID, "email": email})
    assert alarms(sandbox) == expected
    assert {(alarm.vendor, alarm.base_url) for alarm in sandbox.timers.values()} == {("predictive_index", BASE_URL)}


def test_invitation_view_has_candidate_links_and_creation(sandbox: FakeSandbox) -> None:
    face = created(sandbox, externalPersonId="p-1")
    view = VENDOR.to_invitation(saved(sandbox, face["assessmentId"]))
    assert (view.id, view.vendor, view.status) == (face["assessmentId"], "predictive_index", 0)
    assert view.created == NOW
    assert view.candidate == {
        "email": "sam@example.com", "first_name": "Sam", "last_name": "Flynn", "external_id": "p-1",
    }  # fmt: skip
    assert view.links == {"invite": face["assessmentUrl"], "person": face["personPageUrl"]}
    sandbox.handle(VENDOR, "complete", params={"id": view.id})
    done = VENDOR.to_invitation(saved(sandbox, view.id))
    assert done.status == 40
    assert done.links["report"] == saved(sandbox, view.id).public["descriptiveReportUrl"]
