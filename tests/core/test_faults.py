"""Faults by arithmetic: what they meet, which of it they strike, and how JSON is amended."""

import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assessment_simulator.core.faults import (
    KINDS,
    Counter,
    Fault,
    FaultContext,
    count_match,
    matches,
    merge_patch,
    path_matches,
    with_defaults,
)
from assessment_simulator.core.seeded_random import uniform

CALL = FaultContext("calls", frozenset(KINDS["calls"]), "pymetrics", "create_order", "POST", "/mercury/order")
DELIVERY = FaultContext("deliveries", frozenset(KINDS["deliveries"]), "pymetrics", invitation="an-order")
PLAIN = Fault(do="drop")


def struck(fault: Fault, times: int, seed: int | str = 0) -> list[bool]:
    """Which of so many matching calls a fault strikes."""
    tally, found = Counter(), []
    for _ in range(times):
        before, tally = tally, count_match(fault, tally, seed)
        found.append(tally.triggered > before.triggered)
    assert tally == Counter(times, sum(found))
    return found


MET: list[tuple[dict[str, Any], bool]] = [
    ({}, True),
    ({"vendor": "pymetrics"}, True),
    ({"vendor": "predictive_index"}, False),
    ({"operation": "create_order"}, True),
    ({"operation": "get_order"}, False),
    ({"method": "POST"}, True),
    ({"method": "GET"}, False),
    ({"path": "/mercury/order"}, True),
    ({"path": "/mercury/orders"}, False),
    ({"path": "/mercury/*"}, True),
    ({"vendor": "pymetrics", "operation": "create_order", "method": "POST", "path": "*order"}, True),
    ({"vendor": "pymetrics", "operation": "create_order", "method": "GET", "path": "*order"}, False),
    ({"on": "deliveries"}, False),
]


@pytest.mark.parametrize(("said", "meets"), MET)
def test_a_fault_meets_the_calls_that_agree_with_all_it_says(said: dict[str, Any], meets: bool) -> None:
    assert matches(replace(PLAIN, **said), CALL) is meets


@pytest.mark.parametrize(
    ("said", "meets"),
    [
        ({}, True),
        ({"invitation": "an-order"}, True),
        ({"invitation": "another"}, False),
        ({"vendor": "pymetrics"}, True),
        ({"vendor": "predictive_index"}, False),
        ({"on": "calls"}, False),
    ],
)
def test_a_fault_meets_the_deliveries_that_agree_with_all_it_says(said: dict[str, Any], meets: bool) -> None:
    assert matches(replace(PLAIN, **{"on": "deliveries", **said}), DELIVERY) is meets


def test_a_fault_does_not_meet_what_leaves_it_no_room() -> None:
    assert not matches(PLAIN, CALL._replace(able=frozenset({"delay"})))


PATHS = [
    ("/a", "/a", True),
    ("/a", "/ab", False),
    ("*", "", True),
    ("*", "/anything", True),
    ("/a/*", "/a/", True),
    ("/a/*", "/a", False),
    ("*/b", "/a/b", True),
    ("*/b", "/a/bc", False),
    ("/a*a", "/a", False),
    ("/a*a", "/aa", True),
    ("/*b*d", "/abcd", True),
    ("/*b*d", "/acd", False),
    ("/*b*b*b", "/bab", False),
    ("/*b*b*b", "/bbb", True),
    ("/**b", "/ab", True),
    ("/a.c", "/abc", False),
    ("/[a]*", "/[a]b", True),
]


@pytest.mark.parametrize(("pattern", "text", "agrees"), PATHS)
def test_a_star_stands_for_any_run_of_characters(pattern: str, text: str, agrees: bool) -> None:
    assert path_matches(pattern, text) is agrees


@given(st.text("ab*", max_size=8), st.text("ab", max_size=10))
def test_stars_mean_what_they_mean_to_a_regular_expression(pattern: str, text: str) -> None:
    expected = re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), text) is not None
    assert path_matches(pattern, text) is expected


def test_many_stars_take_no_longer_than_a_few() -> None:
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
def test_a_fault_lets_some_pass_and_strikes_so_often(said: dict[str, Any], expected: list[bool]) -> None:
    assert struck(replace(PLAIN, **said), 4) == expected


def test_chance_strikes_about_as_often_as_it_says_and_alike_each_time() -> None:
    fault = replace(PLAIN, id="f", probability=0.3)
    found = struck(fault, 2_000, 7)
    assert 500 < sum(found) < 700
    assert struck(fault, 2_000, 7) == found


@pytest.mark.parametrize(("id", "seed"), [("f", 8), ("g", 7), ("f", "other")])
def test_another_seed_or_id_has_another_fortune(id: str, seed: int | str) -> None:
    fault = replace(PLAIN, id="f", probability=0.5)
    assert struck(replace(fault, id=id), 64, seed) != struck(fault, 64, 7)


def test_a_fault_that_chance_passes_by_does_not_use_up_its_times() -> None:
    fault = replace(PLAIN, id="f", probability=0.2, times=3)
    assert sum(struck(fault, 500)) == 3


@given(st.integers() | st.text(st.characters(codec="utf-8")), st.lists(st.integers(), max_size=3))
def test_chance_is_a_number_from_0_up_to_1_and_repeats(seed: int | str, parts: list[int]) -> None:
    assert 0 <= uniform(seed, *parts) == uniform(seed, *parts) < 1


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
def test_what_is_left_out_has_a_default(said: dict[str, Any], expected: dict[str, Any]) -> None:
    whole = with_defaults(Fault(**said), 3)
    assert {name: getattr(whole, name) for name in expected} == expected


def test_every_kind_is_in_these_rows() -> None:
    said = {(row.get("on", "calls"), row["do"]) for row, _ in DEFAULTS}
    assert said == {(on, do) for on, kinds in KINDS.items() for do in kinds}


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
def test_a_merge_patch_does_what_its_rfc_prints(value: Any, patch: Any, expected: Any) -> None:
    before = repr(value)
    assert merge_patch(value, patch) == expected
    assert repr(value) == before
