"""The life of an invitation as a table. Every change of state in the program is a row of one of these tables."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

State = str | int
Move = tuple[State, str, State]
"""From which state, by which action, to which."""


class DiagramPosition(NamedTuple):
    """Where a state is drawn: its column and its first row, counted from 0, and how many rows it takes."""

    column: int
    row: int
    rows: int = 1


@dataclass(frozen=True, slots=True)
class StateMachine:
    """States by name, and moves `(state, action) -> state`; what is not in the table cannot happen.

    `happy_path` lists, in order, the actions that a candidate goes through: one of them asked for too early takes
    those before it on the way, beginning as late in the walk as the state allows.
    """

    states: Mapping[State, str]
    moves: Mapping[tuple[State, str], State]
    happy_path: tuple[str, ...]

    def title(self, state: State) -> str:
        """A state for readers: pymetrics' states are words, The Predictive Index's are numbers, shown with a word."""
        return state if isinstance(state, str) else f"{self.states.get(state, 'unknown')} ({state})"

    def steps(self, state: State, action: str) -> tuple[State, ...] | None:
        """The states that `action` leads through from `state`, in order; None when the move does not exist.

        An empty tuple means that the move is allowed and changes nothing.
        """
        path = self.path(state, action)
        return None if path is None else tuple(reached for _, _, reached in path)

    def path(self, state: State, action: str) -> tuple[Move, ...] | None:
        """The moves that `action` makes from `state`, as `steps` has them."""
        asked = self.happy_path[: self.happy_path.index(action) + 1] if action in self.happy_path else (action,)
        possible = [number for number, step in enumerate(asked) if (state, step) in self.moves]
        if not possible:
            return None
        passed: list[Move] = []
        for step in asked[possible[-1] :]:
            reached = self.moves[state, step]
            if reached != state:
                passed.append((state, step, reached))
            state = reached
        return tuple(passed)

    @property
    def ends(self) -> tuple[State, ...]:
        """The states that nothing leads out of."""
        return tuple(s for s in self.states if all(s != start or s == end for (start, _), end in self.moves.items()))
