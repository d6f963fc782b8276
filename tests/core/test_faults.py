"""Injected faults without a server: matching, counters, defaults and merge patches."""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assessment_simulator.core.decision import WebhookEvent
from assessment_simulator.core.faults import (
    KINDS,
    Counter,
    Fault,
    FaultContext,
    FaultPlan,
    count_match,
    matches,
    merge_patch,
    path_matches,
    with_defaults,
)
from assessment_simulator.core.retry_schedule import Delivery
from tests.fakes import FakeSandbox

CALL = FaultContext("calls", frozenset(KINDS["calls"]), "pymetrics", "create_order", "POST", "/mercury/order")
DELIVERY = FaultContext("deliveries", frozenset(KINDS["deliveries"]), "pymetrics", invitation="an-order")
REQUEST = FakeSandbox().call("create_order")
PLAIN = Fault(do="drop")


def triggers(fault: Fault, times: int, seed: int | str = 0) -> list[bool]:
    """On which of so many matching calls a fault triggers."""
    tally, found = Counter(), []
    for _ in range(times):
        before, tally = tally, count_match(fault, tally, seed)
        found.append(tally.triggered > before.triggered)
    assert tally == Counter(times, sum(found))
    return found


MET: list[tuple[FaultContext, dict[str, Any], bool]] = [
    (CALL, {}, True),
    (CALL, {"vendor": "pymetrics"}, True),
    (CALL, {"vendor": "predictive_index"}, False),
    (CALL, {"operation": "create_order"}, True),
    (CALL, {"operation": "get_order"}, False),
    (CALL, {"method": "POST"}, True),
    (CALL, {"method": "GET"}, False),
    (CALL, {"path": "/mercury/order"}, True),
    (CALL, {"path": "/mercury/orders"}, False),
    (CALL, {"path": "/mercury/*"}, True),
    (CALL, {"vendor": "pymetrics", "operation": "create_order", "method": "POST", "path": "*order"}, True),
    (CALL, {"vendor": "pymetrics", "operation": "create_order", "method": "GET", "path": "*order"}, False),
    (CALL, {"on": "deliveries"}, False),
    (DELIVERY, {"on": "deliveries"}, True),
    (DELIVERY, {"on": "deliveries", "invitation": "an-order"}, True),
    (DELIVERY, {"on": "deliveries", "invitation": "another"}, False),
    (DELIVERY, {"on": "deliveries", "vendor": "predictive_index"}, False),
    (DELIVERY, {"on": "calls"}, False),
]


@pytest.mark.parametrize(("context", "said", "meets"), MET)
def test_fault_matches_by_all_its_selectors(context: FaultContext, said: dict[str, Any], meets: bool) -> None:
    assert matches(replace(PLAIN, **said), context) is meets


def test_fault_does_not_match_where_its_kind_is_impossible() -> None:
    assert not matches(PLAIN, CALL._replace(able=frozenset({"delay"})))


PATHS = [
    ("/a", "/a", True), ("/a", "/ab", False), ("*", "", True), ("*", "/anything", True), ("/a/*", "/a/", True),
    ("/a/*", "/a", False), ("*/b", "/a/b", True), ("*/b", "/a/bc", False), ("/a*a", "/a", False), ("/a*a", "/aa", True),
    ("/*b*d", "/abcd", True), ("/*b*d", "/acd", False), ("/*b*b*b", "/bab", False), ("/*b*b*b", "/bbb", True),
    ("/**b", "/ab", True), ("/a.c", "/abc", False), ("/[a]*", "/[a]b", True),
]  # fmt: skip


@pytest.mark.parametrize(("pattern", "text", "agrees"), PATHS)
def test_star_matches_any_run_of_characters(pattern: str, text: str, agrees: bool) -> None:
    assert path_matches(pattern, text) is agrees


@given(st.text("ab*", max_size=8), st.text("ab", max_size=10))
def test_path_pattern_agrees_with_a_regular_expression(pattern: str, text: str) -> None:
    expected = re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), text) is not None
    assert path_matches(pattern, text) is expected


def test_many_stars_are_fast() -> None:
    assert not path_matches("*a" * 2_000 + "*b*", "a" * 5_000)


COUNTS: list[tuple[dict[str, Any], list[bool]]] = [
    ({}, [True, True, True, True]),
    ({"times": 0}, [False, False, False, False]),
    ({"times": 1}, [True, False, False, False]),
    ({"times": 2}, [True, True, False, False]),
    ({"after": 1}, [False, True, True, True]),
    ({"after": 2, "times": 1}, [False, False, True, False]),
    ({"probability": 0.0}, [False, False, False, False]),
]


@pytest.mark.parametrize(("said", "expected"), COUNTS)
def test_after_and_times_limit_the_triggers(said: dict[str, Any], expected: list[bool]) -> None:
    assert triggers(replace(PLAIN, **said), 4) == expected


def test_probability_is_met_and_repeatable() -> None:
    fault = replace(PLAIN, id="f", probability=0.3)
    found = triggers(fault, 2_000, 7)
    assert 500 < sum(found) < 700
    assert triggers(fault, 2_000, 7) == found


@pytest.mark.parametrize(("id", "seed"), [("f", 8), ("g", 7), ("f", "other")])
def test_probability_depends_on_seed_and_id(id: str, seed: int | str) -> None:
    fault = replace(PLAIN, id="f", probability=0.5)
    assert triggers(replace(fault, id=id), 64, seed) != triggers(fault, 64, 7)


def test_only_triggers_count_against_times() -> None:
    fault = replace(PLAIN, id="f", probability=0.2, times=3)
    assert sum(triggers(fault, 500)) == 3


DEFAULTS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"do": "status"}, {"when": "before_commit", "status": 503}),
    ({"do": "status", "status": 500, "when": "after_commit"}, {"when": "after_commit", "status": 500}),
    ({"do": "delay", "duration": "PT2S"}, {"when": "before_commit", "duration": "PT2S"}),
    ({"do": "drop"}, {"when": "before_commit", "status": None}),
    ({"do": "cut"}, {"when": "after_commit"}),
    ({"do": "garble"}, {"when": "after_commit"}),
    ({"do": "rate_limit"}, {"when": "before_commit", "retry_after": 1, "status": None}),
    ({"do": "rate_limit", "retry_after": 0}, {"retry_after": 0}),
    ({"do": "expire_token"}, {"when": "before_commit"}),
    ({"do": "amend", "merge": {"a": None}}, {"when": "after_commit", "merge": {"a": None}}),
    ({"do": "duplicate", "on": "deliveries"}, {"when": None, "duration": None}),
    ({"do": "reorder", "on": "deliveries"}, {"when": None, "duration": "PT1M"}),
    ({"do": "delay", "on": "deliveries", "duration": "PT2H"}, {"when": None, "duration": "PT2H"}),
    ({"do": "drop", "on": "deliveries"}, {"when": None}),
    ({"do": "drop", "met": 9}, {"met": 0}),
    ({"do": "drop"}, {"id": "fault-3"}),
    ({"do": "drop", "id": "mine"}, {"id": "mine"}),
]


@pytest.mark.parametrize(("said", "expected"), DEFAULTS)
def test_defaults(said: dict[str, Any], expected: dict[str, Any]) -> None:
    whole = with_defaults(Fault(**said), 3)
    assert {name: getattr(whole, name) for name in expected} == expected


def test_defaults_cover_every_kind() -> None:
    said = {(row.get("on", "calls"), row["do"]) for row, _ in DEFAULTS}
    assert said == {(on, do) for on, kinds in KINDS.items() for do in kinds}


# A plan of several faults.


def plan(*faults: dict[str, Any]) -> FaultPlan:
    """A plan of these faults, with seed 0."""
    return FaultPlan([with_defaults(Fault(**fault), place) for place, fault in enumerate(faults, 1)], 0)


def triggered(plan: FaultPlan, trigger: Callable[[Callable[[int, Counter], None]], Fault | None]) -> str | None:
    """The id of the fault that triggers; the plan keeps the new counters."""
    fault = trigger(plan.counters.__setitem__)
    return None if fault is None else fault.id


def test_first_fault_that_triggers_applies_and_later_ones_do_not_count() -> None:
    faults = plan({"do": "status", "after": 1}, {"do": "drop", "times": 1}, {"do": "cut"})
    found = [
        triggered(faults, lambda count: faults.on_call("pymetrics", REQUEST, count, has_token=False)) for _ in range(3)
    ]
    assert found == ["fault-2", "fault-1", "fault-1"]
    assert [fault.met for fault in faults.with_counts()] == [2, 1, 0]
    faults.copy().counters[0] = Counter(9, 9)
    assert [fault.met for fault in faults.with_counts()] == [2, 1, 0]


@pytest.mark.parametrize(("has_token", "expected"), [(True, "fault-1"), (False, None)])
def test_expire_token_needs_a_known_token(has_token: bool, expected: str | None) -> None:
    faults = plan({"do": "expire_token"})
    assert triggered(faults, lambda count: faults.on_call("pymetrics", REQUEST, count, has_token=has_token)) == expected


@pytest.mark.parametrize(
    ("do", "fault", "may_wait", "expected"),
    [("drop", None, True, True), ("reorder", None, True, True), ("reorder", None, False, False),
     ("duplicate", None, True, False), ("drop", "earlier", True, False)],
)  # fmt: skip
def test_faults_that_trigger_before_an_attempt(do: str, fault: str | None, may_wait: bool, expected: bool) -> None:
    faults = plan({"on": "deliveries", "do": do})
    event = WebhookEvent("n", "pymetrics", "an-order", "http://a/", "text/plain", "")
    delivery = Delivery("n", event, 0, 0, fault=fault)
    found = triggered(faults, lambda count: faults.on_attempt(delivery, count, may_wait=may_wait))
    assert (found is not None) is expected
    delivered = triggered(faults, lambda count: faults.on_delivered(delivery, count))
    assert (delivered is not None) is (do == "duplicate")


# The examples of RFC 7396, appendix A.
MERGES: list[tuple[Any, Any, Any]] = [
    ({"a": "b"}, {"a": "c"}, {"a": "c"}),
    ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
    ({"a": "b"}, {"a": None}, {}),
    ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
    ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
    ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
    ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
    ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
    (["a", "b"], ["c", "d"], ["c", "d"]),
    ({"a": "b"}, ["c"], ["c"]),
    ({"a": "foo"}, None, None),
    ({"a": "foo"}, "bar", "bar"),
    ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
    ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
    ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
]


@pytest.mark.parametrize(("value", "patch", "expected"), MERGES)
def test_merge_patch_examples_of_rfc_7396(value: Any, patch: Any, expected: Any) -> None:
    before = repr(value)
    assert merge_patch(value, patch) == expected
    assert repr(value) == before
