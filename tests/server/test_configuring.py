"""Settings, read from what somebody wrote: merged, judged whole, and never half changed."""

import json
from datetime import date
from typing import Any

import pytest

from assessment_simulator.app import VENDORS
from assessment_simulator.control.settings import changed, shown
from assessment_simulator.core.config import Assessment, Config
from assessment_simulator.http.problem_details import Problem

SWITCHES = {switch.id: switch for vendor in VENDORS.values() for switch in vendor.behaviour_flags}


def refused(changes: dict[str, Any], config: Config | None = None) -> Problem:
    """The problem that the changes are refused with; the settings they were for stay as they were."""
    config = config or Config()
    before = shown(VENDORS, config)
    with pytest.raises(Problem) as caught:
        changed(VENDORS, config, changes)
    assert shown(VENDORS, config) == before
    assert caught.value.status == 422
    return caught.value


def test_no_change_changes_nothing() -> None:
    assert shown(VENDORS, changed(VENDORS, Config(), {})) == shown(VENDORS, Config())


def test_what_is_shown_may_be_sent_back() -> None:
    config = changed(VENDORS, Config(), {"invitation_days": 20, "behaviour": {"pi.list_limit": 50}})
    assert shown(VENDORS, changed(VENDORS, Config(), shown(VENDORS, config))) == shown(VENDORS, config)


def test_the_settings_before_a_change_stay_as_they_were() -> None:
    before = Config()
    after = changed(VENDORS, before, {"assessments": [{"id": "one"}], "behaviour": {"pi.list_limit": 50}})
    assert after.assessments == (Assessment("one"),)
    assert shown(VENDORS, before) == shown(VENDORS, Config())


def test_every_switch_is_shown_at_its_default() -> None:
    assert shown(VENDORS, Config())["behaviour"] == {id: switch.values[0] for id, switch in SWITCHES.items()}


@pytest.mark.parametrize(("id", "value"), [(id, value) for id, switch in SWITCHES.items() for value in switch.values])
def test_every_value_of_every_switch_can_be_set_and_is_shown(id: str, value: Any) -> None:
    config = changed(VENDORS, Config(), {"behaviour": {id: value}})
    assert shown(VENDORS, config)["behaviour"][id] == value
    assert type(shown(VENDORS, config)["behaviour"][id]) is type(value)


@pytest.mark.parametrize("id", SWITCHES)
@pytest.mark.parametrize("value", ["no such value", 987_654, -1, [], {}, 1.5], ids=str)
def test_no_other_value_of_a_switch_can_be_set(id: str, value: Any) -> None:
    problem = refused({"behaviour": {id: value}})
    assert all(error["where"].startswith(f"behaviour.{id}") for error in problem.more["errors"])


@pytest.mark.parametrize("id", SWITCHES)
def test_the_refusal_of_a_value_lists_those_that_a_switch_has(id: str) -> None:
    problem = refused({"behaviour": {id: "no such value"}})
    assert [value for value in SWITCHES[id].values if json.dumps(value) not in problem.detail] == []


@pytest.mark.parametrize(("id", "value"), [
    (id, value) for id, switch in SWITCHES.items() for value in (True, False, 0, 1, 0.5, "0", "", None)
    if not any(value == known and type(value) is type(known) for known in switch.values)
])  # fmt: skip
def test_what_only_looks_like_a_value_of_a_switch_is_refused(id: str, value: Any) -> None:
    assert id in refused({"behaviour": {id: value}}).detail


KEPT: dict[str, tuple[Any, ...]] = {
    "invitation_days": (4, 30),
    "rate_limit": (1, 1_000_000, None),
    "webhook_timeout": (1e-9, 5, 600, 600.0),
    "journal": ({"entries": 0, "bytes": 0},),
    "progress": ("manual", "PT0S", "PT0.0000001S", "P1DT2H3M4S", "P1W", "P3650D"),
    "positions": ([], ["a", "A"]),
    "custom_fields": ([], [{"name": "a", "values": []}], [{"name": "a", "values": None}]),
    "assessments": ([], [{"id": "a", "type": "games", "description": ""}]),
    "folders": (["a"],),
    "webhook_secret": (
        " ",
        "no Base64, no prefix",
        "WHSEC_-_",
        "whsec_YWJj",
        "whsec_YWJjZA",
        "whsec_YWJjZA=",
        "whsec_YWJjZA==",
        "whsec_+/+/",
        "whsec_YQ",
        "YWJjZA==",
        None,
    ),
    "webhook_time": ("sandbox", "real"),
    "webhook_url": ("HTTPS://hook.example", "http://u:p@h:1/x?y#z", "http://[::1]:1", None),
    "default_webhook_url": ("HTTPS://hook.example", None),
    "maintenance": (True, False),
}
"""Values at the edge of what a setting may be."""
BROKEN: dict[str, tuple[Any, ...]] = {
    "invitation_days": (3, 31, 10.5, -4),
    "rate_limit": (0, 1_000_001, -1, 1.5),
    "webhook_timeout": (0, 0.0, 600.001, -1),
    "journal": ({"entries": -1}, {"bytes": -1}, {"entries": 1.5}),
    "progress": ("P3651D", "MANUAL", "manual ", "PT1S\n", "P1M", "PT-1S", "PT1.S"),
    "positions": (["a", "a"], [""]),
    "custom_fields": ([{"name": "a"}, {"name": "a", "values": []}],),
    "assessments": ([{"id": "a"}, {"id": "a", "type": "nlr"}],),
    "folders": ([], ["a", "a"]),
    "webhook_secret": (
        "",
        "whsec_",
        "whsec_=",
        "whsec_====",
        "whsec_YWJj-_",
        "whsec_--__",
        "whsec_YWJjZ",
        "whsec_YWJj===",
        "whsec_YW=j",
        "whsec_YWJj\n",
        "whsec_ YWJj",
        "whsec_whsec_YWJj",
        "whsec_é",
    ),
    "webhook_time": ("machine", None, True),
    "webhook_url": ("http://[::1", "ws://h", " http://h", "http://h\n", "//h", "http:h", "http:///h", "http://h:x"),
    "default_webhook_url": ("h", ""),
    "maintenance": ("true",),
}
"""Values just beyond it."""


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in KEPT.items() for value in values])
def test_a_setting_is_taken_up_to_its_edge(name: str, value: Any) -> None:
    told = json.loads(json.dumps(shown(VENDORS, changed(VENDORS, Config(), {name: value}))))
    assert told[name] == value


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in BROKEN.items() for value in values])
def test_a_setting_is_not_taken_beyond_its_edge(name: str, value: Any) -> None:
    assert name in refused({name: value}).detail


@pytest.mark.parametrize("value", [float("nan"), float("inf"), date(1979, 5, 27), b"x", {1, 2}, object], ids=str)
@pytest.mark.parametrize("name", ["rate_limit", "webhook_timeout", "positions", "behaviour", "no_such_setting"])
def test_a_value_that_json_has_not_is_refused(name: str, value: Any) -> None:
    refused({name: value})
    refused({name: [value]})


def test_all_that_is_wrong_is_said_at_once() -> None:
    problem = refused({"invitation_days": 99, "rate_limit": 0, "behaviour": {"no.such": 1, "pi.list_limit": 7}})
    places = [error["where"] for error in problem.more["errors"]]
    assert sorted(places) == ["behaviour.no.such", "behaviour.pi.list_limit", "invitation_days", "rate_limit"]
    assert all(place in problem.detail for place in places)


SECRETS = {
    "whsec_YWJj-_": ("webhook_secret", "URL-safe", "write + for - and / for _"),
    "whsec_": ("webhook_secret", "no key follows"),
    "whsec_a b": ("webhook_secret", "a text that is no Base64 is a secret without whsec_"),
    "whsec_YWJjZ": ("webhook_secret", "length"),
}


@pytest.mark.parametrize("secret", SECRETS)
def test_a_refused_webhook_secret_is_answered_with_what_is_right(secret: str) -> None:
    detail = refused({"webhook_secret": secret}).detail
    assert [words for words in SECRETS[secret] if words not in detail] == []
    assert secret.removeprefix("whsec_") not in detail or secret == "whsec_"


def test_a_webhook_secret_of_an_older_log_hinders_no_other_setting() -> None:
    assert changed(VENDORS, Config(webhook_secret="whsec_"), {"rate_limit": 5}).rate_limit == 5
