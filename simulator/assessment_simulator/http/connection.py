"""Connections of clients. A `Connection` stands between the socket and uvicorn's protocol, which it contains.

Theory of operation:

- It keeps received bytes until the head of a request is complete, checks the head, and passes this one request to
  uvicorn. The next request is passed on when the application has finished the one before. So uvicorn never queues
  requests, and every request meets the same limits.
- It decides what uvicorn leaves open: `Upgrade`, which may be ignored (RFC 9110, 7.8), targets in absolute form
  (RFC 9112, 3.2.2), fields after a chunked body (RFC 9110, 6.5.1), and limits of size and of time.
- A request that is refused here gets a plain text response and the connection is closed. If the response to the
  request has begun, the connection is only closed. The access log has a line for each: `REFUSED` in the state of its
  scope tells it to the application; what the application has not seen is logged here.
- Slow clients: the server calls `Connections.look` about twice a second, so no request pays for a timer. A client that
  sends or receives too slowly is disconnected.

Only public interfaces are used: the class from `uvicorn.Config`, the callbacks of `asyncio.Protocol`, the methods of
`asyncio.Transport`, and the state of the lifespan, by which the application finds a request's connection.
"""

import asyncio
import re
from collections.abc import Sequence
from contextvars import Context
from functools import partial
from http import HTTPStatus
from typing import Any, cast

import uvicorn

from assessment_simulator.core.urls import MOST_PARAMETERS
from assessment_simulator.http.access_log import REFUSED, log_refusal, refusal_id
from assessment_simulator.http.asgi import REQUEST_ID, App, Receive, Scope, Send

# Enough for the longest filter that a vendor reads, with every character escaped.
LONGEST_URL = 65_536
MOST_HEADERS = 100
LARGEST_HEAD = 131_072
# The most bytes of a body with its framing. The application refuses a far smaller body; up to this size the rest is
# still received, so that the client gets the response.
LARGEST_REQUEST = 16 * 1_048_576
# Reading pauses while more bytes than this wait for the end of the request before them.
MOST_KEPT = 65_536
# Seconds that a connection stays open after a response. A client that reuses a connection while the server closes it
# loses a request; many keep theirs for 30 or 60 seconds.
IDLE = 75.0
IDLE_WHEN_FULL = 5.0
# A client that receives fewer bytes than this within the time limit is disconnected.
PROGRESS = 16_384

# Where the application finds the connection: in `scope["state"]`.
_STATE = "connection"
_BLANK_LINE = b"\r\n\r\n"
_LENGTH = re.compile(rb"\r\ncontent-length: ?(0|[1-9][0-9]{0,17})\r\n")
# With zeros and blanks, which are valid (RFC 9110, 5.5 and 8.6), and of any size.
_UNUSUAL_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*([0-9]+)[ \t]*(?=\r\n)", re.IGNORECASE)
_CHUNKED = re.compile(rb"\r\ntransfer-encoding:[ \t]*chunked[ \t]*\r\n")
_UPGRADE = re.compile(rb"\r\nupgrade:[^\r]*", re.IGNORECASE)
_HOST = re.compile(rb"\r\nhost:[^\r]*", re.IGNORECASE)
_CHUNK_SIZE = re.compile(rb"0*([0-9A-Fa-f]{1,8})(?:[ \t]*;[^\r\n\0]*)?\r\n")
_TRAILER = re.compile(rb"[^\r\n\0:]+:[^\r\n\0]*\r\n")
_LONGEST_CHUNK_LINE = 4_096
_CARRIAGE_RETURN = 13
_SHORTEST_HEADER = len(b"\r\nx:")
_MOST_DIGITS = 18
_TOO_LARGE = f"The request is over {LARGEST_REQUEST} bytes."
_LONGEST_LINE = len(b"OPTIONS  HTTP/1.1") + LONGEST_URL


class Refused(Exception):
    """A request that is not passed on: `status`, and a sentence that says why."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text


class ChunkedBody:
    """A chunked body (RFC 9112, 7.1), read strictly and written again without extensions and trailer fields."""

    def __init__(self) -> None:
        self.is_over = False
        # Bytes of the present chunk that are still to come.
        self._left = 0
        # What a line can be that is not within a chunk: a `size`, the `end` of a chunk, or a `field` after the last.
        self._expected = "size"

    def read(self, buffer: bytearray) -> bytes:
        """Remove what can be read from the buffer. Returns it, framed again; raises `Refused`."""
        pieces: list[bytes] = []
        at = 0
        while at < len(buffer) and not self.is_over:
            if self._left:
                piece = bytes(buffer[at : at + self._left])
                pieces.append(b"%x\r\n%b\r\n" % (len(piece), piece))
                at += len(piece)
                self._left -= len(piece)
                continue
            end = buffer.find(b"\n", at, at + _LONGEST_CHUNK_LINE) + 1
            if not end:
                if len(buffer) - at >= _LONGEST_CHUNK_LINE:
                    raise Refused(400, "A line between the chunks of the body is too long.")
                break
            line, at = bytes(buffer[at:end]), end
            if self._expected == "end":
                if line != b"\r\n":
                    raise Refused(400, "A chunk of the body is not followed by CRLF.")
                self._expected = "size"
            elif self._expected == "field":
                self.is_over = line == b"\r\n"
                if not (self.is_over or _TRAILER.fullmatch(line)):
                    raise Refused(400, "What follows the chunks of the body is no field.")
            else:
                found = _CHUNK_SIZE.fullmatch(line)
                if found is None:
                    raise Refused(400, "A chunk of the body does not begin with its size.")
                self._left = int(found[1], 16)
                self._expected = "end" if self._left else "field"
        del buffer[:at]
        if self.is_over:
            pieces.append(b"0\r\n\r\n")
        return b"".join(pieces)


class Connection(asyncio.Protocol):
    """One connection: the protocol of the event loop, and the transport of uvicorn's protocol, which it contains."""

    def __init__(self, connections: "Connections", *, app_state: dict[str, Any], **given: Any) -> None:
        self._connections = connections
        self._inner = connections.inner_class(app_state={**app_state, _STATE: self}, **given)
        self._transport = cast("asyncio.Transport", None)
        # Received, but not passed to uvicorn yet.
        self._buffer = bytearray()
        # The end of a head was not found in this many bytes of the buffer.
        self._searched = 0
        # Bytes of the body still to come, if its length is known.
        self._left = 0
        self._chunks: ChunkedBody | None = None
        # Bytes of this body that have come.
        self._body = 0
        self.is_open = False
        # Whether the last byte was sent, or cannot be received any more.
        self._is_lost = False
        # Whether the application still works on a request.
        self._is_answering = False
        # Whether the response to this request has begun.
        self._has_answered = False
        self._is_stopping = False
        # The application's task for this request, and the state of its scope.
        self.task: asyncio.Task[Any] | None = None
        self.state: dict[str, Any] = {}
        # The present request as it was passed to uvicorn.
        self._passed = b""
        # Who has paused reading: `uvicorn`, or the code `here`.
        self._pauses: set[str] = set()
        # The head of a response, which waits for the first piece of its body or for the end of the request.
        self._head = b""
        # Incremented at each step of a request, so that `look` can tell one wait from the next.
        self._step = 0
        # Step and time of the last look that saw progress, and the most bytes in the write buffer since.
        self._seen, self._since, self._unsent = -1, 0.0, 0

    # Callbacks of the event loop.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self.is_open = True
        self._connections.all.add(self)
        self._is_stopping = self._connections.is_stopping
        self._inner.connection_made(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._is_lost = True
        if self.is_open:
            self.is_open = False
            self._inner.connection_lost(exc)
        if self.task is None:
            self._connections.all.discard(self)

    def eof_received(self) -> bool | None:
        return cast("bool | None", self._inner.eof_received())

    def pause_writing(self) -> None:
        self._inner.pause_writing()

    def resume_writing(self) -> None:
        self._inner.resume_writing()

    def data_received(self, data: bytes) -> None:
        if self._transport.is_closing():
            return
        try:
            if not (self._buffer or self._is_answering or self._awaits_body) and _is_head(data):
                self._pass_on(self._checked(data))  # the usual request without a body: nothing needs to be kept
                return
            self._buffer += data
            while self._buffer and self.is_open and not self._transport.is_closing():
                if self._awaits_body:
                    if not self._read_body():
                        break
                elif self._is_answering or not self._read_head():
                    break
        except Refused as flaw:
            self._refuse(flaw, bytes(self._buffer) or data)
        has_enough = self._is_answering and len(self._buffer) > MOST_KEPT
        if has_enough is not ("here" in self._pauses):
            self._pause("here", has_enough)

    # Requests, one at a time.

    @property
    def _awaits_body(self) -> bool:
        return self._left > 0 or self._chunks is not None

    def _read_head(self) -> bool:
        """Check a head and pass it on, with what has come of a body of known length. False: it is not complete."""
        buffer = self._buffer
        while buffer.startswith(b"\r\n"):  # empty lines before a request are ignored (RFC 9112, 2.2)
            del buffer[:2]
        end = buffer.find(_BLANK_LINE, max(0, self._searched - 3))
        if end < 0:
            if buffer and not self._searched:
                self._step += 1
            self._searched = len(buffer)
        if max(end, self._searched) > LARGEST_HEAD:
            raise Refused(431, f"The head of the request is over {LARGEST_HEAD} bytes.")
        if end < 0:
            return False
        end += len(_BLANK_LINE)
        self._searched = 0
        data = self._checked(bytes(buffer[:end]))
        with_body = min(len(buffer), end + self._left)
        if with_body > end:
            self._left -= with_body - end
            data += buffer[end:with_body]
        del buffer[:with_body]
        self._pass_on(data, with_body - end)
        return True

    def _checked(self, head: bytes) -> bytes:
        """The head for uvicorn, after the limits were checked; from now on the body is read. Raises `Refused`."""
        lower, line = head.lower(), head.index(b"\r\n")
        if len(head) > _SHORTEST_HEADER * MOST_HEADERS and head.count(b"\r\n") > MOST_HEADERS + 2:
            raise Refused(431, f"There are more than {MOST_HEADERS} headers.")
        if line > MOST_PARAMETERS and (line > _LONGEST_LINE or head.count(b"&", 0, line) >= MOST_PARAMETERS):
            raise Refused(414, f"The URL is over {LONGEST_URL} bytes or has more than {MOST_PARAMETERS} parameters.")
        hosts = lower.count(b"\r\nhost:")
        if hosts != 1 and (hosts or not head[:line].endswith((b" HTTP/1.0", b" HTTP/0.9"))):
            raise Refused(400, "The request must have one Host header.")
        if head.find(b"://", 0, line) >= 0:
            head = _origin_form(head[:line], head)
        if b"\r\nupgrade:" in lower:
            head = _UPGRADE.sub(b"", head)
        if b"\r\ncontent-length:" in lower or b"\r\ntransfer-encoding:" in lower:
            # The end of the body. What could be read in two ways is refused (RFC 9112, 6.3), and so are equal lengths.
            lengths, codings = lower.count(b"\r\ncontent-length:"), lower.count(b"\r\ntransfer-encoding:")
            length, chunked = _LENGTH.search(lower), _CHUNKED.search(lower)
            if lengths == 1 and not codings and length:
                self._left = int(length[1])
            elif lengths == 1 and not codings and (unusual := _UNUSUAL_LENGTH.search(head)):
                digits = unusual[1].lstrip(b"0") or b"0"
                if len(digits) > _MOST_DIGITS:
                    raise Refused(413, _TOO_LARGE)
                self._left = int(digits)
                # All that read it behind this see the same number.
                head = head.replace(unusual[0], b"\r\ncontent-length: %d" % self._left)
            elif codings == 1 and not lengths and chunked:
                self._chunks = ChunkedBody()
            else:
                raise Refused(
                    400, "The request must show its end by one Content-Length, or by Transfer-Encoding: chunked."
                )
        return head

    def _pass_on(self, data: bytes, body: int = 0) -> None:
        """Let uvicorn begin a request; `body` is how many bytes of its body are in `data`."""
        self._step += 1
        self._body = body
        self._passed = data
        self._is_answering, self._has_answered = True, False
        self._inner.data_received(data)

    def _read_body(self) -> bool:
        """Pass more of a body on. False: nothing of it can be read yet."""
        came = len(self._buffer)
        if self._chunks:
            data = self._chunks.read(self._buffer)
        else:
            data = bytes(self._buffer[: self._left])
            del self._buffer[: len(data)]
            self._left -= len(data)
        self._body += came - len(self._buffer)
        if self._body > LARGEST_REQUEST:
            raise Refused(413, _TOO_LARGE)
        if self._chunks and self._chunks.is_over:
            self._chunks = None
        if not self._awaits_body:
            self._step += 1
        if data:
            self._inner.data_received(data)
        return bool(data)

    def ended(self) -> None:
        """The application has finished a request; the next one may have come."""
        if self._head:
            self.write(b"")
        self.task, self.state, self._passed = None, {}, b""
        self._is_answering = False
        self._step += 1
        if self._is_lost:
            self._connections.all.discard(self)
        elif self._buffer and self.is_open:
            Context().run(self.data_received, b"")  # the next request has an id of its own

    # The transport that uvicorn writes to.

    def write(self, data: bytes) -> None:
        """Send a head and what follows it in one system call and packet.

        uvicorn writes the two separately, and a second write costs as much as answering a read of an order.
        """
        if self._is_answering and self.task is None and not self._has_answered and data.startswith(b"HTTP/1.1 "):
            # uvicorn refuses: its parser failed, or there are too many connections.
            reason = data.partition(_BLANK_LINE)[2].decode() or "There are too many connections."
            self._log_refusal(Refused(int(data[9:12]), reason), self._passed)
        if self._head:
            data, self._head = self._head + data, b""
        elif (
            not self._has_answered  # what follows the head may look like one
            and data.startswith(b"HTTP/1.1 ")
            and data.endswith(_BLANK_LINE)
            and not data.startswith(b"HTTP/1.1 100 ")
        ):
            self._has_answered = True
            self._head = data
            if self._is_stopping and b"\r\nconnection: close" not in data:  # which old versions of uvicorn omit
                self._head = data[:-2] + b"connection: close\r\n\r\n"
            return
        if not self._transport.is_closing():
            self._transport.write(data)

    def close(self) -> None:
        if self._head:
            self.write(b"")
        self._transport.close()

    def is_closing(self) -> bool:
        return self._transport.is_closing()

    def pause_reading(self) -> None:
        self._pause("uvicorn", True)

    def resume_reading(self) -> None:
        self._pause("uvicorn", False)

    def _pause(self, who: str, paused: bool) -> None:
        """Pause reading while somebody wants it."""
        was = bool(self._pauses)
        (self._pauses.add if paused else self._pauses.discard)(who)
        if was is not bool(self._pauses) and not self._transport.is_closing():
            self._transport.resume_reading() if was else self._transport.pause_reading()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """As the transport, but an IPv4 address from a socket for both families is an IPv4 address."""
        if name == "socket":  # uvicorn would ask it for the addresses
            return default
        found = self._transport.get_extra_info(name, default)
        if name in ("peername", "sockname") and isinstance(found, tuple) and "." in found[0]:
            return (found[0].removeprefix("::ffff:"), found[1])
        return found

    # The end of a connection.

    def _refuse(self, flaw: Refused, request: bytes, seconds: float = 0.0) -> None:
        """Say what is wrong and close; if the response to this request has begun, only close.

        `request` is what came of it, if the application does not know it.
        """
        is_within_request = self._is_answering or self._awaits_body
        if not (is_within_request and self._has_answered):
            if self._is_answering:  # the application logs it
                self.state.setdefault(REFUSED, (flaw.status, flaw.text))
                # It may not have begun, and then takes this id.
                id = self.state.get(REQUEST_ID.decode()) or Context().run(refusal_id, self._passed)
                self.state[REQUEST_ID.decode()] = id
            else:
                id = self._log_refusal(flaw, request, seconds)
            self._transport.write(
                b"HTTP/1.1 %d %b\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: %d\r\n"
                b"%bconnection: close\r\n\r\n%b"
                % (
                    flaw.status, HTTPStatus(flaw.status).phrase.encode(), len(flaw.text),
                    b"%b: %b\r\n" % (REQUEST_ID, id) if id else b"", flaw.text.encode(),
                )
            )  # fmt: skip
        self.hang_up()

    def _log_refusal(self, flaw: Refused, request: bytes, seconds: float = 0.0) -> bytes:
        client = self.get_extra_info("peername")
        address = client[0] if isinstance(client, tuple) else ""
        # The id of the request before it, whose task may run this, does not count.
        return Context().run(log_refusal, request, flaw.status, flaw.text, seconds, address)

    def hang_up(self) -> None:
        """Close the connection once everything written was sent; the application gets `http.disconnect` at once."""
        self._transport.close()
        self._lose()

    def abort(self) -> None:
        """Close the connection now, though not everything was sent: the client may have stopped reading."""
        self._transport.abort()
        self._lose()

    def _lose(self) -> None:
        self._buffer.clear()
        if self.is_open:
            self.is_open = False
            self._inner.connection_lost(None)

    def shutdown(self) -> None:
        """The server stops: close now if idle, else after the present response, which says so."""
        self._is_stopping = True
        self._inner.shutdown()

    # Time.

    @property
    def has_unsent(self) -> bool:
        """Whether something that was written has not been sent yet."""
        return self._transport.get_write_buffer_size() > 0

    def look(self, now: float, patience: float, idle: float) -> None:
        """Close the connection if its client made us wait for `patience` seconds, or was idle for `idle` seconds."""
        unsent = self._transport.get_write_buffer_size()
        if unsent:
            progress = not self._unsent or unsent <= self._unsent - PROGRESS
        else:  # nothing is waited for while reading is paused, or while the application works on a complete request
            is_working = self._is_answering and not self._awaits_body and self.task is not None
            progress = self._unsent > 0 or "uvicorn" in self._pauses or is_working
        if progress or self._step != self._seen:
            self._seen, self._since, self._unsent = self._step, now, unsent
            return
        waited = now - self._since
        is_idle = self._step > 0 and not (self._is_answering or self._buffer or self._awaits_body)
        if unsent:
            self._unsent = max(unsent, self._unsent)
            if waited >= patience:
                self.abort()
        elif waited >= (idle if is_idle else patience):
            if self.is_open and (self._buffer or self._is_answering):
                late = Refused(408, "The rest of the request did not come in time.")
                self._refuse(late, bytes(self._buffer), waited)
            else:
                self.hang_up()


def _is_head(data: bytes) -> bool:
    """Whether this is exactly one head, with no empty line before it."""
    ends = data.endswith(_BLANK_LINE) and data.find(_BLANK_LINE) + len(_BLANK_LINE) == len(data)
    return ends and len(data) <= LARGEST_HEAD and data[0] > _CARRIAGE_RETURN


def _origin_form(line: bytes, head: bytes) -> bytes:
    """The head with a path as its target; the host of a target in absolute form replaces Host (RFC 9112, 3.2.2)."""
    method, _, rest = line.partition(b" ")
    target, _, version = rest.rpartition(b" ")
    if target.startswith(b"/") or b"://" not in target:
        return head
    authority, path = re.fullmatch(rb"([^/?#]*)(.*)", target.partition(b"://")[2], re.DOTALL).groups()  # type: ignore[union-attr]
    path = path if path.startswith(b"/") else b"/" + path
    return b"%b %b %b\r\nHost: %b%b" % (method, path, version, authority, _HOST.sub(b"", head[len(line) :]))


class Connections:
    """All connections of a server, and the ASGI app that tells each when its request ends.

    `most` is the limit of connections: uvicorn answers every request with 503 while there are more.
    """

    def __init__(self, app: App, most: int) -> None:
        # Those that are open or have unsent bytes, and those whose client left before the application finished.
        self.all: set[Connection] = set()
        # Whether a new connection closes after its first response.
        self.is_stopping = False
        self._app = app
        self._most = most
        inner = uvicorn.Config(app, http="httptools", ws="none", log_config=None)
        inner.load()
        # uvicorn's protocol for HTTP/1.1 on httptools.
        self.inner_class: Any = inner.http_protocol_class
        # For `uvicorn.Config(http=…)`.
        self.factory: Any = partial(Connection, self)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        connection: Connection = scope["state"][_STATE]
        scope["state"].update(connection.state)  # the client may have been refused before the task began
        connection.task, connection.state = asyncio.current_task(), scope["state"]
        self.all.add(connection)  # the client may have left before the task began
        try:
            await self._app(scope, receive, send)
        finally:
            connection.ended()

    def shutdown(self) -> None:
        """Close idle connections now, the others after their responses."""
        self.is_stopping = True
        for connection in [*self.all]:
            connection.shutdown()

    def calls(self) -> list[asyncio.Task[Any]]:
        """The requests in progress."""
        return [connection.task for connection in self.all if connection.task]

    async def cut_off(self, seconds: float, others: Sequence[asyncio.Task[Any]] = ()) -> int:
        """Cancel all requests in progress, wait `seconds` for them, then close all. Returns how many there were.

        `others` are requests on connections that stay open.
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
        """Close the connections of slow and idle clients. Call it about twice a second.

        Idle ones are kept for `IDLE` seconds, or for `IDLE_WHEN_FULL` while the limit of connections is reached.
        """
        idle = IDLE_WHEN_FULL if len(self.all) >= self._most else IDLE
        for connection in [*self.all]:
            connection.look(now, patience, idle)


def connection_of(scope: Scope) -> Connection | None:
    """The connection of a request; None if the application is called without one."""
    found: Connection | None = scope.get("state", {}).get(_STATE)
    return found


def hang_up(connection: Connection | None) -> None:
    """Close a connection without a further response."""
    if connection is not None:
        connection.hang_up()
