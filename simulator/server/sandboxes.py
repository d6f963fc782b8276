"""All sandboxes of this process, and who may open which."""

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from hmac import compare_digest
from weakref import WeakSet

from simulator.core.config import Config, Journal
from simulator.core.vendor import Credential, Vendor
from simulator.server.clock import Clock
from simulator.server.credentials import Credentials, made_credentials, opening_keys
from simulator.server.dispatcher import Dispatcher
from simulator.server.journal import CLOSING
from simulator.server.log import Deleted, Log, Unwritten
from simulator.server.log.image import parts
from simulator.server.log.ledger import Ledger, wake_of
from simulator.server.planting import plant
from simulator.server.relay import Relay
from simulator.server.sandbox import Sandbox
from simulator.server.sender import Sender
from simulator.server.state import State

DEMO = "demo"
"""The sandbox that is filled with samples on first use."""
NAME = re.compile(r"[a-z0-9-]{1,64}", re.ASCII)
_OPENED_BY_NAME = re.compile(r"sim-([a-z0-9-]{1,64})", re.ASCII)


class Taken(Exception):
    """A sandbox of that name exists already."""


class Sandboxes:
    """Sandboxes by name. In open access a name in a credential opens its sandbox; in closed access nothing does.

    Where there is a log, one that is not in memory is read from there when it is asked for.
    """

    def __init__(
        self, vendors: Mapping[str, Vendor], sender: Sender, *, open_access: bool = True, relay: Relay | None = None,
        log: Log | None = None,
    ) -> None:  # fmt: skip
        self.vendors = vendors
        self.open_access = open_access
        self.nowhere = Sandbox("", "", State(Config(journal=Journal(0, 0)), Clock()), vendors)
        """Where a caller is whose credential opens nothing; it is never written to."""
        self.log = log
        self._sender = sender
        self._relay = relay
        self._sandboxes: dict[str, Sandbox] = {}
        self._dispatchers: dict[str, Dispatcher] = {}
        self._credentials: dict[str, Credentials] = {}
        self._keys: dict[tuple[str, str], tuple[str, str]] = {}
        self._sampled: WeakSet[Sandbox] = WeakSet()

    def __iter__(self) -> Iterator[Sandbox]:
        """Those in memory."""
        return iter([*self._sandboxes.values()])

    def every(self) -> Iterator[Sandbox]:
        """All there are."""
        names = [*self._sandboxes] if self.log is None else self.log.names()
        return (sandbox for name in names if (sandbox := self.known(name)) is not None)

    def known(self, name: str) -> Sandbox | None:
        """The sandbox of that name, if it is open."""
        found = self._sandboxes.get(name)
        if self.log is None or NAME.fullmatch(name) is None:
            return found
        return found if found is not None and self.is_current(found) else self._recalled(name)

    def loaded(self, name: str) -> Sandbox | None:
        """The sandbox of that name, if it is in memory."""
        return self._sandboxes.get(name)

    @property
    def own_watchers(self) -> int:
        """How many watchers every sandbox has."""
        return int(self._relay is not None)

    def is_current(self, sandbox: Sandbox) -> bool:
        """Whether a sandbox is still there; what other processes did to it is known then."""
        try:
            if sandbox.ledger is not None and sandbox.ledger.shared:
                sandbox.ledger.refresh()
        except Deleted:
            self.dismiss(sandbox)
            return False
        return True

    def get(self, name: str) -> Sandbox | None:
        """The sandbox of that name; a new one in open access; None where nothing may be opened by name."""
        found = self.known(name)
        if found is None and self.open_access and NAME.fullmatch(name):
            try:
                return self.open(name)
            except Taken:  # by another process, just now
                return self.known(name)
        return found

    def dispatcher(self, sandbox: Sandbox) -> Dispatcher:
        """The one who sends a sandbox's webhooks and plays its clock."""
        return self._dispatchers[sandbox.name]

    def credentials(self, sandbox: Sandbox) -> Credentials:
        """What opens a sandbox, by vendor and member."""
        return self._credentials[sandbox.name]

    def open(self, name: str, seed: int | str = 0, config: Config | None = None, state: State | None = None) -> Sandbox:
        """Open a new sandbox, with settings of its own or (a fork) with a whole state; raises `Taken`."""
        if name in self._sandboxes or (self.log is not None and self.log.find(name)):
            raise Taken(name)
        sandbox = Sandbox(name, seed, state or State(config or Config(), Clock()), self.vendors)
        if name == DEMO and state is None:
            self._sampled.add(sandbox)
        self._fill(sandbox)
        made = made_credentials(self.vendors, name, self.open_access)
        if self.log is not None:
            about = {"seed": seed, "credentials": made, "sampled": sandbox in self._sampled}
            ids = [key for key, _ in opening_keys(self.vendors, name, made)]
            key = self.log.open(name, about, ids, [*parts(sandbox)], wake_of(sandbox))
            if key is None:
                raise Taken(name)
            sandbox.ledger = Ledger(self.log, key, sandbox)
        self._admit(sandbox, made)
        sandbox.watch()
        return sandbox

    def _recalled(self, name: str) -> Sandbox | None:
        """The sandbox of that name, read from the log; what was to happen since it was let go happens now."""
        found = None if self.log is None else self.log.find(name)
        if found is None or self.log is None:
            return None
        sandbox = Sandbox(name, found.about["seed"], State(Config(), Clock()), self.vendors)
        sandbox.ledger = Ledger(self.log, found.key, sandbox)
        sandbox.ledger.load()
        if found.about["sampled"]:
            self._sampled.add(sandbox)
        self._admit(sandbox, found.about["credentials"])
        sandbox.outlive(self.log.alive())
        sandbox.ring(sandbox.now())
        sandbox.watch()
        with suppress(Unwritten):  # only so that it is not looked at again and again
            sandbox.ledger.settle()
        return sandbox

    def _admit(self, sandbox: Sandbox, made: Credentials) -> None:
        """Let a sandbox be found."""
        self._credentials[sandbox.name] = made
        self._keys.update(opening_keys(self.vendors, sandbox.name, made))
        self._sandboxes[sandbox.name] = sandbox
        self._dispatchers[sandbox.name] = Dispatcher(sandbox, self._sender)
        if self._relay is not None:
            sandbox.watchers.append(self._relay.watcher(sandbox))

    def reset(self, sandbox: Sandbox) -> None:
        """Put a sandbox back to its opening state; the demo gets its samples anew, with today's dates."""
        sandbox.step(lambda: self._reset(sandbox))

    def _reset(self, sandbox: Sandbox) -> None:
        watch, sandbox.watch = sandbox.watch, lambda: None
        try:
            sandbox.reset()
            self._fill(sandbox)
        finally:
            sandbox.watch = watch
        sandbox.watch()

    async def delete(self, sandbox: Sandbox) -> None:
        """Forget a sandbox and what opens it."""
        if self.log is not None and sandbox.ledger is not None:
            self.log.delete(sandbox.ledger.key)
        await self.dismiss(sandbox).close()

    def dismiss(self, sandbox: Sandbox) -> Dispatcher:
        """Let a sandbox be found no more."""
        del self._sandboxes[sandbox.name]
        for key, _ in opening_keys(self.vendors, sandbox.name, self._credentials.pop(sandbox.name)):
            del self._keys[key]
        return self._dispatchers.pop(sandbox.name)

    def end_waits(self) -> None:
        """Let nobody wait any more for what is to happen."""
        for sandbox in self:
            sandbox.tell(CLOSING)

    async def close(self) -> None:
        """Stop all that is on its way; what was not finished is in the log, if there is one."""
        for dispatcher in self._dispatchers.values():
            await dispatcher.close()
        if self.log is not None:
            self.log.close()

    # Who may open what.

    def find(self, credential: Credential | None, *, may_open: bool = True) -> Sandbox:
        """The sandbox that a credential opens, or `nowhere`; without `may_open` only one that is open already."""
        if credential is None:
            return self.nowhere
        if credential.kind == "link":
            return self._sealed(credential)
        if self.open_access:
            name, _ = self._keys.get((credential.kind, credential.id), ("", ""))
            return self._opened(name) if name else self._named(credential.id, may_open)
        return self._holder(credential)

    def _named(self, id: str, may_open: bool) -> Sandbox:
        named = _OPENED_BY_NAME.fullmatch(id)
        found = named and (self.get(named[1]) if may_open else self.known(named[1]))
        return found or self.nowhere

    def _sealed(self, link: Credential) -> Sandbox:
        sandbox = self.known(link.id)
        if sandbox and compare_digest(sandbox.seal.encode(), f"{link.id}.{link.secret}".encode()):
            return sandbox
        return self.nowhere

    def _opened(self, name: str) -> Sandbox:
        return self.known(name) or self.nowhere

    def _holder(self, credential: Credential) -> Sandbox:
        """Whom a random credential belongs to."""
        key = (credential.kind, credential.id)
        if key not in self._keys and self.log is not None and (opened := self.log.opened_by(*key)):
            self.known(opened)
        name, secret = self._keys.get(key, ("", ""))
        known = name and compare_digest(secret.encode(), credential.secret.encode())
        return self._sandboxes[name] if known else self.nowhere

    # The demo.

    def _fill(self, sandbox: Sandbox) -> None:
        """Give the demo its samples; every other sandbox, and a fork by its name, begins without."""
        if sandbox not in self._sampled:
            return
        now = sandbox.now()
        for vendor in self.vendors.values():
            for sample in sorted(vendor.samples(0), key=lambda sample: -sample.age):
                plant(sandbox, vendor, sample, now - sample.age)
