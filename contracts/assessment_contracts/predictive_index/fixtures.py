"""What the account holds before a test: assessments that invalid requests refer to, and a dozen to list and filter."""

from collections.abc import Mapping
from typing import Any

from assessment_contracts.context import Context
from assessment_contracts.predictive_index import calls
from assessment_contracts.predictive_index.calls import Face
from assessment_contracts.predictive_index.strategies import FACTORS, GRAPHS, SETTINGS, TAKER
from assessment_contracts.sandbox import Sandbox


def furnished(sandbox: Sandbox) -> Sandbox:
    """The sandbox with the settings `SETTINGS`."""
    if "furnished" not in sandbox.memo:
        sandbox.config(**SETTINGS)
        sandbox.memo["furnished"] = True
    return sandbox


def apart(context: Context) -> Sandbox:
    """A sandbox with little in it, for tests that read everything; a vendor's account is as it is."""
    return context.fresh() if context.is_simulator else context.sandbox


def known_ids(sandbox: Sandbox) -> Mapping[str, str]:
    """What `{words}` in invalid requests stand for: ids of assessments of every kind, made once in a sandbox.

    `pending` is of a person with both ids, `first` and `person`; `second` and `stranger` are those of another person;
    `lone` is the id of an assessment whose person has none. `gone` was archived. `done` is completed.
    """
    if "words" not in sandbox.memo:
        sandbox.memo["words"] = _TEXTS | _made(sandbox)
    found: Mapping[str, str] = sandbox.memo["words"]
    return found


_TEXTS = {
    "8200 letters": "x" * 8_200, "1001 letters": "x" * 1_001, "501 values": " or ".join(["true"] * 501),
    "40 nots": "not " * 40, "41 brackets": "(" * 41 + "true" + ")" * 41,
    "user": "peopleAndJobsSearchResult/assessmentUser",
}  # fmt: skip
"""Texts that are too long for a table."""


def _made(sandbox: Sandbox) -> dict[str, str]:
    words = {name: calls.unique(name) for name in ("first", "person", "second", "stranger", "lone")}
    both = {**TAKER, "externalId": words["first"], "externalPersonId": words["person"]}
    words["pending"] = calls.made(sandbox, both)["assessmentId"]
    calls.made(sandbox, {**TAKER, "externalId": words["second"], "externalPersonId": words["stranger"]})
    calls.made(sandbox, {**TAKER, "externalId": words["lone"]})
    words["gone"] = calls.made(sandbox, TAKER)["assessmentId"]
    calls.archive(sandbox, words["gone"])
    words["done"] = calls.made(sandbox, TAKER)["assessmentId"]
    if sandbox.control_headers is not None:
        sandbox.act(words["done"], "complete")
    return words


def readable(sandbox: Sandbox) -> Any:
    """Everything that can be read in the sandbox, also by the control API; at a vendor two assessments."""
    ids = known_ids(sandbox)
    if sandbox.control_headers is None:
        return [calls.read(sandbox, ids[name]) for name in ("pending", "done")]
    hidden = [sandbox.control_json("GET", part) for part in ("/mail", "/deliveries")]
    return [calls.listed(sandbox), calls.people(sandbox), *hidden]


# Assessments to list: of every state, alike in some members, different in others, some with nothing.

FIRST_NAMES = ("ada", "Ada", "Bo", "It's", "é", "😀", "a b", "Z")
MIDDLE_NAMES = (None, "", "Kevin", "kevin")
EXPIRATIONS = (
    "2999-01-01", "2999-01-01T00:00:00Z", "2999-06-30T12:00:00.1234567Z", "2999-06-30T12:00:00.1234568Z", "3000-02-28",
)  # fmt: skip
SCORES = (-1.5, 0.0, 0.25, 2.0)
_ACTIONS = (
    "", "complete", "complete", "open", "complete", "start", "complete", "expire", "complete", "abort", "", "complete",
    "",
)  # fmt: skip


def listed(sandbox: Sandbox) -> list[Face]:
    """The assessments in the order of their creation, each as it is shown alone; made once in a sandbox."""
    found: list[Face] | None = sandbox.memo.get("listed")
    if found is None:
        furnished(sandbox)
        found = sandbox.memo["listed"] = [_listed(sandbox, number, action) for number, action in enumerate(_ACTIONS)]
        calls.archive(sandbox, calls.made(sandbox, _body(1))["assessmentId"])
    return found


def _listed(sandbox: Sandbox, number: int, action: str) -> Face:
    id = calls.made(sandbox, _body(number))["assessmentId"]
    # Scores of which every one occurs twice, and no two graphs are alike.
    scores = {
        graph: {factor: SCORES[(number // 2 + place + shift) % 4] for place, factor in enumerate(FACTORS)}
        for shift, graph in enumerate(GRAPHS)
    }
    if action:
        sandbox.act(id, action, **({"scores": scores} if action == "complete" else {}))
    return calls.read(sandbox, id)


def _body(number: int) -> Face:
    return {
        "firstName": FIRST_NAMES[number % 8], "middleName": MIDDLE_NAMES[number % 4], "lastName": "Flynn",
        "email": f"{('sam', 'Sam', 'o', 'x')[number % 4]}{number % 5}@example.com", "gender": number % 3,
        "expirationDateTime": EXPIRATIONS[number % 5],
        "associatedPositionTitle": (None, "Account Executive", "position")[number % 3],
        "personType": ("Candidate", "Employee", "Former Employee")[number // 2 % 3],
        "languageLocale": ("en-US", "fr-CA", None)[number % 3],
        "redirectUrl": ("https://example.com/a", None)[number % 2],
        "externalId": calls.unique("L") if number % 3 else None,
        "externalPersonId": calls.unique("p") if number % 4 else None,
        "customFields": [{"fieldName": "Notes", "fieldValue": str(number)}],
    }  # fmt: skip
