"""Evaluation of filters: numbers, functions, and the compilation of a syntax tree into one Python function.

A filter is compiled once and then called for each record. A list may have 25,000 records and a filter 1,000 tokens, and
the event loop waits for it. So equal subexpressions are compiled once, and each is evaluated at most once a record.
"""

import operator
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Context, Decimal
from typing import Any, NamedTuple, TypeAlias

from assessment_simulator.core.instant import DAY, SECOND
from assessment_simulator.vendors.predictive_index.odata import ast
from assessment_simulator.vendors.predictive_index.odata.ast import Literal, Member, Node, Type

Number: TypeAlias = int | Decimal
Row = Mapping[str, Any]
Evaluate = Callable[[Row], Any]
FillLinks = Callable[[str], str]
"""Puts the address of this server into a link."""

_INT64 = 2**63
# Nothing raises: an overflow is infinite, an undefined result is NaN, and `calculate` turns both into None.
_DECIMALS = Context(prec=38, Emin=-6_143, Emax=6_144, traps=[])


def decimal(text: str) -> Decimal:
    """Return the decimal that a text means, rounded to 38 digits."""
    return _DECIMALS.create_decimal(text)


def is_int64(number: Number) -> bool:
    return -_INT64 <= number < _INT64


def _quotient(one: int, other: int) -> int:
    """Divide and truncate toward zero, where Python's `//` rounds down."""
    found = abs(one) // abs(other)
    return found if (one < 0) == (other < 0) else -found


_INTEGER_OPERATORS: Mapping[str, Callable[[int, int], Number]] = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "div": _quotient,
    "divby": lambda one, other: _DECIMALS.divide(Decimal(one), Decimal(other)),
    "mod": lambda one, other: one - other * _quotient(one, other),
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
    if other == 0 and name in ("div", "divby", "mod"):
        return None
    if isinstance(one, int) and isinstance(other, int):
        found = _INTEGER_OPERATORS[name](one, other)
        if isinstance(found, int):
            return found if -_INT64 <= found < _INT64 else None
    else:
        found = _DECIMAL_OPERATORS[name](one, other)
    return found if found.is_finite() else None


COMPARISONS = ("eq", "ne", "gt", "ge", "lt", "le")


class Signature(NamedTuple):
    """A function: the types of its parameters, the type of its result, its work, how many parameters are optional."""

    parameters: tuple[Type, ...]
    result: Type
    work: Callable[..., Any]
    optional: int = 0


_INDEXED_TYPES = (Type.TEXT, Type.GUID)
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
"""Every function by its name."""


def compile_filter(tree: Node, fill: FillLinks, now: int) -> Callable[[Row], bool]:
    """Return the predicate of a filter at the instant `now`; it is False where the filter is false or null."""
    evaluate = _Compiler(fill, now).compile(tree)
    return lambda row: evaluate(row) is True


def reader(member: Member, fill: FillLinks) -> Evaluate:
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
    seconds = (datetime.fromisoformat(text[:19]) - _EPOCH) // timedelta(seconds=1)
    return seconds * SECOND + int(text[20:27])


def equalities(tree: Node) -> Iterator[tuple[str, Literal]]:
    """Yield the (member, value) that all matching records have: `eq` with a text or GUID, alone or joined by `and`."""
    if isinstance(tree, ast.Operation) and tree.name == "and":
        for operand in tree.operands:
            yield from equalities(operand)
    if isinstance(tree, ast.Operation) and tree.name == "eq":
        for side, value in (tree.operands, tree.operands[::-1]):
            # The parser has put a function of the type GUID around a text that is compared with a GUID.
            bare = side.operands[0] if isinstance(side, ast.Operation) and side.type is Type.GUID else side
            if isinstance(bare, ast.MemberValue) and isinstance(value, Literal) and value.type in _INDEXED_TYPES:
                yield bare.member.name, value


class _Compiler:
    """Compiles the nodes of one filter; equal nodes become one function."""

    def __init__(self, fill: FillLinks, now: int) -> None:
        self.fill = fill
        self.now = now
        self.compiled: dict[Node, Evaluate] = {}

    def compile(self, node: Node) -> Evaluate:
        evaluate = self.compiled.get(node)
        if evaluate is None:
            evaluate = self._build(node)
            if isinstance(node, ast.MemberValue | ast.Operation | ast.Arithmetic):
                evaluate = _once_per_row(evaluate)
            self.compiled[node] = evaluate
        return evaluate

    def _build(self, node: Node) -> Evaluate:
        match node:
            case Literal():
                return lambda row: node.value
            case ast.MemberValue():
                return reader(node.member, self.fill)
            case ast.Operation():
                return self._operation(node.name, [self.compile(operand) for operand in node.operands])
            case ast.Arithmetic():
                rest = [(name, self.compile(operand)) for name, operand in node.rest]
                return _arithmetic(self.compile(node.first), rest)
        operand = self.compile(node.operand)
        return lambda row: operand(row) in node.values

    def _operation(self, name: str, operands: list[Evaluate]) -> Evaluate:
        if name in ("and", "or"):
            return _junction(name == "or", operands)
        if name in COMPARISONS:
            return _comparison(name, *operands)
        if name == "not":
            (operand,) = operands
            return lambda row: None if (value := operand(row)) is None else not value
        if name == "now":
            return lambda row: self.now
        return _function(FUNCTIONS[name].work, operands)


def _once_per_row(evaluate: Evaluate) -> Evaluate:
    last: Row | None = None
    value: Any = None

    def evaluate_once(row: Row) -> Any:
        nonlocal last, value
        if row is not last:
            value = evaluate(row)
            last = row
        return value

    return evaluate_once


def _function(work: Callable[..., Any], arguments: list[Evaluate]) -> Evaluate:
    def evaluate(row: Row) -> Any:
        values = [argument(row) for argument in arguments]
        return None if None in values else work(*values)

    return evaluate


def _arithmetic(first: Evaluate, rest: list[tuple[str, Evaluate]]) -> Evaluate:
    def evaluate(row: Row) -> Any:
        found = first(row)
        for name, operand in rest:
            other = operand(row)
            if found is None or other is None:
                return None
            found = calculate(name, found, other)
        return found

    return evaluate


def _comparison(name: str, left: Evaluate, right: Evaluate) -> Evaluate:
    compare: Callable[[Any, Any], bool] = getattr(operator, name)
    if name in ("eq", "ne"):
        return lambda row: compare(left(row), right(row))

    def evaluate(row: Row) -> bool:
        one, other = left(row), right(row)
        return one is not None and other is not None and compare(one, other)

    return evaluate


def _junction(decisive: bool, operands: list[Evaluate]) -> Evaluate:
    """The first operand that is `decisive` decides (True for `or`, False for `and`); else null wins over the rest."""

    def evaluate(row: Row) -> bool | None:
        found: bool | None = not decisive
        for operand in operands:
            value: bool | None = operand(row)
            if value is decisive:
                return value
            if value is None:
                found = None
        return found

    return evaluate
