"""The functions that a filter may call: what each takes, what it gives, and how it is worked out."""

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from assessment_simulator.core.instant import DAY, SECOND
from assessment_simulator.vendors.predictive_index.odata import numbers
from assessment_simulator.vendors.predictive_index.odata.surface import Type

LONGEST_TEXT = 100_000
"""Characters of a text that a function gives; a longer one is null."""

Work = Callable[..., Any]
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001  everything is in UTC


@dataclass(frozen=True, slots=True)
class Signature:
    """The types of the arguments, the first `needed` of which must be there; the type of the result; the function."""

    takes: tuple[Type, ...]
    gives: Type
    work: Work
    needed: int

    @property
    def counts(self) -> str:
        """How many arguments it takes, in words."""
        most = len(self.takes)
        return str(most) if self.needed == most else f"{self.needed} or {most}"


def _bounded(work: Work) -> Work:
    def bounded(*arguments: str) -> str | None:
        found: str = work(*arguments)
        return found if len(found) <= LONGEST_TEXT else None

    return bounded


def _substring(text: str, start: int, length: int | None = None) -> str:
    start = max(start, 0)
    return text[start:] if length is None else text[start : start + max(length, 0)]


def _part(name: str) -> Work:
    def part(ticks: int) -> int:
        # Ticks may be before 1970: whole seconds are rounded down.
        found: int = getattr(_EPOCH + timedelta(seconds=ticks // SECOND), name)
        return found

    return part


def _fraction(ticks: int) -> Any:
    return numbers.decimal(str(ticks % SECOND)).scaleb(-7)


_TEXT, _INTEGER, _NUMBER, _INSTANT = Type.TEXT, Type.INTEGER, Type.NUMBER, Type.INSTANT


def _of(takes: tuple[Type, ...], gives: Type, work: Work, needed: int | None = None) -> Signature:
    return Signature(takes, gives, work, len(takes) if needed is None else needed)


FUNCTIONS: Mapping[str, Signature] = {
    "contains": _of((_TEXT, _TEXT), Type.TRUTH, operator.contains),
    "startswith": _of((_TEXT, _TEXT), Type.TRUTH, str.startswith),
    "endswith": _of((_TEXT, _TEXT), Type.TRUTH, str.endswith),
    "substringof": _of((_TEXT, _TEXT), Type.TRUTH, lambda part, whole: part in whole),
    "length": _of((_TEXT,), _INTEGER, len),
    "indexof": _of((_TEXT, _TEXT), _INTEGER, str.find),
    "substring": _of((_TEXT, _INTEGER, _INTEGER), _TEXT, _substring, 2),
    "concat": _of((_TEXT, _TEXT), _TEXT, _bounded(operator.add)),
    "trim": _of((_TEXT,), _TEXT, str.strip),
    "tolower": _of((_TEXT,), _TEXT, _bounded(str.lower)),
    "toupper": _of((_TEXT,), _TEXT, _bounded(str.upper)),
    **{name: _of((_INSTANT,), _INTEGER, _part(name)) for name in ("year", "month", "day", "hour", "minute", "second")},
    "fractionalseconds": _of((_INSTANT,), _NUMBER, _fraction),
    "date": _of((_INSTANT,), _INSTANT, lambda ticks: ticks - ticks % DAY),
    "round": _of((_NUMBER,), _NUMBER, numbers.rounded),
    "floor": _of((_NUMBER,), _NUMBER, numbers.floor),
    "ceiling": _of((_NUMBER,), _NUMBER, numbers.ceiling),
    "now": _of((), _INSTANT, lambda: None),
}
"""Every function by its name; what `now` gives is known only when a filter is asked."""
