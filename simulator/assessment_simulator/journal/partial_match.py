"""Whether a thing is what somebody waits for: every member that is asked for must be there, the same."""

from typing import Any, NamedTuple

from assessment_simulator.core.text import lower_uuid


class Difference(NamedTuple):
    """A member that is not as wanted: its dotted path, what was wanted, and what is there (None: nothing)."""

    member: str
    wanted: Any
    found: Any


def matches(wanted: Any, found: Any) -> bool:
    """Whether `found` holds all that `wanted` asks for; objects by their members, all else must be equal."""
    if isinstance(wanted, dict):
        return isinstance(found, dict) and all(matches(one, found.get(name)) for name, one in wanted.items())
    return same(wanted, found)


def same(one: Any, other: Any) -> bool:
    """Whether two JSON values are equal; `true` is no 1, `1.0` is. UUIDs are equal in letters of either case."""
    if isinstance(one, str) and isinstance(other, str):
        return lower_uuid(one) == lower_uuid(other)
    if isinstance(one, list):
        return (
            isinstance(other, list)
            and len(one) == len(other)
            and all(same(a, b) for a, b in zip(one, other, strict=True))
        )
    if isinstance(one, dict):
        return isinstance(other, dict) and one.keys() == other.keys() and all(same(one[k], other[k]) for k in one)
    return isinstance(one, bool) is isinstance(other, bool) and bool(one == other)


def compare(wanted: Any, found: Any, member: str = "") -> tuple[int, list[Difference]]:
    """How many of the wanted members are as they should be, and those that are not."""
    if not isinstance(wanted, dict) or not isinstance(found, dict):
        return (1, []) if matches(wanted, found) else (0, [Difference(member, wanted, found)])
    agreed, differs = 0, list[Difference]()
    for name, one in wanted.items():
        more, others = compare(one, found.get(name), f"{member}.{name}" if member else name)
        agreed += more
        differs += others
    return agreed, differs
