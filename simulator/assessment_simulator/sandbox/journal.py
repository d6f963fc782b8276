"""The request journal of one sandbox: the last requests to vendors over HTTP with their responses."""

import re
from bisect import bisect_left
from collections import Counter, deque
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from assessment_simulator.core import config
from assessment_simulator.sandbox.watchers import CALL, Watcher

Headers = list[tuple[bytes, bytes]]
# A vendor's id and the operation's name; None where the path or the method is none of the vendor's.
_Operation = tuple[str, str | None]


class Incoming(NamedTuple):
    """The request line and headers of a request, and the address under which its caller reaches the server."""

    method: str
    path: str
    headers: Mapping[bytes, bytes]
    query: bytes
    base: str


class Exchange(NamedTuple):
    """A request to a vendor over HTTP and its response.

    `size` is in bytes, `at` in ticks of the sandbox's clock, `duration` in real seconds. `operation` is None where the
    path or the method is none of the vendor's, `status` where no response was sent. `rules` are those that refused it,
    `fault` is the id of the injected fault.
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


class Journal:
    """The last exchanges, oldest first, bounded by their number and bytes; a bound of 0 entries records nothing.

    Recording is part of every request, so it stores references alone: parsing and masking is left to those who read.
    The answer is kept with its placeholders, because the vendor's record keeps the same bytes alive; the views fill in
    the caller's address and the seals.

    `accepted` counts requests by operation, `stopped` refused ones by operation and the first rule that they violate,
    `violated` by operation and every rule. These grow with the vendors' tables, not with the requests.
    """

    __slots__ = ("_exchanges", "_limits", "_number", "_watchers", "accepted", "size", "stopped", "violated")

    def __init__(self, limits: config.JournalLimits, watchers: list[Watcher]) -> None:
        self._watchers = watchers
        self._limits = limits
        self._exchanges: deque[Exchange] = deque()
        self.clear()

    def clear(self) -> None:
        """Forget all exchanges and counts; the next exchange is number 1 again."""
        self._exchanges.clear()
        self._number = 0
        # The bytes that count against the bound.
        self.size = 0
        self.accepted: Counter[_Operation] = Counter()
        self.stopped: Counter[tuple[_Operation, str]] = Counter()
        self.violated: Counter[tuple[_Operation, str]] = Counter()

    def copy(self, watchers: list[Watcher]) -> "Journal":
        """The same exchanges and counts in a journal with other watchers."""
        twin = Journal(self._limits, watchers)
        twin._exchanges, twin._number, twin.size = self._exchanges.copy(), self._number, self.size
        twin.accepted, twin.stopped, twin.violated = self.accepted.copy(), self.stopped.copy(), self.violated.copy()
        return twin

    def __len__(self) -> int:
        return len(self._exchanges)

    def __iter__(self) -> Iterator[Exchange]:
        return iter(tuple(self._exchanges))  # a copy: requests arrive during the iteration

    def __reversed__(self) -> Iterator[Exchange]:
        return reversed(tuple(self._exchanges))

    def may_have(self, number: int) -> bool:
        """Whether a call of that number has come in."""
        return 0 < number <= self._number and bool(self._exchanges)

    def search(self, text: str) -> Iterator[Exchange]:
        """The exchanges with a casefolded text in path, operation, status, rules or fault, newest first."""
        # All but the path is the same for many exchanges, so it is searched once: 50,000 exchanges take some 20 ms.
        known: dict[tuple[Any, ...], bool] = {}
        for one in reversed(tuple(self._exchanges)):
            traits = (one.operation, one.status, one.rules, one.fault)
            if traits not in known:
                texts = (one.operation, one.status, *one.rules, one.fault)
                known[traits] = text in "\n".join(str(trait) for trait in texts if trait is not None).casefold()
            if known[traits] or text in one.request.path.casefold():
                yield one

    def mentioning(self, id: str) -> list[Exchange]:
        """The exchanges with an id in the path or the query, in either letter case, or in a body, oldest first."""
        sought, lower = id.encode(), id.lower()
        return [
            one
            for one in self._exchanges
            if sought in one.sent
            or sought in one.answer
            or lower in one.request.path.lower()
            or lower.encode() in one.request.query.lower()
        ]

    def find(self, id: str) -> Exchange | None:
        """The exchange of that id, unless it was dropped."""
        number = number_of(id)
        # Numbers are ascending, with gaps for exchanges that were too large.
        place = bisect_left(self._exchanges, number, key=lambda one: one.number)
        found = self._exchanges[place] if number and place < len(self._exchanges) else None
        return None if found is None or found.number != number else found

    def record(
        self, at: int, vendor: str, operation: str | None, request: Incoming, sent: bytes, status: int | None,
        rules: tuple[str, ...], headers: Headers, answer: bytes, duration: float, fault: str | None,
    ) -> None:  # fmt: skip
        """Keep an exchange, whose members these are, and count the rules that it passed and violated.

        The answer may have placeholders for address and seals.
        """
        self._number += 1
        if rules:
            self.stopped[(vendor, operation), rules[0]] += 1
            for rule in rules:
                self.violated[(vendor, operation), rule] += 1
        elif status is not None and status < 400:  # the status of an injected fault says nothing about rules
            self.accepted[vendor, operation] += 1
        size = len(sent) + len(answer) + len(request.path) + len(request.query)
        if size <= self._limits.bytes:  # otherwise it would drop all others, and then itself
            self._exchanges.append(
                Exchange(
                    size, self._number, at, vendor, operation, request, sent, status, rules, headers, answer, duration,
                    fault,
                )
            )  # fmt: skip
            self.size += size
            self.set_limits(self._limits)
        for watcher in self._watchers:
            watcher(CALL, f"call-{self._number}")

    def set_limits(self, limits: config.JournalLimits) -> None:
        """Apply limits: drop the oldest exchanges beyond them."""
        self._limits = limits
        while len(self._exchanges) > limits.entries or self.size > limits.bytes:
            self.size -= self._exchanges.popleft().size


def number_of(id: str) -> int:
    """The number in an id such as `call-7`; 0 for another text."""
    found = re.fullmatch(r"call-([1-9][0-9]{0,18})", id)
    return int(found[1]) if found else 0
