"""The commits of a sandbox: each is applied in memory at once, and waits here until it is durable.

Theory of operation:

- `Commits.step` runs the body of a step; all that the body changes becomes one commit, which joins the queue of its
  sandbox. `Writer`, one task for all sandboxes, writes what waits in all queues as one transaction, again and again.
- `settled` returns when all that is applied now is durable and this process still owns the sandbox: then an answer may
  leave. `then` does what must not be undone (webhooks, mails, events) at that moment.
- If the log refuses a group, memory is ahead of the log: `lost` sets `problem`, all that waits fails, and every step
  raises until `load` has read the sandbox again. A step that raises after it has changed something ends the same way,
  but the commits before it are written.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from hashlib import blake2b
from time import monotonic
from typing import Any, TypeVar

import orjson

from assessment_simulator.core.decision import MAIL
from assessment_simulator.sandbox import request_changes
from assessment_simulator.sandbox.codec import Decoder, Encoder, parts
from assessment_simulator.sandbox.memory import CHANGES, Change, LoggedMemory, Memory, blank, replay, still
from assessment_simulator.storage import Batch, Deleted, Found, LogError, Position, Unusable, Unwritten
from assessment_simulator.storage.log import Log
from assessment_simulator.storage.pauses import Pause

T = TypeVar("T")
IMAGE_AFTER = 262_144
"""A new image is written when the commits since the last one have more bytes than it, and than this."""
MOST_BYTES = 4_194_304
"""A group is closed when it holds this many bytes, so that no transaction keeps others waiting for long."""
_log = logging.getLogger("simulator.log")


class Commits:
    """The queue of one sandbox's commits, and the way to read the sandbox again."""

    def __init__(self, log: Log, writer: "Writer", found: Found, memory: LoggedMemory) -> None:
        self.key = found.key
        self.durable = found.position
        """The last commit that is in the log."""
        self.problem: Unwritten | None = None
        """Why memory is not what the log has; None where it is. Then nothing is done before `load`."""
        self._log = log
        self._writer = writer
        self._memory = memory
        self._position = found.position
        """The last commit that is applied in memory."""
        self._waiting: deque[tuple[bytes, Position]] = deque()
        """Commits that are applied and not durable yet."""
        self._changes: list[Change] = []
        self._then: list[Callable[[], None]] = []
        self._in_step = False
        self._actions: deque[tuple[int, Callable[[], None]]] = deque()
        """What is to be done when the commit of that number is durable."""
        self._waiters: deque[tuple[int, asyncio.Future[None]]] = deque()
        self._size = self._image_size = 0
        self._losses = 0
        """How often commits, or the sandbox, were lost."""
        self._loss: Unwritten | None = None
        """Why they were lost the last time."""
        self._used = True
        self._looked = monotonic()

    # Steps.

    def step(self, body: Callable[[], T]) -> T:
        """Run a body of which all changes are one commit; a step within a step is a part of it.

        Raises `Unwritten` where an earlier commit was lost. After any other exception nothing of it has happened.
        """
        if self._in_step:
            return body()
        if self.problem is not None:
            raise self.problem
        self._in_step = self._used = True
        try:
            result = body()
            if self._changes:
                self._append(self._changes)
        except BaseException as failure:
            if self._changes:  # they are applied in memory already; commits before them are written nevertheless
                self.problem = Unwritten(f"a step failed: {failure!r}", "the simulator failed; its log says where")
                self.problem.durable = self._position.number
                self._memory.refused()
            raise
        finally:
            self._in_step = False
            self._changes, actions = [], self._then
            self._then = []
        for action in actions:
            self.then(action)
        return result

    def change(self, name: str, arguments: tuple[Any, ...]) -> None:
        """Apply a change, as a part of this step's commit."""
        if not self._in_step:
            raise RuntimeError(f"{name} outside of a step")  # it would be lost
        self._changes.append((name, arguments))
        CHANGES[name](self._memory, *arguments)

    def then(self, action: Callable[[], None]) -> None:
        """Do something as soon as all that was changed so far, this step included, is durable; do it once."""
        if self._in_step:
            if action not in self._then:
                self._then.append(action)
        elif self._waiting:
            self._actions.append((self._position.number, action))
        else:
            action()

    def _append(self, made: list[Change]) -> None:
        data = Encoder().write(made)
        self._position = self._position.after(data)
        self._waiting.append((data, self._position))
        number = self._position.number

        def publish() -> None:
            for name, arguments in made:
                self._memory.durable(name, arguments)

        self._actions.append((number, publish))
        request_changes.note(number)
        self._writer.add(self)

    # Waiting.

    @property
    def is_settled(self) -> bool:
        """Whether an answer may leave now: all is durable, and this process certainly owns the sandbox."""
        return not self._waiting and self.problem is None and self._log.is_confirmed

    def check_ownership(self) -> None:
        """Raise unless this process certainly owns the sandbox at this moment: `Unwritten` if it was lost."""
        if self.problem is not None:
            raise self.problem
        if not self._log.is_confirmed:
            raise Unusable("the lease has ended", "the log does not answer")

    async def settled(self) -> None:
        """Return when all that is applied now is durable, and this process still owns the sandbox.

        Raises `Unwritten` where commits or the sandbox were lost since the call: then not even a read may be answered,
        because memory may have been behind the log.
        """
        number, losses = self._position.number, self._losses
        if self.durable.number < number:
            await self._written(number)
        if not self._log.is_confirmed:
            await self._log.confirm()
        if self._loss is not None and self._losses != losses:
            raise self._loss

    async def _written(self, number: int) -> None:
        """Return when the commit of that number is durable; raises where it is lost."""
        if not self._waiting:
            raise self.problem or self._loss or Deleted()
        waiter = asyncio.get_running_loop().create_future()
        self._waiters.append((number, waiter))
        await waiter

    async def drained(self) -> None:
        """Return when the queue is empty; it stays empty until the next `await`."""
        while self._waiting:
            await self.settled()

    # What the writer and the registry call.

    def batch(self) -> Batch:
        """What waits, to be written now."""
        commits: list[bytes] = []
        size, after = 0, self.durable
        for data, position in self._waiting:
            if commits and size + len(data) > MOST_BYTES:
                break
            commits.append(data)
            size += len(data)
            after = position
        return Batch(self.key, self.durable, commits, after, due_of(self._memory), summary_of(self._memory))

    def written(self, batch: Batch) -> None:
        """The batch is durable: do what waited for it."""
        if not self._waiting or self._waiting[0][0] is not batch.commits[0]:  # it was lost in the meantime
            return
        self.durable = batch.after
        for _ in batch.commits:
            self._size += len(self._waiting.popleft()[0])
        if self._waiting:
            self._writer.add(self)
        number = self.durable.number
        while self._actions and self._actions[0][0] <= number:
            try:
                self._actions.popleft()[1]()
            except Exception:  # noqa: BLE001  one must not keep the others from being done
                _log.exception("what follows a commit failed")
        while self._waiters and self._waiters[0][0] <= number:
            waiter = self._waiters.popleft()[1]
            if not waiter.done():
                waiter.set_result(None)

    def lost(self, problem: Unwritten) -> None:
        """What waits is not written: memory is ahead of the log, and must be read again."""
        # Each sandbox has a problem of its own, because each has its own last commit.
        self.problem = Unwritten(problem.why, problem.cause, is_uncertain=problem.is_uncertain)
        self.problem.durable = self.durable.number
        self._loss = self.problem
        self._losses += 1
        self._waiting.clear()
        self._actions.clear()
        self._fail(self.problem)
        self._memory.refused()

    def _fail(self, problem: Unwritten) -> None:
        waiters, self._waiters = self._waiters, deque()
        for _, waiter in waiters:
            if not waiter.done():
                waiter.set_exception(problem)

    def compare(self, position: Position | None, name: str) -> None:
        """Check what the log has after a session was lost; None where another server owns the sandbox by then."""
        if self.problem is not None or position == self.durable or position in [each for _, each in self._waiting]:
            return
        is_uncertain = bool(self._waiting)  # one of them may have been written before
        if position is None:
            self.lost(Unwritten(f"another server owns sandbox {name}", is_uncertain=is_uncertain))
            return
        _log.error(
            "the log lost commits of sandbox %s: it ends at commit %d, and commit %d was acknowledged",
            name, position.number, self.durable.number,
        )  # fmt: skip
        self.lost(Unwritten(f"the log lost commits of sandbox {name}", is_uncertain=is_uncertain))

    def end(self) -> None:
        """Refuse further use: the sandbox was deleted or released."""
        self.problem = self.problem or Deleted()
        self._fail(self.problem)

    def idle(self) -> float:
        """Seconds since the last step, as precise as the interval of these calls."""
        if self._used:
            self._used, self._looked = False, monotonic()
        return monotonic() - self._looked

    # Reading, and images.

    async def load(self) -> None:
        """Read the sandbox from the log; others are answered in between. One call at a time."""
        self.problem = self.problem or Unwritten("the sandbox is being read from the log")
        while self._waiting:  # commits from before a step that failed
            with suppress(Unwritten):
                await self._written(self._waiting[-1][1].number)
        entries: list[tuple[int, bytes, bool]] = []
        position = await self._log.read(self.key, lambda *entry: entries.append(entry))
        blank(self._memory)
        decoder, last, pause = Decoder(), -1, Pause()
        self._size = self._image_size = 0
        for number, data, is_image in entries:
            if number != last:
                decoder, last = Decoder(), number
            await pause.if_due()
            try:
                replay(self._memory, decoder.read(data))
            except (ValueError, TypeError, LookupError, AttributeError) as flaw:
                text = f"commit {number} of sandbox number {self.key} cannot be read"
                raise Unusable(f"{text}: {flaw!r}", text) from flaw
            if is_image:
                self._image_size += len(data)
            else:
                self._size += len(data)
        self._memory.state.queue_again()
        self.durable = self._position = position
        self.problem = None
        self._memory.reloaded()

    @property
    def needs_image(self) -> bool:
        """Whether there are so many commits that an image should take their place."""
        return self._size > max(IMAGE_AFTER, self._image_size) and self.problem is None

    async def write_image(self) -> None:
        """Write an image, a part at a time, so that others are answered in between."""
        await self.drained()  # so that memory is as the log has it
        position, losses, memory, written = self.durable, self._losses, still(self._memory), 0
        self._size = 0  # where this fails, it is tried again after as many more commits
        digest, pause = blake2b(digest_size=16), Pause()
        for part, data in enumerate(parts(memory)):
            await self._log.write_image(self.key, position.number, part, data)
            digest.update(data)
            written += len(data)
            await pause.if_due()
        if self._losses == losses:  # else it may be an image of what the log has lost
            await self._log.settle_image(self.key, position, digest.digest())
            self._image_size = written


class Writer:
    """The one task that appends to a log, in groups: what waits in all queues goes into one transaction."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._waiting: dict[int, Commits] = {}
        self._added = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._closing = False
        self.groups = 0
        """How many groups were written."""

    def add(self, queue: Commits) -> None:
        """Write what waits in this queue with the next group."""
        self._waiting[queue.key] = queue
        self._added.set()
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._work())

    async def close(self) -> None:
        """Write what waits, then end."""
        self._closing = True
        self._added.set()
        if self._task is not None:
            await self._task

    async def _work(self) -> None:
        while self._waiting or not self._closing:
            await self._added.wait()
            self._added.clear()
            while self._waiting:
                group: list[tuple[Commits, Batch]] = []
                size = 0
                while self._waiting and size < MOST_BYTES:
                    queue = self._waiting.pop(next(iter(self._waiting)))
                    batch = queue.batch()
                    if batch.commits:
                        group.append((queue, batch))
                        size += sum(map(len, batch.commits))
                if group:
                    await self._write(group)

    async def _write(self, group: list[tuple[Commits, Batch]]) -> None:
        problem: Unwritten | None = None
        try:
            refused = await self._log.write([batch for _, batch in group])
            self.groups += 1
            for queue, batch in group:
                if batch.key in refused:
                    queue.lost(Unwritten("the log has another state of the sandbox, or another server owns it"))
                else:
                    queue.written(batch)
        except Unwritten as failure:
            problem = failure
        except LogError as failure:
            problem = Unwritten(str(failure), failure.shown)
        except Exception as failure:  # noqa: BLE001  a bug must not end the task that all sandboxes wait for
            _log.exception("a group of commits failed")
            problem = Unwritten(f"the log failed: {failure!r}", is_uncertain=True)
        if problem is not None:
            for queue, _ in group:
                queue.lost(problem)


def due_of(memory: Memory) -> int | None:
    """When a sandbox has something to do by itself, by the machine's clock in ticks; 0: now; None: when called."""
    state, clock = memory.state, memory.state.clock
    if state.in_flight or clock.held:
        return 0
    due = state.next_due()
    if due is None or (clock.stands and due > clock.now()):
        return None
    return 0 if clock.stands else max(due - clock.ahead, 0)


def summary_of(memory: Memory) -> bytes:
    """What lists of sandboxes show, as JSON."""
    state = memory.state
    return orjson.dumps(
        {
            "clock": (state.clock.mode, state.clock.ahead, state.clock.held),
            "snapshots": [*memory.snapshots],
            "invitations": state.count(memory.kinds),
            "deliveries": len(state.deliveries),
            "mail": state.count((MAIL,)),
        }
    )
