"""Outcome tags in e-mail addresses, and the timers that they set."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assessment_simulator.core import instant
from assessment_simulator.core.config import Config
from assessment_simulator.core.decision import Timer
from assessment_simulator.core.outcome_tags import TAGS, OutcomeTags, cancelled_timers, parse_tags, planned_timers
from tests.fakes import BASE_URL, NOW, FakeSandbox

STEERED = [
    ("ada+completes@example.com", OutcomeTags("complete")),
    ("a@b+completes@example.com", OutcomeTags("complete")),
    ("ADA+COMPLETES@EXAMPLE.COM", OutcomeTags("complete")),
    ("ada+completes-in-10s@example.com", OutcomeTags("complete", 10 * instant.SECOND)),
    ("ada+completes-in-2m@example.com", OutcomeTags("complete", 2 * instant.MINUTE)),
    ("ada+completes-in-3h@example.com", OutcomeTags("complete", 3 * instant.HOUR)),
    ("ada+completes-in-4d@example.com", OutcomeTags("complete", 4 * instant.DAY)),
    ("ada+completes-in-0s@example.com", OutcomeTags("complete", 0)),
    ("ada+Completes-In-010S@example.com", OutcomeTags("complete", 10 * instant.SECOND)),
    ("ada+completes-in-1.5h@example.com", OutcomeTags("complete", 90 * instant.MINUTE)),
    ("ada+completes-in-1d12h@example.com", OutcomeTags("complete", 36 * instant.HOUR)),
    ("ada+expires@example.com", OutcomeTags("expire")),
    ("ada+abandons@example.com", OutcomeTags("start")),
    ("ada+rejected@example.com", OutcomeTags("reject")),
    ("ada+score-high@example.com", OutcomeTags(score="high")),
    ("ada+score-low@example.com", OutcomeTags(score="low")),
    ("ada+score-low+score-high@example.com", OutcomeTags(score="low")),
    ("ada+completes+score-high@example.com", OutcomeTags("complete", score="high")),
    ("ada+score-low+completes-in-1m@example.com", OutcomeTags("complete", instant.MINUTE, "low")),
    ("ada+expires+completes@example.com", OutcomeTags("expire")),
    ("ada+newsletter+completes@example.com", OutcomeTags("complete")),
    ("+completes@example.com", OutcomeTags("complete")),
]
WITHOUT_TAGS = [
    "ada@example.com", "", "+", "no at", "ada+completes", "ada@example+completes.com",
    "ada+completes-in-10@example.com", "ada+completes-in-s@example.com", "ada+completes-in--1s@example.com",
    "ada+completes-in-1.5@example.com", "ada+completes-in-1y@example.com", "ada+completes-in-1h1d@example.com",
    "ada+completes-in-\u0661s@example.com", "ada+score-middle@example.com", "ada+newsletter@example.com",
    "ada+complete@example.com", "ada+ completes@example.com", "completes@example.com",
]  # fmt: skip


@pytest.mark.parametrize(("email", "steering"), [*STEERED, *((email, OutcomeTags()) for email in WITHOUT_TAGS)])
def test_tags_are_parsed(email: str, steering: OutcomeTags) -> None:
    assert parse_tags(email) == steering


@pytest.mark.parametrize("tag", TAGS)
def test_every_documented_tag_has_an_effect(tag: str) -> None:
    assert parse_tags(f"ada{tag}@example.com") != OutcomeTags()


@given(st.text())
def test_no_address_whatever_raises(email: str) -> None:
    assert parse_tags(email).delay >= 0


ALL = ("complete", "expire", "start", "reject")
PLANNED = [
    ("ada@example.com", "manual", ALL, None),
    ("ada+completes@example.com", "manual", ALL, ("complete", 0)),
    ("ada+completes-in-10s@example.com", "manual", ALL, ("complete", 10 * instant.SECOND)),
    ("ada+expires@example.com", "manual", ALL, ("expire", 0)),
    ("ada+abandons@example.com", "manual", ALL, ("start", 0)),
    ("ada+rejected@example.com", "manual", ALL, ("reject", 0)),
    ("ada+rejected@example.com", "manual", ALL[:3], None),
    ("ada+rejected@example.com", "PT1H", ALL[:3], None),
    ("ada+score-high@example.com", "manual", ALL, None),
    ("ada+score-high@example.com", "PT1H", ALL, ("complete", instant.HOUR)),
    ("ada@example.com", "PT1H", ALL, ("complete", instant.HOUR)),
    ("ada@example.com", "PT0S", ALL, ("complete", 0)),
    ("ada@example.com", "soon", ALL, None),
    ("ada+abandons@example.com", "PT1H", ALL, ("start", 0)),
    ("ada+completes@example.com", "PT1H", ALL, ("complete", 0)),
]


@pytest.mark.parametrize(("email", "progress", "possible", "plan"), PLANNED)
def test_tags_take_precedence_over_progress(
    email: str, progress: str, possible: tuple[str, ...], plan: tuple[str, int] | None
) -> None:
    sandbox = FakeSandbox(replace(Config(), progress=progress))
    timers = planned_timers("vendor", sandbox.call("any"), "id", email, sandbox, possible)
    assert timers == (() if plan is None else (Timer(plan[0], "id", NOW + plan[1], "vendor", BASE_URL),))


def test_timer_is_never_later_than_the_latest_instant() -> None:
    sandbox = FakeSandbox(now=instant.LATEST - instant.DAY)
    (timer,) = planned_timers("vendor", sandbox.call("any"), "id", "ada+completes-in-999999d@example.com", sandbox, ALL)
    assert timer.at is not None
    assert timer.at <= instant.LATEST
    sandbox.config = replace(Config(), progress="P3650D")
    (timer,) = planned_timers("vendor", sandbox.call("any"), "id", "ada@example.com", sandbox, ALL)
    assert timer.at is not None
    assert timer.at <= instant.LATEST


def test_every_planned_timer_can_be_cancelled() -> None:
    assert {(timer.operation, timer.at) for timer in cancelled_timers("id")} == {(operation, None) for operation in ALL}
    assert {timer.id for timer in cancelled_timers("id")} == {"id"}
