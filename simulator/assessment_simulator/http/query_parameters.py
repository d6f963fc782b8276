"""Reads the parameters of a list's query: each by a function of its own, and all that is wrong with them at once."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, TypeVar

from starlette.requests import Request

from assessment_simulator.http.problem_details import Problem
from assessment_simulator.storage.pauses import Pause

T = TypeVar("T")
Reader = Callable[[str], Any]
"""Makes something of a parameter's value, or raises ValueError with what would be right."""

MOST = 1_000
"""So many of the newest a list gives at once."""


def read(request: Request, readers: Mapping[str, Reader]) -> dict[str, Any]:
    """What the parameters of a request's query mean; raises `Problem` 422 with all that is wrong with them."""
    return read_pairs(request.query_params.multi_items(), readers)


def read_pairs(asked: Sequence[tuple[str, str]], readers: Mapping[str, Reader]) -> dict[str, Any]:
    """The same of parameters that were taken from a request before."""
    counts = Counter(name for name, _ in asked)
    meant, wrong = {}, []
    for name, value in asked:
        try:
            meant[name] = _reader(readers, name, counts[name])(value)
        except ValueError as error:
            wrong.append({"where": name[:40], "what": str(error)})
    if wrong:
        raise Problem(422, "; ".join(f"{one['where']} {one['what']}" for one in wrong), errors=wrong)
    return meant


def _reader(readers: Mapping[str, Reader], name: str, times: int) -> Reader:
    if name not in readers:
        raise ValueError(f"is unknown; known are {', '.join(readers)}")
    if times > 1:
        raise ValueError("is given more than once")
    return readers[name]


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
    for one in found if most is None else islice(found, most):
        kept.append(one)
        await pause.if_due()
    return kept[::-1] if most is None else kept


def older(found: Iterable[T], id: str | None, id_of: Callable[[T], str]) -> Iterator[T]:
    """Of what comes newest first, that which is older than the one with this id; all, where the id is None."""
    rest = iter(found)
    if id is not None and all(id_of(one) != id for one in rest):
        what = "must be the id of one that is in the list"
        raise Problem(422, f"before {what}", errors=[{"where": "before", "what": what}])
    return rest
