"""What the vendor shows of an assessment: exactly the members of the example response, in its order.

A face is stored as the default switches show it. Where a switch asks for another shape it is reshaped when shown, so
that changing a switch changes old answers too.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import quote

from assessment_simulator.core import instant
from assessment_simulator.core.config import Config
from assessment_simulator.core.request import BASE_URL_TOKEN, LINK_TOKEN, VendorRequest
from assessment_simulator.core.sandbox_view import SandboxView, Stored
from assessment_simulator.core.vendor import BehaviourFlag
from assessment_simulator.vendors.predictive_index import behaviour_flags, people, results
from assessment_simulator.vendors.predictive_index.people import PERSON_TYPES, given
from assessment_simulator.vendors.predictive_index.rules import folder_name, webhook_field
from assessment_simulator.vendors.predictive_index.states import COMPLETED

Face = dict[str, Any]

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
"""Every member of the example response, in its order."""

OUTSIDE_THE_TABLE = frozenset({
    "assessmentDateTime", "scoringMethod", "patternNumber", "descriptiveReportUrl", "associatedPositionImageUrl",
    "folderPath", "patternFullUrl", "patternSelfUrl", "isDeleted", "assessmentState", "assessmentPassword",
    "descriptiveReportPageUrl", "personPageUrl",
})  # fmt: skip
"""The members of the example that the response table lacks."""

# As in the example: an address that is still to come is "", a score that is still to come is null.
_PENDING: Face = {
    "scoringMethod": 1, "patternNumber": None, "descriptiveReportUrl": "", "patternFullUrl": "", "patternSelfUrl": "",
    "isDeleted": 0, "descriptiveReportPageUrl": "", "selfSigmaScore": None, "selfConceptSigmaScore": None,
    "synthesisSigmaScore": None, "positionSigmaScore": None,
}  # fmt: skip

_ADMINISTRATOR = ("administeredByEmail", "administeredByPhone", "administeredByFirstName", "administeredByLastName")
_PLAIN = (
    *_ADMINISTRATOR, "associatedPositionTitle", "assessmentStatusWebHook", "externalId", "folderPath", "redirectUrl",
    "customFields",
)  # fmt: skip
"""The members of an assessment alone that a change sets as they are."""


def opening(
    call: VendorRequest, config: Config, person: Mapping[str, Any], id: str, state: int, expires: int, folder: str
) -> Face:
    """The face of a new assessment, as it is saved."""
    body = call.body
    title = body.get("associatedPositionTitle")
    parts = {
        **_PENDING,
        **person,
        **_administrator(body, config),
        "assessmentId": id,
        "assessmentDateTime": instant.seven_digits(call.now),
        "expirationDateTime": instant.seven_digits(expires),
        "associatedPositionTitle": title,
        "associatedPositionImageUrl": _picture(title),
        "folderPath": body.get("folderPath") or folder_name(folder),
        "assessmentState": state,
        "assessmentStatusWebHook": webhook_field(config).of(body),
        "notifyAssessmentAvailableUsingEmail": int(body.get("notifyAssessmentAvailableUsingEmail") or 0),
        "externalId": body.get("externalId"),
        "assessmentUrl": _link(id, body.get("languageLocale") or "en-US"),
        "assessmentPassword": call.random.digits(4),
        "personPageUrl": f"{BASE_URL_TOKEN}/Browse/PersonDetails?assessmentUserId={person['assessmentUserId']}",
        "redirectUrl": body.get("redirectUrl"),
        "customFields": custom_fields(body.get("customFields") or (), config, {}),
    }
    return {member: parts[member] for member in MEMBERS}


def completed(face: Mapping[str, Any], scores: results.Scores, now: int) -> Face:
    """The face once the taker has finished: the moment, the scores, and the addresses that were pending."""
    own = _own(face)
    return {
        **face,
        **scores,
        "assessmentState": COMPLETED,
        "assessmentDateTime": instant.seven_digits(now),
        "patternNumber": results.pattern(scores["synthesisSigmaScore"]),
        "descriptiveReportUrl": _report(own, face["gender"]),
        "patternFullUrl": f"{own}/patterns/0?format=PNG",
        "patternSelfUrl": f"{own}/patterns/1?format=PNG",
        "descriptiveReportPageUrl": f"{BASE_URL_TOKEN}/Browse/DescriptiveReport?assessmentId={face['assessmentId']}",
        **{graph: scores[graph] and [scores[graph]] for graph in results.SHOWN},
    }


def changed(face: Mapping[str, Any], new: Mapping[str, Any], expires: int | None) -> Face:
    """The face with the new values of the members that a request changes; a value of None clears the member."""
    face = of_taker(face, new) | {member: new[member] for member in _PLAIN if member in new}
    if "notifyAssessmentAvailableUsingEmail" in new:
        face["notifyAssessmentAvailableUsingEmail"] = int(new["notifyAssessmentAvailableUsingEmail"])
    if expires is not None:
        face["expirationDateTime"] = instant.seven_digits(expires)
    if "associatedPositionTitle" in new:
        title = new["associatedPositionTitle"]
        face["associatedPositionImageUrl"] = _picture(title)
        scored = title and face["assessmentState"] == COMPLETED
        face["positionSigmaScore"] = [results.position_scores(title)] if scored else None
    if "languageLocale" in new:
        face["assessmentUrl"] = _link(face["assessmentId"], new["languageLocale"])
    return face


def of_taker(face: Mapping[str, Any], new: Mapping[str, Any]) -> Face:
    """The face with the new values of its taker's members; the address of the report asks for the taker's gender."""
    face = {**face, **{member: new[member] for member in people.MEMBERS if member in new}}
    if face["descriptiveReportUrl"]:
        face["descriptiveReportUrl"] = _report(_own(face), face["gender"])
    return face


def custom_fields(items: Iterable[Any], config: Config, old: Mapping[str, str | None]) -> list[Face]:
    """Every field that the account has, assigned where the request has a valid value for it, else as it was."""
    sent = {i["fieldName"]: i.get("fieldValue") for i in items if isinstance(i.get("fieldName"), str)}
    return [
        {"fieldName": field.name, "fieldValue": _assigned(sent.get(field.name), field.values, old.get(field.name))}
        for field in config.custom_fields
    ]


def custom_values(face: Mapping[str, Any]) -> dict[str, str | None]:
    """The values of the custom fields by their names."""
    return {field["fieldName"]: field["fieldValue"] for field in face["customFields"]}


def filled(text: str, call: VendorRequest, world: SandboxView) -> str:
    """A text of a face with the caller's address and the sandbox's seal in their places, as an answer shows it."""
    return world.links.fill_text(text, call.base_url)


def shown(stored: Stored, config: Config) -> Stored | Face:
    """What an answer shows: the record as it is stored, unless a switch asks for another shape.

    The record itself is the fast way: the edge then serves its bytes without reading them.
    """
    behaviour = config.behaviour
    if not behaviour or not any(behaviour.get(s.id, s.values[0]) != s.values[0] for s, _ in _SHAPES):
        return stored
    return reshaped(stored.public, stored.internal, config)


def reshaped(face: Mapping[str, Any], facts: Mapping[str, Any], config: Config) -> Face:
    """The face as the sandbox's switches ask for it."""
    face = dict(face)
    for switch, reshape in _SHAPES:
        value = behaviour_flags.setting(config, switch)
        if value != switch.values[0]:
            face = reshape(face, facts, value)
    return face


def _administrator(body: Mapping[str, Any], config: Config) -> Face:
    if any(given(body.get(member)) for member in _ADMINISTRATOR):
        return {member: body.get(member) for member in _ADMINISTRATOR}
    user = config.api_user
    return dict(zip(_ADMINISTRATOR, (user.email, user.phone, user.first_name, user.last_name), strict=True))


def _assigned(value: Any, allowed: tuple[str, ...] | None, old: str | None) -> str | None:
    return value if isinstance(value, str) and (allowed is None or value in allowed) else old


def _own(face: Mapping[str, Any]) -> str:
    return f"{BASE_URL_TOKEN}/api/v1/behavioralassessments/{face['assessmentId']}"


def _report(own: str, gender: int) -> str:
    return f"{own}/reports/PersonDetailReport?format=PDF&gender={gender}"


def _link(id: str, language: str) -> str:
    return f"{BASE_URL_TOKEN}/Account/LoginPi?a={LINK_TOKEN}.{id}&lang={language}"


def _picture(title: str | None) -> str:
    return f"{BASE_URL_TOKEN}/Browse/PositionImage?title={quote(title, safe='')}" if title else ""


def _person_type_number(face: Face, facts: Mapping[str, Any], value: Any) -> Face:
    numbers = {name: number for number, name in PERSON_TYPES.items()}
    return {**face, "personType": numbers[face["personType"]]}


def _folder(face: Face, facts: Mapping[str, Any], value: Any) -> Face:
    return {**face, "folderPath": facts["folder"] if value == "full" else folder_name(facts["folder"])}


def _self_everywhere(face: Face, facts: Mapping[str, Any], value: Any) -> Face:
    return {**face, **dict.fromkeys(results.GRAPHS, face["selfSigmaScore"])}


def _bare_scores(face: Face, facts: Mapping[str, Any], value: Any) -> Face:
    return {**face, **{graph: face[graph] and face[graph][0] for graph in results.SHOWN}}


def _table_members(face: Face, facts: Mapping[str, Any], value: Any) -> Face:
    return {member: shown for member, shown in face.items() if member not in OUTSIDE_THE_TABLE}


def _state_renamed(face: Face, facts: Mapping[str, Any], value: Any) -> Face:
    return {value if member == "assessmentState" else member: shown for member, shown in face.items()}


_SHAPES: tuple[tuple[BehaviourFlag, Callable[[Face, Mapping[str, Any], Any], Face]], ...] = (
    (behaviour_flags.PERSON_TYPE, _person_type_number),
    (behaviour_flags.FOLDER_PATH, _folder),
    (behaviour_flags.SIGMA_GRAPHS, _self_everywhere),
    (behaviour_flags.SIGMA_CONTAINER, _bare_scores),
    (behaviour_flags.RESPONSE_MEMBERS, _table_members),
    (behaviour_flags.STATE_MEMBER, _state_renamed),
)
"""How each switch changes a face; the members are dropped before one is renamed."""
