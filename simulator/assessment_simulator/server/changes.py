"""Whether the request that is being answered has changed anything, so that no error denies a change that stays.

A request may take several steps. When the second fails, the first is kept, and "nothing was changed" would be false.
Each request runs in a task, so a context variable keeps them apart.
"""

from contextvars import ContextVar

_changed: ContextVar[bool] = ContextVar("changed", default=False)


def begin() -> None:
    """Begin a request. A pipelined one inherits the context of the request before it."""
    _changed.set(False)


def note() -> None:
    """Note a change that stays, whatever fails from now on."""
    _changed.set(True)


def is_changed() -> bool:
    """Whether the request has changed something that stays."""
    return _changed.get()
