"""Filters, each with what it means: a text, and a predicate that is written from the grammar alone.

A predicate gives True, False or None (null). `gt` and its like are false beside null, `null eq null` is true, a
function of null is null, and `and`, `or` and `not` know three values. Only what is True is listed.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from fractions import Fraction
from typing import Any, NamedTuple

from hypothesis import strategies as st

from assessment_contracts import timestamps
from assessment_contracts.predictive_index.fixtures import EXPIRATIONS, FIRST_NAMES, SCORES
from assessment_contracts.predictive_index.oracle import Face

Meaning = Callable[[Face], Any]


class Piece(NamedTuple):
    """A part of a filter and what it means."""

    text: str
    means: Meaning

    def __repr__(self) -> str:
        """Only the text: it says it all."""
        return self.text


INSTANTS = ("assessmentDateTime", "expirationDateTime")


def value(face: Face, name: str) -> Any:
    """What an assessment has for a member, or for a factor of a score; instants as ticks."""
    member, _, factor = name.partition("/")
    found = face[member]
    if factor:
        return None if found is None else found[0][factor]
    return timestamps.ticks(found) if name in INSTANTS else found


COMPARED: Mapping[str, Callable[[Any, Any], bool]] = {
    "eq": lambda one, other: one == other,
    "ne": lambda one, other: one != other,
    "gt": lambda one, other: None not in (one, other) and one > other,
    "ge": lambda one, other: None not in (one, other) and one >= other,
    "lt": lambda one, other: None not in (one, other) and one < other,
    "le": lambda one, other: None not in (one, other) and one <= other,
}


def member(name: str) -> Piece:
    """A member by its name."""
    return Piece(name, lambda face: value(face, name))


def literal(text: str, meant: Any) -> Piece:
    """A value written out."""
    return Piece(text, lambda face: meant)


def quoted(text: str) -> Piece:
    """A text in quotes; a quote within it is doubled."""
    return literal("'" + text.replace("'", "''") + "'", text)


def compared(one: Piece, operator: str, other: Piece) -> Piece:
    """Two values with an operator between them."""
    compare = COMPARED[operator]
    return Piece(f"{one.text} {operator} {other.text}", lambda face: compare(one.means(face), other.means(face)))


def called(name: str, *arguments: Piece) -> Piece:
    """A function of texts; null where one of them is null."""

    def means(face: Face) -> Any:
        values = [argument.means(face) for argument in arguments]
        return None if None in values else _FUNCTIONS[name](*values)

    return Piece(f"{name}({', '.join(argument.text for argument in arguments)})", means)


_FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "contains": lambda whole, part: part in whole,
    "substringof": lambda part, whole: part in whole,
    "startswith": lambda whole, part: whole[: len(part)] == part,
    "endswith": lambda whole, part: part == "" or whole[-len(part) :] == part,
    "tolower": lambda text: text.lower(),
    "toupper": lambda text: text.upper(),
    "length": lambda text: sum(1 for _ in text),
    "indexof": lambda whole, part: next((at for at in range(len(whole) + 1) if whole[at:].startswith(part)), -1),
    "substring": lambda text, start, *most: "".join(
        letter
        for at, letter in enumerate(text)
        if at >= start and all(at < max(start, 0) + max(length, 0) for length in most)
    ),
    "concat": lambda one, other: f"{one}{other}",
    "trim": lambda text: re.sub(r"^\s+|\s+$", "", text),
    **{
        name: lambda at, first=first, size=size: int(timestamps.seven_decimals(at)[first : first + size])
        for name, first, size in (
            ("year", 0, 4), ("month", 5, 2), ("day", 8, 2), ("hour", 11, 2), ("minute", 14, 2), ("second", 17, 2),
        )
    },
    "fractionalseconds": lambda at: Fraction(int(timestamps.seven_decimals(at)[20:27]), 10_000_000),
    "date": lambda at: timestamps.ticks(f"{timestamps.seven_decimals(at)[:10]}T00:00:00Z"),
    "floor": lambda number: number // 1,
    "ceiling": lambda number: -(-number // 1),
    "round": lambda number: (1 if number > 0 else -1) * ((abs(number) * 2 + 1) // 2),
}  # fmt: skip
NULL = literal("null", None)


def score(name: str) -> Piece:
    """A factor of a score, as an exact number."""

    def means(face: Face) -> Any:
        found = value(face, name)
        return None if found is None else Fraction(str(found))

    return Piece(name, means)


def among(piece: Piece, *values: Piece) -> Piece:
    """Whether a value is one of a list."""
    text = f"{piece.text} in ({', '.join(one.text for one in values)})"
    return Piece(text, lambda face: any(piece.means(face) == one.means(face) for one in values))


def _cut(one: Any, other: Any) -> int:
    return int(Fraction(one) / other)


_SUMS: Mapping[str, Callable[[Any, Any], Any]] = {
    "add": lambda one, other: one + other,
    "sub": lambda one, other: one - other,
    "mul": lambda one, other: one * other,
    "div": lambda one, other: _cut(one, other) if isinstance(one, int) and isinstance(other, int) else one / other,
    "divby": lambda one, other: Fraction(one) / other,
    "mod": lambda one, other: one - other * _cut(one, other),
}


def calculated(one: Piece, operator: str, other: Piece) -> Piece:
    """Two numbers with an operator between them; null where one is, and where zero divides."""

    def means(face: Face) -> Any:
        values = one.means(face), other.means(face)
        if None in values or (values[1] == 0 and operator in ("div", "divby", "mod")):
            return None
        return _SUMS[operator](*values)

    return Piece(f"{one.text} {operator} {other.text}", means)


# Three values in a row, so that `and` is the least of its parts and `or` the greatest.
_HEIGHTS: Mapping[Any, int] = {False: 0, None: 1, True: 2}


def negated(piece: Piece) -> Piece:
    """What a piece does not mean."""

    def means(face: Face) -> Any:
        found = piece.means(face)
        return None if found is None else not found

    return Piece(f"not ({piece.text})", means)


def _joined(parts: Iterable[Piece], word: str) -> Piece:
    parts = tuple(parts)
    pick = min if word == "and" else max
    text = f" {word} ".join(part.text for part in parts)
    return Piece(text, lambda face: pick((part.means(face) for part in parts), key=_HEIGHTS.__getitem__))


def line(first: Piece, rest: list[tuple[str, Piece]]) -> Piece:
    """Parts with `and` and `or` between them, of which `and` binds first."""
    groups = [[first]]
    for word, part in rest:
        if word == "and":
            groups[-1].append(part)
        else:
            groups.append([part])
    return _joined((_joined(group, "and") for group in groups), "or")


def _texts() -> Iterator[Piece]:
    names = [*FIRST_NAMES[:5], "", "a"]
    for operator in COMPARED:
        yield from (compared(member("firstName"), operator, quoted(name)) for name in names)
        yield from (compared(member("middleName"), operator, other) for other in (quoted("Kevin"), quoted(""), NULL))
        yield compared(quoted("Employee"), operator, member("personType"))
        yield compared(member("firstName"), operator, member("middleName"))
    for function in ("contains", "startswith", "endswith"):
        yield from (called(function, member("firstName"), quoted(part)) for part in ("a", "A", "", "b", "'"))
        yield called(function, member("middleName"), quoted("k"))
        yield called(function, called("tolower", member("email")), quoted("sam"))
        yield called(function, member("email"), NULL)
    yield called("substringof", quoted("Kev"), member("middleName"))
    yield called("endswith", member("email"), quoted("1@example.com"))
    yield compared(called("tolower", member("firstName")), "eq", quoted("ada"))
    yield compared(called("toupper", member("middleName")), "eq", quoted("KEVIN"))
    yield compared(called("toupper", member("middleName")), "ne", NULL)


def _numbers() -> Iterator[Piece]:
    for operator in COMPARED:
        for text, number in (("0", 0), ("1", 1), ("2.0", 2), ("-1", -1)):
            yield compared(member("gender"), operator, literal(text, number))
        yield compared(literal("1", 1), operator, member("gender"))
        yield compared(member("patternNumber"), operator, NULL)
        for state in (0, 30, 40):
            yield compared(member("assessmentState"), operator, literal(str(state), state))
        for score in SCORES:
            yield compared(member("selfSigmaScore/aSigma"), operator, literal(str(score), score))
        yield compared(member("synthesisSigmaScore/eSigma"), operator, member("selfConceptSigmaScore/dSigma"))
        yield compared(member("positionSigmaScore/dSigma"), operator, literal("0", 0))
    for text, number in (("1e0", 1), ("1L", 1), ("2d", 2), ("10.0E-1f", 1)):
        yield compared(member("gender"), "eq", literal(text, number))
    for graph in ("selfSigmaScore", "positionSigmaScore"):
        yield from (compared(member(graph), operator, NULL) for operator in ("eq", "ne"))


def _instants() -> Iterator[Piece]:
    for operator in COMPARED:
        for sent in EXPIRATIONS[1:4]:
            yield compared(member("expirationDateTime"), operator, literal(sent, timestamps.ticks(sent)))
        sent = EXPIRATIONS[2]
        for text in (f"'{sent}'", f"datetime'{sent[:-1]}'", f"datetimeoffset'{sent}'"):
            yield compared(member("expirationDateTime"), operator, literal(text, timestamps.ticks(sent)))
        midnight = timestamps.ticks("2999-01-01T00:00:00Z")
        for text in ("2999-01-01", "2999-01-01T02:00:00+02:00", "2998-12-31T19:00-05:00", "2999-01-01T00:00"):
            yield compared(member("expirationDateTime"), operator, literal(text, midnight))
        yield compared(member("assessmentDateTime"), operator, member("expirationDateTime"))


def _lists() -> Iterator[Piece]:
    one, two, none = literal("1", 1), literal("2.0", 2), literal("-7", -7)
    for piece in (among(member("gender"), one), among(member("gender"), none, two, NULL), among(NULL, one, NULL)):
        yield from (piece, Piece(f"not {piece.text}", negated(piece).means))
    yield among(member("firstName"), quoted("Ada"), quoted("It's"), quoted("x"))
    yield among(member("middleName"), quoted("kevin"), NULL)
    yield among(called("length", member("firstName")), one, literal("3", 3))
    sent = EXPIRATIONS[2]
    yield among(member("expirationDateTime"), literal(sent, timestamps.ticks(sent)), literal("null", None))


def _text_functions() -> Iterator[Piece]:
    first, middle, email = member("firstName"), member("middleName"), member("email")
    numbers = {number: literal(str(number), number) for number in (-2, 0, 1, 3, 4, 99)}
    for operator in COMPARED:
        yield compared(called("length", first), operator, numbers[3])
        yield compared(called("indexof", email, quoted("@")), operator, numbers[4])
    yield from (compared(called("length", middle), "eq", other) for other in (numbers[0], NULL))
    for part in ("a", "A", "da", "", "zz"):
        yield compared(called("indexof", first, quoted(part)), "ge", numbers[1])
        yield compared(called("indexof", first, quoted(part)), "lt", numbers[0])
    for start in numbers.values():
        yield compared(called("substring", first, start), "eq", quoted("da"))
        for most in numbers.values():
            yield compared(called("substring", first, start, most), "eq", quoted("a"))
            yield compared(called("length", called("substring", email, start, most)), "gt", numbers[1])
    yield compared(called("substring", middle, numbers[1]), "eq", NULL)
    yield compared(called("concat", first, called("concat", quoted("-"), middle)), "eq", quoted("Bo-Kevin"))
    yield compared(called("concat", first, middle), "eq", NULL)
    yield compared(called("trim", called("concat", quoted("  "), first)), "eq", first)
    yield compared(called("concat", quoted("  "), first), "eq", first)


def _instant_functions() -> Iterator[Piece]:
    ends = member("expirationDateTime")
    parts = {"year": 2999, "month": 6, "day": 30, "hour": 12, "minute": 0, "second": 59}
    for name, number in parts.items():
        yield from (compared(called(name, ends), operator, literal(str(number), number)) for operator in COMPARED)
    yield compared(called("fractionalseconds", ends), "eq", literal("0.1234567", Fraction(1_234_567, 10_000_000)))
    yield compared(called("fractionalseconds", ends), "gt", literal("0.5", Fraction(1, 2)))
    for day in ("2999-01-01", "2999-06-30", "3000-02-28"):
        midnight = literal(day, timestamps.ticks(f"{day}T00:00:00Z"))
        yield from (compared(called("date", ends), operator, midnight) for operator in COMPARED)
    now = Piece("now()", lambda face: timestamps.ticks("2998-01-01T00:00:00Z"))
    yield from (compared(member("assessmentDateTime"), operator, now) for operator in ("le", "gt"))


def _sums() -> Iterator[Piece]:
    gender, factor, none = member("gender"), score("selfSigmaScore/aSigma"), member("patternNumber")
    one, two, less = literal("1", 1), literal("2", 2), literal("-2", -2)
    half, twice = literal("0.5", Fraction(1, 2)), literal("2.0", Fraction(2))
    for operator in _SUMS:
        for left, right in ((gender, two), (gender, less), (literal("-7", -7), two), (factor, two), (gender, half)):
            for wanted in (less, literal("-1", -1), literal("0", 0), one, half, literal("-3.5", Fraction(-7, 2))):
                yield compared(calculated(left, operator, right), "eq", wanted)
        yield compared(calculated(one, operator, gender), "eq", NULL)
        yield compared(calculated(half, operator, gender), "eq", NULL)
        yield compared(calculated(none, operator, twice), "eq", NULL)
    yield compared(calculated(factor, "add", literal("0.1", Fraction(1, 10))), "eq", literal("0.35", Fraction(7, 20)))
    # `mul` binds before `add`, `add` before `gt`, and a line is read from its left.
    product = calculated(gender, "mul", two)
    yield compared(calculated(one, "add", product), "eq", literal("5", 5))
    tail = calculated(calculated(literal("9", 9), "sub", gender), "sub", two)
    yield from (compared(tail, operator, literal("6", 6)) for operator in COMPARED)
    for name in ("floor", "ceiling", "round"):
        yield from (compared(called(name, factor), "eq", number) for number in (less, literal("0", 0), one, two))
    minus = Piece("-gender", lambda face: -value(face, "gender"))
    yield from (compared(minus, operator, literal("-1", -1)) for operator in COMPARED)
    yield compared(
        Piece("-patternNumber", lambda face: None if value(face, "patternNumber") is None else 0), "eq", NULL
    )


def _others() -> Iterator[Piece]:
    yield from (literal("true", True), literal("false", False))
    for operator in ("eq", "ne"):
        inner = compared(member("gender"), "eq", literal("1", 1))
        yield compared(Piece(f"({inner.text})", inner.means), operator, literal("true", True))
        yield compared(called("contains", member("middleName"), quoted("K")), operator, literal("false", False))
        yield compared(member("patternFullUrl"), operator, quoted(""))
        yield compared(member("associatedPositionTitle"), operator, NULL)
    yield called("contains", member("assessmentUrl"), quoted("lang=fr"))
    yield called("endswith", member("patternSelfUrl"), quoted("/patterns/1?format=PNG"))
    yield called("contains", member("descriptiveReportUrl"), quoted("gender=2"))
    yield compared(member("isDeleted"), "eq", literal("0", 0))


def _unknowns() -> Iterator[Piece]:
    """What is null for some: beside true, beside false, and turned round."""
    null = called("contains", member("middleName"), quoted("K"))
    yield from (compared(null, operator, NULL) for operator in ("eq", "ne"))
    for known in (literal("true", True), literal("false", False), compared(member("gender"), "eq", literal("1", 1))):
        for word in ("and", "or"):
            for piece in (line(null, [(word, known)]), line(known, [(word, null)])):
                yield from (piece, negated(piece))
    yield from (null, negated(null), negated(negated(null)), Piece(f"not {null.text}", negated(null).means))


LEAVES: tuple[Piece, ...] = (
    *_texts(), *_numbers(), *_instants(), *_others(),
    *_lists(), *_text_functions(), *_instant_functions(), *_sums(),
)  # fmt: skip
"""Every operator and function, with values at which it is about to turn."""

WHOLE: tuple[Piece, ...] = (*LEAVES, *_unknowns())
"""The same, and what null does to `and`, `or` and `not`: filters that stand alone."""

_leaves = st.sampled_from(LEAVES)
_plain = st.one_of(_leaves, _leaves, _leaves.map(negated))


def _lines(parts: st.SearchStrategy[Piece], most: int) -> st.SearchStrategy[Piece]:
    more = st.lists(st.tuples(st.sampled_from(("and", "or")), parts), max_size=most)
    return st.builds(line, parts, more)


def _bracketed(piece: Piece) -> Piece:
    return Piece(f"({piece.text})", piece.means)


filters = _lines(st.one_of(_plain, _lines(_plain, 2).map(_bracketed), _lines(_plain, 1).map(negated)), 2)
"""Whole filters."""


def kept(faces: list[Face], piece: Piece) -> list[Face]:
    """The assessments that a filter keeps."""
    return [face for face in faces if piece.means(face) is True]


def ordered(faces: list[Face], order: Iterable[tuple[str, bool]]) -> list[Face]:
    """The assessments in the requested order: null first, last if descending; equal ones by creation."""
    found = [*faces]
    for name, descending in reversed([*order]):
        found.sort(key=lambda face: _rank(value(face, name)), reverse=descending)
    return found


def _rank(found: Any) -> tuple[Any, ...]:
    return () if found is None else (found,)
