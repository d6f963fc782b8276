"""All sandboxes of this process, and who may open which.

With a log, the sandboxes in memory are those that this process owns. One that is not in memory is claimed and read from
the log when it is asked for; where it belongs to another process, `OwnedElsewhere` says to which. To read, to open and
to delete a sandbox take time, so they run one at a time for each name, and all who ask for it meanwhile wait for them.
"""

import asyncio
import logging
import re
import secrets
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from hmac import compare_digest
from time import monotonic
from typing import Any, NamedTuple, TypeVar
from weakref import WeakSet

from assessment_simulator.core.config import Config, JournalLimits
from assessment_simulator.core.vendor import Credential, Vendor
from assessment_simulator.counters import Meters
from assessment_simulator.http.problem_details import Full
from assessment_simulator.mail.relay import Relay
from assessment_simulator.sandbox import changes
from assessment_simulator.sandbox.clock import Clock
from assessment_simulator.sandbox.commit_queue import Commits, due_of, summary_of
from assessment_simulator.sandbox.credentials import Credentials, Keys, digest, members
from assessment_simulator.sandbox.image import parts
from assessment_simulator.sandbox.sample_data import begin_again, plant_all
from assessment_simulator.sandbox.sandbox import Sandbox
from assessment_simulator.sandbox.state import State
from assessment_simulator.storage import Claimed, Found, Listed, Log, LogError, OwnedElsewhere, Position, Unwritten
from assessment_simulator.storage.writer import Writer
from assessment_simulator.webhooks.sender import Sender
from assessment_simulator.webhooks.worker import WebhookWorker

T = TypeVar("T")
DEMO = "demo"
"""The sandbox that is filled with samples on first use."""
_OPENED_BY_NAME = re.compile(r"sim-([a-z0-9-]{1,64})", re.ASCII)
NAME = re.compile(r"[a-z0-9-]{1,64}", re.ASCII)
_MOST_ROUTES = 50_000
"""Sandboxes of other processes, and credentials that open them, whose owner or name is remembered."""
_SHARED = "shared"
_log = logging.getLogger("simulator.sandboxes")


RELEASED = 100
"""Sandboxes that are released in one transaction."""
UNREACHABLE = 3.0
"""Seconds without a connection to another process after which its session is ended."""


class Taken(Exception):
    """A sandbox of that name exists already."""


class Sandboxes:
    """Sandboxes by name. In open access a name in a credential opens its sandbox; in closed access nothing does."""

    def __init__(
        self, vendors: Mapping[str, Vendor], sender: Sender, *, open_access: bool = True, most: int = 20_000,
        relay: Relay | None = None, log: Log | None = None,
    ) -> None:  # fmt: skip
        self.vendors = vendors
        self.open_access = open_access
        self.nowhere = Sandbox("", "", State(Config(journal=JournalLimits(0, 0)), Clock()), vendors)
        """An empty sandbox for unknown credentials; it is never changed."""
        self.log = log
        self.meters = Meters()
        self.sender = sender
        self.writer: Writer | None = None
        self.forwarded = 0
        """Requests that were forwarded to other processes."""
        self._is_leaving = False
        self._relay = relay
        self._most = most
        self._sandboxes: dict[str, Sandbox] = {}
        self._workers: dict[str, WebhookWorker] = {}
        self._by_credential: dict[str, Sandbox] = {}
        """The same in open access, by what opens them: looked at for each call."""
        self._keys = Keys(vendors)
        self._sampled: WeakSet[Sandbox] = WeakSet()
        self._busy: dict[str, asyncio.Task[Any]] = {}
        """By name, what is being read, opened or deleted."""
        self._owners: dict[str, Claimed] = {}
        """By name, the other processes that owned sandboxes when they were last asked for."""
        self._unreachable: dict[int, float] = {}
        """Since when no connection could be made to the processes of these sessions."""
        self._opens: dict[tuple[str, bytes], str] = {}
        """The names of sandboxes of other processes, by digests of the credentials that open them."""

    def __iter__(self) -> Iterator[Sandbox]:
        """Those in memory."""
        return iter([*self._sandboxes.values()])

    async def listed(self) -> Sequence[Sandbox | Listed]:
        """All there are: those in memory as they are, the others as the log describes them."""
        if self.log is None:
            return [*self]
        return [self._sandboxes.get(one.name) or one for one in await self.log.every()]

    def loaded(self, name: str) -> Sandbox | None:
        """The sandbox of that name, if it is in memory."""
        return self._sandboxes.get(name)

    def _writer_of(self, log: Log) -> Writer:
        if self.writer is None:
            self.writer = Writer(log)
        return self.writer

    def worker(self, sandbox: Sandbox) -> WebhookWorker:
        """The sender of a sandbox's webhooks, which also advances its clock."""
        return self._workers[sandbox.name]

    # Finding, reading and opening.

    async def known(self, name: str) -> Sandbox | None:
        """The sandbox of that name, if there is one; raises `OwnedElsewhere`."""
        found = self._sandboxes.get(name)
        if found is not None and found.is_current:
            return found
        if self.log is None or NAME.fullmatch(name) is None:
            return found
        if name in self._owners:
            raise OwnedElsewhere(Elsewhere(self, name, self._owners[name]))
        return await self._alone(name, partial(self._read, self.log, name), shared=True)

    async def get(self, name: str) -> Sandbox | None:
        """The sandbox of that name; a new one in open access; None where nothing may be opened by name."""
        while (found := await self.known(name)) is None and self.open_access and NAME.fullmatch(name):
            try:
                return await self.open(name)
            except Taken:  # just now
                continue
        return found

    async def _alone(self, name: str, work: Callable[[], Coroutine[Any, Any, T]], *, shared: bool = False) -> T:
        """Work on the sandbox of a name, after what is already under way for it; `shared` work is done once for all."""
        while (busy := self._busy.get(name)) is not None:
            await asyncio.wait([busy])
            if shared and busy.get_name() == _SHARED:
                return busy.result()  # type: ignore[no-any-return]
        task = asyncio.get_running_loop().create_task(work(), name=_SHARED if shared else None)
        self._busy[name] = task
        task.add_done_callback(partial(self._over, name))
        return await asyncio.shield(task)  # a caller may leave; others wait for the same

    def _over(self, name: str, task: asyncio.Task[Any]) -> None:
        if self._busy.get(name) is task:
            del self._busy[name]
        if not task.cancelled():
            task.exception()  # it was raised to who waited, if anyone still did

    async def _read(self, log: Log, name: str) -> Sandbox | None:
        """Claim a sandbox and read it; what was to happen since it was last in memory happens now."""
        sandbox = self._sandboxes.get(name)
        if sandbox is not None and sandbox.is_current:
            return sandbox
        found = await log.claim(name)
        owner = log.owner
        is_same = sandbox is not None and isinstance(found, Found) and found.key == _key(sandbox)
        if sandbox is not None and not is_same:  # it belongs to another process by now, or was created again
            await self._evicted(sandbox)
        if found is None:
            return None
        if isinstance(found, Claimed):
            raise self._elsewhere(name, found)
        if await self._load(log, found, sandbox if is_same else None, owner):
            return self._sandboxes[name]
        return await self._read(log, name)

    def _elsewhere(self, name: str, owner: Claimed) -> OwnedElsewhere:
        """What to raise where another process owns the sandbox of that name; the owner is remembered."""
        _remember(self._owners, name, owner)
        return OwnedElsewhere(Elsewhere(self, name, owner))

    async def _load(self, log: Log, found: Found, sandbox: Sandbox | None, owner: int | None) -> bool:
        """Read a claimed sandbox; False where the session that claimed it, `owner`, was lost meanwhile."""
        name, is_new = found.name, sandbox is None
        if sandbox is None:
            sandbox = self._made(name, found.about["seed"], State(Config(), Clock()))
            sandbox.commits = Commits(log, self._writer_of(log), found, sandbox)
        commits = sandbox.commits
        assert commits is not None  # noqa: S101  it has a log
        try:
            await commits.load()
            locks = await log.locks(found.key)
        except LogError:
            if is_new:  # so that it is found again when something is due in it
                with suppress(LogError):
                    await log.release([found.key])
            raise
        if log.owner != owner:  # another process may have claimed the sandbox since
            commits.lost(Unwritten("the session was lost while the sandbox was read"))
            return False
        self._keys.hold_all(name, locks)
        if is_new:
            if found.about["sampled"]:
                self._sampled.add(sandbox)
            self._admit(sandbox)
        if sandbox.state.clock.held and not self._workers[name].is_advancing:  # an advance was cut short
            sandbox.set_clock(sandbox.state.clock.let_go())
        await sandbox.fire_due_timers()
        sandbox.watch()
        return True

    async def open(
        self, name: str, seed: int | str | None = None, config: Config | None = None, state: State | None = None
    ) -> Sandbox:
        """Open a new sandbox, with settings of its own or (a fork) with a whole state; raises `Taken` and `Full`.

        In closed access nothing opens it until its `credentials` were asked for. Without a seed it has 0 in open
        access, a random one in closed: its tokens and links are drawn from it, and must not be foretold there.
        """
        if self.log is None:
            return self._opened(name, seed, config, state)
        return await self._alone(name, partial(self._created, self.log, name, seed, config, state))

    def _opened(self, name: str, seed: int | str | None, config: Config | None, state: State | None) -> Sandbox:
        """A new sandbox in memory alone."""
        if name in self._sandboxes:
            raise Taken(name)
        if len(self._sandboxes) >= self._most:
            raise Full(self._most)
        sandbox = self._new(name, seed, config, state)
        self._begin(sandbox)
        return sandbox

    async def _created(
        self, log: Log, name: str, seed: int | str | None, config: Config | None, state: State | None
    ) -> Sandbox:
        """A new sandbox in the log."""
        if name in self._sandboxes or await log.exists(name):
            raise Taken(name)
        if await log.count() >= self._most:
            raise Full(self._most)
        sandbox = self._new(name, seed, config, state)
        about = {"seed": sandbox.seed, "sampled": sandbox in self._sampled}
        owner = log.owner
        found = await log.create(name, about, [*parts(sandbox)], due_of(sandbox), summary_of(sandbox))
        if found is None:
            raise Taken(name)
        if log.owner != owner and (claimed := await self._read(log, name)) is not None:
            return claimed  # the session was lost: another process could have claimed it since
        sandbox.commits = Commits(log, self._writer_of(log), found, sandbox)
        self._begin(sandbox)
        return sandbox

    def _new(self, name: str, seed: int | str | None, config: Config | None, state: State | None) -> Sandbox:
        if seed is None:
            seed = 0 if self.open_access else secrets.token_hex(16)
        sandbox = self._made(name, seed, state or State(config or Config(), Clock()))
        if name == DEMO and state is None:
            self._sampled.add(sandbox)
            plant_all(sandbox)
        return sandbox

    def _made(self, name: str, seed: int | str, opening: State) -> Sandbox:
        sandbox = Sandbox(name, seed, opening, self.vendors)
        sandbox.committed = self.meters.committed
        return sandbox

    def _begin(self, sandbox: Sandbox) -> None:
        changes.note()
        self._admit(sandbox)
        sandbox.watch()
        _log.info("sandbox %s opened", sandbox.name)

    def _admit(self, sandbox: Sandbox) -> None:
        """Let a sandbox be found."""
        self._sandboxes[sandbox.name] = sandbox
        sandbox.is_leaving = self._is_leaving
        self._owners.pop(sandbox.name, None)
        if self.open_access:
            self._by_credential[f"sim-{sandbox.name}"] = sandbox
        self._workers[sandbox.name] = WebhookWorker(sandbox, self.sender, self.meters)
        self.meters.opened()
        sandbox.refresh = partial(self._refreshed, sandbox)
        if self._relay is not None:
            sandbox.mailed = partial(self._relay.committed, sandbox)

    async def _refreshed(self, sandbox: Sandbox) -> None:
        """Read a sandbox again whose commits were lost, though no call asks for it."""
        try:
            await self.known(sandbox.name)
        except OwnedElsewhere:
            pass
        except LogError as problem:
            _log.debug("sandbox %s cannot be read yet: %s", sandbox.name, problem)

    # What happens to a whole sandbox.

    async def credentials(self, sandbox: Sandbox) -> Credentials:
        """The credentials of a sandbox: its name in open access; new ones, shown once, in closed access."""
        if self.open_access:
            return {v.id: dict.fromkeys(members(v), f"sim-{sandbox.name}") for v in self.vendors.values()}
        made, locks = self._keys.made()
        if self.log is not None and sandbox.commits is not None:
            await self.log.lock(sandbox.commits.key, locks)
        self._keys.hold(sandbox.name, locks)
        return made

    async def renew(self, sandbox: Sandbox) -> Credentials:
        """Other credentials of a sandbox: those before, their tokens and the links so far open nothing any more."""

        def end_all() -> None:
            sandbox.forget_tokens()
            sandbox.end_links()

        sandbox.step(end_all)
        made = await self.credentials(sandbox)
        sandbox.step(end_all)  # of the tokens that were given meanwhile
        await sandbox.settled()
        return made

    def reset(self, sandbox: Sandbox) -> None:
        """Put a sandbox back to its opening state; the demo gets its samples anew, with today's dates."""
        sandbox.step(lambda: begin_again(sandbox, sampled=sandbox in self._sampled))

    async def delete(self, name: str) -> bool:
        """Delete a sandbox and what opens it, also one that cannot be read; False where there is none."""
        if NAME.fullmatch(name) is None:
            return False
        if self.log is None:
            sandbox = self._sandboxes.get(name)
            if sandbox is not None:
                await self.dismiss(sandbox).close(is_deleted=True)
                _log.info("sandbox %s deleted", name)
            return sandbox is not None
        return await self._alone(name, partial(self._deleted, self.log, name))

    async def _deleted(self, log: Log, name: str) -> bool:
        sandbox = self._sandboxes.get(name)
        found = await log.claim(name)
        if isinstance(found, Claimed):
            if sandbox is not None:
                await self._evicted(sandbox)
            raise self._elsewhere(name, found)
        commits = None if sandbox is None else sandbox.commits
        if commits is not None:
            with suppress(LogError):  # one that cannot be read is deleted, too
                await commits.drained()
            commits.end()  # a call that comes now waits for the end of this one
        try:
            if found is not None:
                await log.delete(found.key)
                _log.info("sandbox %s deleted", name)
        except LogError as problem:
            if commits is not None:
                commits.lost(Unwritten(str(problem), problem.shown, is_uncertain=True))  # it is read again
            raise
        if sandbox is not None:
            await self._evicted(sandbox, is_deleted=True)
        return found is not None

    def dismiss(self, sandbox: Sandbox) -> WebhookWorker:
        """Let a sandbox be found no more."""
        del self._sandboxes[sandbox.name]
        self._by_credential.pop(f"sim-{sandbox.name}", None)
        self._keys.forget(sandbox.name)
        return self._workers.pop(sandbox.name)

    async def _evicted(self, sandbox: Sandbox, *, is_deleted: bool = False) -> None:
        if self._sandboxes.get(sandbox.name) is sandbox:
            await self.dismiss(sandbox).close(is_deleted=is_deleted)

    async def release(self, sandbox: Sandbox) -> None:
        """Let a sandbox go from memory; it can be claimed and read again, by any process."""
        if self.log is not None:
            await self._alone(sandbox.name, partial(self._released, self.log, sandbox))

    async def _released(self, log: Log, sandbox: Sandbox) -> None:
        if self._sandboxes.get(sandbox.name) is not sandbox or sandbox.commits is None:
            return
        await self._let_go(sandbox)
        await log.release([sandbox.commits.key])

    # Other processes.

    def count_forwarded(self) -> None:
        """Count a request that is forwarded to another process."""
        self.forwarded += 1

    def forget_owner(self, name: str) -> None:
        """Ask the log again who owns a sandbox, and all others of the same owner: a server that stops releases all."""
        found = self._owners.pop(name, None)
        if found is not None:
            for other in [name for name, owner in self._owners.items() if owner.server == found.server]:
                del self._owners[other]

    async def unreachable(self, server: int, *, is_silent: bool) -> None:
        """A process cannot be connected to, or does not answer: its session is ended if that lasts too long.

        If its session has ended already, its sandboxes are free at once.
        """
        if self.log is None:
            return
        now = monotonic()
        since = self._unreachable.get(server)
        if since is None or now - since > 2 * UNREACHABLE:  # it was reached in between
            since = self._unreachable[server] = now
        await self.log.depose(server, by_force=is_silent or now - since >= UNREACHABLE)

    def regained(self, positions: Mapping[int, Position]) -> None:
        """The session with the database was lost and replaced: the log has these positions of our sandboxes."""
        for sandbox in self:
            commits = sandbox.commits
            if commits is not None:
                commits.compare(positions.get(commits.key), sandbox.name)

    async def release_all(self, may_wait: Callable[[], bool]) -> None:
        """Give all sandboxes back, some at a time, and claim no more: the process is about to end.

        Attempts that are under way may end as long as it may wait; until then calls are answered, and none is begun.
        """
        if self.log is None:
            return
        self.log.stop_claiming()
        for worker in self._workers.values():
            worker.stop_sending()
        while self.is_sending() and may_wait():  # noqa: ASYNC110  also the time and a second signal end it
            await asyncio.sleep(0.01)
        while some := [*self._sandboxes.values()][:RELEASED]:
            await asyncio.gather(*map(self._let_go, some))
            with suppress(LogError):
                await self.log.release([sandbox.commits.key for sandbox in some if sandbox.commits is not None])

    async def _let_go(self, sandbox: Sandbox) -> None:
        """Let a sandbox go from memory once all its changes are durable.

        It is unregistered first, so that no new call changes it. It is closed in the step of the event loop in which
        its last commit is durable: the next owner would repeat a call that changed it later.
        """
        worker = self.dismiss(sandbox)
        worker.stop_sending()
        commits = sandbox.commits
        if commits is not None:
            try:
                while not commits.is_settled:
                    await commits.settled()
            except LogError as problem:
                commits.lost(Unwritten(str(problem), "the server stops", is_uncertain=True))
        await worker.close()

    # The end.

    def end_waits(self) -> None:
        """Let nobody wait any more for what is to happen."""
        self._is_leaving = True
        for sandbox in self:
            sandbox.leave()

    def is_sending(self) -> bool:
        """Whether an attempt of any sandbox is under way."""
        return any(worker.is_sending for worker in self._workers.values())

    async def close(self) -> None:
        """Stop all that is on its way; what was not finished is in the log, if there is one."""
        if self._busy:
            await asyncio.wait([*self._busy.values()], timeout=1.0)
        for worker in [*self._workers.values()]:
            await worker.close()
        if self.writer is not None:
            await self.writer.close()
        if self.log is not None:
            await self.log.close()

    # Who may open what.

    def ready(self, credential: Credential | None) -> Sandbox | None:
        """The sandbox that a credential opens, where that is known at once: the case of nearly every call."""
        if credential is None:
            return self.nowhere
        if not self.open_access or credential.kind == "link":
            return None
        found = self._by_credential.get(credential.id)
        return found if found is not None and found.is_current else None

    async def find(self, credential: Credential | None, *, may_open: bool = True) -> Sandbox:
        """The sandbox that a credential opens, or `nowhere`; without `may_open` only one that is open already."""
        if credential is None:
            return self.nowhere
        if credential.kind == "link":
            linked = await self.known(credential.id)
            return linked if linked and _seals(linked, credential) else self.nowhere
        if not self.open_access:
            return await self._holder(credential)
        named = _OPENED_BY_NAME.fullmatch(credential.id)
        found = named and (await (self.get(named[1]) if may_open else self.known(named[1])))
        return found or self.nowhere

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

    async def _holder(self, credential: Credential) -> Sandbox:
        """Whom a random credential belongs to. Only the owner's locks count; elsewhere they only show the way."""
        name = self._keys.opened(credential)
        if name is None and self.log is not None:
            lock = (credential.kind, digest(credential.id))
            name = self._opens.get(lock) or await self.log.opened_by(*lock)
            if name is not None:
                _remember(self._opens, lock, name)
                if await self.known(name) is not None:
                    self._opens.pop(lock, None)
            name = self._keys.opened(credential)
        found = await self.known(name) if name else None
        return found or self.nowhere


class Elsewhere(NamedTuple):
    """The process that owns a sandbox, for who forwards requests to it (`log.Owner`)."""

    sandboxes: Sandboxes
    name: str
    owner: Claimed

    @property
    def address(self) -> str:
        """Where it takes forwarded requests."""
        return self.owner.address

    async def unreachable(self, *, is_silent: bool) -> None:
        """It cannot be connected to, or does not answer."""
        self.forget()
        await self.sandboxes.unreachable(self.owner.server, is_silent=is_silent)

    def forget(self) -> None:
        """It does not own the sandbox."""
        self.sandboxes.forget_owner(self.name)


def _key(sandbox: Sandbox) -> int | None:
    return None if sandbox.commits is None else sandbox.commits.key


def _remember(known: dict[Any, Any], key: Any, value: Any) -> None:
    """Remember something that can be found out again; the oldest is forgotten for it."""
    known.pop(key, None)
    known[key] = value
    if len(known) > _MOST_ROUTES:
        del known[next(iter(known))]


def _seals(sandbox: Sandbox, link: Credential) -> bool:
    """Whether a link carries the sandbox's seal for its invitation."""
    return compare_digest(sandbox.links.seal(link.invitation).encode(), link.secret.encode())
