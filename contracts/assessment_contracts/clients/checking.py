"""Grades a client: starts it and a simulator, finds out what it claims, and runs its contracts."""

import shlex
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from assessment_contracts.clients.adapter import AT_ONCE, METHODS
from assessment_contracts.clients.features import Unclaimable, claimed
from assessment_contracts.clients.harness import BASIC, LIMIT, ClientContext
from assessment_contracts.clients.jsonl_process import Adapter, Broken, Failed, JsonlProcess
from assessment_contracts.clients.properties.accounts import ACCOUNTS
from assessment_contracts.context import Context
from assessment_contracts.kit import NotStarted, ServerProcess, serve_command
from assessment_contracts.property import Property
from assessment_contracts.runner import Outcome, Profile, Runner, Verdict
from assessment_contracts.sources import Standing
from assessment_contracts.target import Target, Unaskable

ADAPTER_SERVER = (sys.executable, "-P", "-m", "assessment_contracts.clients.adapter_server")
"""`-P`: a module of the current folder must not take the place of ours."""
BASE = "http://127.0.0.1:8787"
"""The server that the scripts of failures call: the simulator that graded the client has ended by then."""
START = 10.0
"""Seconds that an adapter may take to start and say hello."""


@dataclass(frozen=True)
class Introduced:
    """What a client says of itself: its features, and whether it takes the credentials of its webhooks."""

    features: frozenset[str]
    has_basic: bool = False


@dataclass(frozen=True)
class ClientRunner(Runner):
    """Runs contracts of a client. A failure that rests on an assumption is an advisory.

    Each example has an account of its own, so a client that mixes accounts would fail them all. Whether it does is
    found out before a vendor's first contract; then only the contract about it is run, and fails. `apart` keeps what
    was found, by vendor.
    """

    program: Adapter = field(kw_only=True)
    client: Introduced = field(kw_only=True)
    apart: dict[str, Outcome] = field(default_factory=dict, kw_only=True)

    @property
    def base(self) -> str:
        """The documented address: the simulator that graded the client has ended when its script is read."""
        return BASE

    def run(self, property: Property) -> Outcome:
        """The outcome of one contract."""
        if property.feature not in self.client.features:
            return Outcome(property, Verdict.NOT_CLAIMED, f"the client does not claim {property.feature}")
        apart = next(one for one in ACCOUNTS if one.vendor == property.vendor)
        if apart.feature in self.client.features and apart.vendor not in self.apart:
            self.apart[apart.vendor] = super().run(apart)
        found = self.apart.get(apart.vendor)
        if property is apart and found:
            return found
        if found and found.verdict is Verdict.FAILED:
            return Outcome(property, Verdict.NOT_RUN, f"the client mixes accounts, see {apart.id}")
        outcome = super().run(property)
        advises = outcome.verdict is Verdict.FAILED and property.standing is Standing.ASSUMED
        return replace(outcome, verdict=Verdict.ADVISORY) if advises else outcome

    def _context(self) -> Context:
        plain = super()._context()
        return ClientContext(
            plain.target, plain.listener, plain.until, plain.shrinking, plain.seed, program=self.program,
            has_basic=self.client.has_basic,
        )  # fmt: skip


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


def hello(program: Adapter, within: float = START) -> Introduced:
    """What the client says of itself; `Unaskable` when it cannot be started or says nothing of use."""
    try:
        return claims_of(program.call("hello", {}, within))
    except Failed as problem:
        raise Unaskable(problem.message) from None
    except (Broken, Unclaimable) as problem:
        raise Unaskable(str(problem)) from None


def claims_of(said: Any) -> Introduced:
    """What the answer to `hello` says; raises `Unaskable` or `Unclaimable` for one that is of no use."""
    if not isinstance(said, dict) or not said.keys() & {"features", "methods"}:
        raise Unaskable(f'the adapter answered hello with {said!r:.200}, not with {{"features": […]}}')
    for name in ("features", "methods", "parameters"):
        if not _are_names(said.get(name)):
            raise Unaskable(f'{name} is {said[name]!r:.200}; it must be a list of names, such as ["create_order"]')
    methods = (*METHODS, AT_ONCE) if said.get("methods") is None else said["methods"]
    claims = claimed(said.get("features"), methods)
    if not claims:
        raise Unaskable(
            f"the client claims no feature: its features are {sorted(said.get('features') or ())!r}, its methods "
            f"{sorted(methods)!r}; a feature needs methods such as create_order and get_order"
        )
    return Introduced(claims, "webhook_password" in (said.get("parameters") or ()))


def _are_names(said: Any) -> bool:
    return said is None or (isinstance(said, list) and all(isinstance(name, str) for name in said))


@contextmanager
def client_runner(words: Sequence[str], profile: Profile, budget: float, seed: int | None) -> Iterator[ClientRunner]:
    """A runner for the client that the command `words` drives, with a simulator; `Unaskable` if it cannot be used."""
    deadline = time.monotonic() + budget - min(LIMIT, budget / 2)
    with _started(words) as program:
        client = hello(program)
        with _simulator() as url, closing(Target(url, deadline=deadline)) as target:
            _try_opening(program, url, client)
            yield ClientRunner(target, profile, seed=seed, program=program, client=client)


def named(words: Sequence[str]) -> str:
    """The client's name in a report: its class, or its command."""
    own = words[len(ADAPTER_SERVER) :] if tuple(words[: len(ADAPTER_SERVER)]) == ADAPTER_SERVER else words
    return shlex.join(own)


def _try_opening(program: Adapter, url: str, client: Introduced) -> None:
    """Open the client once: what fails here fails everywhere."""
    opening: dict[str, Any] = {
        "base_url": url, "client_id": "sim-hello", "client_secret": "any", "api_key": "sim-hello", "timeout": 1.0,
    }  # fmt: skip
    try:
        program.call("open", opening | (BASIC if client.has_basic else {}), LIMIT)
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
