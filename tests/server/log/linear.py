"""A checker of linearizability: whether concurrent operations have the same results in some sequential order.

After Wing and Gong ("Testing and Verifying Concurrent Objects", 1993): look for an order of the operations in which
none comes before one that had ended when it began, and in which each shows what the model says. Failed
paths are remembered, so that a few dozen operations take no time.
"""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any

Model = Callable[[Any, str, Any, Any], Hashable | None]
"""The state after an operation with an argument that showed this; None where it cannot have."""


@dataclass(frozen=True)
class Operation:
    """An operation, its argument and result, and the times between which it ran."""

    what: str
    asked: Any
    shown: Any
    began: float
    ended: float


def is_linear(history: Sequence[Operation], model: Model, state: Hashable) -> bool:
    """Whether there is an order that explains the history."""
    tried: set[tuple[frozenset[int], Hashable]] = set()
    paths: list[tuple[frozenset[int], Hashable]] = [(frozenset(range(len(history))), state)]
    while paths:
        left, now = path = paths.pop()
        if not left:
            return True
        if path in tried:
            continue
        tried.add(path)
        first_end = min(history[place].ended for place in left)
        for place in left:
            operation = history[place]
            if operation.began <= first_end:
                following = model(now, operation.what, operation.asked, operation.shown)
                if following is not None:
                    paths.append((left - {place}, following))
    return False


@dataclass(frozen=True)
class Account:
    """What a sandbox is here: a setting, orders that are made once, and a number of assessments."""

    setting: str = ""
    orders: tuple[tuple[str, str], ...] = ()
    assessments: int = 0


def account(state: Account, what: str, asked: Any, shown: Any) -> Account | None:
    """The model of a sandbox."""
    orders = dict(state.orders)
    if what == "set":
        return Account(asked, state.orders, state.assessments)
    if what == "get":
        return state if shown == state.setting else None
    if what == "order":
        created, id = shown
        if created is (asked in orders) or orders.get(asked, id) != id:
            return None
        return Account(state.setting, tuple(sorted({**orders, asked: id}.items())), state.assessments)
    if what == "assess":
        return Account(state.setting, state.orders, state.assessments + 1)
    return state if shown == state.assessments else None
