"""All sandboxes of this process, and the credentials that open them.

Theory of operation:

- Without a log all sandboxes are in memory. With a log, those in memory are the ones that this process owns. One that
  is not in memory is claimed and read from the log when it is asked for; if another process owns it, `OwnedElsewhere`
  says which.
- Reading, creating, releasing and deleting take time. They run one at a time for each name (`_alone`), and
  every call for a name waits for what is under way for it.
- A sandbox enters memory in `_register` and leaves it in `_remove`, whatever the reason: it was deleted, released
  because it is idle or the process stops, or lost to another process. From `_remove` on no call finds it.
- A session with the database may be lost while a sandbox is read or created. Another process may have claimed it in
  between, so `log.owner` is compared before and after, and the sandbox is read again if it has changed.
"""

import asyncio
import logging
import re
import secrets
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from hmac import compare_digest
from typing import TYPE_CHECKING, Any, TypeVar

from assessment_simulator.core.config import Config, JournalLimits
from assessment_simulator.core.request import IN_PROCESS, Credential
from assessment_simulator.core.text import SANDBOX_NAME
from assessment_simulator.core.vendor import Vendor
from assessment_simulator.counters import Meters
from assessment_simulator.sandbox import request_changes
from assessment_simulator.sandbox.codec import parts
from assessment_simulator.sandbox.commit_queue import Commits, Writer, due_of, summary_of
from assessment_simulator.sandbox.credentials import Credentials, Keys, Lock, digest, members
from assessment_simulator.sandbox.sample_data import add_samples
from assessment_simulator.sandbox.sandbox import Sandbox
from assessment_simulator.sandbox.state import Clock, State, machine_now
from assessment_simulator.storage import Claimed, Found, Listed, LogError, OwnedElsewhere, Owner, Position, Unwritten
from assessment_simulator.storage.log import Log

if TYPE_CHECKING:
    from assessment_simulator.webhooks.worker import WebhookWorker

T = TypeVar("T")
# The limits of the journal of requests that belong to no sandbox.
UNATTRIBUTED = JournalLimits(100, 1_048_576)
# The sandbox that is filled with samples on first use.
DEMO = "demo"
# Sandboxes that are released in one transaction.
RELEASED = 100
_OPENED_BY_NAME = re.compile(r"sim-([a-z0-9-]{1,64})", re.ASCII)
# Sandboxes of other processes, and credentials that open them, whose owner or name is remembered.
_MOST_ROUTES = 50_000
# Sandboxes that have an undo point; the oldest is forgotten for another one.
_MOST_UNDO = 20
_SHARED = "shared"
_log = logging.getLogger("simulator.sandboxes")


class AlreadyExists(Exception):
    """A sandbox of that name exists already."""


class CapacityExceeded(Exception):
    """This server has no room for another sandbox. `status_code` has the name that Starlette's errors give it."""

    status_code = 503

    def __init__(self, most: int) -> None:
        remedy = "DELETE one that is done with, or serve with a larger --max-sandboxes"
        super().__init__(f"this server holds {most} sandboxes and opens no more; {remedy}")


class Sandboxes:
    """Sandboxes by name. In open access a name in a credential opens its sandbox; in closed access nothing does.

    In open access a credential without a name opens the sandbox `default`, if there is one.

    `attach` is called for each sandbox that enters memory; what it returns is closed when the sandbox leaves it.
    """

    def __init__(
        self, vendors: Mapping[str, Vendor], attach: "Callable[[Sandbox], WebhookWorker]", meters: Meters, *,
        open_access: bool = True, most: int = 20_000, log: Log | None = None, default: str | None = None,
    ) -> None:  # fmt: skip
        self.vendors = vendors
        self.open_access = open_access
        # An empty sandbox for unknown credentials; it is never changed. Its journal has the last requests of all that
        # belong to no sandbox.
        self.anonymous = Sandbox("", "", State(Config(journal=UNATTRIBUTED), Clock()), vendors)
        self.anonymous.open_access = open_access
        self.log = log
        self.meters = meters
        self.writer = None if log is None else Writer(log)
        # Requests that were forwarded to other processes.
        self.forwarded = 0
        self._attach = attach
        self._default = default
        self._is_leaving = False
        self._most = most
        self._sandboxes: dict[str, Sandbox] = {}
        # By name, a copy of the sandbox and its locks, to put them back.
        self._undo: dict[str, tuple[Sandbox, Sequence[Lock]]] = {}
        self._keys = Keys(vendors)
        # By name, what is being read, created, released or deleted.
        self._busy: dict[str, asyncio.Task[Any]] = {}
        # By name, the other processes that owned sandboxes when they were last asked for.
        self._owners: dict[str, Claimed] = {}
        # The names of sandboxes of other processes, by digests of the credentials that open them.
        self._opens: dict[tuple[str, bytes], str] = {}

    def __iter__(self) -> Iterator[Sandbox]:
        """Those in memory."""
        return iter([*self._sandboxes.values()])

    async def count(self) -> int:
        """How many sandboxes there are."""
        return len(self._sandboxes) if self.log is None else (await self.log.count(""))[0]

    async def listed(
        self, most: int | None = None, until: str | None = None, text: str = ""
    ) -> Sequence[Sandbox | Listed]:
        """Those in memory as they are, the others as the log describes them, newest first.

        A log leaves out what `Log.listed` would: it may hold many more sandboxes than are asked for.
        """
        if self.log is None:
            return [*self][::-1]
        return [self._sandboxes.get(one.name) or one for one in await self.log.listed(most, until, text)]

    def cached(self, name: str) -> Sandbox | None:
        """The sandbox of that name, if it is in memory."""
        return self._sandboxes.get(name)

    # Finding and reading.

    async def find(self, name: str) -> Sandbox | None:
        """The sandbox of that name, if there is one; raises `OwnedElsewhere`."""
        found = self._sandboxes.get(name)
        if found is not None and found.is_current:
            return found
        if self.log is None or SANDBOX_NAME.fullmatch(name) is None:
            return found
        if name in self._owners:
            raise self._owned_elsewhere(name, self._owners[name])
        return await self._alone(name, partial(self._read, self.log, name), shared=True)

    async def find_or_open(self, name: str) -> Sandbox | None:
        """The sandbox of that name; a new one in open access; None where nothing may be opened by name."""
        while (found := await self.find(name)) is None and self.open_access and SANDBOX_NAME.fullmatch(name):
            try:
                return await self.open(name)
            except AlreadyExists:  # just now
                continue
        return found

    async def _alone(self, name: str, work: Callable[[], Coroutine[Any, Any, T]], *, shared: bool = False) -> T:
        """Work on the sandbox of a name, after what is already under way for it; `shared` work is done once for all."""
        while (busy := self._busy.get(name)) is not None:
            await asyncio.wait([busy])
            if shared and busy.get_name() == _SHARED:
                return busy.result()  # type: ignore[no-any-return]

        def over(done: "asyncio.Task[T]") -> None:
            if self._busy.get(name) is done:
                del self._busy[name]
            if not done.cancelled():
                done.exception()  # it was raised in the callers that still wait

        task = asyncio.get_running_loop().create_task(work(), name=_SHARED if shared else None)
        self._busy[name] = task
        task.add_done_callback(over)
        return await asyncio.shield(task)  # a caller may leave; others wait for the same

    async def _read(self, log: Log, name: str) -> Sandbox | None:
        """Claim a sandbox and read it; timers and webhooks that were due since it was last in memory follow now."""
        while True:
            sandbox = self._sandboxes.get(name)
            if sandbox is not None and sandbox.is_current:
                return sandbox
            found, owner = await log.claim(name), log.owner
            commits = None if sandbox is None else sandbox.commits
            if sandbox is not None and not (isinstance(found, Found) and commits and commits.key == found.key):
                await self._remove(sandbox)  # it belongs to another process by now, or was created again
                sandbox = None
            if found is None:
                return None
            if isinstance(found, Claimed):
                raise self._owned_elsewhere(name, found)
            is_new = sandbox is None
            if sandbox is None:
                sandbox = self._new(name, found.about["seed"], State(Config(), Clock()), found.about["sampled"])
            commits = sandbox.commits = sandbox.commits or self._commits(log, found, sandbox)
            try:
                await commits.load()
                locks = await log.locks(found.key)
            except LogError:
                if is_new:  # so that it is found again when something is due in it
                    with suppress(LogError):
                        await log.release([found.key])
                raise
            if log.owner == owner:
                break
            # The session that claimed it was lost: another process may have claimed the sandbox since.
            commits.lost(Unwritten("the session was lost while the sandbox was read"))
        self._keys.hold(name, locks)
        if is_new:
            self._register(sandbox)
        if sandbox.state.clock.held and not sandbox.is_advancing:  # an advance was cut short
            sandbox.set_clock(sandbox.state.clock.let_go())
        await sandbox.fire_due_timers()
        sandbox.wake_worker()
        return self._sandboxes[name]

    def _commits(self, log: Log, found: Found, sandbox: Sandbox) -> Commits:
        assert self.writer is not None  # noqa: S101  it has a log
        return Commits(log, self.writer, found, sandbox)

    # Opening.

    async def open(
        self, name: str, seed: int | str | None = None, config: Config | None = None, state: State | None = None
    ) -> Sandbox:
        """Open a new sandbox, with settings of its own or (a fork) with a whole state.

        Raises `AlreadyExists` and `CapacityExceeded`.
        In closed access nothing opens it until its `credentials` were asked for. Without a seed it has 0 in open
        access, a random one in closed: its tokens and links are derived from it, and must not be predictable there.
        """
        if seed is None:
            seed = 0 if self.open_access else secrets.token_hex(16)
        create = partial(self._create, name, seed, State(config or Config(), Clock()) if state is None else state)
        if name == DEMO and state is None:
            create = partial(create, is_sampled=True)
        return await (create() if self.log is None else self._alone(name, create))

    async def _create(
        self, name: str, seed: int | str, state: State, *, is_sampled: bool = False, kept: Sandbox | None = None
    ) -> Sandbox:
        """Create a sandbox, or let one that was `kept` be found again."""
        log = self.log
        count, is_taken = (len(self._sandboxes), False) if log is None else await log.count(name)
        if is_taken or name in self._sandboxes:
            raise AlreadyExists(name)
        if count >= self._most:
            raise CapacityExceeded(self._most)
        sandbox = kept or self._new(name, seed, state, is_sampled)
        if is_sampled and kept is None:
            add_samples(sandbox)
        if log is not None:
            owner, about = log.owner, {"seed": seed, "sampled": sandbox.is_sampled}
            found = await log.create(
                name, about, parts(sandbox), due_of(sandbox), summary_of(sandbox), machine_now()
            )  # fmt: skip
            if found is None:
                raise AlreadyExists(name)
            if log.owner != owner and (claimed := await self._read(log, name)) is not None:
                return claimed  # the session was lost: another process could have claimed it since
            sandbox.commits = self._commits(log, found, sandbox)
        request_changes.note()
        self._register(sandbox)
        sandbox.wake_worker()
        _log.info("sandbox %s opened", name)
        return sandbox

    def _new(self, name: str, seed: int | str, state: State, is_sampled: bool) -> Sandbox:
        sandbox = Sandbox(name, seed, state, self.vendors)
        sandbox.open_access = self.open_access
        sandbox.is_sampled = is_sampled
        sandbox.count_commit = partial(self.meters.count, "commits")
        return sandbox

    def _register(self, sandbox: Sandbox) -> None:
        """Let a sandbox be found."""
        name = sandbox.name
        self._sandboxes[name] = sandbox
        self._owners.pop(name, None)
        sandbox.is_leaving = self._is_leaving
        sandbox.refresh = partial(self.find, name)
        sandbox.worker = self._attach(sandbox)
        self.meters.count("sandboxes_opened")

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
        sandbox.revoke_credentials()
        made = await self.credentials(sandbox)
        sandbox.revoke_credentials()  # of the tokens that were given in the meantime
        await sandbox.settled()
        return made

    def reset(self, sandbox: Sandbox) -> None:
        """Put a sandbox back to its opening state; the demo gets its samples again, with today's dates."""

        def body() -> None:
            worker, sandbox.worker = sandbox.worker, None  # no webhook is sent before both are done
            try:
                sandbox.reset()
                if sandbox.is_sampled:
                    add_samples(sandbox)
            finally:
                sandbox.worker = worker
            sandbox.wake_worker()

        sandbox.step(body)

    def keep(self, sandbox: Sandbox) -> Sandbox:
        """Make the present state of a sandbox its undo point. Returns the copy that `undo` puts back."""
        kept = self._new(sandbox.name, sandbox.seed, sandbox.initial, sandbox.is_sampled)
        kept.become(sandbox)
        _remember(self._undo, sandbox.name, (kept, self._keys.locks(sandbox.name)), _MOST_UNDO)
        return kept

    async def undo(self, name: str) -> Sandbox | None:
        """Put a sandbox back to its undo point, also after its deletion; None where it has none."""
        if name not in self._undo:
            return None
        present = await self.find(name)
        kept, locks = self._undo.pop(name)
        if present is not None:  # so that no id is used twice
            kept.state.sequence = max(kept.state.sequence, present.state.sequence) + 1
        await self.delete(name)
        create = partial(self._create, name, kept.seed, kept.state, kept=kept)
        sandbox = await (create() if self.log is None else self._alone(name, create))
        if self.log is not None and sandbox.commits is not None:
            await self.log.lock(sandbox.commits.key, locks)
        self._keys.hold(name, locks)
        return sandbox

    async def delete(self, name: str) -> bool:
        """Delete a sandbox and what opens it, also one that cannot be read; False where there is none."""
        if SANDBOX_NAME.fullmatch(name) is None:
            return False
        if self.log is not None:
            return await self._alone(name, partial(self._delete, self.log, name))
        sandbox = self._sandboxes.get(name)
        if sandbox is not None:
            await self._remove(sandbox, is_deleted=True)
            _log.info("sandbox %s deleted", name)
        return sandbox is not None

    async def _delete(self, log: Log, name: str) -> bool:
        sandbox = self._sandboxes.get(name)
        found = await log.claim(name)
        if isinstance(found, Claimed):
            if sandbox is not None:
                await self._remove(sandbox)
            raise self._owned_elsewhere(name, found)
        commits = None if sandbox is None else sandbox.commits
        if commits is not None:
            # Requests that came before get their answers. Under load the queue is never empty: those that come in the
            # meantime find that the sandbox was deleted, and begin again when this is done.
            with suppress(LogError):  # one that cannot be read is deleted, too
                await commits.settled()
            commits.end()
        try:
            if found is not None:
                await log.delete(found.key)
                _log.info("sandbox %s deleted", name)
        except LogError as problem:
            if commits is not None:
                commits.lost(Unwritten(str(problem), problem.shown, is_uncertain=True))  # it is read again
            raise
        if sandbox is not None:
            await self._remove(sandbox, is_deleted=True)
        return found is not None

    async def release(self, sandbox: Sandbox) -> None:
        """Remove a sandbox from memory; it can be claimed and read again, by any process."""
        await self._alone(sandbox.name, partial(self._release, [sandbox]))

    async def _release(self, sandboxes: Sequence[Sandbox]) -> None:
        held = [sandbox for sandbox in sandboxes if self._sandboxes.get(sandbox.name) is sandbox]
        await asyncio.gather(*(self._remove(sandbox, may_wait=True) for sandbox in held))
        if self.log is not None:
            await self.log.release([sandbox.commits.key for sandbox in held if sandbox.commits is not None])

    async def _remove(self, sandbox: Sandbox, *, is_deleted: bool = False, may_wait: bool = False) -> None:
        """Remove a sandbox from memory; with `may_wait` once all its changes are durable.

        It is unregistered first, so that no new call changes it. It is closed in the step of the event loop in which
        its last commit is durable: the next owner would repeat a call that changed it later.
        """
        name = sandbox.name
        if self._sandboxes.get(name) is not sandbox:
            return
        del self._sandboxes[name]
        self._keys.forget(name)
        worker, commits = sandbox.worker, sandbox.commits
        assert worker is not None  # noqa: S101  it was registered
        worker.stop_sending()
        if may_wait and commits is not None:
            try:
                while commits.problem is None and not commits.is_settled:
                    await commits.settled()
                await commits.drained()  # commits from before a step that failed
            except LogError as problem:
                commits.lost(Unwritten(str(problem), "the server stops", is_uncertain=True))
        await worker.close(is_deleted=is_deleted)

    # Other processes.

    def count_forwarded(self) -> None:
        """Count a request that is forwarded to another process."""
        self.forwarded += 1

    def _owned_elsewhere(self, name: str, owner: Claimed) -> OwnedElsewhere:
        """What to raise where another process owns the sandbox of that name; the owner is remembered."""
        _remember(self._owners, name, owner)
        forget = partial(self.forget_owner, name)
        return OwnedElsewhere(Owner(owner.address, forget, partial(self._unreached, name, owner.server)))

    def forget_owner(self, name: str) -> None:
        """Ask the log again who owns a sandbox, and all others of the same owner: a server that stops releases all."""
        found = self._owners.pop(name, None)
        if found is not None:
            for other in [name for name, owner in self._owners.items() if owner.server == found.server]:
                del self._owners[other]

    async def _unreached(self, name: str, server: int, by_force: bool) -> None:
        """The owner of a sandbox cannot be reached: take the sandbox by force, or if its session has ended."""
        self.forget_owner(name)
        if self.log is not None:
            await (self.log.take(name, server) if by_force else self.log.free(server))

    def regained(self, positions: Mapping[int, Position]) -> None:
        """The session with the database was lost and replaced: the log has these positions of our sandboxes."""
        for sandbox in self:
            if sandbox.commits is not None:
                sandbox.commits.compare(positions.get(sandbox.commits.key), sandbox.name)

    # The end.

    def end_waits(self) -> None:
        """End all that waits for something in a sandbox."""
        self._is_leaving = True
        for sandbox in self:
            sandbox.leave()

    def is_sending(self) -> bool:
        """Whether an attempt of any sandbox is under way."""
        return any(sandbox.worker.is_sending for sandbox in self if sandbox.worker is not None)

    async def release_all(self, may_wait: Callable[[], bool]) -> None:
        """Release all sandboxes, some at a time, and claim no more: the process is about to end.

        Attempts that are under way may end as long as it may wait; until then calls are answered, and none is begun.
        """
        if self.log is None:
            return
        self.log.stop_claiming()
        for sandbox in self:
            if sandbox.worker is not None:
                sandbox.worker.stop_sending()
        while self.is_sending() and may_wait():  # noqa: ASYNC110  also the time and a second signal end it
            await asyncio.sleep(0.01)
        while some := [*self][:RELEASED]:
            with suppress(LogError):
                await self._release(some)

    async def close(self) -> None:
        """Stop all that is on its way; what was not finished is in the log, if there is one."""
        if self._busy:
            await asyncio.wait([*self._busy.values()], timeout=1.0)
        for sandbox in self:
            if sandbox.worker is not None:
                await sandbox.worker.close()
        if self.writer is not None:
            await self.writer.close()
        if self.log is not None:
            await self.log.close()

    # Credentials.

    def cached_by(self, credential: Credential | None) -> Sandbox:
        """The sandbox that a credential opens, or `anonymous`, as far as memory knows; the log is not read."""
        if credential is None:
            return self.anonymous
        if credential.kind == IN_PROCESS:
            return self._sandboxes.get(credential.id, self.anonymous)
        if credential.kind == "link":
            found = self._sandboxes.get(credential.id)
            return found if found is not None and _is_sealed(found, credential) else self.anonymous
        if self.open_access:
            name = credential.id[4:] if credential.id.startswith("sim-") else self._default
        else:
            name = self._keys.opened(credential)
        return self._sandboxes.get(name or "", self.anonymous)

    async def find_by(self, credential: Credential | None, *, may_open: bool = True) -> Sandbox:
        """The sandbox that a credential opens, or `anonymous`; without `may_open` only one that is open already."""
        cached = self.cached_by(credential)
        if credential is None or (cached is not self.anonymous and cached.is_current):
            return cached
        found: Sandbox | None = None
        if credential.kind == IN_PROCESS:
            found = await self.find(credential.id)
        elif credential.kind == "link":
            found = await self.find(credential.id)
            found = found if found and _is_sealed(found, credential) else None
        elif self.open_access:
            named = _OPENED_BY_NAME.fullmatch(credential.id)
            opened = named[1] if named else self._default
            if opened is not None:
                found = await (self.find_or_open(opened) if may_open else self.find(opened))
        else:
            name = self._keys.opened(credential)
            if name is None and self.log is not None:
                # Only the locks that the owner has in memory count; those of the log say which sandbox to read.
                lock = (credential.kind, digest(credential.id))
                name = self._opens.get(lock) or await self.log.opened_by(*lock)
                if name is not None:
                    _remember(self._opens, lock, name)
                    if await self.find(name) is not None:
                        self._opens.pop(lock, None)
                name = self._keys.opened(credential)
            found = await self.find(name) if name else None
        return found or self.anonymous


def _remember(known: dict[Any, Any], key: Any, value: Any, most: int = _MOST_ROUTES) -> None:
    """Remember something; the oldest of more than `most` is forgotten."""
    known.pop(key, None)
    known[key] = value
    if len(known) > most:
        del known[next(iter(known))]


def _is_sealed(sandbox: Sandbox, link: Credential) -> bool:
    """Whether a link carries the sandbox's seal for its invitation."""
    return compare_digest(sandbox.links.seal(link.invitation).encode(), link.secret.encode())
