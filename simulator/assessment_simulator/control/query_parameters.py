"""Reads the parameters of a list's query: each by a function of its own, and all that is wrong with them at once."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from typing import Any, TypeVar

from starlette.requests import Request

from assessment_simulator.http.problem_details import Problem
from assessment_simulator.journal.search import UnknownId
from assessment_simulator.storage.pauses import Pause

T = TypeVar("T")
Reader = Callable[[str], Any]
"""Makes something of a parameter's value, or raises ValueError with what would be right."""

MOST = 1_000
"""So many of the newest a list gives at once."""


def read(request: Request, readers: Mapping[str, Reader]) -> dict[str, Any]:
    """The parameters of a request's query by name; raises `Problem` 422 with all that is wrong with them."""
    pairs = request.query_params.multi_items()
    counts = Counter(name for name, _ in pairs)
    values: dict[str, Any] = {}
    problems: list[tuple[str, str]] = []
    for name, value in pairs:
        if name not in readers:
            problems.append((name, f"is unknown; known are {', '.join(readers)}"))
        elif counts[name] > 1:
            problems.append((name, "is given more than once"))
        else:
            try:
                values[name] = readers[name](value)
            except ValueError as error:
                problems.append((name, str(error)))
    wrong = [{"where": name[:40], "what": what} for name, what in problems]
    if wrong:
        raise Problem(422, "; ".join(f"{one['where']} {one['what']}" for one in wrong), errors=wrong)
    return values


def newest(value: str) -> int:
    """How many of the newest are asked for."""
    if not (value.isascii() and value.isdecimal() and len(value) < 6 and 1 <= int(value) <= MOST):
        raise ValueError(f"must be a number from 1 to {MOST}")
    return int(value)


def one_of(values: Iterable[str]) -> Reader:
    """A reader of one of these words."""
    known = tuple(values)

    def read_one(value: str) -> str:
        if value not in known:
            raise ValueError(f"must be one of {', '.join(known)}")
        return value

    return read_one


def sought(value: str) -> str:
    """A text to search for, whatever its letters' case."""
    return value.casefold()


PAGING: dict[str, Reader] = {"newest": newest, "before": str.lower, "q": sought}
"""The parameters of every list."""


async def page(found: Iterable[T], most: int | None) -> list[T]:
    """What comes newest first: so many of it in that order, or all of it, oldest first.

    Others are answered while a long list is collected, so `found` must not mind changes.
    """
    kept, pause = list[T](), Pause()
    try:
        for one in found if most is None else islice(found, most):
            kept.append(one)
            await pause.if_due()
    except UnknownId:
        what = "must be the id of one that is in the list"
        raise Problem(422, f"before {what}", errors=[{"where": "before", "what": what}]) from None
    return kept[::-1] if most is None else kept
