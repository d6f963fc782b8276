"""The webhook: a form, or the newer portal's JSON, posted to the listener when an assessment is complete.

The page Webhooks and the notes of POST behavioralassessments; that user and password in the address become Basic
authentication is known of the newer API, by a third party. The vendor does not sign. Of the JSON, the members of
`event` and `eventDetails` are known by name, in their order; every value of `action`, the objects `person`,
`administeredBy` and `job`, the rating and the score's id are ours.
"""

import json
from typing import Any, cast
from urllib.parse import urlencode

from assessment_simulator.core import instant
from assessment_simulator.core.config import Config
from assessment_simulator.core.decision import Record, WebhookEvent
from assessment_simulator.core.request import VendorRequest
from assessment_simulator.core.retry_schedule import Delivery, WebhookRequest
from assessment_simulator.core.sandbox_view import SandboxView
from assessment_simulator.core.seeded_random import SeededRandom, secret_of
from assessment_simulator.core.urls import basic_auth
from assessment_simulator.vendors.predictive_index import results
from assessment_simulator.vendors.predictive_index.behaviour_flags import (
    WEBHOOK_FORMAT,
    WEBHOOK_ON,
    WEBHOOK_SOURCE,
    setting,
)
from assessment_simulator.vendors.predictive_index.people import given
from assessment_simulator.vendors.predictive_index.states import COMPLETED, STATE_MACHINE, VENDOR_ID

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"


def on_creation(call: VendorRequest, world: SandboxView, record: Record) -> tuple[WebhookEvent, ...]:
    """The notice of a new assessment: none, unless the switch reads `created or completed` to the letter."""
    return () if setting(world.config, WEBHOOK_ON) == "completion" else on_completion(call, world, record)


def on_completion(call: VendorRequest, world: SandboxView, record: Record) -> tuple[WebhookEvent, ...]:
    """The notice to the assessment's own address, or else to the account's default one."""
    named = record.public["assessmentStatusWebHook"]
    url = named or world.config.default_webhook_url
    if url is None:
        return ()
    id = call.random.uuid()
    if setting(world.config, WEBHOOK_FORMAT) == "json":
        return (WebhookEvent(id, VENDOR_ID, record.id, url, JSON, json.dumps(_event(id, call, record)), bool(named)),)
    return (WebhookEvent(id, VENDOR_ID, record.id, url, FORM, urlencode(_form(record, world.config)), bool(named)),)


def _form(record: Record, config: Config) -> dict[str, Any]:
    form = {"assessmentId": record.id, "assessmentState": record.status}
    if setting(config, WEBHOOK_SOURCE) == "sent":
        form["assessmentSource"] = "API"
    if given(record.public["externalId"]):
        form["externalId"] = record.public["externalId"]
    return form


def _event(id: str, call: VendorRequest, record: Record) -> dict[str, Any]:
    action = "AssessmentCompleted" if record.status == COMPLETED else "AssessmentCreated"
    event = {"action": action, "id": id, "date": instant.seven_digits(call.now)}
    return {"event": event, "eventDetails": _details(call, record)}


def _details(call: VendorRequest, record: Record) -> dict[str, Any]:
    face, done = record.public, record.status == COMPLETED
    pattern = face["patternNumber"]
    position = face["positionSigmaScore"]
    return {
        "assessmentId": record.id,
        "externalAssessmentId": face["externalId"],
        "assessmentSentDateTime": instant.seven_digits(record.internal["created"]),
        "assessmentCompletedDateTime": face["assessmentDateTime"] if done else None,
        "referenceProfileName": results.profile(pattern) if done else None,
        "referenceProfileNumber": pattern,
        "languageLocale": record.internal["language"],
        "redirectURL": face["redirectUrl"],
        "behavioralFitRating": results.fit(face["synthesisSigmaScore"][0], position[0]) if position else None,
        "assessmentState": record.status,
        "assessmentStateDescription": STATE_MACHINE.states[cast("int", record.status)],
        "person": _person(record),
        "administeredBy": _administrator(record),
        "job": _job(face["associatedPositionTitle"]),
        "scoreId": call.random.uuid() if done else None,
    }


def _person(record: Record) -> dict[str, Any]:
    face = record.public
    return {
        "personId": face["assessmentUserId"],
        "externalPersonId": face["externalPersonId"],
        **{member: face[member] for member in ("firstName", "middleName", "lastName", "email", "personType")},
    }


def _administrator(record: Record) -> dict[str, Any]:
    members = ("firstName", "lastName", "email", "phone")
    return {member: record.public[f"administeredBy{member[0].upper()}{member[1:]}"] for member in members}


def _job(title: str | None) -> dict[str, Any] | None:
    # A position has no id in the legacy API: the same title has always the same one here.
    return {"jobId": SeededRandom(secret_of("job", title), 0).uuid(), "title": title} if title else None


def post(delivery: Delivery, at: int, config: Config) -> WebhookRequest:
    """The HTTP request that one attempt makes; the address is kept letter for letter but for user and password."""
    url, authorization = basic_auth(delivery.event.url)
    headers = [("content-type", delivery.event.media_type), ("user-agent", "assessment-simulator")]
    if authorization is not None:
        headers.append(("authorization", authorization))
    return WebhookRequest(url, tuple(headers), delivery.event.body.encode())
