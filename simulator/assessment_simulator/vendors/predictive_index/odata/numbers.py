"""Arithmetic of OData: 64-bit integers, and decimals of 38 digits. What has no result is None."""

from collections.abc import Callable, Mapping
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Context, Decimal
from typing import TypeAlias

Number: TypeAlias = int | Decimal

_BITS = 63
# Nothing raises: what overflows is infinite, what has no value is NaN, and `_within` turns both into None.
_CONTEXT = Context(prec=38, Emin=-6_143, Emax=6_144, traps=[])


def decimal(text: str) -> Decimal:
    """The decimal that a text or a float's shortest text means, rounded to 38 digits."""
    return _CONTEXT.create_decimal(text)


def is_integer(number: Number) -> bool:
    """Whether it lies within the 64-bit integers."""
    return bool(-(2**_BITS) <= number < 2**_BITS)


def _within(number: Number) -> Number | None:
    if isinstance(number, int):
        return number if is_integer(number) else None
    return number if number.is_finite() else None


def _quotient(one: int, other: int) -> int:
    """Truncated toward zero, where Python's `//` rounds down."""
    found = abs(one) // abs(other)
    return found if (one < 0) == (other < 0) else -found


_INTEGER: Mapping[str, Callable[[int, int], Number]] = {
    "add": lambda one, other: one + other,
    "sub": lambda one, other: one - other,
    "mul": lambda one, other: one * other,
    "div": _quotient,
    "divby": lambda one, other: _CONTEXT.divide(Decimal(one), Decimal(other)),
    "mod": lambda one, other: one - other * _quotient(one, other),
}
_DECIMAL: Mapping[str, Callable[[Number, Number], Decimal]] = {
    "add": _CONTEXT.add,
    "sub": _CONTEXT.subtract,
    "mul": _CONTEXT.multiply,
    "div": _CONTEXT.divide,
    "divby": _CONTEXT.divide,
    "mod": _CONTEXT.remainder,
}
OPERATORS = tuple(_INTEGER)
DIVIDING = ("div", "divby", "mod")


def calculated(operator: str, one: Number, other: Number) -> Number | None:
    """The result of an operator; None for a division by zero and for what is out of range."""
    if operator in DIVIDING and other == 0:
        return None
    if isinstance(one, int) and isinstance(other, int):
        return _within(_INTEGER[operator](one, other))
    return _within(_DECIMAL[operator](one, other))


def negated(number: Number) -> Number | None:
    """The number with the other sign."""
    return calculated("sub", 0, number)


def _rounding(mode: str) -> Callable[[Number], Number]:
    return lambda number: number if isinstance(number, int) else number.to_integral_value(mode)


ceiling, floor = _rounding(ROUND_CEILING), _rounding(ROUND_FLOOR)
rounded = _rounding(ROUND_HALF_UP)
"""To the nearest whole number, halves away from zero."""
