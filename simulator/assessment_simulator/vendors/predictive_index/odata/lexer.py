"""A filter's text as tokens: words, values and marks, each with the place where it begins."""

import re
from typing import NamedTuple

from assessment_simulator.core import instant
from assessment_simulator.vendors.predictive_index.odata.numbers import decimal, is_integer
from assessment_simulator.vendors.predictive_index.odata.surface import Type, Wrong, quoted
from assessment_simulator.vendors.predictive_index.odata.tree import Literal

LONGEST = 8_192
"""Characters of a filter."""
MOST_TOKENS = 1_000

_GUID = r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"
_TOKEN = re.compile(
    rf"""
      (?P<blank>[ \t]+)
    | (?P<tagged>(?:guid|datetime|datetimeoffset)'[^']*')
    | (?P<text>'(?:[^']|'')*')
    | (?P<guid>{_GUID}(?![\w-]))
    | (?P<instant>\d{{4}}-\d\d-\d\d(?:T[\d:.]+(?:Z|[+-]\d\d:\d\d)?)?(?![\w:.-]))
    | (?P<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?[dDfFlLmM]?(?![\w.-]))
    | (?P<word>[A-Za-z_]\w*(?:/[A-Za-z_]\w*)*)
    | (?P<mark>[(),-])
    """,
    re.ASCII | re.VERBOSE,
)
_UUID = re.compile(_GUID)
_CLOCK = re.compile(r"(.+T\d\d:\d\d)(:[\d.]+)?(Z|[+-]\d\d:\d\d)?", re.ASCII)
_SUFFIXES = "dDfFlLmM"


class Token(NamedTuple):
    """A word or a mark, or (then `text` is as it was written) a value; `at` counts characters from 1."""

    text: str
    at: int
    value: Literal | None = None
    is_word: bool = False


def tokens(text: str) -> list[Token]:
    """The tokens of a filter; raises `Wrong`."""
    if len(text) > LONGEST:
        raise Wrong("filter.size", f"it has {len(text)} characters")
    found, place = [], 0
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None:
            raise Wrong("filter.syntax", _unreadable(text, place))
        kind, place = str(match.lastgroup), match.end()
        if kind != "blank":
            found.append(_token(kind, match[0], match.start() + 1))
        if len(found) > MOST_TOKENS:
            raise Wrong("filter.size", f"it has more than {MOST_TOKENS} words, values and marks")
    return found


def moment(text: str) -> int | None:
    """The instant that a text means, in ticks; seconds and the zone, which is UTC then, may be left out."""
    clock = _CLOCK.fullmatch(text)
    found = instant.parse(f"{clock[1]}{clock[2] or ':00'}{clock[3] or 'Z'}" if clock else text)
    return None if found is None else found.at


def numeral(text: str) -> Literal:
    """The number that a text means: an integer if it is written as one and has at most 64 bits, else a decimal."""
    digits = text.rstrip(_SUFFIXES)
    number = decimal(digits)
    if text.lstrip("-").rstrip("lL").isdigit() and is_integer(number):
        return Literal(Type.INTEGER, int(number))
    return Literal(Type.NUMBER, number)


def _unreadable(text: str, place: int) -> str:
    begins = quoted(text[place:])
    if text[place] == "'":
        return f"the text that begins at character {place + 1} has no end: {begins}"
    return f"what begins at character {place + 1} cannot be read: {begins}"


def _token(kind: str, text: str, at: int) -> Token:
    value: Literal | None = None
    if kind == "tagged":
        tag, _, rest = text[:-1].partition("'")
        value = _guid(rest, at) if tag == "guid" else _instant(rest, at)
    elif kind == "text":
        value = Literal(Type.TEXT, text[1:-1].replace("''", "'"))
    elif kind == "guid":
        value = _guid(text, at)
    elif kind == "instant":
        value = _instant(text, at)
    elif kind == "number":
        value = numeral(text)
    else:
        value = _WORDS.get(text)
    return Token(text, at, value, kind == "word")


_WORDS = {"null": Literal(Type.NULL, None), "true": Literal(Type.TRUTH, True), "false": Literal(Type.TRUTH, False)}


def _guid(text: str, at: int) -> Literal:
    if _UUID.fullmatch(text) is None:
        raise Wrong("filter.syntax", f"at character {at}, {quoted(text)} is no GUID")
    return Literal(Type.GUID, text.lower())


def _instant(text: str, at: int) -> Literal:
    ticks = moment(text)
    if ticks is None:
        raise Wrong("filter.syntax", f"at character {at}, {quoted(text)} is no date or instant")
    return Literal(Type.INSTANT, ticks)
