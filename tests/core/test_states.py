"""State machines: a small one in detail, and properties of both vendors' machines."""

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


MACHINES = [
    pytest.param(
        pymetrics.VENDOR.state_machine,
        {"Rejected", "Pending", "Accepted", "Not Started", "In Progress", "Completed", "Fulfilled", "Expired"},
        {"Rejected", "Fulfilled", "Expired"},
        "Completed",
        id="pymetrics",
    ),
    pytest.param(
        predictive_index.VENDOR.state_machine,
        {0, 10, 20, 30, 40, 50, 60, 65},
        {40, 50, 60, 65},
        40,
        id="predictive_index",
    ),
]  # fmt: skip
"""Each vendor's machine with its states, its ends and the state of a finished candidate, as the dossiers have them."""


@pytest.mark.parametrize(("machine", "states", "ends", "done"), MACHINES)
def test_states_and_ends_are_those_of_the_vendor(
    machine: StateMachine, states: set[State], ends: set[State], done: State
) -> None:
    assert {*machine.states} == states
    assert {*machine.ends} == ends
    assert all(machine.states.values())


@pytest.mark.parametrize(("machine", "states", "ends", "done"), MACHINES)
def test_every_move_begins_and_ends_in_a_known_state(
    machine: StateMachine, states: set[State], ends: set[State], done: State
) -> None:
    assert {state for state, _ in machine.moves} | {*machine.moves.values()} <= states
    assert {*machine.happy_path} <= {action for _, action in machine.moves}


@pytest.mark.parametrize(("machine", "states", "ends", "done"), MACHINES)
def test_every_open_invitation_can_complete_or_expire(
    machine: StateMachine, states: set[State], ends: set[State], done: State
) -> None:
    for state in states - ends - {done}:
        steps = machine.steps(state, "complete")
        assert steps is not None
        assert steps[-1] == done
        assert machine.steps(state, "expire") is not None
    for state in ends:
        assert all(machine.steps(state, action) is None for _, action in machine.moves)


@pytest.mark.parametrize(("machine", "states", "ends", "done"), MACHINES)
def test_finished_invitations_are_never_reopened(
    machine: StateMachine, states: set[State], ends: set[State], done: State
) -> None:
    reached = {done}
    while more := {end for (start, _), end in machine.moves.items() if start in reached} - reached:
        reached |= more
    assert reached <= ends | {done}


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
