"""Changes of settings are merged, validated as a whole, and applied completely or not at all."""

import json
from datetime import date
from typing import Any

import pytest

from assessment_simulator.app import VENDORS
from assessment_simulator.control.settings import changed, shown
from assessment_simulator.core.config import Assessment, Config
from assessment_simulator.http.problem_details import Problem

FLAGS = {flag.id: flag for vendor in VENDORS.values() for flag in vendor.behaviour_flags}


def refused(changes: dict[str, Any], config: Config | None = None) -> Problem:
    """The problem that the changes are refused with; the settings they were for stay as they were."""
    config = config or Config()
    before = shown(VENDORS, config)
    with pytest.raises(Problem) as caught:
        changed(VENDORS, config, changes)
    assert shown(VENDORS, config) == before
    assert caught.value.status == 422
    return caught.value


def test_empty_change_changes_nothing() -> None:
    assert shown(VENDORS, changed(VENDORS, Config(), {})) == shown(VENDORS, Config())


def test_shown_settings_are_valid_as_a_change() -> None:
    config = changed(VENDORS, Config(), {"invitation_days": 20, "behaviour": {"pi.list_limit": 50}})
    assert shown(VENDORS, changed(VENDORS, Config(), shown(VENDORS, config))) == shown(VENDORS, config)


def test_change_returns_new_settings_and_leaves_the_old_object() -> None:
    before = Config()
    after = changed(VENDORS, before, {"assessments": [{"id": "one"}], "behaviour": {"pi.list_limit": 50}})
    assert after.assessments == (Assessment("one"),)
    assert shown(VENDORS, before) == shown(VENDORS, Config())


def test_every_behaviour_flag_is_shown_with_its_default() -> None:
    assert shown(VENDORS, Config())["behaviour"] == {id: flag.values[0] for id, flag in FLAGS.items()}


@pytest.mark.parametrize(("id", "value"), [(id, value) for id, flag in FLAGS.items() for value in flag.values])
def test_every_value_of_every_behaviour_flag_can_be_set(id: str, value: Any) -> None:
    config = changed(VENDORS, Config(), {"behaviour": {id: value}})
    assert shown(VENDORS, config)["behaviour"][id] == value
    assert type(shown(VENDORS, config)["behaviour"][id]) is type(value)


OTHER_VALUES: tuple[Any, ...] = (True, False, 0, 1, 0.5, -1, 987_654, "0", "", "no such value", None, [], {})


@pytest.mark.parametrize(("id", "value"), [
    (id, value) for id, flag in FLAGS.items() for value in OTHER_VALUES
    if not any(value == known and type(value) is type(known) for known in flag.values)
])  # fmt: skip
def test_other_value_of_a_behaviour_flag_is_refused_with_the_valid_ones(id: str, value: Any) -> None:
    problem = refused({"behaviour": {id: value}})
    assert all(error["where"].startswith(f"behaviour.{id}") for error in problem.more["errors"])
    assert value != "no such value" or all(json.dumps(v) in problem.detail for v in FLAGS[id].values)


# Valid values, at the limits where there are some.
VALID: dict[str, tuple[Any, ...]] = {
    "invitation_days": (4, 30),
    "rate_limit": (1, 1_000_000, None),
    "webhook_timeout": (1e-9, 5, 600, 600.0),
    "journal": ({"entries": 0, "bytes": 0},),
    "progress": ("manual", "PT0S", "PT0.0000001S", "P1DT2H3M4S", "P1W", "P3650D"),
    "positions": ([], ["a", "A"]),
    "custom_fields": ([], [{"name": "a", "values": []}], [{"name": "a", "values": None}]),
    "assessments": ([], [{"id": "a", "type": "games", "description": ""}]),
    "folders": (["a"],),
    "webhook_secret": ("a plain secret", "whsec_YWJjZA", None),
    "webhook_time": ("sandbox", "real"),
    "webhook_url": ("HTTPS://hook.example", "http://u:p@h:1/x?y#z", "http://[::1]:1", None),
    "default_webhook_url": ("HTTPS://hook.example", None),
    "maintenance": (True, False),
}  # fmt: skip
# Invalid values, just beyond the limits where there are some. `tests/core` has the forms of durations, URLs, secrets.
INVALID: dict[str, tuple[Any, ...]] = {
    "invitation_days": (None, 3, 31, 10.5, -4, "10", True, 10**40),
    "rate_limit": (0, 1_000_001, -1, 1.5, "5", True, [], 10**40),
    "webhook_timeout": (None, 0, 0.0, 600.001, -1, "30", True),
    "journal": (None, [], 5, {"entries": -1}, {"bytes": -1}, {"entries": 1.5}, {"entries": "5"}),
    "progress": (None, "", "soon", 10, "P1Y", "-PT1S", "P99999999999D", "P3651D", "MANUAL", "PT1S\n"),
    "positions": (None, "Pilot", ["a", "a"], [""], [5], [None], [["a"]]),
    "custom_fields": (None, ["a"], [{"name": ""}], [{"name": "a"}, {"name": "a", "values": []}]),
    "assessments": (None, "x", {}, [{"id": ""}], [5], [{"id": "a"}, {"id": "a", "type": "nlr"}]),
    "folders": (None, [], [""], ["a", "a"], [5]),
    "api_user": (None, "Ada", [], {"first_name": 5}, {"nick": "A"}, {"email": None}),
    "behaviour": (None, [], "x"),
    "webhook_secret": ("", 5, [], "whsec_"),
    "webhook_time": ("machine", None, True),
    "webhook_url": ("", "nonsense", "/relative", "ftp://example.com", "http://", "http://h\n", 5, True, []),
    "default_webhook_url": ("h", "", 5),
    "maintenance": (None, "true", 1, 0),
}  # fmt: skip
# Settings, invalid values, the place that the error names, and what it says about valid ones.
INVALID_WITHIN: tuple[tuple[str, Any, str, str], ...] = (
    ("assesments", [], "assesments", "assessments"),
    ("assessments", [{"type": "games"}], "assessments.0.id", ""),
    ("assessments", [{"id": "a", "type": "chess"}], "assessments.0.type", "'games'"),
    ("assessments", [{"id": "a", "typ": "games"}], "assessments.0.typ", ""),
    ("custom_fields", [{"name": "a", "values": "b"}], "custom_fields.0.values", ""),
    ("custom_fields", [{"name": "a", "values": [5]}], "custom_fields.0.values.0", ""),
    ("custom_fields", [{"values": ["a"]}], "custom_fields.0.name", ""),
    ("journal", {"size": 5}, "journal.size", ""),
    ("behaviour", {"pi.no_such_flag": 1}, "behaviour.pi.no_such_flag", "pi.created_state"),
    ("behaviour", {"pi.created_state": "both"}, "behaviour.pi.created_state", '"sent"'),
    ("folders", [], "folders", "at least 1"),
    ("webhook_url", "nonsense", "webhook_url", "http"),
    ("invitation_days", 31, "invitation_days", "must be less than or equal to 30"),
    ("progress", "soon", "progress", "PT24H"),
    ("webhook_timeout", 601, "webhook_timeout", "600"),
)


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in VALID.items() for value in values])
def test_valid_setting_is_accepted_and_the_others_stay(name: str, value: Any) -> None:
    after = shown(VENDORS, changed(VENDORS, Config(), {name: value}))
    assert json.loads(json.dumps(after)) == {**json.loads(json.dumps(shown(VENDORS, Config()))), name: value}


@pytest.mark.parametrize("name", [name for name, values in VALID.items() if None in values])
def test_null_removes_a_setting(name: str) -> None:
    config = changed(VENDORS, Config(), {name: VALID[name][0]})
    assert shown(VENDORS, changed(VENDORS, config, {name: None}))[name] is None


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in INVALID.items() for value in values])
def test_invalid_setting_is_refused(name: str, value: Any) -> None:
    assert all(error["where"].startswith(name) and error["what"] for error in refused({name: value}).more["errors"])


@pytest.mark.parametrize(("name", "value", "where", "remedy"), INVALID_WITHIN)
def test_error_names_the_place_and_what_is_valid(name: str, value: Any, where: str, remedy: str) -> None:
    (error,) = refused({name: value}).more["errors"]
    assert (error["where"], remedy in error["what"]) == (where, True), error


@pytest.mark.parametrize("value", [float("nan"), float("inf"), date(1979, 5, 27), b"x", {1, 2}, object], ids=str)
@pytest.mark.parametrize("name", ["rate_limit", "webhook_timeout", "positions", "behaviour", "no_such_setting"])
def test_value_that_json_does_not_have_is_refused(name: str, value: Any) -> None:
    refused({name: value})
    refused({name: [value]})


def test_error_about_a_webhook_secret_does_not_show_it() -> None:
    detail = refused({"webhook_secret": "whsec_YWJjZ"}).detail
    assert "a length that no Base64 has" in detail
    assert "YWJjZ" not in detail


def test_invalid_webhook_secret_in_an_older_log_does_not_block_other_settings() -> None:
    assert changed(VENDORS, Config(webhook_secret="whsec_"), {"rate_limit": 5}).rate_limit == 5
