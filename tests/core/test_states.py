"""State machines: a small one in detail; the vendors' tests have a table of each vendor's moves."""

import pytest

from assessment_simulator.core.states import State, StateMachine
from assessment_simulator.core.vendor import Vendor
from assessment_simulator.vendors import predictive_index, pymetrics

LINE = StateMachine(
    states={"new": "", "seen": "", "begun": "", "done": "", "gone": ""},
    moves={
        ("new", "see"): "seen",
        ("seen", "see"): "seen",
        ("begun", "see"): "begun",
        ("seen", "begin"): "begun",
        ("begun", "begin"): "begun",
        ("begun", "finish"): "done",
        ("new", "lapse"): "gone",
        ("begun", "lapse"): "gone",
    },
    happy_path=("see", "begin", "finish"),
)

STEPS: list[tuple[State, str, tuple[State, ...] | None]] = [
    ("new", "see", ("seen",)),
    ("new", "begin", ("seen", "begun")),
    ("new", "finish", ("seen", "begun", "done")),
    ("seen", "see", ()),
    ("seen", "begin", ("begun",)),
    ("seen", "finish", ("begun", "done")),
    ("begun", "see", ()),
    ("begun", "begin", ()),
    ("begun", "finish", ("done",)),
    ("done", "see", None),
    ("done", "finish", None),
    ("new", "lapse", ("gone",)),
    ("seen", "lapse", None),
    ("begun", "lapse", ("gone",)),
    ("gone", "lapse", None),
    ("new", "dance", None),
    ("nowhere", "see", None),
]


@pytest.mark.parametrize(("state", "action", "passed"), STEPS)
def test_action_passes_through_the_states_of_the_happy_path(
    state: State, action: str, passed: tuple[State, ...] | None
) -> None:
    assert LINE.steps(state, action) == passed


def test_ends_are_the_states_that_no_move_leaves() -> None:
    assert LINE.ends == ("done", "gone")


def test_state_that_only_leads_to_itself_is_an_end() -> None:
    assert StateMachine({"a": "", "b": ""}, {("a", "go"): "b", ("b", "stay"): "b"}, ()).ends == ("b",)


@pytest.mark.parametrize(
    ("vendor", "state", "title"),
    [
        (pymetrics.VENDOR, "Not Started", "Not Started"),
        (predictive_index.VENDOR, 40, "Completed (40)"),
        (predictive_index.VENDOR, 99, "unknown (99)"),
    ],
)
def test_title_of_a_state_has_a_word(vendor: Vendor, state: State, title: str) -> None:
    assert vendor.state_machine.title(state) == title
