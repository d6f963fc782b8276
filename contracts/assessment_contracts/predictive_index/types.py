"""Wrong JSON types: refused, never coerced, for every member that is written."""

from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

from assessment_contracts.context import Context
from assessment_contracts.predictive_index import calls, refusals
from assessment_contracts.predictive_index.facts import MEMBERS
from assessment_contracts.predictive_index.scene import TAKER, everything, scene
from assessment_contracts.predictive_index.strategies import ADMINISTRATOR
from assessment_contracts.property import contract, given
from assessment_contracts.sources import Standing

_STRINGS: tuple[Any, ...] = (1, True, [], {}, 1.5, False, ["text"], 0, {"a": "b"})
_INTEGERS: tuple[Any, ...] = ("1", True, [], 0.5, {}, "", [1], False, "0")
_ARRAYS: tuple[Any, ...] = ("text", 1, True, {}, {"fieldName": "Favorite Color"}, "", False)

NAMES = (
    "firstName", "middleName", "lastName", "email", "expirationDateTime", "administeredByFirstName",
    "administeredByLastName", "administeredByEmail", "administeredByPhone", "associatedPositionTitle", "gender",
    "personType", "assessmentStatusWebHook", "languageLocale", "notifyAssessmentAvailableUsingEmail", "externalId",
    "externalPersonId", "folderPath", "redirectUrl", "customFields",
)  # fmt: skip
"""The members of the request table, in its order: that of the words for them in rule ids."""

WRONG: Mapping[str, tuple[Any, ...]] = {
    **dict.fromkeys(NAMES, _STRINGS),
    "gender": _INTEGERS,
    "notifyAssessmentAvailableUsingEmail": _INTEGERS,
    "customFields": _ARRAYS,
}
"""What is of no member's type; null is, for it means "not sent"."""


def _rules(call: str) -> tuple[str, ...]:
    return tuple(f"pi.{call}.{member}.type" for member in MEMBERS)


def _tried(context: Context, call: str, member: str, value: Any, rule: str) -> None:
    body = {**(ADMINISTRATOR if member.startswith("administeredBy") else {}), member: value}
    if call == "create":
        answer = calls.create(context.sandbox, {**TAKER, **body})
    else:
        answer = calls.change(context.sandbox, scene(context.sandbox)["pending"], body)
    where = f"{call}: {member} = {value!r}"
    assert answer.status == 400, f"{where} is answered {answer.status}: {answer.text[:200]}"
    assert not context.is_simulator or answer.rules == (rule,), f"{where} is refused for {answer.rules}, not for {rule}"
    assert not context.is_simulator or refusals.items(answer) == [member], f"{where}: {answer.text}"
    refusals.legacy(answer)


def _all(context: Context, call: str, turn: int) -> None:
    before = everything(context.sandbox)
    for member, rule in zip(NAMES, _rules(call), strict=True):
        wrong = WRONG[member]
        _tried(context, call, member, wrong[turn % len(wrong)], rule)
    assert everything(context.sandbox) == before, "what was refused has changed something"


@contract(
    "pi.assessment.types",
    "A member of a wrong type is refused, whichever of the members it is, and nothing is coerced",
    broken=_rules("create"),
    standing=Standing.ASSUMED,
    examples=0.5,
)
@given(turn=st.integers(0, 62))
def created(context: Context, turn: int) -> None:
    """A text in the place of a number, a number in that of a text: a server that coerced them would hide the caller's
    bug until the vendor's own refuses it. The refusal names the member."""
    _all(context, "create", turn)


@contract(
    "pi.change.types",
    "A change with a member of a wrong type is refused, and nothing is coerced",
    broken=_rules("change"),
    standing=Standing.ASSUMED,
    examples=0.5,
)
@given(turn=st.integers(0, 62))
def changed(context: Context, turn: int) -> None:
    """As for a creation; and the assessment stays as it was."""
    _all(context, "change", turn)


@contract(
    "pi.refusals.parameters",
    "A refusal lists every member that is wrong, each once, by its name",
    promises=("pi.errors",),
    standing=Standing.ASSUMED,
)
@given(wrong=st.sets(st.sampled_from(NAMES[10:]), min_size=1, max_size=4))
def parameters(context: Context, wrong: set[str]) -> None:
    """A caller who made four mistakes learns of all four at once, not of one after the other."""
    answer = calls.create(context.sandbox, {**TAKER, **{member: WRONG[member][2] for member in wrong}})
    assert answer.status == 400, f"{answer.status} instead of 400"
    if context.is_simulator:
        assert sorted(refusals.items(answer)) == sorted(wrong), f"wrong are {sorted(wrong)}, listed: {answer.text}"
        rules = dict(zip(NAMES, _rules("create"), strict=True))
        assert {*answer.rules} == {rules[member] for member in wrong}, f"{answer.rules}"
    refusals.legacy(answer)


PROPERTIES = (created, changed, parameters)
