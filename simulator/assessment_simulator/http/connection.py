"""Connections of callers. A `Connection` stands between the socket and uvicorn's protocol, which it contains.

It keeps what a caller sends until the head of a request is complete, checks the head, and gives uvicorn this one
request. The next request is given to uvicorn when the application has ended the one before. So uvicorn never holds a
queue of requests. What uvicorn leaves open is settled here: `Upgrade`, which may be ignored (RFC 9110, 7.8), targets
in absolute form (RFC 9112, 3.2.2), fields behind a chunked body (RFC 9110, 6.5.1), and limits of size and of time.

Only public interfaces are used: the class from `uvicorn.Config`, the callbacks of `asyncio.Protocol`, a transport of
our own for what uvicorn writes, and the state of the lifespan, by which the application finds a request's connection.
Time is not looked at for each request: the server calls `Connections.look` about twice a second.
"""

import asyncio
import re
from collections.abc import Sequence
from functools import partial
from http import HTTPStatus
from typing import Any, cast

import uvicorn

from assessment_simulator.core.urls import MOST_PARAMETERS
from assessment_simulator.http.asgi import App, Receive, Scope, Send
from assessment_simulator.http.chunked import Chunks, Malformed

LONGEST_URL = 65_536
"""Room for the longest filter that a vendor reads, with every character of it escaped."""
MOST_HEADERS = 100
LARGEST_HEAD = 131_072
LARGEST_REQUEST = 16 * 1_048_576
"""Most bytes of a body, with what frames it. The application refuses a far smaller body; up to here the rest is still
received, so that the caller gets the answer."""
MOST_KEPT = 65_536
"""Where more bytes than these wait for the request before them to end, no more is read."""
IDLE = 75.0
"""Seconds that a connection stays open after an answer. Clients that reuse one which the server is just closing lose a
request; many keep theirs for 30 or 60 seconds."""
IDLE_WHEN_FULL = 5.0
PROGRESS = 16_384
"""A reader that takes fewer bytes than this within the time limit is cut off."""

_STATE = "connection"
"""Where the application finds the connection: in `scope["state"]`."""
_BLANK_LINE = b"\r\n\r\n"
_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*([0-9]{1,18})[ \t]*\r\n")
_CHUNKED = re.compile(rb"\r\ntransfer-encoding:[ \t]*chunked[ \t]*\r\n")
_UPGRADE = re.compile(rb"\r\nupgrade:[^\r]*", re.IGNORECASE)
_HOST = re.compile(rb"\r\nhost:[^\r]*", re.IGNORECASE)
_AUTHORITY_END = re.compile(rb"[/?#]")
_CARRIAGE_RETURN = 13
_SHORTEST_HEADER = len(b"\r\nx:")
_LONGEST_LINE = len(b"OPTIONS  HTTP/1.1") + LONGEST_URL


class Refused(Exception):
    """A request that is not answered by the application: `status`, and a sentence that says why."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text


class Connection(asyncio.Protocol):
    """One connection, made by uvicorn for each caller, and the protocol of uvicorn's that it contains."""

    def __init__(self, connections: "Connections", *, app_state: dict[str, Any], **given: Any) -> None:
        self._connections = connections
        self._inner = connections.inner_class(app_state={**app_state, _STATE: self}, **given)
        self._transport = cast("asyncio.Transport", None)
        self._buffer = bytearray()
        """What came and was not given to uvicorn yet."""
        self._searched = 0
        """So many bytes of the buffer hold no end of a head."""
        self._left = 0
        """So many bytes of the body are still to come, where its length is known."""
        self._chunks: Chunks | None = None
        """Reads the body, where it comes in chunks."""
        self._body = 0
        """So many bytes of this body have come."""
        self.is_open = False
        self._is_lost = False
        """Whether the last byte has left, or nobody can receive it any more."""
        self._is_answering = False
        """Whether the application still works on a request that was given to uvicorn."""
        self._has_answered = False
        """Whether the answer to this request has begun."""
        self._is_stopping = False
        self.task: asyncio.Task[Any] | None = None
        """The application's task for this request."""
        self._paused = {"uvicorn": False, "here": False}
        """Who wants nothing to be read."""
        self._step = 0
        """Incremented at each step of a request, so that `look` can tell one wait from the next."""
        self._seen = -1
        self._since = 0.0
        self._unsent = 0
        """Step and time of the last look that saw progress, and the most bytes in the write buffer since."""

    # Callbacks of the event loop.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A caller has connected."""
        self._transport = cast("asyncio.Transport", transport)
        self.is_open = True
        self._connections.all.add(self)
        self._is_stopping = self._connections.is_stopping
        self._outgoing = _Outgoing(self._transport, self)
        self._inner.connection_made(cast("asyncio.Transport", self._outgoing))

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is closed, by whichever side."""
        self._is_lost = True
        if self.is_open:
            self.is_open = False
            self._inner.connection_lost(exc)
        if self.task is None:
            self._connections.all.discard(self)

    def eof_received(self) -> bool | None:
        """The caller sends no more; uvicorn closes then, as asyncio does."""
        stays_open: bool | None = self._inner.eof_received()
        return stays_open

    def pause_writing(self) -> None:
        """The caller reads too slowly."""
        self._inner.pause_writing()

    def resume_writing(self) -> None:
        """The caller reads on."""
        self._inner.resume_writing()

    def data_received(self, data: bytes) -> None:
        """Bytes have come."""
        if self._transport.is_closing():
            return
        is_first = not (self._buffer or self._is_answering or self._awaits_body)
        if is_first and _is_head(data):  # as most requests without a body come: nothing needs to be kept
            try:
                self._give(self._accepted(data))
            except Refused as flaw:
                self._refuse(flaw)
        else:
            self._buffer += data
            self._read()

    # Requests, one at a time.

    @property
    def _awaits_body(self) -> bool:
        """Whether a part of the present request's body is still to come."""
        return self._left > 0 or self._chunks is not None

    def _read(self) -> None:
        """Give uvicorn as much of what has come as belongs to the present request, or begin the next one."""
        try:
            while self._buffer and self.is_open and not self._transport.is_closing():
                if self._awaits_body:
                    if not self._read_body():
                        break
                elif self._is_answering or not self._read_head():
                    break
        except Refused as flaw:
            self._refuse(flaw)
        except Malformed as flaw:
            self._refuse(Refused(400, str(flaw)))
        has_enough = self._is_answering and len(self._buffer) > MOST_KEPT
        if has_enough is not self._paused["here"]:
            self.pause("here", has_enough)

    def _read_head(self) -> bool:
        """Check the head and give it to uvicorn, with what is there of a body of known length.

        False: the head is not complete. Empty lines before a request are skipped (RFC 9112, 2.2).
        """
        buffer = self._buffer
        while buffer.startswith(b"\r\n"):
            del buffer[:2]
        end = buffer.find(_BLANK_LINE, max(0, self._searched - 3))
        if end < 0:
            if buffer and not self._searched:
                self._step += 1
            self._searched = len(buffer)
        if max(end, self._searched) > LARGEST_HEAD * self._connections.slack:
            raise Refused(431, f"The head of the request is over {LARGEST_HEAD} bytes.")
        if end < 0:
            return False
        end += len(_BLANK_LINE)
        self._searched = 0
        data = self._accepted(bytes(buffer[:end]))
        with_body = min(len(buffer), end + self._left)
        if with_body > end:
            self._left -= with_body - end
            data += buffer[end:with_body]
        del buffer[:with_body]
        self._give(data, body=with_body - end)
        return True

    def _accepted(self, head: bytes) -> bytes:
        """The head as uvicorn gets it; from now on its body is read. Raises `Refused`."""
        lower, line, slack = head.lower(), head.index(b"\r\n"), self._connections.slack
        if len(head) > _SHORTEST_HEADER * MOST_HEADERS and head.count(b"\r\n") > MOST_HEADERS * slack + 2:
            raise Refused(431, f"There are more than {MOST_HEADERS} headers.")
        if line > MOST_PARAMETERS and (line > _LONGEST_LINE * slack or head.count(b"&", 0, line) >= MOST_PARAMETERS):
            raise Refused(414, f"The URL is over {LONGEST_URL} bytes or has more than {MOST_PARAMETERS} parameters.")
        hosts = lower.count(b"\r\nhost:")
        if hosts != 1 and (hosts or not head[:line].endswith((b" HTTP/1.0", b" HTTP/0.9"))):
            raise Refused(400, "The request must have one Host header.")
        if head.find(b"://", 0, line) >= 0:
            head = _origin_form(head[:line], head)
        if b"\r\nupgrade:" in lower:
            head = _UPGRADE.sub(b"", head)
        if b"\r\ncontent-length:" in lower or b"\r\ntransfer-encoding:" in lower:
            self._take_framing(lower)
        return head

    def _give(self, data: bytes, body: int = 0) -> None:
        """Let uvicorn begin a request; so many bytes of its body are in the data."""
        self._step += 1
        self._body = body
        self._is_answering, self._has_answered = True, False
        self._inner.data_received(data)

    def _take_framing(self, lower: bytes) -> None:
        """Learn how the body ends. What could be read in two ways is refused (RFC 9112, 6.3)."""
        lengths, codings = lower.count(b"\r\ncontent-length:"), lower.count(b"\r\ntransfer-encoding:")
        length, chunked = _LENGTH.search(lower), _CHUNKED.search(lower)
        if lengths == 1 and not codings and length:
            self._left = int(length[1])
        elif codings == 1 and not lengths and chunked:
            self._chunks = Chunks()
        else:
            raise Refused(400, "The request must show its end by one Content-Length, or by Transfer-Encoding: chunked.")

    def _read_body(self) -> bool:
        """Give uvicorn more of a body. False: nothing of it can be read yet."""
        came = len(self._buffer)
        if self._chunks:
            data = self._chunks.read(self._buffer)
        else:
            data = bytes(self._buffer[: self._left])
            del self._buffer[: len(data)]
        self._body += came - len(self._buffer)
        if self._body > LARGEST_REQUEST:
            raise Refused(413, f"The request is over {LARGEST_REQUEST} bytes.")
        if self._chunks and self._chunks.is_over:
            self._chunks = None
        elif not self._chunks:
            self._left -= len(data)
        if not self._awaits_body:
            self._step += 1
        if data:
            self._inner.data_received(data)
        return bool(data)

    def ended(self) -> None:
        """The application has ended a request; the next one may already be there."""
        self.task = None
        self._is_answering = False
        self._step += 1
        self._outgoing.send_head()
        if self._is_lost:
            self._connections.all.discard(self)
        elif self._buffer and self.is_open:
            self._read()

    def begin_answer(self, head: bytes) -> bytes:
        """The head to send. While the server stops, adds `connection: close`, which old versions of uvicorn omit."""
        self._has_answered = True
        if self._is_stopping and b"\r\nconnection: close" not in head:
            return head[:-2] + b"connection: close\r\n\r\n"
        return head

    def pause(self, who: str, paused: bool) -> None:
        """Read nothing while anybody wants it so."""
        was = any(self._paused.values())
        self._paused[who] = paused
        if was is not any(self._paused.values()) and not self._transport.is_closing():
            self._transport.resume_reading() if was else self._transport.pause_reading()

    # Ends.

    def _refuse(self, flaw: Refused) -> None:
        """Say what is wrong and hang up; where the answer to this request has begun, hang up only."""
        is_within_request = self._is_answering or self._awaits_body
        if not (is_within_request and self._has_answered):
            self._transport.write(
                b"HTTP/1.1 %d %b\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: %d\r\n"
                b"connection: close\r\n\r\n%b"
                % (flaw.status, HTTPStatus(flaw.status).phrase.encode(), len(flaw.text), flaw.text.encode())
            )
        self.hang_up()

    def hang_up(self) -> None:
        """Close the connection as soon as what was sent has left; the application gets `http.disconnect` at once."""
        self._transport.close()
        self._lose()

    def abort(self) -> None:
        """Close the connection now, though what was sent has not left: its reader may have stopped reading."""
        self._transport.abort()
        self._lose()

    def _lose(self) -> None:
        self._buffer.clear()
        if self.is_open:
            self.is_open = False
            self._inner.connection_lost(None)

    def shutdown(self) -> None:
        """The server stops: close now if idle, else after the present answer, which says so."""
        self._is_stopping = True
        self._inner.shutdown()

    # Time.

    @property
    def has_unsent(self) -> bool:
        """Whether something that was written has not left yet."""
        return self._transport.get_write_buffer_size() > 0

    def look(self, now: float, patience: float, idle: float) -> None:
        """Close this connection if its caller has let us wait for longer than `patience` seconds.

        After an answer it may be idle for `idle` seconds.
        """
        unsent = self._transport.get_write_buffer_size()
        if unsent:
            progress = not self._unsent or unsent <= self._unsent - PROGRESS
        else:
            progress = self._unsent > 0 or self._is_ours()
        if progress or self._step != self._seen:
            self._seen, self._since, self._unsent = self._step, now, unsent
            return
        waited = now - self._since
        if unsent:
            self._unsent = max(unsent, self._unsent)
            if waited >= patience:
                self.abort()
        elif waited >= (idle if self._is_idle() else patience):
            self._give_up()

    def _is_ours(self) -> bool:
        """Whether the server must act next: answer a complete request, or resume reading."""
        return self._paused["uvicorn"] or (self._is_answering and not self._awaits_body and self.task is not None)

    def _is_idle(self) -> bool:
        """Whether all that was asked is answered, and nothing else has begun."""
        return self._step > 0 and not (self._is_answering or self._buffer or self._awaits_body)

    def _give_up(self) -> None:
        if self._buffer or self._is_answering:
            self._refuse(Refused(408, "The rest of the request did not come in time."))
        else:
            self.hang_up()


def _is_head(data: bytes) -> bool:
    """Whether this is one head, whole and alone, with no empty line before it."""
    ends = data.endswith(_BLANK_LINE) and data.find(_BLANK_LINE) + len(_BLANK_LINE) == len(data)
    return ends and len(data) <= LARGEST_HEAD and data[0] > _CARRIAGE_RETURN


def _origin_form(line: bytes, head: bytes) -> bytes:
    """The head with a path as its target; the host of a target in absolute form replaces Host (RFC 9112, 3.2.2)."""
    method, _, rest = line.partition(b" ")
    target, _, version = rest.rpartition(b" ")
    if target.startswith(b"/") or b"://" not in target:
        return head
    authority = target.partition(b"://")[2]
    found = _AUTHORITY_END.search(authority)
    end = found.start() if found else len(authority)
    path = authority[end:] if authority[end : end + 1] == b"/" else b"/" + authority[end:]
    fields = _HOST.sub(b"", head[len(line) :])
    return b"%b %b %b\r\nHost: %b%b" % (method, path, version, authority[:end], fields)


class _Outgoing:
    """The transport that uvicorn writes to: sends a head together with what follows it, in one system call and packet.

    uvicorn writes the two separately. On a busy loopback the second write costs as much as answering a read of an
    order. A head waits for the first piece of its body, or for the end of the request: the application must send a
    first piece as soon as it has sent a head.
    """

    __slots__ = ("_connection", "_head", "_transport")

    def __init__(self, transport: asyncio.Transport, connection: Connection) -> None:
        self._transport = transport
        self._connection = connection
        self._head = b""

    def write(self, data: bytes) -> None:
        """Send bytes, and the head that waits before them."""
        if self._head:
            data, self._head = self._head + data, b""
        elif data.startswith(b"HTTP/1.1 ") and data.endswith(_BLANK_LINE) and not data.startswith(b"HTTP/1.1 100 "):
            self._head = self._connection.begin_answer(data)
            return
        if not self._transport.is_closing():
            self._transport.write(data)

    def send_head(self) -> None:
        """Send a head that nothing follows."""
        if self._head:
            self.write(b"")

    def close(self) -> None:
        """Close the connection when all that was written has left."""
        self.send_head()
        self._transport.close()

    def pause_reading(self) -> None:
        """Read nothing for the time being."""
        self._connection.pause("uvicorn", True)

    def resume_reading(self) -> None:
        """Read on."""
        self._connection.pause("uvicorn", False)

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """As the transport says; an IPv4 address that came through a socket for both families is an IPv4 address."""
        if name == "socket":  # uvicorn would ask it for the addresses
            return default
        found = self._transport.get_extra_info(name, default)
        if name in ("peername", "sockname") and isinstance(found, tuple) and "." in found[0]:
            return (found[0].removeprefix("::ffff:"), found[1])
        return found

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


class Connections:
    """All connections of a server (at most `most`), and the ASGI app that tells each when its request ends.

    `slack` is a factor on the limits of a head: a request that another process forwards has met these limits there, and
    its head has grown since.
    """

    def __init__(self, app: App, most: int, slack: int = 1) -> None:
        self.all: set[Connection] = set()
        """Those that have unsent bytes or are open, and those whose caller has left before the application ended."""
        self.slack = slack
        self.is_stopping = False
        """Whether a connection that opens now closes after its first answer."""
        self._app = app
        self._most = most
        inner = uvicorn.Config(app, http="httptools", ws="none", log_config=None)
        inner.load()
        self.inner_class: Any = inner.http_protocol_class
        """uvicorn's protocol for HTTP/1.1 on httptools."""
        self.factory: Any = partial(Connection, self)
        """What uvicorn makes connections with: `uvicorn.Config(http=…)`."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the application answer one request, and tell its connection when it begins and ends."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        connection: Connection = scope["state"][_STATE]
        connection.task = asyncio.current_task()
        self.all.add(connection)  # its caller may have left before the task began
        try:
            await self._app(scope, receive, send)
        finally:
            connection.ended()

    def shutdown(self) -> None:
        """Close what is idle now, the others after their answers."""
        self.is_stopping = True
        for connection in [*self.all]:
            connection.shutdown()

    def calls(self) -> list[asyncio.Task[Any]]:
        """The calls under way."""
        return [connection.task for connection in self.all if connection.task]

    async def cut_off(self, seconds: float, others: Sequence[asyncio.Task[Any]] = ()) -> int:
        """Cancel all calls under way, give each so long to say so, then close all. How many calls there were.

        `others` are calls on connections that stay open.
        """
        tasks = [*self.calls(), *(call for call in others if not call.done())]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=seconds)
        for connection in [*self.all]:
            connection.abort() if connection.has_unsent else connection.hang_up()
        return len(tasks)

    def look(self, now: float, patience: float) -> None:
        """Close connections whose callers let us wait. To be called about twice a second.

        Idle ones are kept for `IDLE` seconds; while there are as many as there may be, for `IDLE_WHEN_FULL` seconds.
        """
        idle = IDLE_WHEN_FULL if len(self.all) >= self._most else IDLE
        for connection in [*self.all]:
            connection.look(now, patience, idle)


def connection_of(scope: Scope) -> Connection | None:
    """The connection of a request; None where the application is called without one."""
    found: Connection | None = scope.get("state", {}).get(_STATE)
    return found


def hang_up(connection: Connection | None) -> None:
    """Close a connection without a further answer."""
    if connection is not None:
        connection.hang_up()
