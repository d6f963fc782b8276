"""The processes that share a log, as one of them sees them: what each alone knows, all of them are asked for.

What came in by HTTP is known to the process that answered it, and to no other: to keep it in the log would cost every
call. So whoever looks at it asks them all, and a call pays nothing. A process that has its log for itself, or none, is
alone, and asks nobody.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any, NamedTuple

from starlette.responses import Response

from assessment_simulator.server import wire
from assessment_simulator.server.log import Log, Unusable, Unwritten
from assessment_simulator.server.peer_wire import Strange, ask, reply
from assessment_simulator.server.sandbox import Sandbox
from assessment_simulator.server.sandboxes import Sandboxes

PATIENCE = 2.0
"""Seconds that a process has to answer another."""
Asked = Mapping[str, Any]
"""What goes with a question, as JSON values."""
Answer = Callable[[Sandbox, Asked], Any]
"""What one process knows of a sandbox, as JSON values; None where it knows nothing."""


class _Nothing:
    """In the place of an answer that did not come."""


_SILENT, _GONE = _Nothing(), _Nothing()
_logger = logging.getLogger("simulator.peers")


class Told(NamedTuple):
    """What was answered, by this process first, and how many of the others did not answer in time."""

    parts: list[Any]
    silent: int = 0

    @property
    def note(self) -> dict[str, str]:
        """A header with a word about what is left out; none where all have answered."""
        if not self.silent:
            return {}
        said = f"left out is what {self.silent} of the other processes would know, which did not answer in time"
        return {"simulator-note": said}

    def noted(self, response: Response) -> Response:
        """The response with that header."""
        response.headers.update(self.note)
        return response


class Family:
    """Asks the other processes, and answers them."""

    def __init__(self, sandboxes: Sandboxes) -> None:
        self._sandboxes = sandboxes
        self._answers: dict[str, Answer] = {}
        self._general: dict[str, Callable[[Asked], Any]] = {}
        self._secret = b""

    def learn(self, answers: Mapping[str, Answer]) -> None:
        """Know the answers to these questions about a sandbox."""
        self._answers.update(answers)

    def learn_general(self, what: str, answer: Callable[[Asked], Any]) -> None:
        """Know the answer to a question about no sandbox, or about many."""
        self._general[what] = answer

    @property
    def is_large(self) -> bool:
        """Whether there may be others."""
        return self._log is not None

    # Asking.

    async def of(self, sandbox: Sandbox, what: str, **asked: Any) -> Told:
        """What all of them know of a sandbox."""
        own = self._answers[what](sandbox, asked)
        others = await self.others(sandbox, what, **asked)
        return Told([*([] if own is None else [own]), *others.parts], others.silent)

    async def any_of(self, sandbox: Sandbox, what: str, **asked: Any) -> Told:
        """What the one knows that knows it; the others are asked only where this one does not."""
        own = self._answers[what](sandbox, asked)
        return Told([own]) if own is not None else await self.others(sandbox, what, **asked)

    async def others(self, sandbox: Sandbox, what: str, **asked: Any) -> Told:
        """What the others know of a sandbox."""
        question = {"what": what, "sandbox": sandbox.name, "asked": asked}
        answers, silent = await self.each(lambda owner: question)
        return Told([one for one in answers.values() if one is not None], silent)

    async def sums(self, what: str) -> Counter[str]:
        """What the others count, added up by name."""
        total: Counter[str] = Counter()
        answers, _ = await self.each(lambda owner: {"what": what, "asked": {}})
        for counts in answers.values():
            total.update(counts)
        return total

    async def each(self, question: Callable[[str], Any], within: float = PATIENCE) -> tuple[dict[str, Any], int]:
        """What each of the others answers to its question, by its name; and how many did not answer in time.

        One that has ended without a word is nobody: what it knew is gone.
        """
        if self._log is None or not self._secret:
            return {}, 0
        peers = self._log.peers()
        if not peers:
            return {}, 0
        answers = await asyncio.gather(*(self._asked(address, question(owner), within) for owner, address in peers))
        told = {owner: one for (owner, _), one in zip(peers, answers, strict=True) if not isinstance(one, _Nothing)}
        return told, sum(one is _SILENT for one in answers)

    async def _asked(self, address: str, question: Any, within: float) -> Any:
        try:
            async with asyncio.timeout(within):
                return wire.ours(await ask(address, self._secret, wire.dumps(question)))
        except (ConnectionRefusedError, Strange):  # a timeout is an OSError, too
            return _GONE
        except (OSError, EOFError):
            _logger.warning("the process at %s did not answer within %g s: what it knows is left out", address, within)
            return _SILENT

    # Answering.

    @asynccontextmanager
    async def meeting(self) -> AsyncIterator[None]:
        """Be known to the others for as long as the block lasts."""
        log = self._log
        if log is None:
            yield
            return
        host = log.host()
        server = await asyncio.start_server(self._visited, host, 0, start_serving=False)
        self._secret = log.introduce(f"{host}:{server.sockets[0].getsockname()[1]}")
        await server.start_serving()  # not before there is a secret to ask for
        try:
            yield
        finally:
            with suppress(Unwritten, Unusable):  # then they find nobody there
                log.introduce(None)
            server.close()

    async def _visited(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(PATIENCE):
                await reply(reader, writer, self._secret, self._reply)
        except (OSError, EOFError, Strange):
            pass  # whoever it was
        except Exception:
            _logger.exception("another process was not answered")
        finally:
            writer.close()

    def _reply(self, data: bytes) -> bytes:
        question = wire.ours(data)
        what, asked = question["what"], question["asked"]
        if "sandbox" not in question:
            return wire.dumps(self._general[what](asked))
        sandbox = self.present(question["sandbox"])
        return wire.dumps(None if sandbox is None else self._answers[what](sandbox, asked))

    def present(self, name: str) -> Sandbox | None:
        """The sandbox, if this process has it in memory; one that it has not has nothing that others do not know."""
        sandbox = self._sandboxes.loaded(name)
        return sandbox if sandbox is not None and self._sandboxes.is_current(sandbox) else None

    @property
    def _log(self) -> Log | None:
        """The log that other processes have, too."""
        log = self._sandboxes.log
        return log if log is not None and log.shared else None
