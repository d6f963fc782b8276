"""Evaluation of filters: numbers, functions, and the compilation of a syntax tree into steps over columns.

A list may have 25,000 records and a filter 1,000 tokens. So a filter is evaluated for a batch of records at a time:
each step computes one column, with a value for each record, in one comprehension. Other requests can be answered
between two steps. Equal subexpressions are one column. Nothing raises: what has no value is null.
"""

import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Context, Decimal
from typing import Any, NamedTuple, TypeAlias

from assessment_simulator.core.instant import DAY, SECOND
from assessment_simulator.vendors.predictive_index.odata.syntax import Member, Node, Type

Number: TypeAlias = int | Decimal
Row = Mapping[str, Any]
Column = Sequence[Any]
FillLinks = Callable[[str], str]  # puts the address of this server into a link


_INT64 = 2**63
# No result raises: an overflow is infinite, an undefined result is NaN, and `calculate` turns both into None.
_DECIMALS = Context(prec=38, Emin=-6_143, Emax=6_144, traps=[])


def decimal(text: str) -> Decimal:
    """Return the decimal that a text means, rounded to 38 digits."""
    return _DECIMALS.create_decimal(text)


def is_int64(number: Number) -> bool:
    """Whether a number has at most 64 bits."""
    return -_INT64 <= number < _INT64


def _quotient(one: int, other: int) -> int:
    """Divide and truncate toward zero, where Python's `//` rounds down; by zero it is out of range."""
    if other == 0:
        return _INT64
    found = abs(one) // abs(other)
    return found if (one < 0) == (other < 0) else -found


_INTEGER_OPERATORS: Mapping[str, Callable[[int, int], Number]] = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "div": _quotient,
    "divby": lambda one, other: _DECIMALS.divide(Decimal(one), Decimal(other)),
    "mod": lambda one, other: one - other * _quotient(one, other) if other else _INT64,
}
_DECIMAL_OPERATORS: Mapping[str, Callable[[Number, Number], Decimal]] = {
    "add": _DECIMALS.add,
    "sub": _DECIMALS.subtract,
    "mul": _DECIMALS.multiply,
    "div": _DECIMALS.divide,
    "divby": _DECIMALS.divide,
    "mod": _DECIMALS.remainder,
}


def calculate(name: str, one: Number, other: Number) -> Number | None:
    """Apply an operator; None for a division by zero and for a result out of range."""
    if isinstance(one, int) and isinstance(other, int):
        found = _INTEGER_OPERATORS[name](one, other)
        if isinstance(found, int):
            return found if -_INT64 <= found < _INT64 else None
    else:
        found = _DECIMAL_OPERATORS[name](one, other)
    return found if found.is_finite() else None


class Signature(NamedTuple):
    """A function of filters."""

    parameters: tuple[Type, ...]
    result: Type
    work: Callable[..., Any]
    optional: int = 0  # how many of the parameters may be left out, from the end


_LONGEST_TEXT = 100_000
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001  everything is in UTC


def _bounded(work: Callable[..., str]) -> Callable[..., str | None]:
    """Let a function of texts return None where its result would be longer than 100,000 characters."""

    def bounded(*arguments: str) -> str | None:
        found = work(*arguments)
        return found if len(found) <= _LONGEST_TEXT else None

    return bounded


def _substring(text: str, start: int, length: int | None = None) -> str:
    start = max(start, 0)
    return text[start:] if length is None else text[start : start + max(length, 0)]


def _instant_part(name: str) -> Callable[[int], int]:
    # Ticks may be before 1970: whole seconds are rounded down.
    return lambda ticks: getattr(_EPOCH + timedelta(seconds=ticks // SECOND), name)


def _rounding(mode: str) -> Callable[[Number], Number]:
    return lambda number: number if isinstance(number, int) else number.to_integral_value(mode)


_TEXT, _BOOLEAN, _INTEGER, _NUMBER, _INSTANT = Type.TEXT, Type.BOOLEAN, Type.INTEGER, Type.NUMBER, Type.INSTANT
_PARTS = ("year", "month", "day", "hour", "minute", "second")
FUNCTIONS: Mapping[str, Signature] = {
    "contains": Signature((_TEXT, _TEXT), _BOOLEAN, operator.contains),
    "startswith": Signature((_TEXT, _TEXT), _BOOLEAN, str.startswith),
    "endswith": Signature((_TEXT, _TEXT), _BOOLEAN, str.endswith),
    "substringof": Signature((_TEXT, _TEXT), _BOOLEAN, lambda part, whole: part in whole),
    "length": Signature((_TEXT,), _INTEGER, len),
    "indexof": Signature((_TEXT, _TEXT), _INTEGER, str.find),
    "substring": Signature((_TEXT, _INTEGER, _INTEGER), _TEXT, _substring, optional=1),
    "concat": Signature((_TEXT, _TEXT), _TEXT, _bounded(operator.add)),
    "trim": Signature((_TEXT,), _TEXT, str.strip),
    "tolower": Signature((_TEXT,), _TEXT, _bounded(str.lower)),
    "toupper": Signature((_TEXT,), _TEXT, _bounded(str.upper)),
    **{name: Signature((_INSTANT,), _INTEGER, _instant_part(name)) for name in _PARTS},
    "fractionalseconds": Signature((_INSTANT,), _NUMBER, lambda ticks: decimal(str(ticks % SECOND)).scaleb(-7)),
    "date": Signature((_INSTANT,), _INSTANT, lambda ticks: ticks - ticks % DAY),
    "round": Signature((_NUMBER,), _NUMBER, _rounding(ROUND_HALF_UP)),  # halves away from zero
    "floor": Signature((_NUMBER,), _NUMBER, _rounding(ROUND_FLOOR)),
    "ceiling": Signature((_NUMBER,), _NUMBER, _rounding(ROUND_CEILING)),
    "now": Signature((), _INSTANT, lambda: None),  # its value is known only when a filter is evaluated
}


def reader(member: Member, fill: FillLinks) -> Callable[[Row], Any]:
    """Return the function that reads a member of a record: instants as ticks, numbers as integers or decimals.

    Scores stand in arrays of one object, or bare (a behaviour flag): an array is read as its only item.
    """
    conversions: Mapping[Type, Callable[[Any], Any]] = {
        Type.INSTANT: _ticks,
        Type.LINK: fill,
        Type.INTEGER: int,
        Type.NUMBER: lambda value: decimal(repr(value)),
    }
    convert = conversions.get(member.type)

    def read(row: Row) -> Any:
        value: Any = row
        for step in member.path:
            if type(value) is list:
                value = value[0]
            if value is None:
                return None
            value = value[step]
        return value if convert is None or value is None else convert(value)

    return read


def _ticks(text: str) -> int:
    # Answers write every instant as `2016-10-02T23:59:59.0123456Z`. `instant.parse` reads all forms, 6 times slower.
    since = datetime.fromisoformat(text[:19]) - _EPOCH
    return (since.days * 86_400 + since.seconds) * SECOND + int(text[20:27])


def compile_filter(tree: Node, fill: FillLinks, now: int) -> Callable[[Sequence[Row]], Iterator[Column]]:
    """Return the predicate of a filter at the instant `now`: for each record of a batch True, False or None (null).

    It yields the column of each node of the filter; the last is the result.
    """
    places: dict[Node, int] = {}
    steps: list[tuple[Callable[..., Column], tuple[int, ...]]] = []

    def place(node: Node) -> int:
        if node not in places:
            operands = tuple(place(operand) for operand in node.operands)
            places[node] = len(steps)
            steps.append((_step(node, fill, now), operands))
        return places[node]

    place(tree)

    def evaluate(rows: Sequence[Row]) -> Iterator[Column]:
        columns: list[Column] = []
        for step, operands in steps:
            columns.append(step(rows, *(columns[operand] for operand in operands)))
            yield columns[-1]

    return evaluate


def _step(node: Node, fill: FillLinks, now: int) -> Callable[..., Column]:
    """Return the function that computes a node's column from the records and the columns of its operands."""
    match node.name:
        case "literal":
            return lambda rows: [node.value] * len(rows)
        case "now":
            return lambda rows: [now] * len(rows)
        case "member":
            read = reader(node.value, fill)
            return lambda rows: [read(row) for row in rows]
        case "in":
            return lambda rows, column: [value in node.value for value in column]
        case "not":
            return lambda rows, column: [None if value is None else not value for value in column]
        case "and" | "or":
            # The decisive value (True for `or`, False for `and`) wins, then null, then the other one.
            decisive = node.name == "or"
            return lambda rows, *columns: [
                decisive if decisive in values else None if None in values else not decisive
                for values in zip(*columns, strict=True)
            ]
        case "arithmetic":
            return lambda rows, *columns: _arithmetic(node, columns)
        case "eq" | "ne" | "gt" | "ge" | "lt" | "le" as name:
            compare: Callable[[Any, Any], bool] = getattr(operator, name)
            if name in ("eq", "ne"):
                return lambda rows, left, right: [*map(compare, left, right)]
            return lambda rows, left, right: [
                one is not None and other is not None and compare(one, other)
                for one, other in zip(left, right, strict=True)
            ]
    work = FUNCTIONS[node.name].work
    return lambda rows, *columns: [
        None if None in values else work(*values) for values in zip(*columns, strict=True)
    ]  # fmt: skip


def _arithmetic(node: Node, columns: Sequence[Column]) -> Column:
    found, is_whole = columns[0], node.type is Type.INTEGER
    for name, operand, column in zip(node.value, node.operands[1:], columns[1:], strict=True):
        # A filter may have 500 operators. So a whole column is calculated at once, as `calculate` does it, where the
        # types are sure (`round` gives an integer for an integer) and nothing is null or out of range.
        if is_whole or (operand.type is Type.NUMBER and operand.name in ("literal", "member")):
            work: Callable[[Any, Any], Any] = (_INTEGER_OPERATORS if is_whole else _DECIMAL_OPERATORS)[name]
            try:
                results = [*map(work, found, column)]
                if all(map(is_int64, (min(results), max(results))) if is_whole else map(Decimal.is_finite, results)):
                    found = results
                    continue
            except TypeError:
                pass
        pairs = zip(found, column, strict=True)
        found = [None if one is None or other is None else calculate(name, one, other) for one, other in pairs]
    return found


def equalities(tree: Node) -> Iterator[tuple[str, Node]]:
    """Yield the (member, literal) that all matches have: `eq` with a text or GUID, alone or joined by `and`."""
    if tree.name == "and":
        for operand in tree.operands:
            yield from equalities(operand)
    if tree.name == "eq":
        for side, value in (tree.operands, tree.operands[::-1]):
            # The parser has put a function of the type GUID around a text that is compared with a GUID.
            bare = side.operands[0] if side.type is Type.GUID and side.operands else side
            if bare.name == "member" and value.name == "literal" and value.type in (Type.TEXT, Type.GUID):
                yield bare.value.name, value
