"""All sandboxes of this process, and who may open which."""

import re
import secrets
from collections.abc import Iterator, Mapping
from hmac import compare_digest
from typing import Any
from weakref import WeakSet

from simulator.core.call import Call
from simulator.core.config import Config, Journal
from simulator.core.draw import Draw
from simulator.core.vendor import Credential, Sample, Vendor
from simulator.server.clock import Clock
from simulator.server.dispatcher import Dispatcher
from simulator.server.journal import CLOSING
from simulator.server.keys import Credentials, Keys
from simulator.server.problems import Problem
from simulator.server.sandbox import Sandbox
from simulator.server.sender import Sender
from simulator.server.state import State

DEMO = "demo"
"""The sandbox that is filled with samples on first use."""
_OPENED_BY_NAME = re.compile(r"sim-([a-z0-9-]{1,64})", re.ASCII)
NAME = re.compile(r"[a-z0-9-]{1,64}", re.ASCII)


class Taken(Exception):
    """A sandbox of that name exists already."""


class Full(Problem):
    """This server holds as many sandboxes as it may."""

    def __init__(self, most: int) -> None:
        super().__init__(
            503,
            f"this server holds {most} sandboxes and opens no more; DELETE one that is done with, "
            "or serve with a larger --max-sandboxes",
        )


class Sandboxes:
    """Sandboxes by name. In open access a name in a credential opens its sandbox; in closed access nothing does."""

    def __init__(
        self, vendors: Mapping[str, Vendor], sender: Sender, *, open_access: bool = True, most: int = 20_000
    ) -> None:
        self.vendors = vendors
        self.open_access = open_access
        self.nowhere = Sandbox("", "", State(Config(journal=Journal(0, 0)), Clock()), vendors)
        """Where a caller is whose credential opens nothing; it is never written to."""
        self._sender = sender
        self._most = most
        self._sandboxes: dict[str, Sandbox] = {}
        self._dispatchers: dict[str, Dispatcher] = {}
        self._by_credential: dict[str, Sandbox] = {}
        """The same in open access, by what opens them: looked at for each call."""
        self._keys = Keys(vendors)
        self._sampled: WeakSet[Sandbox] = WeakSet()

    def __iter__(self) -> Iterator[Sandbox]:
        return iter([*self._sandboxes.values()])

    def get(self, name: str) -> Sandbox | None:
        """The sandbox of that name; a new one in open access; None where nothing may be opened by name."""
        found = self._sandboxes.get(name)
        if found is None and self.open_access and NAME.fullmatch(name):
            return self.open(name)
        return found

    def dispatcher(self, sandbox: Sandbox) -> Dispatcher:
        """The one who sends a sandbox's webhooks and plays its clock."""
        return self._dispatchers[sandbox.name]

    def credentials(self, sandbox: Sandbox) -> Credentials:
        """What opens a sandbox from now on: told from its name in open access, made anew and told once in closed."""
        if not self.open_access:
            return self._keys.renew(sandbox.name)
        return {vendor.id: dict.fromkeys(members(vendor), f"sim-{sandbox.name}") for vendor in self.vendors.values()}

    def open(
        self, name: str, seed: int | str | None = None, config: Config | None = None, state: State | None = None
    ) -> Sandbox:
        """Open a new sandbox, with settings of its own or (a fork) with a whole state; raises `Taken` and `Full`.

        In closed access nothing opens it until its `credentials` were asked for. Without a seed it has 0 in open
        access, a random one in closed: its tokens and links are drawn from it, and must not be foretold there.
        """
        if name in self._sandboxes:
            raise Taken(name)
        if len(self._sandboxes) >= self._most:
            raise Full(self._most)
        if seed is None:
            seed = 0 if self.open_access else secrets.token_hex(16)
        sandbox = Sandbox(name, seed, state or State(config or Config(), Clock()), self.vendors)
        if name == DEMO and state is None:
            self._sampled.add(sandbox)
        self._fill(sandbox)
        self._sandboxes[name] = sandbox
        if self.open_access:
            self._by_credential[f"sim-{name}"] = sandbox
        self._dispatchers[name] = Dispatcher(sandbox, self._sender)
        sandbox.watch()
        return sandbox

    def reset(self, sandbox: Sandbox) -> None:
        """Put a sandbox back to its opening state; the demo gets its samples anew, with today's dates."""
        watch, sandbox.watch = sandbox.watch, lambda: None
        sandbox.reset()
        self._fill(sandbox)
        sandbox.watch = watch
        sandbox.watch()

    async def delete(self, sandbox: Sandbox) -> None:
        """Forget a sandbox and what opens it."""
        del self._sandboxes[sandbox.name]
        self._by_credential.pop(f"sim-{sandbox.name}", None)
        self._keys.forget(sandbox.name)
        await self._dispatchers.pop(sandbox.name).close()

    def end_waits(self) -> None:
        """Let nobody wait any more for what is to happen."""
        for sandbox in self:
            sandbox.tell(CLOSING)

    async def close(self) -> None:
        """Stop all that is on its way."""
        for dispatcher in self._dispatchers.values():
            await dispatcher.close()

    # Who may open what.

    def find(self, credential: Credential | None, *, may_open: bool = True) -> Sandbox:
        """The sandbox that a credential opens, or `nowhere`; without `may_open` only one that is open already."""
        if credential is None:
            return self.nowhere
        if credential.kind == "link":
            return self._sealed(credential)
        if self.open_access:
            found = self._by_credential.get(credential.id)
            return self._named(credential.id, may_open) if found is None else found
        name = self._keys.opened(credential)
        return self.nowhere if name is None else self._sandboxes[name]

    def _named(self, id: str, may_open: bool) -> Sandbox:
        named = _OPENED_BY_NAME.fullmatch(id)
        return self.open(named[1]) if named and may_open else self.nowhere

    def _sealed(self, link: Credential) -> Sandbox:
        sandbox = self._sandboxes.get(link.id)
        if sandbox and compare_digest(sandbox.seal.encode(), f"{link.id}.{link.secret}".encode()):
            return sandbox
        return self.nowhere

    # The demo.

    def _fill(self, sandbox: Sandbox) -> None:
        """Give the demo its samples; every other sandbox, and a fork by its name, begins without."""
        if sandbox not in self._sampled:
            return
        now = sandbox.now()
        for vendor in self.vendors.values():
            for sample in sorted(vendor.samples(0), key=lambda sample: -sample.age):
                _plant(sandbox, vendor, sample, now - sample.age)


def _plant(sandbox: Sandbox, vendor: Vendor, sample: Sample, at: int) -> None:
    """Let a sample happen in the past, as the vendor decides it under the default settings; no webhook is sent."""
    config = sandbox.config
    sandbox.configure(Config(behaviour=sample.behaviour))
    created = _enact(sandbox, vendor, sample.operation, at, body=sample.body)
    for action in sample.actions:
        _enact(sandbox, vendor, action, at, params={"id": created})
    sandbox.configure(config)


def _enact(sandbox: Sandbox, vendor: Vendor, name: str, at: int, **asked: Any) -> str:
    operation = vendor.operations[name]
    call = Call(name, at, Draw(sandbox.secret, sandbox.state.sequence + 1), "", **asked)
    decision = operation.decide(call, sandbox)._replace(notices=())
    sandbox.commit(decision, call)
    return next((record.id for record in decision.records if record.kind == vendor.kind), "")


def members(vendor: Vendor) -> tuple[str, ...]:
    """What a caller of a vendor is given, in all kinds of credentials."""
    return tuple(member for kind in vendor.credentials.values() for member in kind)
