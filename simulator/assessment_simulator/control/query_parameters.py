"""Query parameters: the schema of each for the document, and the function that reads its value."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice
from typing import Any, NamedTuple, TypeVar

from assessment_simulator.core.schema import Schema, integer, text
from assessment_simulator.http.problem_details import Problem, flawed
from assessment_simulator.journal.search import UnknownId
from assessment_simulator.storage.pauses import Pause

T = TypeVar("T")
MOST = 1_000
"""Most items of a list that `newest` can ask for."""


class Parameter(NamedTuple):
    """A parameter that may be left out; `read` raises ValueError with what is valid."""

    schema: Schema
    read: Callable[[str], Any]


def read(pairs: Sequence[tuple[str, str]], parameters: Mapping[str, Parameter]) -> dict[str, Any]:
    """The values by name; raises `Problem` 422 with everything that is wrong."""
    counts = Counter(name for name, _ in pairs)
    values: dict[str, Any] = {}
    flaws = []
    for name, value in pairs:
        try:
            if name not in parameters:
                flaws.append((name or '""', f"is unknown; known are {', '.join(parameters)}"))
            elif counts[name] > 1:
                flaws.append((name, "is given more than once"))
            else:
                values[name] = parameters[name].read(value)
        except ValueError as error:
            flaws.append((name, str(error)))
    if flaws:
        raise flawed([{"where": name[:40], "what": what} for name, what in flaws], between=" ")
    return values


def one_of(description: str, values: Iterable[str]) -> Parameter:
    """A parameter with one of these values."""
    known = [*values]

    def read_one(value: str) -> str:
        if value not in known:
            raise ValueError(f"must be one of {', '.join(known)}")
        return value

    return Parameter(text(description, enum=known), read_one)


def paging(searched: str, id: str, **more: Any) -> dict[str, Parameter]:
    """The parameters of every list: `searched` is what `q` looks into, `id` an example for `before`."""

    def newest(value: str) -> int:
        # Checked as text first: int() reads digits of every script, spaces and underscores.
        if not (value.isascii() and value.isdecimal() and len(value) < 6 and 1 <= int(value) <= MOST):
            raise ValueError(f"must be a number from 1 to {MOST}")
        return int(value)

    shapes = (
        integer("only so many of the newest, newest first", minimum=1, maximum=MOST),
        text(f"only those older than the one with this id, such as {id}", **more),
        text(f"only those with this text, in letters of either case, in {searched}"),
    )
    return dict(zip(("newest", "before", "q"), map(Parameter, shapes, (newest, str.lower, str.casefold)), strict=True))


async def page(newest_first: Iterable[T], most: int | None) -> list[T]:
    """The first `most` items in this order, or all of them, oldest first.

    Other calls are answered while a long list is collected, so the iteration must allow changes.
    """
    found, pause = list[T](), Pause()
    try:
        for one in newest_first if most is None else islice(newest_first, most):
            found.append(one)
            await pause.if_due()
    except UnknownId:
        raise no_such_id("must be the id of one that is in the list") from None
    return found[::-1] if most is None else found


def no_such_id(what: str) -> Problem:
    """The error about an id in `before` that is not in the list."""
    return flawed([{"where": "before", "what": what}], between=" ")
