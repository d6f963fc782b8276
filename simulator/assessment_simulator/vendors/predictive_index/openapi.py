"""The OpenAPI description: schemas as tables, and the requests that are sent to record the document's examples."""

import re
from functools import partial
from typing import Any

from assessment_simulator.core.schema import (
    Content,
    Interface,
    Parameter,
    Schema,
    Step,
    array,
    binary,
    body,
    instant,
    integer,
    nullable,
    number,
    record,
    ref,
    text,
)
from assessment_simulator.core.text import VISIBLE
from assessment_simulator.vendors.predictive_index import languages, reports, representations, results
from assessment_simulator.vendors.predictive_index.odata import entity_schemas, parser
from assessment_simulator.vendors.predictive_index.odata.rules import MAX_COUNT, MAX_SEARCH_LENGTH
from assessment_simulator.vendors.predictive_index.people import PERSON_TYPES
from assessment_simulator.vendors.predictive_index.rules import FIELDS
from assessment_simulator.vendors.predictive_index.states import STATE_MACHINE
from assessment_simulator.vendors.predictive_index.webhooks import FORM, JSON

_STATES = [int(state) for state in STATE_MACHINE.states]
_STATE = ", ".join(f"{state} {name}" for state, name in STATE_MACHINE.states.items())
_PENDING = "empty until the assessment is completed"
_SIGMA = nullable(array(ref("SigmaScore"), "null until the assessment is completed", minItems=1, maxItems=1))

# The members that are not returned as they were sent.
_MEMBER_SCHEMAS: dict[str, Schema] = {
    "assessmentId": text("the vendor's id of the assessment", format="uuid"),
    "assessmentDateTime": instant("when it was created; when it was completed, once it is"),
    "expirationDateTime": instant("the last moment of the invitation"),
    "scoringMethod": integer(),
    "patternNumber": nullable(integer("the reference profile, 1 to 17")),
    "descriptiveReportUrl": text(_PENDING),
    "associatedPositionImageUrl": text("empty without a position"),
    "folderPath": text("the folder, as it was sent (path or name); else the name of the default one"),
    "patternFullUrl": text(_PENDING),
    "patternSelfUrl": text(_PENDING),
    "gender": integer(FIELDS["gender"].description, enum=[0, 1, 2]),
    "personType": text(FIELDS["personType"].description, enum=list(PERSON_TYPES.values())),
    "isDeleted": integer("1 once archived", enum=[0, 1]),
    "assessmentState": integer(_STATE, enum=_STATES),
    "notifyAssessmentAvailableUsingEmail":
        integer(FIELDS["notifyAssessmentAvailableUsingEmail"].description, enum=[0, 1]),
    "assessmentUserId": text("the vendor's id of the taker", format="uuid"),
    "assessmentUrl": text("where the taker begins", format="uri"),
    "assessmentPassword": text(),
    "descriptiveReportPageUrl": text(_PENDING),
    "personPageUrl": text(format="uri"),
    "selfSigmaScore": _SIGMA,
    "selfConceptSigmaScore": _SIGMA,
    "synthesisSigmaScore": _SIGMA,
    "positionSigmaScore": nullable(array(ref("PositionSigmaScore"), "null without a position", maxItems=1)),
    "customFields": array(ref("CustomField"), "every field of the account"),
}  # fmt: skip

SCHEMAS: dict[str, Schema] = {
    "Assessment": record({
        member: _MEMBER_SCHEMAS.get(member) or nullable(text(FIELDS[member].description))
        for member in representations.MEMBERS
    }),
    "SigmaScore": record({factor: number() for factor in results.FACTORS}),
    "PositionSigmaScore": record({factor: number() for factor in results.FACTORS[:4]}),
    "CustomField": record({"fieldName": text(), "fieldValue": nullable(text("null where nothing is assigned"))}),
    "PeopleAndJobs": record({
        "totalSearchResults": integer("how many are found, shown or not"),
        entity_schemas.PEOPLE_ROOT: array(record({
            "sortName": text("last, first"),
            "assessmentUser": record({
                member: nullable(text()) for member in ("firstName", "lastName", "email", "externalPersonId")
            }),
            "assessmentInformation": record({
                "behavioralAssessmentInformation": record({
                    "originalId": text("the person's latest assessment", format="uuid"),
                }),
            }),
        })),
    }),
    "ErrorResponse": record({
        "number": integer("27 is maintenance; no other number is published"),
        "context": nullable(text("null in the only published error")),
        "description": text(),
        "parameterErrors": array(record({"parameter": text(), "description": text()})),
    }),
    "Message": record({"Message": text()}, "ASP.NET's stock answer, where the vendor's own code was not reached"),
}  # fmt: skip

_CASED = languages.TAG.pattern.replace("a-z", "a-zA-Z").replace("y-z", "y-zA-WY-Z").replace(r"Z\d", "Z0-9")
# The form of a language tag, for regular expressions that cannot ignore letter case.
_TAG = "^(?:" + re.sub(r"(?<=[-|])x", "[xX]", _CASED.replace(r"\d", "[0-9]")) + ")$"
_REPORTS = [word for word, name in reports.REPORT_TYPES.items() if name != reports.NOT_WORKING]
_ERROR = {"anyOf": [ref("ErrorResponse"), ref("Message")]}
_NOT_BLANK = ("firstName", "middleName", "lastName", "email", "administeredByFirstName", "administeredByLastName",
              "administeredByEmail")  # fmt: skip
_BODY_KEYWORDS: dict[str, Schema] = {
    **{member: {"pattern": f"^$|{VISIBLE}"} for member in _NOT_BLANK},
    "expirationDateTime": {"examples": ["2030-01-31", "2030-01-31T23:59:59.0123456Z"]},
    "associatedPositionTitle": {"examples": ["Software Engineer"]},
    "gender": {"enum": [0, 1, 2]},
    "personType": {"enum": list(PERSON_TYPES.values())},
    "assessmentStatusWebHook": {"format": "uri"},
    "languageLocale": {"pattern": _TAG, "examples": ["en-US", "de-DE"]},
    "notifyAssessmentAvailableUsingEmail": {"enum": [0, 1]},
    "folderPath": {"examples": ["\\Example Company\\Finance"]},
    "redirectUrl": {"format": "uri"},
    "customFields": {"items": {
        "type": "object", "properties": {
            "fieldName": {"description": "the name of a field of the account; any other is ignored"},
            "fieldValue": {"description": "a text that the field takes; anything else is ignored"},
        },
    }},
}  # fmt: skip
SCHEMAS["AssessmentBody"] = body(FIELDS.values(), (), _BODY_KEYWORDS)
SCHEMAS["ListedAssessment"] = record(SCHEMAS["Assessment"]["properties"], "", representations.MEMBERS)
_required = partial(Parameter, required=True)
_ID = _required("assessmentId", text(format="uuid"), "the assessment's id", place="path")
_COUNT = integer(minimum=0, maximum=MAX_COUNT)
_SEARCH = text(pattern=VISIBLE.replace("[^", '[^"'), maxLength=MAX_SEARCH_LENGTH)
_OPTIONS = (
    Parameter("$filter", text(minLength=1, maxLength=parser.MAX_LENGTH),
              "which are shown: `externalId eq 'a-1' and not (gender eq 0)`"),
    Parameter("$orderby", text(minLength=1),
              "members with commas between them, each alone or with ASC or DESC after it"),
    Parameter("$top", _COUNT, "how many are shown at most, up to the 50 of `pi.list_limit`"),
    Parameter("$skip", _COUNT, "how many are left out at the beginning"),
    Parameter("$select", text(minLength=1), "which members are shown"),
    Parameter("$search", _SEARCH, "words that must all be found"),
    Parameter("searchfields", text(minLength=1), "the members in which $search looks"),
    Parameter("$count", text(enum=["true", "false"]), "whether a note says how many there are before $skip and $top"),
)  # fmt: skip


def _content(
    parameters: tuple[Parameter, ...], answers: dict[int, dict[str, Schema]], *, body: bool = False, **more: Any
) -> Content:
    return Content(parameters, {JSON: ref("AssessmentBody")} if body else {}, answers, ("key",), **more)


_SHOWN = {JSON: ref("Assessment")}
_LINK = {"assessmentId": "$response.body#/assessmentId"}
_LINKED = ("get_assessment", "change_assessment", "archive_assessment", "get_pattern", "get_report")

CONTENTS = {
    "create_assessment": _content(
        (), {201: _SHOWN}, body=True, links=dict.fromkeys(_LINKED, _LINK)
    ),
    "get_assessment": _content((_ID,), {200: _SHOWN}),
    "list_assessments": _content(
        _OPTIONS, {200: {JSON: array(ref("ListedAssessment"), "whole, but for `$select`")}}
    ),
    "change_assessment": _content((_ID,), {200: _SHOWN}, body=True),
    "change_by_external_id": _content(
        (_required("externalId", text(minLength=1), "the caller's id of the assessment"),), {200: _SHOWN}, body=True
    ),
    "archive_assessment": _content((_ID,), {200: _SHOWN, 204: {}}),
    "get_pattern": _content((
        _ID,
        _required("patternType", text(enum=list(reports.PATTERN_TYPES)), "which graphs", place="path"),
        _required("format", text(enum=list(reports.FORMATS)), "of the image"),
    ), {200: {kind: binary() for kind in reports.FORMATS.values()}}),
    "get_report": _content((
        _ID,
        _required("reportType", text(enum=_REPORTS), "which report", place="path"),
        _required("format", text(enum=["PDF"]), "of the report"),
        _required("gender", text(enum=list(reports.GENDERS)), "how the report speaks of the taker"),
        Parameter("languageLocale", text(pattern=_TAG, examples=["en-US"]), "the report's language"),
    ), {200: {"application/pdf": binary(), "application/zip": binary()}}),
    "search_people": _content(
        tuple(option for option in _OPTIONS if option.name in entity_schemas.PEOPLE.options),
        {200: {JSON: ref("PeopleAndJobs")}},
    ),
}  # fmt: skip

_EXAMPLE = {
    "firstName": "Grace", "lastName": "Hopper", "email": "grace@example.com",
    "associatedPositionTitle": "Software Engineer", "externalId": "application-42", "externalPersonId": "person-7",
    "redirectUrl": "https://client.example/done", "notifyAssessmentAvailableUsingEmail": 1,
}  # fmt: skip
_ONE = {"assessmentId": "=create_assessment/assessmentId"}

EXAMPLES = (
    Step("create_assessment", _EXAMPLE),
    Step("get_assessment", params=_ONE),
    Step("complete", params={"id": "=create_assessment/assessmentId"}),
    Step("list_assessments", query={"$filter": "externalId eq 'application-42'"}),
    Step("change_assessment", {"lastName": "Murray Hopper"}, params=_ONE),
    Step("change_by_external_id", {"personType": "Employee"}, query={"externalId": "application-42"}),
    Step("get_pattern", params={**_ONE, "patternType": "0"}, query={"format": "PNG"}),
    Step(
        "get_report", params={**_ONE, "reportType": "PersonDetailReport"}, query={"format": "PDF", "gender": "Female"}
    ),
    Step("search_people", query={"$search": "hopper"}),
    Step("archive_assessment", params=_ONE),
)

SCHEMAS["AssessmentStatus"] = record({
    "assessmentId": text(format="uuid"),
    "assessmentState": integer(_STATE, enum=_STATES),
    "assessmentSource": text(enum=["API"]),
    "externalId": text("only where the assessment has one"),
}, "The legacy webhook, as a form", ("assessmentSource", "externalId"))  # fmt: skip
SCHEMAS["AssessmentEvent"] = record({
    "event": record({
        "action": text(enum=["AssessmentCreated", "AssessmentCompleted"]), "id": text(), "date": instant(),
    }),
    "eventDetails": record({
        "assessmentId": text(format="uuid"),
        "externalAssessmentId": nullable(text()),
        "assessmentSentDateTime": instant(),
        "assessmentCompletedDateTime": nullable(instant()),
        "referenceProfileName": nullable(text()),
        "referenceProfileNumber": nullable(integer()),
        "languageLocale": nullable(text()),
        "redirectURL": nullable(text()),
        "behavioralFitRating": nullable(integer()),
        "assessmentState": integer(_STATE, enum=_STATES),
        "assessmentStateDescription": text(),
        "person": record({
            "personId": text(format="uuid"),
            **{member: nullable(text()) for member in (
                "externalPersonId", "firstName", "middleName", "lastName", "email", "personType",
            )},
        }, "the members are our choice"),
        "administeredBy": record(
            {member: nullable(text()) for member in ("firstName", "lastName", "email", "phone")},
            "the members are our choice",
        ),
        "job": nullable(record({"jobId": text(format="uuid"), "title": text()}, "null without a position")),
        "scoreId": nullable(text()),
    }),
}, "The newer webhook, as JSON")  # fmt: skip
_WEBHOOK = {"post": {
    "operationId": "assessment_status",
    "summary": "An assessment is complete",
    "description":
        "The legacy webhook: a form, posted to assessmentStatusWebHook or else to the account's default address. User "
        "and password in the address become Basic authentication. It is not signed. The flag pi.webhook_format "
        "asks for the newer portal's JSON instead.",
    "security": [],
    "requestBody": {"required": True, "content": {
        FORM: {"schema": ref("AssessmentStatus")}, JSON: {"schema": ref("AssessmentEvent")},
    }},
    "responses": {"2XX": {"description": "taken; anything else, or nothing, is tried again"}},
}}  # fmt: skip

INTERFACE = Interface(
    about="Behavioural assessments as the legacy API of The Predictive Index has them, as this simulator answers with "
    "the default settings. Every refusal names the rules that it comes from in the header Simulator-Rule.",
    schemas=SCHEMAS,
    contents=CONTENTS,
    errors={400: _ERROR, 404: _ERROR, 429: ref("ErrorResponse"), 503: ref("ErrorResponse"), 0: ref("Message")},
    security={"key": {"type": "apiKey", "in": "header", "name": "api-key", "description": "`sim-<sandbox>`"}},
    webhooks={"assessmentStatus": _WEBHOOK},
    headers={"api-key": "sim-example"},
    answer_headers={
        "X-RateLimit-Limit": {
            "description": "The number of calls allowed in 60 seconds; sent where the setting rate_limit is set.",
            "schema": {"type": "integer"},
        }
    },
    story=EXAMPLES,
)
