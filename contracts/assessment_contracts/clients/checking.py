"""Grades a client: starts it and a simulator, asks what it claims, and tells what became of each property."""

import shlex
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from assessment_contracts.clients.adapter import METHODS
from assessment_contracts.clients.features import Unclaimable, claimed
from assessment_contracts.clients.harness import LIMIT, ClientContext
from assessment_contracts.clients.jsonl_process import Adapter, Broken, Failed, JsonlProcess
from assessment_contracts.context import Context
from assessment_contracts.kit import NotStarted, ServerProcess, serve_command
from assessment_contracts.property import Property
from assessment_contracts.report import Report
from assessment_contracts.runner import Outcome, Profile, Runner, Verdict
from assessment_contracts.target import Target, Unaskable

ADAPTER_SERVER = (sys.executable, "-P", "-m", "assessment_contracts.clients.adapter_server")
"""`-P`: a folder `contracts` where somebody checks a client is not ours."""
BASE = "http://127.0.0.1:8787"
"""The server that the scripts of failures call: the simulator that graded the client has ended by then."""
START = 10.0
"""Seconds that an adapter may take to start and say hello."""


@dataclass(frozen=True)
class ClientRunner(Runner):
    """Asks properties of a client; of what it does not claim, it is not asked."""

    program: Adapter = field(kw_only=True)
    claims: frozenset[str] = field(kw_only=True)

    def ask(self, property: Property) -> Outcome:
        """What became of one property."""
        if property.feature not in self.claims:
            return Outcome(property, Verdict.NOT_CLAIMED, f"the client does not claim {property.feature}")
        return super().ask(property)

    def _lab(self) -> Context:
        context = super()._lab()
        return ClientContext(context.target, context.listener, context.until, context.shrinking, program=self.program)


def command_of(adapter: str | None, command: str | None) -> list[str]:
    """The command that speaks JSON lines, for a Python class or as it was given; `Unaskable` when it is neither."""
    if (adapter is None) == (command is None):
        raise Unaskable('name a Python class, module:Class, or a command, --command "node adapter.mjs"')
    if adapter is not None:
        return [*ADAPTER_SERVER, adapter]
    try:
        words = shlex.split(command or "")
    except ValueError as problem:
        raise Unaskable(f"--command cannot be read: {problem}") from None
    if not words:
        raise Unaskable("--command is empty")
    return words


def hello(program: Adapter, within: float = START) -> frozenset[str]:
    """What the client claims; `Unaskable` when it cannot be started or says nothing of use."""
    try:
        return claims_of(program.call("hello", {}, within))
    except Failed as problem:
        raise Unaskable(problem.message) from None
    except (Broken, Unclaimable) as problem:
        raise Unaskable(str(problem)) from None


def claims_of(said: Any) -> frozenset[str]:
    """The features that the answer to `hello` claims; raises `Unaskable` or `Unclaimable` for one that is of no use."""
    if not isinstance(said, dict) or not said.keys() & {"features", "methods"}:
        raise Unaskable(f'the adapter answered hello with {said!r:.200}, not with {{"features": […]}}')
    for name in ("features", "methods"):
        if not _are_names(said.get(name)):
            raise Unaskable(f'{name} is {said[name]!r:.200}; it must be a list of names, such as ["create_order"]')
    methods = METHODS if said.get("methods") is None else said["methods"]
    claims = claimed(said.get("features"), methods)
    if not claims:
        raise Unaskable(
            f"the client claims no feature: its features are {sorted(said.get('features') or ())!r}, its methods "
            f"{sorted(methods)!r}; a feature needs methods such as create_order and get_order"
        )
    return claims


def _are_names(said: Any) -> bool:
    return said is None or (isinstance(said, list) and all(isinstance(name, str) for name in said))


def check(
    words: Sequence[str], properties: Sequence[Property], profile: Profile, budget: float, fail_fast: bool,
    tell: Callable[[Outcome], None],
) -> Report:  # fmt: skip
    """The report on the client that the command `words` drives; `Unaskable` when it cannot be asked."""
    began = time.monotonic()
    with _started(words) as program:
        claims = hello(program)
        with _simulator() as url:
            _try_opening(program, url)
            target = Target(url, deadline=began + budget - min(LIMIT, budget / 2))
            runner = ClientRunner(target, profile, fail_fast=fail_fast, program=program, claims=claims)
            outcomes = runner.run(properties, tell)
            target.close()
    seconds = time.monotonic() - began
    return Report(
        f"Contracts of the client {shlex.join(_named(words))}", BASE, datetime.now(UTC).isoformat(timespec="seconds"),
        outcomes, seconds,
    )  # fmt: skip


def _named(words: Sequence[str]) -> Sequence[str]:
    return words[len(ADAPTER_SERVER) :] if tuple(words[: len(ADAPTER_SERVER)]) == ADAPTER_SERVER else words


def _try_opening(program: Adapter, url: str) -> None:
    """Open the client once: what fails here fails everywhere."""
    opening: dict[str, Any] = {
        "base_url": url, "client_id": "sim-hello", "client_secret": "any", "api_key": "sim-hello", "timeout": 1.0,
    }  # fmt: skip
    try:
        program.call("open", opening, LIMIT)
    except (Broken, Failed) as problem:
        raise Unaskable(f"the client cannot be opened: {problem}") from None


@contextmanager
def _started(words: Sequence[str]) -> Iterator[JsonlProcess]:
    program = JsonlProcess(words)
    try:
        yield program
    finally:
        program.stop()


@contextmanager
def _simulator() -> Iterator[str]:
    """A simulator of the suite's own."""
    try:
        with ServerProcess(serve_command()) as server:
            yield server.url
    except NotStarted as problem:
        raise Unaskable(str(problem)) from None
