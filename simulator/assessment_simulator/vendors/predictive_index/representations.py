"""What answers show of an assessment: exactly the members of the example response, in its order.

A representation is stored as the default behaviour flags show it, and answers serve the stored bytes. Where a flag asks
for another shape, the representation is reshaped when it is shown, so a change of a flag changes old answers too.
"""

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

from assessment_simulator.core import instant
from assessment_simulator.core.config import Config
from assessment_simulator.core.links import BASE_URL_TOKEN, LINK_TOKEN
from assessment_simulator.core.request import VendorRequest
from assessment_simulator.core.sandbox_view import Stored
from assessment_simulator.vendors.predictive_index import behaviour_flags as flags
from assessment_simulator.vendors.predictive_index import people, results
from assessment_simulator.vendors.predictive_index.people import given
from assessment_simulator.vendors.predictive_index.states import COMPLETED

Representation = dict[str, Any]

# Every member of the example response, in its order.
MEMBERS = (
    "assessmentId", "firstName", "middleName", "lastName", "email", "assessmentDateTime", "expirationDateTime",
    "administeredByEmail", "administeredByPhone", "administeredByFirstName", "administeredByLastName",
    "scoringMethod", "patternNumber", "descriptiveReportUrl", "associatedPositionTitle",
    "associatedPositionImageUrl", "folderPath", "patternFullUrl", "patternSelfUrl", "gender", "personType",
    "isDeleted", "assessmentState", "assessmentStatusWebHook", "notifyAssessmentAvailableUsingEmail", "externalId",
    "externalPersonId", "assessmentUserId", "assessmentUrl", "assessmentPassword", "descriptiveReportPageUrl",
    "personPageUrl", "redirectUrl", "selfSigmaScore", "selfConceptSigmaScore", "synthesisSigmaScore",
    "positionSigmaScore", "customFields",
)  # fmt: skip

# The members of the example that the response table lacks.
OUTSIDE_RESPONSE_TABLE = frozenset({
    "assessmentDateTime", "scoringMethod", "patternNumber", "descriptiveReportUrl", "associatedPositionImageUrl",
    "folderPath", "patternFullUrl", "patternSelfUrl", "isDeleted", "assessmentState", "assessmentPassword",
    "descriptiveReportPageUrl", "personPageUrl",
})  # fmt: skip

# As in the example: an address that is still to come is "", a score that is still to come is null.
_PENDING: Representation = {
    "scoringMethod": 1, "patternNumber": None, "descriptiveReportUrl": "", "patternFullUrl": "", "patternSelfUrl": "",
    "isDeleted": 0, "descriptiveReportPageUrl": "", "selfSigmaScore": None, "selfConceptSigmaScore": None,
    "synthesisSigmaScore": None, "positionSigmaScore": None,
}  # fmt: skip

_ADMINISTRATOR = ("administeredByEmail", "administeredByPhone", "administeredByFirstName", "administeredByLastName")
_CHANGED_AS_SENT = (
    *_ADMINISTRATOR, "associatedPositionTitle", "assessmentStatusWebHook", "externalId", "folderPath", "redirectUrl",
    "customFields",
)  # fmt: skip
_SHAPING_FLAGS = (
    flags.PERSON_TYPE, flags.FOLDER_PATH, flags.SIGMA_GRAPHS, flags.SIGMA_CONTAINER, flags.RESPONSE_MEMBERS,
    flags.STATE_MEMBER,
)  # fmt: skip

# The index of a person's assessments.
BY_PERSON = "pi.assessment.person"
# The index of each member by which assessments are found. A key may lead to an assessment that is deleted or has
# another value by now: readers check what they find.
INDEXES = {
    "externalId": people.EXTERNAL_ID,
    "externalPersonId": "pi.assessment.external_person_id",
    "email": "pi.assessment.email",
    "assessmentUserId": BY_PERSON,
}


def keys(public: Mapping[str, Any], old: Mapping[str, Any] | None = None) -> tuple[tuple[str, str], ...]:
    """Return the index keys of an assessment, without those that it had with the `old` representation."""
    known = keys(old) if old is not None else ()
    found = ((index, public[member]) for member, index in INDEXES.items() if given(public[member]))
    return tuple(key for key in found if key not in known)


def new(
    request: VendorRequest, config: Config, person: Mapping[str, Any], id: str, state: int, expires: int, folder: str
) -> Representation:
    """Return the representation of a new assessment, as it is stored."""
    body = request.body
    title = body.get("associatedPositionTitle")
    user = config.api_user
    administrator = dict(zip(_ADMINISTRATOR, (user.email, user.phone, user.first_name, user.last_name), strict=True))
    if any(given(body.get(member)) for member in _ADMINISTRATOR):
        administrator = {member: body.get(member) for member in _ADMINISTRATOR}
    values = {
        **_PENDING,
        **person,
        **administrator,
        "assessmentId": id,
        "assessmentDateTime": instant.seven_digits(request.now),
        "expirationDateTime": instant.seven_digits(expires),
        "associatedPositionTitle": title,
        "associatedPositionImageUrl": _position_image(title),
        "folderPath": body.get("folderPath") or folder_name(folder),
        "assessmentState": state,
        "assessmentStatusWebHook": body.get(flags.WEBHOOK_MEMBER.value(config)),
        "notifyAssessmentAvailableUsingEmail": int(body.get("notifyAssessmentAvailableUsingEmail") or 0),
        "externalId": body.get("externalId"),
        "assessmentUrl": _assessment_url(id, body.get("languageLocale") or "en-US"),
        "assessmentPassword": request.random.digits(4),
        "personPageUrl": f"{BASE_URL_TOKEN}/Browse/PersonDetails?assessmentUserId={person['assessmentUserId']}",
        "redirectUrl": body.get("redirectUrl"),
        "customFields": custom_fields(body.get("customFields") or (), config, {}),
    }
    return {member: values[member] for member in MEMBERS}


def completed(public: Mapping[str, Any], scores: results.Scores, now: int) -> Representation:
    """Return the representation after completion, with scores, moment and the addresses that were pending."""
    own = f"{BASE_URL_TOKEN}/api/v1/behavioralassessments/{public['assessmentId']}"
    return {
        **public,
        "assessmentState": COMPLETED,
        "assessmentDateTime": instant.seven_digits(now),
        "patternNumber": results.pattern(scores["synthesisSigmaScore"]),
        "descriptiveReportUrl": _report_url(public),
        "patternFullUrl": f"{own}/patterns/0?format=PNG",
        "patternSelfUrl": f"{own}/patterns/1?format=PNG",
        "descriptiveReportPageUrl": f"{BASE_URL_TOKEN}/Browse/DescriptiveReport?assessmentId={public['assessmentId']}",
        **{graph: scores[graph] and [scores[graph]] for graph in results.SCORE_MEMBERS},
    }


def changed(public: Mapping[str, Any], values: Mapping[str, Any], expires: int | None) -> Representation:
    """Return the representation after a change; a value of None clears the member."""
    public = with_person(public, values) | {member: values[member] for member in _CHANGED_AS_SENT if member in values}
    if "notifyAssessmentAvailableUsingEmail" in values:
        public["notifyAssessmentAvailableUsingEmail"] = int(values["notifyAssessmentAvailableUsingEmail"])
    if expires is not None:
        public["expirationDateTime"] = instant.seven_digits(expires)
    if "associatedPositionTitle" in values:
        title = values["associatedPositionTitle"]
        public["associatedPositionImageUrl"] = _position_image(title)
        scored = title and public["assessmentState"] == COMPLETED
        public["positionSigmaScore"] = [results.position_scores(title)] if scored else None
    if "languageLocale" in values:
        public["assessmentUrl"] = _assessment_url(public["assessmentId"], values["languageLocale"])
    return public


def with_person(public: Mapping[str, Any], values: Mapping[str, Any]) -> Representation:
    """Return the representation with new values of the person's members."""
    public = {**public, **{member: values[member] for member in people.MEMBERS if member in values}}
    if public["descriptiveReportUrl"]:
        # The address of the report names the gender.
        public["descriptiveReportUrl"] = _report_url(public)
    return public


def _report_url(public: Mapping[str, Any]) -> str:
    own = f"{BASE_URL_TOKEN}/api/v1/behavioralassessments/{public['assessmentId']}"
    return f"{own}/reports/PersonDetailReport?format=PDF&gender={public['gender']}"


def _assessment_url(id: str, language: str) -> str:
    return f"{BASE_URL_TOKEN}/Account/LoginPi?a={LINK_TOKEN}.{id}&lang={language}"


def _position_image(title: str | None) -> str:
    return f"{BASE_URL_TOKEN}/Browse/PositionImage?title={quote(title, safe='')}" if title else ""


def custom_fields(items: Iterable[Any], config: Config, old: Mapping[str, str | None]) -> list[dict[str, str | None]]:
    """Return all fields of the account: with the value sent where it is valid, else with the old one."""
    sent = {item["fieldName"]: item.get("fieldValue") for item in items if isinstance(item.get("fieldName"), str)}
    found: list[dict[str, str | None]] = []
    for field in config.custom_fields:
        value = sent.get(field.name)
        if not isinstance(value, str) or (field.values is not None and value not in field.values):
            value = old.get(field.name)
        found.append({"fieldName": field.name, "fieldValue": value})
    return found


def find_folder(text: str, config: Config, present: str = "") -> str | None:
    """Return the full path of the folder that a folderPath names; None where the account has no such folder.

    Answers show a folder's name alone, so a name is accepted too. Of several folders with that name the `present` one
    is taken, else the first.
    """
    if text in config.folders:
        return text
    return next((path for path in (present, *config.folders) if text and folder_name(path) == text), None)


def folder_name(path: str) -> str:
    return path.rpartition("\\")[2]


def shown(stored: Stored, config: Config) -> Stored | Representation:
    """Return what an answer shows: the record, whose bytes are served unread, unless a flag asks for another shape."""
    behaviour = config.behaviour
    if not behaviour or all(behaviour.get(flag.id, flag.values[0]) == flag.values[0] for flag in _SHAPING_FLAGS):
        return stored
    return reshaped(stored.public, stored.internal, config)


def members(stored: Stored, config: Config) -> Representation:
    """Return the members of an assessment as answers show them."""
    found = shown(stored, config)
    return found if isinstance(found, dict) else found.public


def reshaped(public: Mapping[str, Any], internal: Mapping[str, Any], config: Config) -> Representation:
    """Return the representation in the shape that the behaviour flags ask for."""
    public = dict(public)
    if flags.PERSON_TYPE.value(config) == "numbers":
        public["personType"] = next(
            number for number, name in people.PERSON_TYPES.items() if name == public["personType"]
        )
    folder = flags.FOLDER_PATH.value(config)
    if folder != "as sent":
        public["folderPath"] = internal["folder"] if folder == "full" else folder_name(internal["folder"])
    if flags.SIGMA_GRAPHS.value(config) == "self":
        public |= dict.fromkeys(results.GRAPHS, public["selfSigmaScore"])
    if flags.SIGMA_CONTAINER.value(config) == "object":
        public |= {graph: public[graph] and public[graph][0] for graph in results.SCORE_MEMBERS}
    if flags.RESPONSE_MEMBERS.value(config) == "table":
        public = {member: value for member, value in public.items() if member not in OUTSIDE_RESPONSE_TABLE}
    state_member = flags.STATE_MEMBER.value(config)
    return {state_member if member == "assessmentState" else member: value for member, value in public.items()}
