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
from functools import partial
from hashlib import blake2b
from time import monotonic
from typing import Any, TypeVar

import orjson

from assessment_simulator.core.decision import MAIL
from assessment_simulator.sandbox import request_changes
from assessment_simulator.sandbox.codec import APPLY, Change, Decoder, Encoder, blank, parts
from assessment_simulator.sandbox.sandbox import CHANGES, Sandbox
from assessment_simulator.sandbox.watchers import EVERYTHING
from assessment_simulator.storage import Batch, Deleted, Found, LogError, Position, Unusable, Unwritten
from assessment_simulator.storage.log import Log
from assessment_simulator.storage.pauses import Pause

T = TypeVar("T")
# A new image is written when the commits since the last one have more bytes than it, and than this.
IMAGE_AFTER = 262_144
# A group is closed when it holds this many bytes, so that no transaction keeps others waiting for long.
MOST_BYTES = 4_194_304
_log = logging.getLogger("simulator.log")


class Commits:
    """The queue of one sandbox's commits, and the way to read the sandbox again."""

    def __init__(self, log: Log, writer: "Writer", found: Found, sandbox: Sandbox) -> None:
        self.key = found.key
        # The last commit that is in the log, and the last one that is applied in memory.
        self.durable = self._position = found.position
        # Why memory is not what the log has; None where it is. Then nothing is done before `load`.
        self.problem: Unwritten | None = None
        self._log = log
        self._writer = writer
        self._sandbox = sandbox
        # The changes and actions of the step that is running.
        self._in_step = False
        self._changes: list[Change] = []
        self._then: list[Callable[[], None]] = []
        # Commits that are applied and not durable yet, and what is done or goes on when one of a number is durable.
        self._waiting: deque[tuple[bytes, Position]] = deque()
        self._actions: deque[tuple[int, Callable[[], None]]] = deque()
        self._waiters: deque[tuple[int, asyncio.Future[None]]] = deque()
        self._size = self._image_size = 0
        # Why commits, or the sandbox, were lost the last time.
        self._loss: Unwritten | None = None
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
                data = Encoder().write(self._changes)
                self._position = self._position.after(data)
                self._waiting.append((data, self._position))
                self._actions.append((self._position.number, partial(self._publish, self._changes)))
                request_changes.note(self._position.number)
                self._writer.add(self)
        except BaseException as failure:
            if self._changes:  # they are applied in memory already; commits before them are written nevertheless
                self.problem = Unwritten(f"a step failed: {failure!r}", "the simulator failed; its log says where")
                self.problem.durable = self._position.number
                self._pause_worker()
            raise
        finally:
            self._in_step = False
            self._changes, actions = [], self._then
            self._then = []
        for action in actions:
            self.then(action)
        return result

    def change(self, name: str, arguments: tuple[Any, ...]) -> None:
        """Apply a change, as a part of this step's commit or as a step of its own."""
        if not self._in_step:
            self.step(lambda: self.change(name, arguments))
            return
        self._changes.append((name, arguments))
        CHANGES[name](self._sandbox, *arguments)

    def then(self, action: Callable[[], None]) -> None:
        """Do something as soon as all that was changed so far, this step included, is durable; do it once."""
        if self._in_step:
            if action not in self._then:
                self._then.append(action)
        elif self._waiting:
            self._actions.append((self._position.number, action))
        else:
            action()

    def _publish(self, made: list[Change]) -> None:
        for name, arguments in made:
            self._sandbox.durable(name, arguments)

    def _pause_worker(self) -> None:
        if self._sandbox.worker is not None:
            self._sandbox.worker.pause()

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
        loss = self._loss
        if self.durable.number < self._position.number:
            await self._written(self._position.number)
        if not self._log.is_confirmed:
            await self._log.confirm()
        if self._loss is not None and self._loss is not loss:
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
        return Batch(self.key, self.durable, commits, after, due_of(self._sandbox), summary_of(self._sandbox))

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
        self.problem = self._loss = Unwritten(problem.why, problem.cause, is_uncertain=problem.is_uncertain)
        self.problem.durable = self.durable.number
        self._waiting.clear()
        self._actions.clear()
        self.end()
        self._pause_worker()

    def end(self) -> None:
        """Refuse further use: the sandbox was deleted or released, or commits were lost."""
        self.problem = self.problem or Deleted()
        waiters, self._waiters = self._waiters, deque()
        for _, waiter in waiters:
            if not waiter.done():
                waiter.set_exception(self.problem)

    def compare(self, position: Position | None, name: str) -> None:
        """Check what the log has after a session was lost; None where another server owns the sandbox by then."""
        if self.problem is not None or position == self.durable or position in [each for _, each in self._waiting]:
            return
        why = f"another server owns sandbox {name}"
        if position is not None:
            why = f"the log lost commits of sandbox {name}"
            text = "%s: it ends at commit %d, and commit %d was acknowledged"
            _log.error(text, why, position.number, self.durable.number)
        self.lost(Unwritten(why, is_uncertain=bool(self._waiting)))  # one of them may have been written before

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
        sandbox, decoder, last, pause = self._sandbox, Decoder(), -1, Pause()
        blank(sandbox)
        self._size = self._image_size = 0
        for number, data, is_image in entries:
            if number != last:
                decoder, last = Decoder(), number
            await pause.if_due()
            try:
                for name, arguments in decoder.read(data):
                    APPLY[name](sandbox, *arguments)
            except (ValueError, TypeError, LookupError, AttributeError) as flaw:
                text = f"commit {number} of sandbox number {self.key} cannot be read"
                raise Unusable(f"{text}: {flaw!r}", text) from flaw
            if is_image:
                self._image_size += len(data)
            else:
                self._size += len(data)
        sandbox.state.queue_again()
        self.durable = self._position = position
        self.problem = None
        sandbox.limit_journal()
        if sandbox.worker is not None:
            sandbox.worker.requeue()
            sandbox.wake_worker()
        sandbox.publish(EVERYTHING)

    @property
    def needs_image(self) -> bool:
        """Whether there are so many commits that an image should take their place."""
        return self._size > max(IMAGE_AFTER, self._image_size) and self.problem is None

    async def write_image(self) -> None:
        """Write an image, a part at a time, so that others are answered in between."""
        # The image is of memory, which may be ahead of the log: under load the queue is never empty.
        position, loss, written = self._position, self._loss, 0
        self._size = 0  # where this fails, it is tried again after as many more commits
        digest, pause = blake2b(digest_size=16), Pause()
        for part, data in enumerate(parts(self._sandbox)):
            await self._log.write_image(self.key, position.number, part, data)
            digest.update(data)
            written += len(data)
            await pause.if_due()
        if self._loss is loss and self.durable.number < position.number:
            await self._written(position.number)
        if self._loss is loss:  # else it may be an image of what the log has lost
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
        # How many groups were written.
        self.groups = 0

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
        except LogError as failure:
            problem = failure if isinstance(failure, Unwritten) else Unwritten(str(failure), failure.shown)
        except Exception as failure:  # noqa: BLE001  a bug must not end the task that all sandboxes wait for
            _log.exception("a group of commits failed")
            problem = Unwritten(f"the log failed: {failure!r}", is_uncertain=True)
        if problem is not None:
            for queue, _ in group:
                queue.lost(problem)


def due_of(sandbox: Sandbox) -> int | None:
    """When a sandbox has something to do by itself, by the machine's clock in ticks; 0: now; None: when called."""
    state, clock = sandbox.state, sandbox.state.clock
    if state.in_flight or clock.held:
        return 0
    due = state.next_due()
    if due is None or (clock.stands and due > clock.now()):
        return None
    return 0 if clock.stands else max(due - clock.ahead, 0)


def summary_of(sandbox: Sandbox) -> bytes:
    """What lists of sandboxes show, as JSON."""
    state = sandbox.state
    return orjson.dumps(
        {
            "clock": (state.clock.mode, state.clock.ahead, state.clock.held),
            "snapshots": [*sandbox.snapshots],
            "invitations": state.count(sandbox.kinds),
            "deliveries": len(state.deliveries),
            "mail": state.count((MAIL,)),
        }
    )
