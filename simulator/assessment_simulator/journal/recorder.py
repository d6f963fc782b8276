"""What came in by HTTP and what was answered, of one sandbox: as much of it as its settings say.

To write an exchange down costs next to nothing: the parts are kept as they are, but for the headers, which are packed
into one piece that calls with equal ones share, and the answer, which is kept as it was stored, before it was made its
caller's: what a thousand entries have to themselves would crowd everything else out of the processor's cache. Whoever
looks pays for unpacking, masking, parsing and setting them out (`exchanges`, `har`, `curl`).
"""

import marshal
from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from assessment_simulator.core import config
from assessment_simulator.core.links import Links

Headers = list[tuple[bytes, bytes]]
Watcher = Callable[[str, str], None]
"""Is told what changed (a kind of record, or one of the words below), and the id of it where it has one."""
CALL, DELIVERY, CAUGHT = "call", "delivery", "caught"
CLOCK, CONFIG, FAULTS = "clock", "config", "faults"
EVERYTHING, ENDED, CLOSING = "everything", "ended", "closing"
"""The whole sandbox is another, by reset or restore; or there is none any more; or the server is about to close."""
_NUMBER, _PATH, _QUERY, _SENT, _ANSWER = 1, 6, 7, 10, 13
"""Places in what is kept of an exchange."""
_PLAIN = 2
"""The last version of marshal's format that does not look for objects that it met before."""


class Incoming(NamedTuple):
    """The request line and headers of a request, and the address under which its caller reaches the server."""

    method: str
    path: str
    headers: Mapping[bytes, bytes]
    query: bytes
    base: str


class Exchange(NamedTuple):
    """A call to a vendor by HTTP and its answer.

    `size` is in bytes, `at` in ticks of the sandbox's clock, `duration` in real seconds. `operation` is None where the
    path or the verb is none of the vendor's, `status` where no answer left. `rules` are those that refused, `fault`
    the id of the fault that met it.
    """

    size: int
    number: int
    at: int
    vendor: str
    operation: str | None
    request: Incoming
    sent: bytes
    status: int | None
    rules: tuple[str, ...]
    headers: Headers
    answer: bytes
    duration: float
    fault: str | None

    @property
    def id(self) -> str:
        return f"call-{self.number}"


class Tally:
    """How many calls were accepted, and how many were refused by which rules, for each (vendor, operation).

    Grows with the vendors' tables, not with the calls: `stopped` counts refused calls by the first rule that they
    broke, `broken` by every rule; `others` counts by status what was not accepted, whether a rule or a fault did it.
    """

    __slots__ = ("accepted", "broken", "others", "stopped")

    def __init__(self) -> None:
        self.accepted: dict[tuple[str, str | None], int] = {}
        self.stopped: dict[tuple[str, str | None, str], int] = {}
        self.broken: dict[tuple[str, str | None, str], int] = {}
        self.others: dict[tuple[str, str | None, int | None], int] = {}

    def other(self, vendor: str, operation: str | None, status: int | None) -> None:
        """Count a call that was not accepted."""
        self.others[vendor, operation, status] = self.others.get((vendor, operation, status), 0) + 1

    def refused(self, vendor: str, operation: str | None, rules: tuple[str, ...]) -> None:
        """Count a refused call."""
        first = (vendor, operation, rules[0])
        self.stopped[first] = self.stopped.get(first, 0) + 1
        for rule in rules:
            self.broken[vendor, operation, rule] = self.broken.get((vendor, operation, rule), 0) + 1


class Journal:
    """The last exchanges, oldest first; bounded by their number and by their bytes. No entries: nothing is kept."""

    __slots__ = (
        "_bytes", "_heads", "_kept", "_most", "_most_bytes", "_number", "_packed", "_watchers", "links",
        "tally",
    )  # fmt: skip

    def __init__(self, bounds: config.Journal, watchers: list[Watcher]) -> None:
        self._watchers = watchers
        self.links: Callable[[], Links] = lambda: Links("", b"")
        """What fills in the links of answers that are kept as they were stored."""
        self._heads: tuple[Mapping[bytes, bytes], tuple[tuple[bytes, bytes], ...]] = {}, ()
        self._packed = b""
        self._kept: deque[tuple[Any, ...]] = deque()
        self._number = self._bytes = 0
        self.tally = Tally()
        self.bound(bounds)

    def __iter__(self) -> Iterator[Exchange]:
        return map(self._unpacked, tuple(self._kept))

    def __len__(self) -> int:
        return len(self._kept)

    @property
    def size(self) -> int:
        """How many bytes count against the bound."""
        return self._bytes

    def may_have(self, number: int) -> bool:
        """Whether a call of that number has come in."""
        return 0 < number <= self._number and bool(self._kept)

    def __reversed__(self) -> Iterator[Exchange]:
        return map(self._unpacked, reversed(tuple(self._kept)))  # calls may come while it is looked at

    def search(self, text: str) -> Iterator[Exchange]:
        """The exchanges that a casefolded text is found in, newest first: path, operation, status, rules or fault.

        What exchanges have in common is looked at once, so fifty thousand take a few hundredths of a second.
        """
        seen: dict[tuple[Any, ...], bool] = {}
        for kept in reversed(tuple(self._kept)):
            _, _, _, _, operation, _, path, _, _, _, _, status, rules, _, _, fault = kept
            traits = (operation, status, rules, fault)
            found = seen.get(traits)
            if found is None:
                found = seen[traits] = text in _said(operation, status, *rules, fault)
            if found or text in path.casefold():
                yield self._unpacked(kept)

    def mentioning(self, id: str) -> list[Exchange]:
        """The exchanges that have an id in the path or the query, in any letter case, or in a body, oldest first."""
        sought, lower = id.encode(), id.lower()
        return [
            self._unpacked(kept)
            for kept in self._kept
            if sought in kept[_SENT]
            or sought in kept[_ANSWER]
            or lower in kept[_PATH].lower()
            or lower.encode() in kept[_QUERY].lower()
        ]

    def record(
        self, at: int, vendor: str, operation: str | None, request: Incoming, sent: bytes, status: int | None,
        rules: tuple[str, ...], headers: Headers, answer: bytes, duration: float, fault: str | None,
    ) -> None:  # fmt: skip
        """Keep an exchange, and count which rules it kept and broke; the members are those of `Exchange`.

        The placeholders for address and seal may still be in the answer.
        """
        self._number = number = self._number + 1
        if rules:
            self.tally.refused(vendor, operation, rules)
            self.tally.other(vendor, operation, status)
        elif status is not None and status < 400:  # a fault's own status says nothing about rules
            accepted = self.tally.accepted
            accepted[vendor, operation] = accepted.get((vendor, operation), 0) + 1
        else:
            self.tally.other(vendor, operation, status)
        method, path, asked, query, base = request
        heads = asked, (*headers,)
        if heads != self._heads:  # callers mostly come with the headers of the call before
            self._heads, self._packed = heads, marshal.dumps(heads, _PLAIN)  # type: ignore[arg-type]
        size = len(sent) + len(answer) + len(path) + len(query)
        if size <= self._most_bytes:  # or it would push out all others, and then itself
            # A plain tuple, as flat as can be: an Exchange takes four times as long to make.
            self._kept.append(
                (size, number, at, vendor, operation, method, path, query, base, self._packed, sent, status, rules,
                 answer, duration, fault)
            )  # fmt: skip
            self._bytes += size
            if len(self._kept) > self._most or self._bytes > self._most_bytes:
                self._forget()
        if self._watchers:
            for watcher in self._watchers:
                watcher(CALL, f"call-{number}")

    def _forget(self) -> None:
        kept = self._kept
        while len(kept) > self._most or self._bytes > self._most_bytes:
            self._bytes -= kept.popleft()[0]

    def bound(self, bounds: config.Journal) -> None:
        """Keep no more than this from now on."""
        self._most, self._most_bytes = bounds.entries, bounds.bytes
        self._forget()

    def clear(self) -> None:
        """Forget all exchanges and counts; the next is number 1 again."""
        self._kept.clear()
        self._bytes = 0
        self._number = 0
        self.tally = Tally()

    def find(self, id: str) -> Exchange | None:
        """The exchange of that id, unless it was forgotten."""
        number = number_of(id)
        place = bisect_left(self._kept, number, key=lambda kept: kept[_NUMBER])  # very large calls are not kept
        found = self._kept[place] if number and 0 <= place < len(self._kept) else None
        return None if found is None or found[_NUMBER] != number else self._unpacked(found)

    def _unpacked(self, kept: tuple[Any, ...]) -> Exchange:
        size, number, at, vendor, operation, method, path, query, base, heads, sent, status, *rest = kept
        asked, headers = marshal.loads(heads)  # noqa: S302  packed by us, in this process
        request = Incoming(method, path, asked, query, base)
        rules, answer, duration, fault = rest
        answer = self.links().set_out(answer, base)
        return Exchange(
            size, number, at, vendor, operation, request, sent, status, rules, [*headers], answer, duration, fault
        )


def _said(*traits: object) -> str:
    return "\n".join(str(trait) for trait in traits if trait is not None).casefold()


def number_of(id: str) -> int:
    """The number in an id such as `call-7`; 0 where it is none."""
    word, _, digits = id.partition("-")
    known = word == "call" and digits.isdecimal() and digits.isascii() and digits[0] != "0" and len(digits) < 20
    return int(digits) if known else 0
