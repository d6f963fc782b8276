"""What a contract receives: the target, a sandbox, a listener; and what its failing examples did over the wire."""

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
    """One failing example: what Hypothesis generated, what went wrong, and the exchanges.

    `setup` are exchanges of earlier examples on which it relies: they opened its sandbox, and created what is created
    once for all examples.
    """

    drawn: str
    problem: BaseException
    exchanges: tuple[Exchange, ...]
    setup: tuple[Exchange, ...] = ()

    @property
    def size(self) -> tuple[int, int]:
        """Smaller is easier to read."""
        return len(self.exchanges), len(self.drawn)


@dataclass(repr=False)
class Context:
    """For one contract: every example begins with `begin` and ends with `end`."""

    target: Target
    listener: Listener = field(default_factory=lambda: Listener(path=HOOK))
    until: float = float("inf")
    shrinking: float = 4.0
    """Seconds that are spent on making a failing example smaller."""
    seed: int | None = None
    examples: int = 0
    exchanges: list[Exchange] = field(default_factory=list)
    """Those of the present example."""
    failures: list[Failure] = field(default_factory=list)
    _setup: list[Exchange] = field(default_factory=list)
    _remembered: int = 0
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
        """The sandbox of all examples of this contract."""
        if self._shared is None:
            self._shared = self.target.open()
            self._shared.memo.stored = self._note_setup
            self._note_setup()
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
        own = {id(exchange) for exchange in self.exchanges}
        setup = tuple(exchange for exchange in self._setup if id(exchange) not in own)
        self.failures.append(Failure(drawn, problem, tuple(self.exchanges), setup))

    def smallest_last(self) -> None:
        """Of the failures, have the one that is read easiest be the last: the one that is shown."""
        self.failures.sort(key=lambda one: one.size, reverse=True)

    def end(self) -> None:
        """An example is over; its exchanges that later ones rely on are kept."""
        token = self._shared.known_token if self._shared else None
        for number, exchange in enumerate(self.exchanges):
            issued = token and exchange.answer and token in exchange.answer.text
            if number < self._remembered or issued:
                self._setup.append(exchange)
        self._remembered = 0
        while self._fresh:
            self.target.forget(self._fresh.pop())

    def close(self) -> None:
        """The contract is over."""
        if self._shared is not None:
            self.target.forget(self._shared)
            self._shared = None

    def _note_setup(self) -> None:
        """All exchanges of this example so far are setup: they opened the sandbox, or made what its memo holds."""
        self._remembered = len(self.exchanges)
