"""What an assessment must look like, worked out from what was sent: an own reading of the pages, member by member."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from assessment_contracts import timestamps
from assessment_contracts.predictive_index.facts import TABLES
from assessment_contracts.predictive_index.strategies import FACTORS, GRAPHS, SETTINGS

Body = Mapping[str, Any]
Face = dict[str, Any]

MEMBERS = TABLES.members("assessment")
"""The members of the example response, in its order."""
OUTSIDE_THE_TABLE = (
    "assessmentDateTime", "scoringMethod", "patternNumber", "descriptiveReportUrl", "associatedPositionImageUrl",
    "folderPath", "patternFullUrl", "patternSelfUrl", "isDeleted", "assessmentState", "assessmentPassword",
    "descriptiveReportPageUrl", "personPageUrl",
)  # fmt: skip
"""Those of them that the response table lacks."""

PENDING: Mapping[str, Any] = {
    "scoringMethod": 1, "patternNumber": None, "descriptiveReportUrl": "", "patternFullUrl": "", "patternSelfUrl": "",
    "isDeleted": 0, "descriptiveReportPageUrl": "", "selfSigmaScore": None, "selfConceptSigmaScore": None,
    "synthesisSigmaScore": None, "positionSigmaScore": None,
}  # fmt: skip
"""Before completion: an address that is to come is empty, a score that is to come is null."""

RESULTS = ("patternNumber", "descriptiveReportUrl", "patternFullUrl", "patternSelfUrl", "descriptiveReportPageUrl",
           "selfSigmaScore", "selfConceptSigmaScore", "synthesisSigmaScore", "positionSigmaScore")  # fmt: skip
"""What completion brings."""

PERSON = ("firstName", "middleName", "lastName", "email", "externalPersonId")
TAKER = (*PERSON, "gender", "personType")
"""The members that are the taker's: the same in all assessments of a person."""
ADMINISTRATOR = ("administeredByEmail", "administeredByPhone", "administeredByFirstName", "administeredByLastName")
DRAWN = ("assessmentId", "assessmentDateTime", "assessmentUserId", "assessmentUrl", "assessmentPassword",
         "personPageUrl")  # fmt: skip
"""What the server makes up; `check_drawn` says what can be said of it."""

USUAL_DAYS = 10
"""How long an invitation is valid by default."""


@dataclass(frozen=True)
class Account:
    """The settings of an account, as far as answers show them."""

    settings: Mapping[str, Any] = field(default_factory=lambda: SETTINGS)
    days: int = USUAL_DAYS

    @property
    def administrator(self) -> Face:
        """The administrator if a request names none."""
        user = self.settings["api_user"]
        return dict(
            zip(ADMINISTRATOR, (user[part] for part in ("email", "phone", "first_name", "last_name")), strict=True)
        )

    def fields(self, items: Any, old: Mapping[str, Any] | None = None) -> list[Face]:
        """Every custom field of the account, assigned where the request has a valid value for it."""
        sent = {item.get("fieldName"): item.get("fieldValue") for item in items or () if _has_name(item)}
        return [
            {"fieldName": known["name"], "fieldValue": _assigned(sent.get(known["name"]), known, old or {})}
            for known in self.settings["custom_fields"]
        ]


def _has_name(item: Mapping[str, Any]) -> bool:
    return isinstance(item.get("fieldName"), str)


def _assigned(value: Any, known: Mapping[str, Any], old: Mapping[str, Any]) -> Any:
    allowed = known.get("values")
    valid = isinstance(value, str) and (allowed is None or value in allowed)
    return value if valid else old.get(known["name"])


def opened(body: Body, answered: Face, account: Account | None = None) -> Face:
    """The answer to a creation, all but what the server makes up; `account` None leaves out what is the account's."""
    expected = {
        **answered,
        **PENDING,
        **{member: body.get(member) for member in ("firstName", "middleName", "lastName", "email", "externalPersonId")},
        "expirationDateTime": _expires(body, answered, account),
        "gender": int(body.get("gender") or 0),
        "personType": body.get("personType") or "Unknown",
        "assessmentState": 0,
        "assessmentStatusWebHook": body.get("assessmentStatusWebHook"),
        "notifyAssessmentAvailableUsingEmail": int(body.get("notifyAssessmentAvailableUsingEmail") or 0),
        "externalId": body.get("externalId"),
        "redirectUrl": body.get("redirectUrl"),
    }
    if any(body.get(member) for member in ADMINISTRATOR):
        expected |= {member: body.get(member) for member in ADMINISTRATOR}
    if account is not None:
        expected |= _of_the_account(body, account)
    return {member: expected.get(member) for member in MEMBERS}


def _expires(body: Body, answered: Face, account: Account | None) -> str:
    sent = body.get("expirationDateTime")
    if sent:
        return timestamps.seven_decimals(timestamps.ticks(sent))
    if account is None:
        return str(answered["expirationDateTime"])
    return timestamps.seven_decimals(timestamps.ticks(answered["assessmentDateTime"]) + account.days * timestamps.DAY)


def _of_the_account(body: Body, account: Account) -> Face:
    """What depends on the account's settings; the picture's address is only known to be there with a position."""
    title = body.get("associatedPositionTitle")
    folder = body.get("folderPath") or account.settings["folders"][0].rpartition("\\")[2]
    fields = account.fields(body.get("customFields"))
    shown = {"associatedPositionTitle": title, "folderPath": folder, "customFields": fields}
    if not title:
        shown["associatedPositionImageUrl"] = ""
    return shown if any(body.get(member) for member in ADMINISTRATOR) else {**shown, **account.administrator}


def check_drawn(face: Face, body: Body) -> None:
    """What can be said of the members that the server makes up."""
    language = body.get("languageLocale") or "en-US"
    for member in ("assessmentId", "assessmentUserId"):
        assert isinstance(face[member], str), f"{member} is {face[member]!r}"
        assert face[member], f"{member} is empty"
    for member in ("assessmentDateTime", "expirationDateTime"):
        assert timestamps.SEVEN_DECIMALS.fullmatch(face[member]), (
            f"{member} is {face[member]!r}: not seven decimals and Z"
        )
    assert re.fullmatch(r"https?://[^/]+/.+", face["assessmentUrl"]), f"assessmentUrl is {face['assessmentUrl']!r}"
    assert face["assessmentUrl"].endswith(f"lang={language}"), f"{face['assessmentUrl']} is not in {language}"
    assert re.fullmatch(r"[0-9]{4}", face["assessmentPassword"]), f"the password is {face['assessmentPassword']!r}"
    page = face["personPageUrl"]
    assert page.endswith(f"/Browse/PersonDetails?assessmentUserId={face['assessmentUserId']}"), f"the page is {page}"
    titled = bool(face["associatedPositionTitle"])
    assert bool(face["associatedPositionImageUrl"]) is titled, "a picture belongs to a position, and to nothing else"


def check_completed(face: Face) -> None:
    """What completion must have brought, and that its parts agree with each other."""
    assert [*face] == [*MEMBERS], f"the members are {[*face]}"
    TABLES.check(face, "assessment")
    assert face["assessmentState"] == 40, f"the state is {face['assessmentState']}"
    own = f"/api/v1/behavioralassessments/{face['assessmentId']}"
    assert face["patternFullUrl"].endswith(f"{own}/patterns/0?format=PNG"), face["patternFullUrl"]
    assert face["patternSelfUrl"].endswith(f"{own}/patterns/1?format=PNG"), face["patternSelfUrl"]
    assert f"{own}/reports/" in face["descriptiveReportUrl"], face["descriptiveReportUrl"]
    assert face["assessmentId"] in face["descriptiveReportPageUrl"], face["descriptiveReportPageUrl"]
    number = face["patternNumber"]
    assert number in range(1, 18), f"patternNumber is {number}"
    for graph in GRAPHS:
        check_sigma(graph, face[graph], FACTORS)
    if face["associatedPositionTitle"]:
        check_sigma("positionSigmaScore", face["positionSigmaScore"], FACTORS[:4])
    else:
        assert face["positionSigmaScore"] is None, "there is a position score without a position"


def check_synthesis(face: Face) -> None:
    """Assert that a synthesis that was not given is the mean of the other two graphs, to the second decimal."""
    own, concept, synthesis = (face[graph][0] for graph in GRAPHS)
    for factor in FACTORS:
        middle = (own[factor] + concept[factor]) / 2
        assert abs(synthesis[factor] - middle) <= 0.011, (
            f"the synthesis of {factor} is {synthesis[factor]}, not {middle}"
        )


def check_sigma(graph: str, score: Any, factors: tuple[str, ...]) -> None:
    """An array of one object of numbers with two decimals, one a factor."""
    assert len(score) == 1, f"{graph} is {score!r}, not an array of one object"
    assert [*score[0]] == [*factors], f"{graph} has {[*score[0]]}, not {[*factors]}"
    for factor, value in score[0].items():
        assert type(value) in (int, float), f"{graph}/{factor} is {value!r}"
        assert -4 <= value <= 4, f"{graph}/{factor} is {value}"
        assert round(value, 2) == value, f"{graph}/{factor} is {value!r}: more than two decimals"
