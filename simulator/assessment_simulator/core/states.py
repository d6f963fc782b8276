"""State machines: all that changes the state of an invitation is a row of a vendor's table."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

State = str | int
# From which state, by which action, to which.
Move = tuple[State, str, State]


class DiagramPosition(NamedTuple):
    """Where a state is drawn: its column and its first row, counted from 0, and how many rows it spans."""

    column: int
    row: int
    rows: int = 1


@dataclass(frozen=True, slots=True)
class StateMachine:
    """States with descriptions, and moves `(state, action) -> state`; other moves are impossible.

    `happy_path` lists, in order, the actions of a candidate who completes. An action of it that comes too early makes
    the moves before it on the way, beginning as late in the path as the state allows.
    """

    states: Mapping[State, str]
    moves: Mapping[tuple[State, str], State]
    happy_path: tuple[str, ...]

    def title(self, state: State) -> str:
        """A state for readers: pymetrics' states are words, The Predictive Index's are numbers, shown with a word."""
        return state if isinstance(state, str) else f"{self.states.get(state, 'unknown')} ({state})"

    def steps(self, state: State, action: str) -> tuple[State, ...] | None:
        """The states that `action` leads through from `state`, in order; None when the move is impossible.

        An empty tuple means that the move is allowed and changes nothing.
        """
        path = self.path(state, action)
        return None if path is None else tuple(reached for _, _, reached in path)

    def path(self, state: State, action: str) -> tuple[Move, ...] | None:
        """The moves that `action` makes from `state`, as `steps` has them."""
        on_path = action in self.happy_path
        actions = self.happy_path[: self.happy_path.index(action) + 1] if on_path else (action,)
        possible = [number for number, step in enumerate(actions) if (state, step) in self.moves]
        if not possible:
            return None
        moves: list[Move] = []
        for step in actions[possible[-1] :]:
            reached = self.moves[state, step]
            if reached != state:
                moves.append((state, step, reached))
            state = reached
        return tuple(moves)

    @property
    def ends(self) -> tuple[State, ...]:
        """The states that no move leaves."""
        left = {start for (start, _), end in self.moves.items() if start != end}
        return tuple(state for state in self.states if state not in left)
