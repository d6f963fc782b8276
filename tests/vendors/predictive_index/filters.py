"""Filters made up at random, each with what it means: its text in some spelling, and a plain predicate.

A predicate gives True, False or None (null). They are written anew from what the package `odata` promises, with
nothing of it imported.
"""

import math
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta, timezone
from fractions import Fraction
from typing import Any, NamedTuple

from hypothesis import strategies as st

Row = Mapping[str, Any]
Truth = bool | None

TEXTS = ("firstName", "middleName", "email", "externalId")
NUMBERS = ("gender", "patternNumber", "selfSigmaScore/aSigma")
INSTANTS = ("assessmentDateTime", "expirationDateTime")
GUIDS = ("assessmentId", "externalId")

WORDS = st.sampled_from(["", "a", "A", "ab", "Ab", "it's", "''", "é", "a b", "not", "(,)", "1", "😀", "%_"])
AMOUNTS = st.sampled_from([-4.0, -0.5, 0.0, 0.1, 1.0, 2.0, 17.0, 1e10])
WHOLE = st.sampled_from([-7, -1, 0, 1, 2, 17])
MOMENTS = st.sampled_from([datetime(2026, 1, day, hour, tzinfo=UTC) for day in (1, 2, 31) for hour in (0, 12)])
IDS = st.sampled_from(["1a2bc3d4-e5f6-a7b8-c9d0-e1f2a3b4c5d6", "ABCDEF00-e5f6-a7b8-c9d0-e1f2a3b4c5d6"])


def shown(at: datetime) -> str:
    """An instant as a record shows it."""
    return f"{at:%Y-%m-%dT%H:%M:%S}.0000000Z"


ROWS = st.fixed_dictionaries({
    "assessmentId": IDS.map(str.lower),
    "externalId": st.none() | WORDS | IDS,
    **{name: st.none() | WORDS for name in ("firstName", "middleName", "email")},
    **{name: st.none() | WHOLE for name in ("gender", "patternNumber")},
    **{name: MOMENTS.map(shown) for name in INSTANTS},
    "selfSigmaScore": st.none() | AMOUNTS.map(lambda score: [{"aSigma": score}]),
})  # fmt: skip


class Piece(NamedTuple):
    """A part of a filter: its text, how loosely it binds, its meaning.

    0 is a word, 0.3 `mul`, 0.6 `add`, 1 `gt`, 2 `eq`, 3 `and`, 4 `or`.
    """

    text: str
    level: float
    means: Callable[[Row], Any]


def exact(value: Any) -> Any:
    """A number of a record without an error of rounding."""
    return Fraction(str(value)) if isinstance(value, float) else value


def value_of(row: Row, name: str) -> Any:
    """What a record has for a member."""
    first, _, inner = name.partition("/")
    return row[first][0][inner] if inner and row[first] is not None else row[first]


ORDERS: Mapping[str, Callable[[Any, Any], bool]] = {
    "eq": lambda a, b: a == b,
    "ne": lambda a, b: a != b,
    "gt": lambda a, b: None not in (a, b) and a > b,
    "ge": lambda a, b: None not in (a, b) and a >= b,
    "lt": lambda a, b: None not in (a, b) and a < b,
    "le": lambda a, b: None not in (a, b) and a <= b,
}


def wrapped(piece: Piece, level: float, always: bool) -> str:
    """The text, in parentheses where it binds too loosely for its place, or anyway."""
    return f"({piece.text})" if always or piece.level > level else piece.text


@st.composite
def compared(draw: st.DrawFn, one: st.SearchStrategy[Piece], other: st.SearchStrategy[Piece], operators: str) -> Piece:
    """Two values with an operator between them, either first."""
    left, right = draw(st.permutations([draw(one), draw(other)]))
    name = draw(st.sampled_from(operators.split()))
    level = 2 if name in ("eq", "ne") else 1
    space = draw(st.sampled_from([" ", "  ", "\t"]))
    texts = [wrapped(side, level - 1, draw(st.integers(0, 9)) == 0) for side in (left, right)]
    order = ORDERS[name]
    return Piece(f"{space}{name}{space}".join(texts), level, lambda row: order(left.means(row), right.means(row)))


def literal(text: str, value: Any) -> Piece:
    return Piece(text, 0, lambda row: value)


def quoted(word: str) -> Piece:
    return literal("'" + word.replace("'", "''") + "'", word)


def member(name: str) -> Piece:
    return Piece(name, 0, lambda row: exact(value_of(row, name)))


def moment(name: str) -> Piece:
    return Piece(name, 0, lambda row: datetime.fromisoformat(value_of(row, name)))


def guid(name: str) -> Piece:
    return Piece(name, 0, lambda row: None if value_of(row, name) is None else value_of(row, name).lower())


def function(name: str, *arguments: Piece) -> Piece:
    def means(row: Row) -> Any:
        values = [argument.means(row) for argument in arguments]
        return None if None in values else CALLS[name](*values)

    return Piece(f"{name}({', '.join(argument.text for argument in arguments)})", 0, means)


CALLS: Mapping[str, Callable[..., Any]] = {
    "contains": lambda whole, part: part in whole,
    "substringof": lambda part, whole: part in whole,
    "startswith": lambda whole, part: whole[: len(part)] == part,
    "endswith": lambda whole, part: whole[len(whole) - len(part) :] == part if len(part) <= len(whole) else False,
    "tolower": lambda text: text.lower(),
    "toupper": lambda text: text.upper(),
    "trim": lambda text: text.strip(),
    "concat": lambda one, other: one + other,
    "length": len,
    "indexof": lambda whole, part: whole.find(part),
    "substring": lambda text, *of: text[max(of[0], 0) :][: max(of[1], 0) if of[1:] else None],
    **{name: lambda at, name=name: getattr(at, name) for name in ("year", "month", "day", "hour", "minute", "second")},
    "date": lambda at: at.replace(hour=0, minute=0, second=0),
    "floor": math.floor,
    "ceiling": math.ceil,
}


def quotient(one: Any, other: Any) -> Any:
    found = Fraction(one) / other
    return math.trunc(found) if isinstance(one, int) and isinstance(other, int) else found


SUMS: Mapping[str, Callable[[Any, Any], Any]] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "div": quotient,
    "mod": lambda a, b: a - b * math.trunc(Fraction(a) / b),
}


@st.composite
def calculated(draw: st.DrawFn, one: st.SearchStrategy[Piece], other: st.SearchStrategy[Piece]) -> Piece:
    """Two numbers with an operator between them; what divides is a literal, so that the quotient is a short one."""
    name = draw(st.sampled_from([*SUMS]))
    divides = name in ("div", "mod")
    left, right = draw(one), draw(st.sampled_from([*DIVISORS]) if divides else other)
    level = 0.6 if name in ("add", "sub") else 0.3
    text = f"{wrapped(left, level, False)} {name} {wrapped(right, 0.3 if level > 0.3 else 0, draw(st.booleans()))}"

    def means(row: Row) -> Any:
        values = left.means(row), right.means(row)
        return None if None in values else SUMS[name](*values)

    return Piece(text, level, means)


@st.composite
def listed(draw: st.DrawFn, one: st.SearchStrategy[Piece], values: st.SearchStrategy[Piece]) -> Piece:
    """A value that must be one of some."""
    part, many = draw(one), draw(st.lists(values, min_size=1, max_size=4))
    text = f"{wrapped(part, 0, False)} in ({', '.join(value.text for value in many)})"
    return Piece(text, 0, lambda row: part.means(row) in [value.means(row) for value in many])


def minus(piece: Piece) -> Piece:
    def means(row: Row) -> Any:
        value = piece.means(row)
        return None if value is None else -value

    return Piece(f"-{wrapped(piece, 0, False)}", 0, means)


NULL = st.just(literal("null", None))
TEXT = st.sampled_from(TEXTS).map(member)
WORD = WORDS.map(quoted)
DIVISORS = [literal("2", 2), literal("-4", -4), literal("2.0", Fraction(2)), literal("0.5", Fraction("0.5"))]
PLACE = st.sampled_from([-1, 0, 1, 2, 99]).map(lambda place: literal(str(place), place))
CASED = st.one_of(
    st.builds(function, st.sampled_from(["tolower", "toupper", "trim"]), TEXT | WORD),
    st.builds(function, st.just("concat"), TEXT | WORD, TEXT | WORD),
    st.builds(function, st.just("substring"), TEXT | WORD, PLACE),
    st.builds(function, st.just("substring"), TEXT | WORD, PLACE, PLACE),
)
ANY_TEXT = st.deferred(lambda: TEXT | WORD | CASED)
PLAIN = st.sampled_from(NUMBERS).map(member)
AMOUNT = st.builds(
    lambda value, form: literal(form.format(value), exact(value)),
    AMOUNTS,
    st.sampled_from(["{}", "{:e}", "{:.1f}", "{}d", "{:.2f}M"]),
)
PLAIN_INSTANT = st.sampled_from(INSTANTS).map(moment)
INSTANT = st.deferred(lambda: PLAIN_INSTANT | st.builds(function, st.just("date"), PLAIN_INSTANT))
COUNT = st.one_of(
    st.builds(function, st.just("length"), ANY_TEXT),
    st.builds(function, st.just("indexof"), ANY_TEXT, WORD),
    st.builds(function, st.sampled_from(["year", "month", "day", "hour", "minute", "second"]), PLAIN_INSTANT),
    st.builds(function, st.sampled_from(["floor", "ceiling"]), PLAIN),
)
# Deferred, since each would else be written out in full in the name of what is made of it.
ONE_NUMBER = st.deferred(lambda: PLAIN | COUNT)
SUM = st.deferred(lambda: calculated(ONE_NUMBER, ONE_NUMBER | AMOUNT))
NUMBER = st.deferred(lambda: ONE_NUMBER | SUM | calculated(SUM, ONE_NUMBER) | (PLAIN | SUM).map(minus))
ZONES = st.sampled_from([timezone(timedelta(hours=hours)) for hours in (-11, 2, 14)])
SPELT = st.builds(
    lambda at, zone, form: literal(form.format(at, at.astimezone(zone).isoformat()), at),
    MOMENTS,
    ZONES,
    st.sampled_from([
        "{0:%Y-%m-%dT%H:%M:%SZ}", "{0:%Y-%m-%dT%H:%MZ}", "{1}", "'{1}'", "datetime'{0:%Y-%m-%dT%H:%M:%S}'",
        "datetime'{0:%Y-%m-%dT%H:%M}'", "datetimeoffset'{1}'", "'{0:%Y-%m-%dT%H:%M:%S}.0000000Z'",
    ]),
)  # fmt: skip
DAY = MOMENTS.map(lambda at: literal(f"{at:%Y-%m-%d}", at.replace(hour=0)))
GUID = st.sampled_from(GUIDS).map(guid)
ID = st.builds(
    lambda id, form: literal(form.format(id, id.upper()), id.lower()),
    IDS,
    st.sampled_from(["{0}", "{1}", "guid'{0}'", "guid'{1}'"]),
)

_ALL = "eq ne gt ge lt le"
LEAVES: st.SearchStrategy[Piece] = st.one_of(
    compared(ANY_TEXT, ANY_TEXT | NULL, _ALL),
    compared(NUMBER, NUMBER | AMOUNT | NULL, _ALL),
    compared(INSTANT, INSTANT | SPELT | DAY | NULL, _ALL),
    compared(GUID, ID, "eq ne"),
    listed(NUMBER, WHOLE.map(lambda value: literal(str(value), value)) | NULL),
    listed(ANY_TEXT, WORD | NULL),
    st.builds(function, st.sampled_from(["contains", "substringof", "startswith", "endswith"]), ANY_TEXT, ANY_TEXT),
    st.sampled_from([literal("true", True), literal("false", False)]),
)


# Three values in a row, so that `and` is the least and `or` the greatest.
_HEIGHT = {False: 0, None: 1, True: 2}


@st.composite
def joined(draw: st.DrawFn, parts: st.SearchStrategy[Piece]) -> Piece:
    """Two to four parts with `and` or `or` between them."""
    name, pick = draw(st.sampled_from([("and", min), ("or", max)]))
    level = 3 if name == "and" else 4
    chosen = draw(st.lists(parts, min_size=2, max_size=4))
    # A part of the same operator may stand bare too: it joins the line, which means the same.
    text = f" {name} ".join(wrapped(part, level, draw(st.booleans())) for part in chosen)
    return Piece(text, level, lambda row: pick((part.means(row) for part in chosen), key=_HEIGHT.__getitem__))


@st.composite
def negated(draw: st.DrawFn, parts: st.SearchStrategy[Piece]) -> Piece:
    part = draw(parts)
    text = wrapped(part, 0, draw(st.booleans()))

    def means(row: Row) -> Truth:
        value = part.means(row)
        return None if value is None else not value

    return Piece(f"not {text}", 0, means)


TRUTHS = st.sampled_from([literal("true", True), literal("false", False), literal("null", None)])
FILTERS = st.recursive(
    LEAVES, lambda parts: joined(parts) | negated(parts) | compared(parts, TRUTHS, "eq ne"), max_leaves=8
)
"""Whole filters."""
