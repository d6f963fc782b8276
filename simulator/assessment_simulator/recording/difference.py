"""How two answers to one request differ: the vendor's, and the simulator's.

Values are compared by type, then as references. Both sides invent identifiers; where both show one at the same place
for the first time, the two become one reference, such as `<assessmentId:1>`. From then on each side must show its own
at the same places, so an identifier that is echoed wrongly is a difference, though both are well-formed. Texts that a
request contained must be the same in both answers. Other texts, such as names and messages, are compared by type only.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from assessment_simulator.core.text import is_uuid
from assessment_simulator.recording.files import Answer

_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.(\d+))?(Z|[+-]\d\d:?\d\d)?")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
# Members that hold an identifier, and those that hold one of a few words.
_IDENTIFIER = re.compile(r"(?:id|token|ticket|password)$", re.IGNORECASE)
_WORD_OF = re.compile(r"status|state|type|band|scope|code", re.IGNORECASE)
_WORD = re.compile(r"[A-Za-z][A-Za-z_ -]{0,30}")
_LONGEST_SHOWN = 60
# Numbers lose zeros at their end, so a few decimals more or less are no other format.
_DECIMALS = 3


@dataclass(frozen=True, slots=True)
class Difference:
    """What differs, at which place of the answer; `kind` is the check that found it."""

    kind: str
    place: str
    vendor: str
    simulator: str

    def __str__(self) -> str:
        return f"{self.place}: {self.kind}: the vendor has {self.vendor}, the simulator {self.simulator}"


@dataclass(slots=True)
class References:
    """The identifiers of both sides, by value, with the reference that they stand for."""

    theirs: dict[str, str] = field(default_factory=dict)
    ours: dict[str, str] = field(default_factory=dict)
    # What to send to the simulator instead of a value of the vendor, and texts that the client has sent.
    instead: dict[str, str] = field(default_factory=dict)
    sent: set[str] = field(default_factory=set)
    _counts: Counter[str] = field(default_factory=Counter)

    def pair(self, name: str, theirs: str, ours: str) -> None:
        """Make the two one reference."""
        self._counts[name] += 1
        self.theirs[theirs] = self.ours[ours] = f"<{name}:{self._counts[name]}>"
        self.instead[theirs] = ours

    def translated(self, text: str) -> str:
        """A request's text with the simulator's identifiers."""
        if not self.instead:
            return text
        longest = sorted(filter(None, self.instead), key=len, reverse=True)
        whole = rf"(?<![A-Za-z0-9])(?:{'|'.join(map(re.escape, longest))})(?![A-Za-z0-9])"

        def ours(found: re.Match[str]) -> str:  # a client may spell a UUID in capital letters
            return self.instead.get(found[0]) or self.instead.get(found[0].lower(), found[0])

        return re.sub(whole, ours, text, flags=re.IGNORECASE)


@dataclass(slots=True)
class Tolerance:
    """What is not compared: where two answers of one side differ, and exclusions by place."""

    shapes: set[tuple[str, str]] = field(default_factory=set)  # operations and places: nothing is compared there
    values: set[str] = field(default_factory=set)  # members with random values, of which types are compared
    exclusions: Mapping[str, str] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)

    def measure(self, operation: str, one: Answer, other: Answer, references: References) -> None:
        """Note the places that differ between two answers of one side to one request."""
        for found in compare(operation, one, other, references, Tolerance()):
            if found.kind in ("value", "echo", "reference"):
                self.values.add(_name(found.place))
            else:
                self.shapes.add((operation, _plain(found.place)))

    def covers(self, operation: str, place: str) -> bool:
        plain = _plain(place)
        for known in (plain, f"{operation} {plain}"):
            if known in self.exclusions:
                self.used.add(known)
                return True
        return (operation, plain) in self.shapes


def _plain(place: str) -> str:
    """A place without the positions in lists."""
    return re.sub(r"\[\d+\]", "[]", place)


def _name(place: str) -> str:
    """The name of the member at a place."""
    return re.sub(r"\[\d+\]", "", place).rpartition(".")[2]


class _Number(float):
    """A number that keeps its spelling, of which the decimals are counted."""

    decimals: int

    @classmethod
    def read(cls, text: str) -> "_Number":
        made = cls(text)
        made.decimals = len(re.split("[eE]", text)[0].partition(".")[2])
        return made


def kind_of(value: Any) -> str:
    """The type of a JSON value, and the form of a string."""
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int():
            return "integer"
        case _Number():
            return f"number with {value.decimals} decimals"
        case float():
            return "number"
        case list():
            return "array"
        case dict():
            return "object"
    if not value:
        return "empty string"
    if is_uuid(value):
        return "UUID"
    if found := _TIME.fullmatch(value):
        decimals = f"{len(found[1])} decimals" if found[1] else "no decimals"
        return f"time with {decimals} and {'no zone' if found[2] is None else 'Z' if found[2] == 'Z' else 'an offset'}"
    if _DATE.fullmatch(value):
        return "date"
    if value.lower().startswith(("http://", "https://")):
        return "link"
    return "e-mail" if _EMAIL.fullmatch(value) else "string"


def compare(
    operation: str, theirs: Answer, ours: Answer, references: References, tolerance: Tolerance
) -> Iterator[Difference]:
    """Each difference of two answers. Pairs the identifiers that are new in both."""
    found = _all(theirs, ours, _Values(operation, references, tolerance))
    yield from (one for one in found if not tolerance.covers(operation, one.place))


def _all(theirs: Answer, ours: Answer, values: "_Values") -> Iterator[Difference]:
    if theirs.status != ours.status:
        yield Difference("status", "status", str(theirs.status), str(ours.status))
        return
    for name in ("content-type", "allow", "retry-after", "location"):
        known, found = _header(theirs, name), _header(ours, name)
        if known != found:
            yield Difference("header", name, known or "none", found or "none")
    is_json = ["json" in _header(answer, "content-type") for answer in (theirs, ours)]
    if not all(is_json):
        if bool(theirs.body) != bool(ours.body):
            yield Difference("body", "body", f"{len(theirs.body)} bytes", f"{len(ours.body)} bytes")
        return
    read: list[tuple[Any, ...]] = []
    for answer in (theirs, ours):
        try:
            read.append((json.loads(answer.body, parse_float=_Number.read),))
        except (ValueError, RecursionError):
            read.append(())
    if read[0] and read[1]:
        yield from values.compare(read[0][0], read[1][0], "body")
    elif read[0] != read[1]:
        yield Difference("body", "body", *("JSON" if one else "no JSON" for one in read))


def _header(answer: Answer, name: str) -> str:
    value = answer.headers.get(name, "")
    if name == "content-type":
        return value.partition(";")[0].strip().lower()
    if name == "location":  # hosts, ids and parameters are stand-ins
        return value and ("an address" if urlsplit(value).netloc else "a path")
    return ", ".join(sorted(part.strip() for part in value.split(","))) if name == "allow" else value


@dataclass(slots=True)
class _Values:
    """Compares JSON values of the answers to one operation."""

    operation: str
    references: References
    tolerance: Tolerance

    def compare(self, theirs: Any, ours: Any, place: str) -> Iterator[Difference]:
        if self.tolerance.covers(self.operation, place):
            return
        kinds = kind_of(theirs), kind_of(ours)
        if isinstance(theirs, dict) and isinstance(ours, dict):
            yield from self._objects(theirs, ours, place)
        elif isinstance(theirs, list) and isinstance(ours, list):
            yield from self._lists(theirs, ours, place)
        elif isinstance(theirs, _Number) and isinstance(ours, _Number):
            if abs(theirs.decimals - ours.decimals) >= _DECIMALS:
                yield Difference("type", place, *kinds)
        elif kinds[0] != kinds[1]:
            yield Difference("type", place, *kinds)
        elif isinstance(theirs, str | int) and not isinstance(theirs, bool):
            yield from self._values(theirs, ours, place)
        elif theirs != ours and isinstance(theirs, bool):
            yield from self._differ("value", place, str(theirs).lower(), str(ours).lower())

    def _objects(self, theirs: dict[str, Any], ours: dict[str, Any], place: str) -> Iterator[Difference]:
        for name, value in theirs.items():
            if name not in ours:
                yield Difference("member", f"{place}.{name}", kind_of(value), "no such member")
        for name, value in ours.items():
            if name not in theirs:
                yield Difference("member", f"{place}.{name}", "no such member", kind_of(value))
        both, others = [name for name in theirs if name in ours], [name for name in ours if name in theirs]
        if both != others:
            at = next(at for at, (one, other) in enumerate(zip(both, others, strict=True)) if one != other)
            yield Difference("order", place, f"{both[at]} before {others[at]}", f"{others[at]} before {both[at]}")
        for name in both:
            yield from self.compare(theirs[name], ours[name], f"{place}.{name}")

    def _lists(self, theirs: list[Any], ours: list[Any], place: str) -> Iterator[Difference]:
        if len(theirs) != len(ours):
            yield Difference("length", place, f"{len(theirs)} items", f"{len(ours)} items")
        order = [_reference(one, self.references.theirs) for one in theirs]
        known = {_reference(one, self.references.ours): one for one in ours}
        if len({*order}) == len(order) and len(known) == len(ours) and "" not in order and "" not in known:
            # Each item has a reference: those that are the same are compared, wherever they stand.
            common = [one for one in order if one in known]
            if common != [one for one in known if one in order]:
                yield Difference("order", place, ", ".join(common), ", ".join(one for one in known if one in order))
            pairs = [(one, known[name]) for one, name in zip(theirs, order, strict=True) if name in known]
        else:
            pairs = [*zip(theirs, ours, strict=False)]
        for at, (one, other) in enumerate(pairs):
            yield from self.compare(one, other, f"{place}[{at}]")

    def _values(self, theirs: str | int, ours: str | int, place: str) -> Iterator[Difference]:
        """Texts and whole numbers of the same kind."""
        refs, one, other = self.references, str(theirs), str(ours)
        known, found = refs.theirs.get(one), refs.ours.get(other)
        name = _name(place)
        if known or found:
            if known != found:
                yield from self._differ("reference", place, known or "another value", found or "another value")
        elif one == other:
            return
        elif one in refs.sent or other in refs.sent:
            yield from self._differ("echo", place, f"{one[:_LONGEST_SHOWN]!r}", f"{other[:_LONGEST_SHOWN]!r}")
        elif kind_of(theirs) == "UUID" or _IDENTIFIER.search(name):
            refs.pair(name, one, other)
        elif kind_of(theirs) == "link":  # whose last part may be asked for later
            refs.instead.setdefault(*(urlsplit(link).path.rpartition("/")[2] for link in (one, other)))
        elif isinstance(theirs, int) or (_WORD_OF.search(name) and _WORD.fullmatch(one)):
            yield from self._differ("value", place, repr(theirs), repr(ours))

    def _differ(self, kind: str, place: str, theirs: str, ours: str) -> Iterator[Difference]:
        if _name(place) not in self.tolerance.values:
            yield Difference(kind, place, theirs, ours)


def _reference(item: Any, known: Mapping[str, str]) -> str:
    """The reference that tells an item of a list apart, which is that of its first text; "" if it is none."""
    first = next((value for value in item.values() if isinstance(value, str)), "") if isinstance(item, dict) else ""
    return known.get(first, "")
