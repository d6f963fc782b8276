"""A dozen assessments to ask a list for: of every state, alike in some members, unlike in others, some with nothing."""

from typing import Any

from assessment_contracts.predictive_index import calls
from assessment_contracts.predictive_index.oracle import Face
from assessment_contracts.predictive_index.settings import furnished
from assessment_contracts.predictive_index.strategies import FACTORS, GRAPHS
from assessment_contracts.sandbox import Sandbox

FIRST_NAMES = ("ada", "Ada", "Bo", "It's", "é", "😀", "a b", "Z")
MIDDLE_NAMES = (None, "", "Kevin", "kevin")
EXPIRATIONS = (
    "2999-01-01", "2999-01-01T00:00:00Z", "2999-06-30T12:00:00.1234567Z", "2999-06-30T12:00:00.1234568Z", "3000-02-28",
)  # fmt: skip
SCORES = (-1.5, 0.0, 0.25, 2.0)
POSITIONS = (None, "Account Executive", "position")
LANGUAGES = ("en-US", "fr-CA", None)

_ACTIONS = (
    "",
    "complete",
    "complete",
    "open",
    "complete",
    "start",
    "complete",
    "expire",
    "complete",
    "abort",
    "",
    "complete",
    "",
)


def _body(number: int) -> Face:
    return {
        "firstName": FIRST_NAMES[number % 8], "middleName": MIDDLE_NAMES[number % 4], "lastName": "Flynn",
        "email": f"{('sam', 'Sam', 'o', 'x')[number % 4]}{number % 5}@example.com", "gender": number % 3,
        "expirationDateTime": EXPIRATIONS[number % 5], "associatedPositionTitle": POSITIONS[number % 3],
        "personType": ("Candidate", "Employee", "Former Employee")[number // 2 % 3],
        "languageLocale": LANGUAGES[number % 3],
        "redirectUrl": ("https://example.com/a", None)[number % 2],
        "externalId": calls.unique("L") if number % 3 else None,
        "externalPersonId": calls.unique("p") if number % 4 else None,
        "customFields": [{"fieldName": "Notes", "fieldValue": str(number)}],
    }  # fmt: skip


def _scores(number: int) -> dict[str, Any]:
    """Scores of which every one is met twice, and no two graphs are alike."""
    return {
        graph: {factor: SCORES[(number // 2 + place + shift) % 4] for place, factor in enumerate(FACTORS)}
        for shift, graph in enumerate(GRAPHS)
    }


def library(sandbox: Sandbox) -> list[Face]:
    """The assessments in the order of their creation, each as it is shown alone; made once in a sandbox."""
    found: list[Face] | None = sandbox.memo.get("library")
    if found is None:
        furnished(sandbox)
        found = sandbox.memo["library"] = [_made(sandbox, number, action) for number, action in enumerate(_ACTIONS)]
        calls.archive(sandbox, calls.made(sandbox, _body(1))["assessmentId"])
    return found


def _made(sandbox: Sandbox, number: int, action: str) -> Face:
    id = calls.made(sandbox, _body(number))["assessmentId"]
    if action == "complete":
        sandbox.act(id, action, scores=_scores(number))
    elif action:
        sandbox.act(id, action)
    return calls.read(sandbox, id)
