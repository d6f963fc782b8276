"""What a property is given: the target, a sandbox, a listener; and what its last example did."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from assessment_contracts.inconclusive import OUT_OF_TIME, Inconclusive
from assessment_contracts.kit import Listener
from assessment_contracts.sandbox import Sandbox
from assessment_contracts.target import Target
from assessment_contracts.wire import Exchange

HOOK = "/webhook"
"""The path of the listener's URL, so that a path in `received` shows where it ends."""


@dataclass(frozen=True)
class Failure:
    """One example that failed: what was drawn, what went wrong, what was said over the wire."""

    drawn: str
    problem: BaseException
    exchanges: tuple[Exchange, ...]

    @property
    def size(self) -> tuple[int, int]:
        """Smaller is easier to read."""
        return len(self.exchanges), len(self.drawn)


@dataclass(repr=False)
class Context:
    """For one property: every example begins with `begin` and ends with `end`."""

    target: Target
    listener: Listener = field(default_factory=lambda: Listener(path=HOOK))
    until: float = float("inf")
    shrinking: float = 4.0
    """So many seconds are spent on making a failing example smaller."""
    examples: int = 0
    exchanges: list[Exchange] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    _shared: Sandbox | None = None
    _fresh: list[Sandbox] = field(default_factory=list)

    def __repr__(self) -> str:
        """Short: Hypothesis renders it with what it draws, in every example."""
        return "<context>"

    @property
    def is_simulator(self) -> bool:
        """Whether the target has a control API and names the rules that refuse."""
        return self.target.is_simulator

    @property
    def sandbox(self) -> Sandbox:
        """The sandbox of all examples of this property."""
        if self._shared is None:
            self._shared = self.target.open()
        return self._shared

    def fresh(self, config: Mapping[str, Any] | None = None) -> Sandbox:
        """A sandbox of this example alone."""
        assert self.is_simulator, "a vendor's account cannot be had fresh: the property needs the control API"
        self._fresh.append(self.target.open(config))
        return self._fresh[-1]

    def begin(self) -> None:
        """An example begins; raises `Inconclusive` when there is no time for it."""
        if time.monotonic() > self.until:
            raise Inconclusive(OUT_OF_TIME)
        self.examples += 1
        self.exchanges.clear()
        self.listener.renew()

    def failed(self, drawn: str, problem: BaseException) -> None:
        """Keep a failing example, and give Hypothesis a little time for smaller ones."""
        if not self.failures:
            self.until = min(self.until, time.monotonic() + self.shrinking)
        self.failures.append(Failure(drawn, problem, tuple(self.exchanges)))

    def smallest_last(self) -> None:
        """Of the failures, have the one that is read easiest be the last: the one that is shown."""
        self.failures.sort(key=lambda one: one.size, reverse=True)

    def end(self) -> None:
        """An example is over."""
        while self._fresh:
            self.target.forget(self._fresh.pop())

    def close(self) -> None:
        """The property is over."""
        if self._shared is not None:
            self.target.forget(self._shared)
            self._shared = None
