"""Rules and the members they speak of."""

from typing import Any

import pytest

from assessment_simulator.core.request import MISSING, Unreadable
from assessment_simulator.core.rules import Field, Json, Rule, type_rules, violated_rules
from assessment_simulator.core.rules import is_type as fits_
from assessment_simulator.core.sources import Basis, Source, Standing, assumed
from tests.fakes import FakeSandbox

INFINITE = float("inf")
FITS: list[tuple[object, Json | None]] = [
    ("", Json.STRING),
    ("text", Json.STRING),
    ("1", Json.STRING),
    ("true", Json.STRING),
    ("null", Json.STRING),
    (True, Json.BOOLEAN),
    (False, Json.BOOLEAN),
    (0, Json.INTEGER),
    (1, Json.INTEGER),
    (-1, Json.INTEGER),
    (2**70, Json.INTEGER),
    (10**400, Json.INTEGER),
    (1.0, Json.INTEGER),
    (-0.0, Json.INTEGER),
    (1e308, Json.INTEGER),
    (0.5, None),
    (1e-320, None),
    (INFINITE, None),
    (-INFINITE, None),
    (float("nan"), None),
    ({}, Json.OBJECT),
    ({"a": 1}, Json.OBJECT),
    ([], Json.ARRAY),
    ([1], Json.ARRAY),
    ([{}], Json.ARRAY),
    (None, None),
]
"""Values with the one type that they are of."""


@pytest.mark.parametrize("kind", Json)
@pytest.mark.parametrize(("value", "its"), FITS)
def test_a_value_is_of_its_own_type_and_of_no_other(value: object, its: Json | None, kind: Json) -> None:
    assert fits_(value, kind) is (kind is its)


DEEP = Field(("candidate", "email"), Json.STRING, "candidate.email", "")
FLAT = Field(("gender",), Json.INTEGER, "gender", "")

FOUND: list[tuple[Field, Any, Any]] = [
    (FLAT, {"gender": 1}, 1),
    (FLAT, {"gender": None}, None),
    (FLAT, {"gender": 0}, 0),
    (FLAT, {}, None),
    (FLAT, [], None),
    (FLAT, "gender", None),
    (FLAT, None, None),
    (FLAT, MISSING, None),
    (FLAT, Unreadable("it ends too early"), None),
    (DEEP, {"candidate": {"email": "a@b"}}, "a@b"),
    (DEEP, {"candidate": {"email": ""}}, ""),
    (DEEP, {"candidate": {"email": None}}, None),
    (DEEP, {"candidate": {}}, None),
    (DEEP, {"candidate": None}, None),
    (DEEP, {"candidate": "email"}, None),
    (DEEP, {"candidate": ["email"]}, None),
    (DEEP, {"candidate": {"email": {"email": 1}}}, {"email": 1}),
    (DEEP, {"email": "a@b"}, None),
]


@pytest.mark.parametrize(("field", "body", "value"), FOUND)
def test_a_member_is_found_by_its_path(field: Field, body: Any, value: Any) -> None:
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
def test_a_member_is_judged_by_its_type_or_by_its_value_but_not_by_both(body: Any, typed: bool, passed: bool) -> None:
    world = FakeSandbox()
    call = world.call("any", body)
    assert FLAT.well_typed(call, world) is typed
    assert FLAT.passes(lambda value: value == 1)(call, world) is passed


def test_a_place_names_the_member_and_a_rule_the_last_word_of_it() -> None:
    assert DEEP.place == "body.candidate.email"
    assert rule("a", place=DEEP.place).name == "email"
    assert rule("a", place="request").name == "request"


def test_there_is_one_type_rule_for_each_member() -> None:
    first, second = type_rules("x.create", (FLAT, DEEP), 400)
    assert (first.id, second.id) == ("x.create.gender.type", "x.create.candidate.email.type")
    assert first.statement == "gender must be of type integer"
    assert second.statement == "candidate.email must be of type string"
    assert {(r.status, r.standing, r.source.title) for r in (first, second)} == {(400, Standing.ASSUMED, "our choice")}
    world = FakeSandbox()
    assert first.check(world.call("any", {"gender": 1}), world)
    assert not first.check(world.call("any", {"gender": "1"}), world)


def rule(id: str, holds: bool = True, place: str = "request") -> Rule:
    return Rule(id, place, f"{id} holds", 400, Standing.ASSUMED, Source("x", "y"), lambda call, world: holds)


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
def test_the_first_stage_with_a_broken_rule_names_all_that_it_found(
    stages: tuple[tuple[Rule, ...], ...], found: tuple[Rule, ...]
) -> None:
    world = FakeSandbox()
    assert violated_rules(stages, world.call("any"), world) == found


def test_a_later_stage_is_not_asked_once_an_earlier_one_refused() -> None:
    def fails(call: object, world: object) -> bool:
        raise AssertionError("it may rely on the earlier stage")

    late = Rule("late", "request", "", 400, Standing.ASSUMED, Source("x", "y"), fails)
    world = FakeSandbox()
    assert violated_rules(((BAD,), (late,)), world.call("any"), world) == (BAD,)


def test_rule_of_the_http_layer_accepts_every_request() -> None:
    world = FakeSandbox()
    assert Rule("http", "path", "", 404, Standing.ASSUMED, Source("x", "y")).check(world.call("any"), world)


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
def test_a_body_is_as_sure_as_its_status_and_a_status_as_the_demand_unless_the_rule_says_otherwise(
    status: Basis | None, body: Basis | None, wanted: tuple[Basis, Basis]
) -> None:
    rule = Rule("one", "request", "", 400, DEMAND.standing, DEMAND.source, status_basis=status, body_basis=body)
    assert (rule.of_status, rule.of_body) == wanted
