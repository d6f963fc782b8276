"""The drift report: what counts as a change of an answer, and what does not."""

import json
from pathlib import Path
from typing import Any

import pytest

from assessment_contracts.drift import Shapes, Unreadable, drift, form, read
from assessment_contracts.report import Report
from assessment_contracts.runner import Outcome, Verdict
from assessment_contracts.sources import Fact, Standing, ours
from assessment_contracts.wire import Answer, Exchange
from tests.contracts import toys

FACT = Fact("pymetrics.order.body.json", Standing.DOCUMENTED, ours("a test"))


PATH = "/orders/0f3c9f6e-0000-4000-8000-1234567890ab"


def exchange(answer: Any, asked: Any = None) -> Exchange:
    body = json.dumps(asked).encode() if asked is not None else b""
    headers = {"content-type": "application/json; charset=utf-8"}
    return Exchange("POST", PATH, {}, body, Answer(200, headers, json.dumps(answer).encode()))


def shapes(*exchanges: Exchange) -> Shapes:
    found = Shapes()
    for one in exchanges:
        found.observe(one)
    return found


def reported(verdict: Verdict, date: str = "2026-11-23T10:00:00+00:00") -> Report:
    return Report("toys", "http://target", date, [Outcome(toys.right, verdict)], 1.0)


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ("0f3c9f6e-0000-4000-8000-1234567890ab", "uuid"),
        ("2026-11-23T10:00:00.1234567Z", "instant, 7 decimals"),
        ("2026-11-23T10:00:00+00:00", "instant"),
        ("2026-11-23", "date"),
        ("https://example.com/x", "url"),
        ("", "empty string"),
        ("Ada", "string"),
        (True, "boolean"),
        (1, "integer"),
        (1.5, "number"),
        (None, "null"),
        ([], "list"),
        ({}, "object"),
    ],
)
def test_values_are_known_by_their_form(value: Any, name: str) -> None:
    assert form(value) == name


def test_other_ids_and_instants_are_no_change() -> None:
    first = shapes(exchange({"id": "0f3c9f6e-0000-4000-8000-1234567890ab", "at": "2026-11-23T10:00:00Z"}))
    later = shapes(exchange({"id": "1f3c9f6e-1111-4000-8000-1234567890ab", "at": "2027-01-01T00:00:01Z"}))
    before = drift(reported(Verdict.PASSED), [FACT], first, {})
    assert drift(reported(Verdict.PASSED), [FACT], later, before)["changes"] == []


def test_what_was_asked_comes_back_as_an_echo_whatever_it_is() -> None:
    found = shapes(
        exchange({"id": 1, "metadata": {"a": [1]}, "name": "x"}, {"metadata": {"a": [1]}, "name": "x"})
    ).plain()
    (places,) = found.values()
    assert places["metadata"] == ["echo"]
    assert places["name"] == ["echo"]


@pytest.mark.parametrize(
    ("was", "now", "change"),
    [
        ({"n": 1}, {"n": "1"}, ("n", ["integer"], ["string"])),
        ({"n": 1}, {"n": None}, ("n", ["integer"], ["null"])),
        ({"n": 1, "m": 2}, {"n": 1}, ("m", ["integer"], [])),
        ({"n": 1}, {"n": 1, "m": "x"}, ("m", [], ["string"])),
        (
            {"at": "2026-11-23T10:00:00.1234567Z"},
            {"at": "2026-11-23T10:00:00.123456Z"},
            ("at", ["instant, 7 decimals"], ["instant"]),
        ),
        ({"a": [{"b": 1}]}, {"a": [{"b": 1.5}]}, ("a[].b", ["integer"], ["number"])),
    ],
    ids=["another type", "null", "a member less", "a member more", "a decimal less", "within a list"],
)
def test_another_shape_is_a_change_and_is_named(was: Any, now: Any, change: tuple[str, list[str], list[str]]) -> None:
    before = drift(reported(Verdict.PASSED), [FACT], shapes(exchange(was)), {})
    (found,) = drift(reported(Verdict.PASSED), [FACT], shapes(exchange(now)), before)["changes"]
    assert (found["member"], found["was"], found["now"]) == change
    assert found["answer"] == "POST /orders/{} 200"


@pytest.mark.parametrize(
    ("verdict", "outcome", "gone"), [(Verdict.FAILED, "failed", [FACT.id]), (Verdict.NOT_RUN, "not run", [])]
)
def test_a_rule_keeps_the_day_on_which_it_last_held(verdict: Verdict, outcome: str, gone: list[str]) -> None:
    held = drift(reported(Verdict.PASSED, "2026-11-01T10:00:00+00:00"), [FACT], Shapes(), {})
    now = drift(reported(verdict), [FACT], Shapes(), held)
    (rule,) = now["rules"]
    assert (rule["outcome"], rule["last_held"], now["no_longer_held"]) == (outcome, "2026-11-01", gone)


def test_a_rule_is_listed_with_the_standing_of_its_demand_status_and_body() -> None:
    fact = Fact("pi.access.key", Standing.DOCUMENTED, ours("a test"), Standing.THIRD_PARTY, Standing.ASSUMED)
    (rule,) = drift(reported(Verdict.PASSED), [fact], Shapes(), {})["rules"]
    parts = ("standing", "status_standing", "body_standing")
    assert [rule[part] for part in parts] == ["documented", "third_party", "assumed"]


@pytest.mark.parametrize("text", ["", "[]", '{"rules": [{}]}', '{"rules": 3}', "{"])
def test_a_file_that_is_no_drift_report_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "drift.json"
    path.write_text(text)
    with pytest.raises(Unreadable, match="is no drift report"):
        read(path)
    assert path.read_text() == text


def test_where_there_is_no_file_nothing_was_known(tmp_path: Path) -> None:
    assert read(tmp_path / "none.json") == {}
