"""The webhook: when, where, with which form, and how user and password travel."""

import json
import uuid
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl

import pytest

from assessment_simulator.core.config import Config
from assessment_simulator.core.decision import WebhookEvent
from assessment_simulator.core.retry_schedule import Delivery
from assessment_simulator.vendors.predictive_index import VENDOR
from assessment_simulator.vendors.predictive_index.results import PROFILES
from tests.fakes import NOW, FakeSandbox
from tests.vendors.predictive_index.test_assessments import created, saved
from tests.vendors.predictive_index.test_states import act

OWN = "https://my.example.com/behavioralcomplete"


def completed(sandbox: FakeSandbox, **more: Any) -> str:
    id: str = created(sandbox, **more)["assessmentId"]
    act(sandbox, id, "complete")
    return id


FORMS = [
    ("sent", "894 ever&é", "assessmentId={id}&assessmentState=40&assessmentSource=API&externalId=894+ever%26%C3%A9"),
    ("sent", None, "assessmentId={id}&assessmentState=40&assessmentSource=API"),
    ("sent", "", "assessmentId={id}&assessmentState=40&assessmentSource=API"),
    ("omitted", "a-1", "assessmentId={id}&assessmentState=40&externalId=a-1"),
]


@pytest.mark.parametrize(("source", "external_id", "form"), FORMS)
def test_completion_posts_the_documented_form(
    sandbox: FakeSandbox, source: str, external_id: str | None, form: str
) -> None:
    sandbox.set_behaviour(pi_webhook_source=source)
    id = completed(sandbox, assessmentStatusWebHook=OWN, externalId=external_id)
    (event,) = sandbox.webhook_events
    assert (event.vendor, event.invitation, event.url) == ("predictive_index", id, OWN)
    assert (event.media_type, event.body) == ("application/x-www-form-urlencoded", form.format(id=id))


ADDRESSES = [
    (OWN, None, [OWN]),
    (OWN, "https://default.example.com/", [OWN]),
    (None, "https://default.example.com/", ["https://default.example.com/"]),
    (None, None, []),
]


@pytest.mark.parametrize(("own", "default", "called"), ADDRESSES)
def test_the_assessments_own_address_replaces_the_default_one(
    own: str | None, default: str | None, called: list[str]
) -> None:
    sandbox = FakeSandbox(Config(default_webhook_url=default))
    completed(sandbox, assessmentStatusWebHook=own)
    assert [notice.url for notice in sandbox.webhook_events] == called


@pytest.mark.parametrize("actions", [("open",), ("start",), ("expire",), ("abort",), ("start", "fail")])
def test_only_completion_sends_a_webhook(sandbox: FakeSandbox, actions: tuple[str, ...]) -> None:
    id = created(sandbox, assessmentStatusWebHook=OWN)["assessmentId"]
    for action in actions:
        act(sandbox, id, action)
    assert sandbox.webhook_events == []


@pytest.mark.parametrize(("notify", "state"), [(0, "0"), (1, "10")])
def test_webhook_on_creation_if_the_flag_says_so(sandbox: FakeSandbox, notify: int, state: str) -> None:
    sandbox.set_behaviour(pi_webhook_on="creation and completion")
    completed(sandbox, assessmentStatusWebHook=OWN, notifyAssessmentAvailableUsingEmail=notify)
    assert [dict(parse_qsl(notice.body))["assessmentState"] for notice in sandbox.webhook_events] == [state, "40"]


FORM, JSON = "application/x-www-form-urlencoded", "application/json"
POSTS = [
    ("HTTP://Example.COM:80/a%7e/../b?#", "HTTP://Example.COM:80/a%7e/../b?#", {"content-type": FORM}),
    ("https://u:p@a.com/?b#c", "https://a.com/?b#c", {"content-type": JSON, "authorization": "Basic dTpw"}),
]


@pytest.mark.parametrize(("url", "called", "headers"), POSTS)
def test_user_and_password_become_basic_authentication(url: str, called: str, headers: dict[str, str]) -> None:
    event = WebhookEvent("n", "predictive_index", "i", url, headers["content-type"], "assessmentId=i")
    made = VENDOR.webhook_request(Delivery("d", event, NOW, NOW), NOW, Config())
    assert (made.url, made.body) == (called, b"assessmentId=i")
    assert dict(made.headers) == {"user-agent": "assessment-simulator", **headers}


def test_webhook_member_may_have_the_newer_name(sandbox: FakeSandbox) -> None:
    sandbox.config = replace(sandbox.config, behaviour={"pi.webhook_member": "assessmentStatusWebHookUrl"})
    completed(sandbox, assessmentStatusWebHookUrl=OWN, assessmentStatusWebHook="ignored")
    assert [notice.url for notice in sandbox.webhook_events] == [OWN]


# The newer portal's JSON.


def told(sandbox: FakeSandbox) -> dict[str, Any]:
    (notice,) = sandbox.webhook_events
    assert notice.media_type == "application/json"
    body: dict[str, Any] = json.loads(notice.body)
    assert body["event"]["id"] == notice.id
    return body


def test_webhook_format_json_has_its_members_in_order(sandbox: FakeSandbox) -> None:
    sandbox.set_behaviour(pi_webhook_format="json")
    more = {"externalId": "a-1", "externalPersonId": "p-1", "redirectUrl": "https://example.com/thanks"}
    id = completed(sandbox, assessmentStatusWebHook=OWN, languageLocale="fr-CA", **more)
    body, face = told(sandbox), saved(sandbox, id).public
    event, details = body["event"], body["eventDetails"]
    assert ([*body], [*event]) == (["event", "eventDetails"], ["action", "id", "date"])
    assert event["date"] == "2026-11-01T12:00:00.0000000Z"
    assert uuid.UUID(details.pop("scoreId")).version == 4
    person = {"personId": face["assessmentUserId"], "externalPersonId": "p-1"}
    members = ("firstName", "middleName", "lastName", "email", "personType")
    assert [*details.items()] == [
        ("assessmentId", id), ("externalAssessmentId", "a-1"), ("assessmentSentDateTime", event["date"]),
        ("assessmentCompletedDateTime", face["assessmentDateTime"]),
        ("referenceProfileName", [*PROFILES][face["patternNumber"] - 1]),
        ("referenceProfileNumber", face["patternNumber"]), ("languageLocale", "fr-CA"),
        ("redirectURL", "https://example.com/thanks"), ("behavioralFitRating", None), ("assessmentState", 40),
        ("assessmentStateDescription", "Completed"), ("person", person | {name: face[name] for name in members}),
        ("administeredBy", {
            "firstName": "Ada", "lastName": "Administrator", "email": "ada.administrator@example.com",
            "phone": "+1 555-0100",
        }),
        ("job", None),
    ]  # fmt: skip
    sandbox.webhook_events.clear()
    completed(sandbox, assessmentStatusWebHook=OWN, associatedPositionTitle="Software Engineer")
    job, rating = (told(sandbox)["eventDetails"][name] for name in ("job", "behavioralFitRating"))
    assert (uuid.UUID(job["jobId"]).version, job["title"], 1 <= rating <= 10) == (4, "Software Engineer", True)


def test_creation_in_the_newer_json_has_no_results_yet(sandbox: FakeSandbox) -> None:
    sandbox.set_behaviour(pi_webhook_format="json", pi_webhook_on="creation and completion")
    created(sandbox, assessmentStatusWebHook=OWN, notifyAssessmentAvailableUsingEmail=1)
    body = told(sandbox)
    assert body["event"]["action"] == "AssessmentCreated"
    pending = ("assessmentCompletedDateTime", "referenceProfileName", "referenceProfileNumber", "scoreId")
    assert [body["eventDetails"][member] for member in pending] == [None] * 4
    assert body["eventDetails"]["assessmentStateDescription"] == "Sent"
