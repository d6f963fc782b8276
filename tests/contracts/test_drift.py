"""The drift report: what counts as a change of an answer, and what does not."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from assessment_contracts.drift import Shapes, Unreadable, drift, form, read
from assessment_contracts.property import Property
from assessment_contracts.report import Report
from assessment_contracts.runner import Outcome, Verdict
from assessment_contracts.sources import Fact, Standing, ours
from assessment_contracts.wire import Answer, Exchange
from tests.contracts import toys

FACT = Fact("pymetrics.order.body.json", Standing.DOCUMENTED, ours("a test"))
OTHER = replace(toys.right, id="pymetrics.toy.other")
PASSED, FAILED, NOT_RUN = Verdict.PASSED, Verdict.FAILED, Verdict.NOT_RUN


PATH = "/orders/0f3c9f6e-0000-4000-8000-1234567890ab"


def exchange(answer: Any, asked: Any = None) -> Exchange:
    body = json.dumps(asked).encode() if asked is not None else b""
    headers = {"content-type": "application/json; charset=utf-8"}
    return Exchange("POST", PATH, {}, body, Answer(200, headers, json.dumps(answer).encode()))


def run(
    before: dict[str, Any],
    *ran: tuple[Property, Verdict, list[Any]],
    date: str = "2026-11-23",
    examples: str = "default",
) -> dict[str, Any]:
    """The drift report of a run."""
    shapes = Shapes()
    for contract, _, answers in ran:
        for answer in answers:
            shapes.observe(contract.id, answer if isinstance(answer, Exchange) else exchange(answer))
    outcomes = [Outcome(contract, verdict) for contract, verdict, _ in ran]
    report = Report("toys", "http://target", f"{date}T10:00:00+00:00", outcomes, 1.0)
    return json.loads(json.dumps(drift(report, [FACT], shapes, before, examples)))  # type: ignore[no-any-return]


def twice(was: Any, now: Any, **how: str) -> list[dict[str, Any]]:
    """The changes between two runs of one contract, which got one response each."""
    first = run({}, (toys.right, PASSED, [was]), **how)
    return run(first, (toys.right, PASSED, [now]), **how)["changes"]  # type: ignore[no-any-return]


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


@pytest.mark.parametrize(
    ("was", "now"),
    [
        pytest.param(
            {"id": "0f3c9f6e-0000-4000-8000-1234567890ab", "at": "2026-11-23T10:00:00Z"},
            {"id": "1f3c9f6e-1111-4000-8000-1234567890ab", "at": "2027-01-01T00:00:01Z"}, id="another id and time",
        ),
        pytest.param({"a": [{"b": 1}]}, {"a": []}, id="an empty list"),
        pytest.param([], [{"b": 1}], id="a list that was empty"),
    ],
)  # fmt: skip
def test_other_values_are_no_change(was: Any, now: Any) -> None:
    assert twice(was, now) == []


def test_what_was_sent_comes_back_as_an_echo_whatever_it_is() -> None:
    shapes = Shapes()
    shapes.observe("x", exchange({"id": 1, "metadata": {"a": [1]}, "name": "x"}, {"metadata": {"a": [1]}, "name": "x"}))
    (places,) = shapes.plain("x").values()
    assert places["metadata"] == places["name"] == ["echo"]


@pytest.mark.parametrize(
    ("was", "now", "change"),
    [
        ({"n": 1}, {"n": "1"}, ("n", ["integer"], ["string"])),
        ({"n": 1}, {"n": None}, ("n", ["integer"], ["null"])),
        ({"n": 1, "m": 2}, {"n": 1}, ("m", ["integer"], [])),
        ({"n": 1}, {"n": 1, "m": "x"}, ("m", [], ["string"])),
        (
            {"at": "2026-11-23T10:00:00.1234567Z"}, {"at": "2026-11-23T10:00:00.123456Z"},
            ("at", ["instant, 7 decimals"], ["instant"]),
        ),
        ({"a": [{"b": 1}]}, {"a": [{"b": 1.5}]}, ("a[].b", ["integer"], ["number"])),
        ({"a": {"b": 1}}, {}, ("a", ["object"], [])),
        ([{"b": 1}], [{}], ("[].b", ["integer"], [])),
    ],
    ids=[
        "another type", "null", "a member less", "a member more", "a decimal less", "within a list", "an object less",
        "a member less in a list",
    ],
)  # fmt: skip
def test_another_shape_is_a_change_and_is_named(was: Any, now: Any, change: tuple[str, list[str], list[str]]) -> None:
    (found,) = twice(was, now)
    assert (found["member"], found["was"], found["now"]) == change
    assert found["answer"] == "POST /orders/{} 200"


def test_a_body_that_is_no_json_is_known_by_its_content_type() -> None:
    html = Exchange("POST", PATH, {}, b"", Answer(200, {"content-type": "text/html"}, b"[" * 100_000))
    body, change = twice({"n": 1}, html)
    assert (body["member"], body["was"], body["now"]) == (".", ["object"], [])
    assert (change["member"], change["was"], change["now"]) == ("content-type", ["application/json"], ["text/html"])


def test_fewer_contracts_and_other_examples_see_less_and_that_is_no_change() -> None:
    whole = run({}, (toys.right, PASSED, [{"n": 1}]), (OTHER, PASSED, [{"n": None, "m": 1}]))
    part = run(whole, (toys.right, PASSED, [{"n": 1}]))
    again = run(part, (toys.right, PASSED, [{"n": 1}]), (OTHER, PASSED, [{"n": None, "m": 1}]))
    quick = run(again, (OTHER, PASSED, [{"n": None}]), examples="quick")
    assert [one["changes"] for one in (part, again, quick)] == [[], [], []]
    assert twice({"n": 1}, {"n": None}, examples="") == []


@pytest.mark.parametrize("between", [[NOT_RUN], [], [NOT_RUN, NOT_RUN]], ids=["not run", "at once", "long ago"])
def test_a_rule_that_passed_once_is_remembered_until_it_fails(between: list[Verdict]) -> None:
    found = run({}, (toys.right, PASSED, []), date="2026-11-01")
    for verdict in between:
        found = run(found, (toys.right, verdict, []))
        assert (found["rules"][0]["outcome"], found["no_longer_held"]) == ("not run", [])
    found = run(found, (toys.right, FAILED, []))
    assert (found["rules"][0]["last_held"], found["no_longer_held"]) == ("2026-11-01", [FACT.id])
    assert run(found, (toys.right, FAILED, []))["no_longer_held"] == [], "it is reported once"


def test_a_contract_that_failed_before_is_no_drift_though_another_of_its_rule_passed_meanwhile() -> None:
    found = run({}, (toys.right, FAILED, []), (OTHER, PASSED, []))
    found = run(found, (OTHER, PASSED, []))
    assert found["rules"][0]["outcome"] == "passed"
    assert run(found, (toys.right, FAILED, []), (OTHER, PASSED, []))["no_longer_held"] == []


def test_a_rule_is_listed_with_the_standing_of_its_demand_status_and_body() -> None:
    fact = Fact("pi.access.key", Standing.DOCUMENTED, ours("a test"), Standing.THIRD_PARTY, Standing.ASSUMED)
    (rule,) = drift(Report("toys", "", "", [], 1.0), [fact], Shapes(), {})["rules"]
    parts = ("standing", "status_standing", "body_standing")
    assert [rule[part] for part in parts] == ["documented", "third_party", "assumed"]


@pytest.mark.parametrize(
    "text", ["", "[]", '{"rules": [{}]}', '{"rules": 3}', "{", '{"rules": [], "contracts": {"a": {}}}']
)
def test_a_file_that_is_no_drift_report_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "drift.json"
    path.write_text(text)
    with pytest.raises(Unreadable, match="is no drift report"):
        read(path)
    assert path.read_text() == text


def test_where_there_is_no_file_nothing_was_known(tmp_path: Path) -> None:
    assert read(tmp_path / "none.json") == {}
