"""Rules and fields."""

import math
from typing import Any

import pytest

from assessment_simulator.core.request import MISSING, Unreadable
from assessment_simulator.core.rules import Field, Json, Rule, is_type, type_rules
from assessment_simulator.core.sources import Basis, Source, Standing, assumed
from assessment_simulator.core.vendor import violated_rules
from tests.fakes import FakeSandbox

VALUES: dict[Json | None, list[object]] = {
    Json.STRING: ["", "text", "1", "true", "null"],
    Json.BOOLEAN: [True, False],
    Json.INTEGER: [0, 1, -1, 2**70, 10**400, 1.0, -0.0, 1e308],
    Json.OBJECT: [{}, {"a": 1}],
    Json.ARRAY: [[], [1], [{}]],
    None: [0.5, 1e-320, math.inf, -math.inf, math.nan, None],
}


@pytest.mark.parametrize(("its", "value"), [(its, value) for its, values in VALUES.items() for value in values])
def test_json_value_has_exactly_one_type(value: object, its: Json | None) -> None:
    assert [kind for kind in Json if is_type(value, kind)] == ([] if its is None else [its])


DEEP = Field(("candidate", "email"), Json.STRING, "candidate.email", "")
FLAT = Field(("gender",), Json.INTEGER, "gender", "")

NOTHING: list[Any] = [{"gender": None}, {}, [], "gender", None, MISSING, Unreadable("it ends too early")]
NOTHING_DEEP: list[Any] = [
    {"candidate": {"email": None}}, {"candidate": {}}, {"candidate": None}, {"candidate": "email"},
    {"candidate": ["email"]}, {"email": "a@b"},
]  # fmt: skip
FOUND: list[tuple[Field, Any, Any]] = [
    (FLAT, {"gender": 1}, 1),
    (FLAT, {"gender": 0}, 0),
    *((FLAT, body, None) for body in NOTHING),
    (DEEP, {"candidate": {"email": "a@b"}}, "a@b"),
    (DEEP, {"candidate": {"email": ""}}, ""),
    (DEEP, {"candidate": {"email": {"email": 1}}}, {"email": 1}),
    *((DEEP, body, None) for body in NOTHING_DEEP),
]


@pytest.mark.parametrize(("field", "body", "value"), FOUND)
def test_field_value_is_found_by_path(field: Field, body: Any, value: Any) -> None:
    assert field.of(body) == value


JUDGED = [
    ({}, True, True),
    ({"gender": None}, True, True),
    ({"gender": 1}, True, True),
    ({"gender": 1.0}, True, True),
    ({"gender": 2}, True, False),
    ({"gender": "1"}, False, True),
    ({"gender": True}, False, True),
    ({"gender": 0.5}, False, True),
    ({"gender": [1]}, False, True),
]


@pytest.mark.parametrize(("body", "typed", "passed"), JUDGED)
def test_wrong_type_violates_the_type_check_only(body: Any, typed: bool, passed: bool) -> None:
    sandbox = FakeSandbox()
    call = sandbox.call("any", body)
    assert FLAT.well_typed(call, sandbox) is typed
    assert FLAT.passes(lambda value: value == 1)(call, sandbox) is passed


def test_name_of_a_rule_is_the_last_word_of_its_place() -> None:
    assert DEEP.place == "body.candidate.email"
    assert rule("a", place=DEEP.place).name == "email"
    assert rule("a", place="request").name == "request"


def test_type_rules_has_one_rule_for_each_field() -> None:
    first, second = type_rules("x.create", (FLAT, DEEP), 400)
    assert (first.id, second.id) == ("x.create.gender.type", "x.create.candidate.email.type")
    assert first.statement == "gender must be of type integer"
    assert second.statement == "candidate.email must be of type string"
    assert {(r.status, r.standing, r.source.title) for r in (first, second)} == {(400, Standing.ASSUMED, "our choice")}
    sandbox = FakeSandbox()
    assert first.check(sandbox.call("any", {"gender": 1}), sandbox)
    assert not first.check(sandbox.call("any", {"gender": "1"}), sandbox)


def rule(id: str, holds: bool = True, place: str = "request") -> Rule:
    return Rule(id, place, f"{id} holds", 400, Standing.ASSUMED, Source("x", "y"), lambda call, sandbox: holds)


KEPT, BAD, WORSE = rule("kept"), rule("bad", holds=False), rule("worse", holds=False)


@pytest.mark.parametrize(
    ("stages", "found"),
    [
        ((), ()),
        (((),), ()),
        (((KEPT,),), ()),
        (((KEPT,), (KEPT, KEPT)), ()),
        (((KEPT,), (BAD,)), (BAD,)),
        (((BAD,), (WORSE,)), (BAD,)),
        (((WORSE, KEPT, BAD), (WORSE,)), (WORSE, BAD)),
        (((), (KEPT,), (KEPT, WORSE)), (WORSE,)),
    ],
)
def test_first_stage_with_a_violation_reports_all_its_violated_rules(
    stages: tuple[tuple[Rule, ...], ...], found: tuple[Rule, ...]
) -> None:
    sandbox = FakeSandbox()
    assert violated_rules(stages, sandbox.call("any"), sandbox) == found


def test_later_stages_are_not_checked_after_a_violation() -> None:
    def fails(call: object, sandbox: object) -> bool:
        raise AssertionError("it may rely on the earlier stage")

    late = Rule("late", "request", "", 400, Standing.ASSUMED, Source("x", "y"), fails)
    sandbox = FakeSandbox()
    assert violated_rules(((BAD,), (late,)), sandbox.call("any"), sandbox) == (BAD,)


DEMAND = Basis(Standing.DOCUMENTED, Source("x", "y"))
STATUS, BODY = assumed("the status is ours"), assumed("the body is ours")


@pytest.mark.parametrize(
    ("status", "body", "wanted"),
    [
        (None, None, (DEMAND, DEMAND)),
        (STATUS, None, (STATUS, STATUS)),
        (None, BODY, (DEMAND, BODY)),
        (STATUS, BODY, (STATUS, BODY)),
    ],
)
def test_basis_of_status_and_body_defaults_to_that_of_the_demand(
    status: Basis | None, body: Basis | None, wanted: tuple[Basis, Basis]
) -> None:
    rule = Rule("one", "request", "", 400, DEMAND.standing, DEMAND.source, status_basis=status, body_basis=body)
    assert (rule.of_status, rule.of_body) == wanted
