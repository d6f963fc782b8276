"""One connection: uvicorn's protocol, with limits on what a caller may send and on how long a caller may let us wait.

What is unbounded in it is bounded here: uvicorn keeps whatever a head holds, takes the headers behind a chunked body
for headers of the request, reads a piece of thousands of requests more for each that it has answered, and waits for
ever for the rest of a request, or for a reader.
"""

import asyncio
import re
from collections.abc import Iterable, Sized
from typing import Any, cast

from httptools import HttpParserError, HttpParserUpgrade
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from assessment_simulator.server import declined
from assessment_simulator.server.asgi import MOST_PARAMETERS
from assessment_simulator.server.joined import Joined

LONGEST_URL = 65_536
"""Room for the longest filter that a vendor reads, with every character of it escaped."""
MOST_HEADERS = 100
LARGEST_HEAD = 131_072
"""So many bytes a head may have after its first piece."""
LARGEST_REQUEST = 16 * 1_048_576
"""So many bytes all of a request may have: its head, what frames its body, and what is let pass of one too large."""
MOST_WAITING = 16
"""Where more requests than these wait for those before them, no more is read of their connection."""
IDLE = 75.0
"""Seconds that a connection stays open after an answer. Clients that reuse one which the server is just closing lose a
request; many keep theirs for 30 or 60 seconds."""
IDLE_WHEN_FULL = 5.0
PROGRESS = 16_384
"""A reader who takes fewer bytes than this within the time limit is none."""

_END_OF_HOST = re.compile(rb"[/?#]")

_head_completed, _completed = HttpToolsProtocol.on_headers_complete, HttpToolsProtocol.on_message_complete
"""What is extended for every request is called without `super`, which would have to be looked up each time."""

_Flaw = tuple[int, str]
_INVALID: _Flaw = (400, "Invalid HTTP request received.")
_LONG_URL: _Flaw = (414, f"The URL is over {LONGEST_URL} bytes or has more than {MOST_PARAMETERS} parameters.")
_MANY_HEADERS: _Flaw = (431, f"There are more than {MOST_HEADERS} headers.")
_LARGE_HEAD: _Flaw = (431, f"The head of the request is over {LARGEST_HEAD} bytes.")
_LARGE: _Flaw = (413, f"The request is over {LARGEST_REQUEST} bytes.")
_HOSTS: _Flaw = (400, "The request must have one Host header.")
_SLOW: _Flaw = (408, "The rest of the request did not come in time.")


class Protocol(HttpToolsProtocol):
    """uvicorn's, within limits, over a transport that does not send a response in two pieces.

    The limits cost a request next to nothing: sizes are looked at once for each piece that came, and time is not
    looked at here at all, but by `cut_off_the_slow`.
    """

    _weighed: Any = None
    _taken = 0
    """The scope of a request that is not there as a whole, and how many bytes of it came after its first piece."""
    _flaw = _INVALID
    _since = 0.0
    """Since when this has been waited for: the scope and the cycle tell one wait from another, `_owed` one answer."""
    _seen: tuple[Any, Any] = ("nothing", "yet")
    _owed = 0
    _refusal = b""
    """The answer to a request that cannot be read, while those before it are being answered."""

    def connection_made(self, transport: Any) -> None:
        """A caller has connected."""
        self._line = transport
        super().connection_made(cast("asyncio.Transport", Joined(transport, self.loop.call_soon)))
        self.flow = _Flow(self.transport, self.pipeline)
        self.client, self.server = _plain(self.client), _plain(self.server)

    def data_received(self, data: bytes) -> None:
        """Bytes have come; a request that has not come whole must not grow for ever."""
        if self._refusal:
            return
        self._parse(data)
        cycle: Any = self.cycle
        if cycle is None or cycle.more_body or cycle.scope is not self.scope:
            self._weigh(len(data))

    def _parse(self, data: bytes) -> None:
        rest: bytes | memoryview = data
        try:
            while rest:
                rest = self._read(rest)
        except HttpParserError:
            self.logger.warning(_INVALID[1])
            self.send_400_response(_INVALID[1])

    def _read(self, data: bytes | memoryview) -> bytes | memoryview:
        """Let the parser read, until a head offers another protocol; what is left then is for another parser.

        One piece may hold thousands of such heads: so nothing is copied here, and nothing calls itself.
        """
        try:
            self.parser.feed_data(data)
        except HttpParserUpgrade as offer:
            self.parser, head = declined.reader(self, self.cycle.scope["headers"])
            self.parser.feed_data(head)
            return memoryview(data)[offer.args[0] :]
        return b""

    def _weigh(self, size: int) -> None:
        if self.scope is not self._weighed:  # its first piece may hold the end of another request, too
            self._weighed, self._taken = self.scope, 0
            return
        self._taken += size
        if self._is_in_head() and self._taken > LARGEST_HEAD:
            self._refuse(_LARGE_HEAD)
        elif self._taken > LARGEST_REQUEST:
            self._refuse(_LARGE)

    def on_headers_complete(self) -> None:
        """A head is there; what follows the body in the manner of headers is none of it."""
        url = self.url
        if len(url) > MOST_PARAMETERS and (len(url) > LONGEST_URL or url.count(b"&") >= MOST_PARAMETERS):
            self._flaw = _LONG_URL
        elif len(self.headers) > MOST_HEADERS:
            self._flaw = _MANY_HEADERS
        elif not self._has_one_host():
            self._flaw = _HOSTS
        elif url[:1] != b"/" and b"://" in url:
            self._take_absolute(url)
        if self._flaw is not _INVALID:
            raise ValueError(self._flaw[1])  # ends the parsing, and `send_400_response` is called
        _head_completed(self)
        self.headers = []

    def _has_one_host(self) -> bool:
        """Whether the header Host stands once (RFC 9112, 3.2); HTTP/1.0 does not know it yet."""
        hosts = [name for name, _ in self.headers].count(b"host")
        return hosts == 1 or (hosts == 0 and self.parser.get_http_version() in ("0.9", "1.0"))

    def _take_absolute(self, url: bytes) -> None:
        """Read a target as it is sent to a proxy: the host in it counts, and Host does not (RFC 9112, 3.2.2)."""
        rest = url.partition(b"://")[2]
        end = _END_OF_HOST.search(rest)
        at = end.start() if end else len(rest)
        self.headers[:] = [*(pair for pair in self.headers if pair[0] != b"host"), (b"host", rest[:at])]
        self.url = rest[at:] if rest[at : at + 1] == b"/" else b"/" + rest[at:]

    def on_message_complete(self) -> None:
        """A request is there; one that offers another protocol has its body still to come."""
        if not self.parser.should_upgrade():
            _completed(self)
            self.cycle.more_body = False  # which uvicorn leaves as it is where the answer was there before the body

    def on_response_complete(self) -> None:
        """A request is answered; how long its connection may be idle now is not looked at here, either."""
        self.server_state.total_requests += 1
        if self._line.is_closing():
            return
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
        elif self._refusal:
            self._hang_up_with(self._refusal)
        if not self._refusal:
            self.flow.resume_reading()

    def send_400_response(self, msg: str) -> None:
        """Say what is wrong with a request, and hang up. Requests before it are answered first, in their order."""
        status, text = self._flaw
        head = b"content-type: text/plain; charset=utf-8\r\ncontent-length: %d\r\nconnection: close\r\n\r\n" % len(text)
        refusal = STATUS_LINE[status] + head + text.encode()
        cycle: Any = self.cycle
        if self.pipeline and self.pipeline[0][0].scope is self.scope:  # its head was good, and it waits for its turn
            self.pipeline.popleft()
            waits = True
        else:
            waits = cycle is not None and not cycle.response_complete and self._is_behind(cycle)
        if waits:
            self._refusal = refusal
            self.flow.pause_reading()
        else:
            self._hang_up_with(refusal)

    def _is_behind(self, cycle: Any) -> bool:
        """Whether what is refused comes after this request: it has a head of its own, or the request is complete."""
        return cycle.scope is not self.scope or not cycle.more_body

    def _hang_up_with(self, answer: bytes) -> None:
        self.transport.write(answer)
        self.transport.close()

    def _refuse(self, flaw: _Flaw) -> None:
        """Break a request off; where its answer has begun, there is nothing more to be said."""
        if not self.transport.is_closing():
            self._flaw = flaw
            if self._is_in_head() or not self.cycle.response_started:
                self.send_400_response(flaw[1])
            else:
                self.transport.close()

    def _is_in_head(self) -> bool:
        """Whether a request has begun whose head is not complete."""
        scope: Any = self.scope
        cycle: Any = self.cycle
        return scope is not None and (cycle is None or cycle.scope is not scope)

    # Patience.

    def look(self, now: float, patience: float, idle: float) -> None:
        """Close this connection if its caller has let us wait for longer than `patience` seconds.

        After an answer it may be idle for `idle` seconds.
        """
        owed = self.transport.get_write_buffer_size()
        if owed:
            self._look_at_reader(owed, now, patience)
            return
        waited = (self.scope, self.cycle)
        if self._is_ours() or self._owed or not self._is_seen(*waited):
            self._seen, self._since, self._owed = waited, now, 0
        elif now - self._since >= (idle if self._is_idle() else patience):
            self._give_up()

    def _look_at_reader(self, owed: int, now: float, patience: float) -> None:
        """See whether what waits to be read becomes less; a call that is new shows that something was read."""
        if not self._owed or owed <= self._owed - PROGRESS or self.cycle is not self._seen[1]:
            self._seen, self._since, self._owed = (self.scope, self.cycle), now, owed
        elif now - self._since >= patience:
            self.transport.abort()
        else:
            self._owed = max(owed, self._owed)

    def _is_seen(self, scope: Any, cycle: Any) -> bool:
        return scope is self._seen[0] and cycle is self._seen[1]

    def _is_ours(self) -> bool:
        """Whether it is for us to do something: a request is being answered, or too much has come to go on reading."""
        cycle: Any = self.cycle
        answering = cycle is not None and not (cycle.response_complete or cycle.more_body)
        return self.flow.read_paused or (answering and not self._is_in_head())

    def _is_idle(self) -> bool:
        """Whether all that was asked is answered, and nothing else has begun."""
        cycle: Any = self.cycle
        return cycle is not None and cycle.response_complete and not cycle.more_body and not self._is_in_head()

    def _give_up(self) -> None:
        if self._is_idle() or self.scope is None:
            self.transport.close()
        else:
            self._refuse(_SLOW)


class _Flow(FlowControl):
    """Reads on only where few requests wait: of those that wait before others the bodies are there as a whole."""

    def __init__(self, transport: asyncio.Transport, waiting: Sized) -> None:
        super().__init__(transport)
        self._waiting = waiting

    def resume_reading(self) -> None:
        """Read on, unless too many wait; then whoever answers one of them asks again."""
        if self.read_paused and len(self._waiting) <= MOST_WAITING:
            super().resume_reading()


def _plain(end: Any) -> Any:
    """One end of a connection; an IPv4 address that came through a socket for both families is an IPv4 address."""
    return (end[0].removeprefix("::ffff:"), end[1]) if end is not None and "." in end[0] else end


def cut_off_the_slow(connections: Iterable[Any], now: float, patience: float) -> None:
    """Look at every connection; to be called about once a second.

    Idle connections are kept for `IDLE` seconds. While there are as many connections as there may be, they are kept for
    `IDLE_WHEN_FULL` seconds, to make room for new ones.
    """
    found = [one for one in connections if isinstance(one, Protocol)]
    for connection in found:
        limit = connection.limit_concurrency
        is_full = limit is not None and len(found) >= limit - 1
        connection.look(now, patience, IDLE_WHEN_FULL if is_full else IDLE)
