"""A filter asked of records: the tree becomes a function once, which is then called for each record."""

import operator
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any, cast

from assessment_simulator.core import instant
from assessment_simulator.vendors.predictive_index.odata import numbers
from assessment_simulator.vendors.predictive_index.odata.functions import FUNCTIONS
from assessment_simulator.vendors.predictive_index.odata.surface import Member, Type
from assessment_simulator.vendors.predictive_index.odata.tree import (
    Arithmetic,
    Comparison,
    Function,
    Junction,
    Literal,
    Membership,
    Named,
    Node,
)

Row = Mapping[str, Any]
Ask = Callable[[Row], Any]
Fill = Callable[[str], str]
"""Puts our address into a link."""


def keeps(tree: Node, fill: Fill, now: int) -> Callable[[Row], bool]:
    """Whether a record passes the filter at the instant `now`: not if the filter is false or null for it."""
    ask = _asking(tree, fill, now)
    return lambda row: ask(row) is True


def looking_up(member: Member, fill: Fill) -> Ask:
    """The value that a record has for a member: instants in ticks, numbers as integers or decimals.

    Of an array, which holds one thing, it is that thing.
    """
    turns: Mapping[Type, Callable[[Any], Any]] = {
        Type.INSTANT: _ticks, Type.LINK: fill, Type.INTEGER: int, Type.NUMBER: _decimal,
    }  # fmt: skip
    turn = turns.get(member.type)

    def look(row: Row) -> Any:
        value: Any = row
        for step in member.steps:
            if type(value) is list:
                value = value[0]
            if value is None:
                return None
            value = value[step]
        return value if turn is None or value is None else turn(value)

    return look


def equalities(tree: Node) -> Iterator[tuple[str, Literal]]:
    """The (member, value) that every record that passes has: `eq` with a text or GUID, alone or joined by `and`."""
    if isinstance(tree, Junction) and tree.operator == "and":
        for part in tree.parts:
            yield from equalities(part)
    if isinstance(tree, Comparison) and tree.operator == "eq":
        for side, value in ((tree.left, tree.right), (tree.right, tree.left)):
            # The parser has put a function of the type GUID around what is compared with one.
            bare = side.arguments[0] if isinstance(side, Function) and side.type is Type.GUID else side
            if isinstance(bare, Named) and isinstance(value, Literal) and value.type in (Type.TEXT, Type.GUID):
                yield bare.member.name, value


def _ticks(text: str) -> int:
    # What the vendor shows as an instant is one.
    return cast("instant.Moment", instant.parse(text)).at


def _decimal(value: float) -> Decimal:
    return numbers.decimal(repr(value))


def _asking(node: Node, fill: Fill, now: int) -> Ask:
    match node:
        case Literal():
            return lambda row: node.value
        case Named():
            return looking_up(node.member, fill)
        case Function():
            if node.name == "now":
                return lambda row: now
            return _function(FUNCTIONS[node.name].work, [_asking(argument, fill, now) for argument in node.arguments])
        case Arithmetic():
            rest = [(name, _asking(operand, fill, now)) for name, operand in node.rest]
            return _arithmetic(_asking(node.first, fill, now), rest)
        case Membership():
            part = _asking(node.part, fill, now)
            return lambda row: part(row) in node.values
        case Comparison():
            return _comparison(node.operator, _asking(node.left, fill, now), _asking(node.right, fill, now))
        case Junction():
            return _junction(node.operator == "or", [_asking(part, fill, now) for part in node.parts])
    return _negation(_asking(node.part, fill, now))


def _function(function: Callable[..., Any], arguments: list[Ask]) -> Ask:
    def ask(row: Row) -> Any:
        values = [argument(row) for argument in arguments]
        return None if None in values else function(*values)

    return ask


def _arithmetic(first: Ask, rest: list[tuple[str, Ask]]) -> Ask:
    def ask(row: Row) -> Any:
        found = first(row)
        for name, operand in rest:
            other = operand(row)
            if found is None or other is None:
                return None
            found = numbers.calculated(name, found, other)
        return found

    return ask


def _comparison(name: str, left: Ask, right: Ask) -> Ask:
    compare: Callable[[Any, Any], bool] = getattr(operator, name)
    if name in ("eq", "ne"):
        return lambda row: compare(left(row), right(row))

    def ask(row: Row) -> bool:
        one, other = left(row), right(row)
        return one is not None and other is not None and compare(one, other)

    return ask


def _junction(settles: bool, parts: list[Ask]) -> Ask:
    """The first part that is `settles` decides: true in an `or`, false in an `and`. Else null wins over the rest."""

    def ask(row: Row) -> bool | None:
        found: bool | None = not settles
        for part in parts:
            value: bool | None = part(row)
            if value is settles:
                return value
            if value is None:
                found = None
        return found

    return ask


def _negation(part: Ask) -> Ask:
    def ask(row: Row) -> bool | None:
        value = part(row)
        return None if value is None else not value

    return ask
