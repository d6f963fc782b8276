"""All sandboxes of this process, and who may open which."""

import logging
import re
import secrets
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import partial
from hmac import compare_digest
from weakref import WeakSet

from assessment_simulator.core.config import Config, Journal
from assessment_simulator.core.vendor import Credential, Vendor
from assessment_simulator.server import changes
from assessment_simulator.server.clock import Clock
from assessment_simulator.server.dispatcher import Dispatcher
from assessment_simulator.server.journal import CLOSING
from assessment_simulator.server.keys import Credentials, Keys, Renewed, members
from assessment_simulator.server.log import Deleted, Log, Unusable, Unwritten
from assessment_simulator.server.log.image import parts
from assessment_simulator.server.log.ledger import Ledger, wake_of
from assessment_simulator.server.meters import Meters
from assessment_simulator.server.planting import begin_again, plant_all
from assessment_simulator.server.problems import Full
from assessment_simulator.server.relay import Relay
from assessment_simulator.server.sandbox import Sandbox
from assessment_simulator.server.sender import Sender
from assessment_simulator.server.state import State
from assessment_simulator.server.unreadable import Unreadable

DEMO = "demo"
"""The sandbox that is filled with samples on first use."""
_OPENED_BY_NAME = re.compile(r"sim-([a-z0-9-]{1,64})", re.ASCII)
NAME = re.compile(r"[a-z0-9-]{1,64}", re.ASCII)
_log = logging.getLogger("simulator.sandboxes")


class Taken(Exception):
    """A sandbox of that name exists already."""


class Sandboxes:
    """Sandboxes by name. In open access a name in a credential opens its sandbox; in closed access nothing does.

    Where there is a log, one that is not in memory is read from there when it is asked for.
    """

    def __init__(
        self, vendors: Mapping[str, Vendor], sender: Sender, *, open_access: bool = True, most: int = 20_000,
        relay: Relay | None = None, log: Log | None = None,
    ) -> None:  # fmt: skip
        self.vendors = vendors
        self.open_access = open_access
        self.nowhere = Sandbox("", "", State(Config(journal=Journal(0, 0)), Clock()), vendors)
        """Where a caller is whose credential opens nothing; it is never written to."""
        self.log = log
        self.meters = Meters()
        self.sender = sender
        self._relay = relay
        self._most = most
        self._sandboxes: dict[str, Sandbox] = {}
        self._dispatchers: dict[str, Dispatcher] = {}
        self._by_credential: dict[str, Sandbox] = {}
        """The same in open access, by what opens them: looked at for each call."""
        self._keys = Keys(vendors)
        self._unreadable = Unreadable()
        self._sampled: WeakSet[Sandbox] = WeakSet()

    def __iter__(self) -> Iterator[Sandbox]:
        """Those in memory."""
        return iter([*self._sandboxes.values()])

    def every(self) -> Iterator[Sandbox]:
        """All there are, but for those that cannot be read."""
        if self.log is None:
            yield from self
            return
        for name in self.log.names():
            try:
                sandbox = self.known(name)
            except Unusable as problem:
                self._unreadable.leave_out(self.log, name, problem)
                continue
            if sandbox is not None:
                yield sandbox

    def known(self, name: str) -> Sandbox | None:
        """The sandbox of that name, if it is open."""
        found = self._sandboxes.get(name)
        if self.log is None or NAME.fullmatch(name) is None:
            return found
        if found is not None and self.is_current(found):
            return found
        try:
            return self._recalled(self.log, name)
        except Deleted:  # by another process, just now
            return None

    def loaded(self, name: str) -> Sandbox | None:
        """The sandbox of that name, if it is in memory."""
        return self._sandboxes.get(name)

    def is_current(self, sandbox: Sandbox) -> bool:
        """Whether a sandbox is still there; what other processes did to it is known then."""
        try:
            if sandbox.ledger is not None and sandbox.ledger.doubtful:
                sandbox.ledger.refresh()
        except Deleted:
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
        """What opens a sandbox from now on: told from its name in open access, made anew and told once in closed."""
        if not self.open_access:
            made, locks = self._keys.made()
            if self.log is not None and sandbox.ledger is not None:
                self.log.lock(sandbox.ledger.key, locks)
            self._keys.hold(sandbox.name, locks)
            return made
        return {vendor.id: dict.fromkeys(members(vendor), f"sim-{sandbox.name}") for vendor in self.vendors.values()}

    def renew(self, sandbox: Sandbox) -> Credentials:
        """Other credentials of a sandbox: those before, their tokens and the links so far open nothing any more."""

        def renewed() -> Credentials:
            sandbox.forget_tokens()
            sandbox.end_links()
            return self.credentials(sandbox)  # where others have the log too, a part of the same commit

        return sandbox.step(renewed)

    def open(
        self, name: str, seed: int | str | None = None, config: Config | None = None, state: State | None = None
    ) -> Sandbox:
        """Open a new sandbox, with settings of its own or (a fork) with a whole state; raises `Taken` and `Full`.

        In closed access nothing opens it until its `credentials` were asked for. Without a seed it has 0 in open
        access, a random one in closed: its tokens and links are drawn from it, and must not be foretold there.
        """
        found = self.loaded(name)  # which another process may have deleted
        if (found is not None and self.is_current(found)) or (self.log is not None and self.log.find(name)):
            raise Taken(name)
        if (len(self._sandboxes) if self.log is None else self.log.count()) >= self._most:
            raise Full(self._most)
        if seed is None:
            seed = 0 if self.open_access else secrets.token_hex(16)
        sandbox = self._made(name, seed, state or State(config or Config(), Clock()))
        if name == DEMO and state is None:
            self._sampled.add(sandbox)
            plant_all(sandbox)
        if self.log is not None:
            about = {"seed": seed, "sampled": sandbox in self._sampled}
            key = self.log.open(name, about, [*parts(sandbox)], wake_of(sandbox))
            if key is None:
                raise Taken(name)
            sandbox.ledger = Ledger(self.log, key, sandbox)
        changes.note()
        self._admit(sandbox)
        sandbox.watch()
        _log.info("sandbox %s opened", name)
        return sandbox

    def _recalled(self, log: Log, name: str) -> Sandbox | None:
        """The sandbox of that name, read from the log; what was to happen since it was let go happens now."""
        found = log.find(name)
        if found is None:
            return None
        sandbox = self._made(name, found.about["seed"], State(Config(), Clock()))
        sandbox.ledger = ledger = Ledger(log, found.key, sandbox)
        ledger.load()
        if found.about["sampled"]:
            self._sampled.add(sandbox)
        self._keys.read(log, found)
        self._admit(sandbox)
        sandbox.outlive(log.alive(), self._dispatchers[name].trying)
        sandbox.ring(sandbox.now())
        sandbox.watch()
        with suppress(Unwritten):  # only so that it is not looked at again and again
            ledger.settle()
        return sandbox

    def _made(self, name: str, seed: int | str, opening: State) -> Sandbox:
        sandbox = Sandbox(name, seed, opening, self.vendors)
        sandbox.committed = self.meters.committed
        return sandbox

    def _admit(self, sandbox: Sandbox) -> None:
        """Let a sandbox be found."""
        self._sandboxes[sandbox.name] = sandbox
        if self.open_access:
            self._by_credential[f"sim-{sandbox.name}"] = sandbox
        self._dispatchers[sandbox.name] = Dispatcher(sandbox, self.sender, self.meters)
        self.meters.opened()
        sandbox.leaving = lambda: self.dismiss(sandbox).stop()
        if self.log is not None and self.log.shared:
            sandbox.journal.share(self.log.owner)
        if self._relay is not None:
            sandbox.mailed = partial(self._relay.committed, sandbox)

    def reset(self, sandbox: Sandbox) -> None:
        """Put a sandbox back to its opening state; the demo gets its samples anew, with today's dates."""
        sandbox.step(lambda: self._reset(sandbox))

    def _reset(self, sandbox: Sandbox) -> None:
        begin_again(sandbox, sampled=sandbox in self._sampled)

    async def delete(self, sandbox: Sandbox) -> None:
        """Forget a sandbox and what opens it."""
        if self.log is not None and sandbox.ledger is not None:
            self.log.delete(sandbox.ledger.key)
        await self.dismiss(sandbox).close()
        _log.info("sandbox %s deleted", sandbox.name)

    async def delete_unread(self, name: str) -> None:
        """Forget the sandbox of that name, which cannot be read."""
        sandbox = self.loaded(name)
        if sandbox is not None:
            await self.delete(sandbox)
        elif self.log is not None:
            self._unreadable.delete(self.log, name)

    def dismiss(self, sandbox: Sandbox) -> Dispatcher:
        """Let a sandbox be found no more."""
        del self._sandboxes[sandbox.name]
        self._by_credential.pop(f"sim-{sandbox.name}", None)
        self._keys.forget(sandbox.name)
        return self._dispatchers.pop(sandbox.name)

    def end_waits(self) -> None:
        """Let nobody wait any more for what is to happen."""
        for sandbox in self:
            sandbox.tell(CLOSING)

    def is_posting(self) -> bool:
        """Whether an attempt of any sandbox is under way."""
        return any(dispatcher.is_posting for dispatcher in self._dispatchers.values())

    async def close(self) -> None:
        """Stop all that is on its way; what was not finished is in the log, if there is one."""
        for dispatcher in [*self._dispatchers.values()]:
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
            found = self._by_credential.get(credential.id)
            if found is not None and (self.log is None or not self.log.shared):
                return found
            return self._named(credential.id, may_open)
        return self._holder(credential)

    def in_memory(self, credential: Credential | None) -> Sandbox:
        """The sandbox that a credential opens, or `nowhere`, as far as memory knows; the log is not read."""
        if credential is None:
            return self.nowhere
        if credential.kind == "link":
            found = self.loaded(credential.id)
            name = credential.id if found is not None and _seals(found, credential) else None
        elif self.open_access:
            return self._by_credential.get(credential.id, self.nowhere)
        else:
            name = self._keys.opened(credential)
        return (name and self.loaded(name)) or self.nowhere

    def insist(self, credential: Credential, sandbox: Sandbox) -> None:
        """Look, in the midst of a step, whether a credential still opens what it opened; raises `Renewed`.

        A token that others could not end any more must not be given for what another process has just renewed.
        """
        if self.log is not None and self.log.shared and self._keys.looked_up(self.log, credential) != sandbox.name:
            raise Renewed

    def _named(self, id: str, may_open: bool) -> Sandbox:
        named = _OPENED_BY_NAME.fullmatch(id)
        found = named and (self.get(named[1]) if may_open else self.known(named[1]))
        return found or self.nowhere

    def _sealed(self, link: Credential) -> Sandbox:
        sandbox = self.known(link.id)
        return sandbox if sandbox and _seals(sandbox, link) else self.nowhere

    def _holder(self, credential: Credential) -> Sandbox:
        """Whom a random credential belongs to; one that is not in memory is read from the log."""
        name = self._keys.opened(credential)
        if self.log is not None and (name is None or self.log.shared):
            name = self._keys.looked_up(self.log, credential)
        return (name and self.known(name)) or self.nowhere


def _seals(sandbox: Sandbox, link: Credential) -> bool:
    """Whether a link carries the sandbox's seal for its invitation."""
    return compare_digest(sandbox.links.seal(link.invitation).encode(), link.secret.encode())
