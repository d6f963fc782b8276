"""Whether the request that is being answered has changed anything, so that no error denies a change that stays.

A request may take several steps. When the second fails, the first is kept, and "nothing was changed" would be false.
Each request runs in a task, so a context variable keeps them apart.
"""

from contextvars import ContextVar

_first: ContextVar[int | None] = ContextVar("first", default=None)


def begin() -> None:
    """Begin a request. A pipelined one inherits the context of the request before it."""
    _first.set(None)


def note(number: int = 0) -> None:
    """Note a change: the number of its commit, 0 where it cannot be lost any more."""
    if _first.get() is None:
        _first.set(number)


def is_changed(durable: int | None = None) -> bool:
    """Whether the request has changed something that stays; only commits up to `durable` do, where it is given."""
    first = _first.get()
    return first is not None and (durable is None or first <= durable)
