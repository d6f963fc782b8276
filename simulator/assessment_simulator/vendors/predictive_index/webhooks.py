"""The webhook: a form, or the newer portal's JSON, sent to the listener when an assessment is complete.

From the page Webhooks and the notes of POST behavioralassessments; that user and password in the URL become Basic
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
from assessment_simulator.core.urls import basic_auth, parse_query
from assessment_simulator.vendors.predictive_index import results
from assessment_simulator.vendors.predictive_index.behaviour_flags import WEBHOOK_FORMAT, WEBHOOK_SOURCE
from assessment_simulator.vendors.predictive_index.people import given
from assessment_simulator.vendors.predictive_index.states import COMPLETED, STATE_MACHINE, VENDOR_ID

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"


def events(request: VendorRequest, view: SandboxView, record: Record) -> tuple[WebhookEvent, ...]:
    """Return the webhook event of an assessment's present state, for its own URL or else the account's default one."""
    own = record.public["assessmentStatusWebHook"]
    url = own or view.config.default_webhook_url
    if url is None:
        return ()
    id = request.random.uuid()
    if WEBHOOK_FORMAT.value(view.config) == "json":
        return (WebhookEvent(id, VENDOR_ID, record.id, url, JSON, json.dumps(_json(id, request, record)), bool(own)),)
    form: dict[str, Any] = {"assessmentId": record.id, "assessmentState": record.status}
    if WEBHOOK_SOURCE.value(view.config) == "sent":
        form["assessmentSource"] = "API"
    if given(record.public["externalId"]):
        form["externalId"] = record.public["externalId"]
    return (WebhookEvent(id, VENDOR_ID, record.id, url, FORM, urlencode(form), bool(own)),)


def _json(id: str, request: VendorRequest, record: Record) -> dict[str, Any]:
    public, done = record.public, record.status == COMPLETED
    pattern, position, title = public["patternNumber"], public["positionSigmaScore"], public["associatedPositionTitle"]
    action = "AssessmentCompleted" if done else "AssessmentCreated"
    # A position has no id in the legacy API: here, equal titles have equal ids.
    job = {"jobId": SeededRandom(secret_of("job", title), 0).uuid(), "title": title} if title else None
    details = {
        "assessmentId": record.id,
        "externalAssessmentId": public["externalId"],
        "assessmentSentDateTime": instant.seven_digits(record.internal["created"]),
        "assessmentCompletedDateTime": public["assessmentDateTime"] if done else None,
        "referenceProfileName": results.profile(pattern) if done else None,
        "referenceProfileNumber": pattern,
        "languageLocale": record.internal["language"],
        "redirectURL": public["redirectUrl"],
        "behavioralFitRating": results.fit(public["synthesisSigmaScore"][0], position[0]) if position else None,
        "assessmentState": record.status,
        "assessmentStateDescription": STATE_MACHINE.states[cast("int", record.status)],
        "person": {
            "personId": public["assessmentUserId"],
            "externalPersonId": public["externalPersonId"],
            **{member: public[member] for member in ("firstName", "middleName", "lastName", "email", "personType")},
        },
        "administeredBy": {
            "firstName": public["administeredByFirstName"], "lastName": public["administeredByLastName"],
            "email": public["administeredByEmail"], "phone": public["administeredByPhone"],
        },
        "job": job,
        "scoreId": request.random.uuid() if done else None,
    }  # fmt: skip
    event = {"action": action, "id": id, "date": instant.seven_digits(request.now)}
    return {"event": event, "eventDetails": details}


def webhook_status(event: WebhookEvent) -> int:
    """Return the state that a webhook announces."""
    if event.media_type == JSON:
        return int(json.loads(event.body)["eventDetails"]["assessmentState"])
    return int(parse_query(event.body.encode())["assessmentState"])


def post(delivery: Delivery, at: int, config: Config) -> WebhookRequest:
    """Return the HTTP request of one attempt; the URL is kept letter for letter but for user and password."""
    url, authorization = basic_auth(delivery.event.url)
    headers = [("content-type", delivery.event.media_type), ("user-agent", "assessment-simulator")]
    if authorization is not None:
        headers.append(("authorization", authorization))
    return WebhookRequest(url, tuple(headers), delivery.event.body.encode())
