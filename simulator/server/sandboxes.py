"""All sandboxes of this process, and who may open which."""

import logging
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
from simulator.server.meters import Meters
from simulator.server.sandbox import Sandbox
from simulator.server.sender import Sender
from simulator.server.state import State

DEMO = "demo"
"""The sandbox that is filled with samples on first use."""
NAME = re.compile(r"[a-z0-9-]{1,64}", re.ASCII)
_log = logging.getLogger("simulator.sandboxes")
_OPENED_BY_NAME = re.compile(r"sim-([a-z0-9-]{1,64})", re.ASCII)

Credentials = dict[str, dict[str, str]]


class Taken(Exception):
    """A sandbox of that name exists already."""


class Sandboxes:
    """Sandboxes by name. In open access a name in a credential opens its sandbox; in closed access nothing does."""

    def __init__(self, vendors: Mapping[str, Vendor], sender: Sender, *, open_access: bool = True) -> None:
        self.vendors = vendors
        self.open_access = open_access
        self.nowhere = Sandbox("", "", State(Config(journal=Journal(0, 0)), Clock()), vendors)
        """Where a caller is whose credential opens nothing; it is never written to."""
        self.meters = Meters()
        self.sender = sender
        self._sandboxes: dict[str, Sandbox] = {}
        self._dispatchers: dict[str, Dispatcher] = {}
        self._credentials: dict[str, Credentials] = {}
        self._keys: dict[tuple[str, str], tuple[str, str]] = {}
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
        """What opens a sandbox, by vendor and member."""
        return self._credentials[sandbox.name]

    def open(self, name: str, seed: int | str = 0, config: Config | None = None, state: State | None = None) -> Sandbox:
        """Open a new sandbox, with settings of its own or (a fork) with a whole state; raises `Taken`."""
        if name in self._sandboxes:
            raise Taken(name)
        sandbox = Sandbox(name, seed, state or State(config or Config(), Clock()), self.vendors)
        self._admit(sandbox)
        if name == DEMO and state is None:
            self._sampled.add(sandbox)
        self._fill(sandbox)
        self._sandboxes[name] = sandbox
        self._dispatchers[name] = Dispatcher(sandbox, self.sender, self.meters)
        self.meters.opened += 1
        sandbox.watch()
        _log.info("sandbox %s opened", name)
        return sandbox

    def reset(self, sandbox: Sandbox) -> None:
        """Put a sandbox back to its opening state; the demo gets its samples anew, with today's dates."""
        self.meters.keep(sandbox)
        watch, sandbox.watch = sandbox.watch, lambda: None
        sandbox.reset()
        self._fill(sandbox)
        sandbox.watch = watch
        sandbox.watch()

    async def delete(self, sandbox: Sandbox) -> None:
        """Forget a sandbox and what opens it."""
        self.meters.keep(sandbox)
        del self._sandboxes[sandbox.name]
        made = self._credentials.pop(sandbox.name)
        for key in self._keys_of(made):
            del self._keys[key]
        await self._dispatchers.pop(sandbox.name).close()
        _log.info("sandbox %s deleted", sandbox.name)

    def end_waits(self) -> None:
        """Let nobody wait any more for what is to happen."""
        for sandbox in self:
            sandbox.tell(CLOSING)

    def is_posting(self) -> bool:
        """Whether an attempt of any sandbox is under way."""
        return any(dispatcher.is_posting for dispatcher in self._dispatchers.values())

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
        name, secret = self._keys.get((credential.kind, credential.id), ("", ""))
        if self.open_access:
            return self._sandboxes[name] if name else self._named(credential.id, may_open)
        known = name and compare_digest(secret.encode(), credential.secret.encode())
        return self._sandboxes[name] if known else self.nowhere

    def _named(self, id: str, may_open: bool) -> Sandbox:
        named = _OPENED_BY_NAME.fullmatch(id)
        return (named and may_open and self.get(named[1])) or self.nowhere

    def _sealed(self, link: Credential) -> Sandbox:
        sandbox = self._sandboxes.get(link.id)
        if sandbox and compare_digest(sandbox.seal.encode(), f"{link.id}.{link.secret}".encode()):
            return sandbox
        return self.nowhere

    def _admit(self, sandbox: Sandbox) -> None:
        """Make the credentials of a new sandbox: told from its name in open access, random in closed."""
        self._credentials[sandbox.name] = made = {
            vendor.id: {
                member: f"sim-{sandbox.name}" if self.open_access else secrets.token_urlsafe(24)
                for members in vendor.credentials.values()
                for member in members
            }
            for vendor in self.vendors.values()
        }
        for key, secret in self._keys_of(made).items():
            self._keys[key] = (sandbox.name, secret)

    def _keys_of(self, made: Credentials) -> dict[tuple[str, str], str]:
        """What leads to a sandbox of these credentials, by kind and id, and the secret that goes with it."""
        return {
            (kind, made[vendor.id][id]): made[vendor.id][secret[0]] if secret else ""
            for vendor in self.vendors.values()
            for kind, (id, *secret) in vendor.credentials.items()
        }

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
