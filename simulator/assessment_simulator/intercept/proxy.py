"""The listener of `serve --intercept`: a forward proxy that answers for the vendors' hosts. `__init__` describes it."""

import asyncio
import contextlib
import logging
import re
import socket
import ssl
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from assessment_simulator.http.cross_origin import split_authority
from assessment_simulator.intercept.client_hello import ClientHello, read_client_hello
from assessment_simulator.resolver import Resolver

# The first byte of a TLS connection: a handshake record.
TLS = 0x16
ESTABLISHED = b"HTTP/1.1 200 Connection established\r\n\r\n"
# The most bytes of a head that is read here; clients of proxies send some hundred.
LARGEST_HEAD = 65_536
# Events that are kept, oldest dropped first.
MOST_EVENTS = 1_000
# Seconds between two looks at a head that is not complete yet: the first, and the longest.
_FIRST_WAIT, _LONGEST_WAIT = 0.005, 0.5
_CHUNK = 65_536
_REQUEST_LINE = re.compile(rb"([A-Za-z]+) ([^ \r\n]+) HTTP/1\.[01]\r\n")
_H2_PREFACE = b"PRI * HTTP/2.0\r\n"
_USER_AGENT = re.compile(rb"\r\nuser-agent:[ \t]*([^\r\n]{1,200})", re.IGNORECASE)
# Headers of one connection, which another must not get (RFC 9110, 7.6.1).
_HOP_HEADERS = re.compile(rb"\r\n(?:connection|proxy-[a-z]+|keep-alive):[^\r\n]*", re.IGNORECASE)
# TLS alerts (RFC 8446, 6): fatal no_application_protocol and unrecognized_name.
_NO_PROTOCOL, _UNKNOWN_NAME = b"\x15\x03\x01\x00\x02\x02\x78", b"\x15\x03\x01\x00\x02\x02\x70"
_log = logging.getLogger("simulator.intercept")


@dataclass(frozen=True, slots=True)
class Event:
    """What happened to a connection: `answered`, `untrusted`, `h2`, `refused` or `tunnelled`; and the client's name."""

    kind: str
    host: str
    client: str = ""


@dataclass(slots=True)
class Hosts:
    """The hosts to answer for, each with the id of its vendor; `own_domains` are the vendors' registered domains."""

    table: Mapping[str, str]
    own_domains: frozenset[str] = frozenset()

    def is_of_vendor(self, host: str) -> bool:
        """Whether a host is a vendor's, though perhaps none that is answered for. It must never be reached."""
        return host in self.table or any(f".{host}".endswith(f".{domain}") for domain in self.own_domains)


@dataclass(slots=True)
class Intercept:
    """The proxy. `protocol` serves the connections of the table's hosts, over TLS with what `context` returns.

    Connections to other hosts are passed on if `tunnels`, else refused. `patience` are the seconds that a client has
    for the head of its first request and for its handshake; `most` is the limit of connections.
    """

    hosts: Hosts
    tunnels: bool
    context: Callable[[], ssl.SSLContext]
    protocol: Callable[[], asyncio.Protocol]
    patience: float
    most: int
    events: list[Event] = field(default_factory=list)
    _tasks: set["asyncio.Task[None]"] = field(default_factory=set)
    _resolver: Resolver = field(default_factory=Resolver)
    _logged: set[tuple[str, str]] = field(default_factory=set)

    def serve(self, listeners: list[socket.socket]) -> None:
        """Accept connections of these sockets until `close`."""
        for listener in listeners:
            listener.setblocking(False)
            self._start(self._accept(listener))

    async def close(self) -> None:
        """Stop accepting, and end the connections that are not served by `protocol`."""
        for task in [*self._tasks]:
            task.cancel()
        if self._tasks:
            await asyncio.wait([*self._tasks])

    def _start(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _accept(self, listener: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        with listener:
            while True:
                try:
                    client, _ = await loop.sock_accept(listener)
                except OSError as problem:  # too many open files, or the client has left already
                    _log.warning("cannot accept a connection to intercept: %s", problem.strerror)
                    await asyncio.sleep(0.1)
                    continue
                if len(self._tasks) > self.most:
                    client.close()
                    continue
                client.setblocking(False)
                client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._start(self._handle(client))

    async def _handle(self, client: socket.socket) -> None:
        """Read what a client wants, and answer, pass on or refuse its connection."""
        with contextlib.ExitStack() as stack:
            stack.callback(client.close)
            try:
                async with asyncio.timeout(self.patience):
                    serve = await self._wanted(client)
                if serve is not None:
                    # The protocol closes it from here on; a tunnel does so itself.
                    stack.pop_all()
                    await serve()
            except (OSError, TimeoutError, EOFError) as problem:
                _log.debug("a connection to intercept ended: %r", problem)

    async def _wanted(self, client: socket.socket) -> Callable[[], Awaitable[None]] | None:
        """What to do with a connection; None if it was refused. Its bytes up to the first request are read."""
        name = ""
        first = await _peek(client, lambda data: True)
        if first[0] == TLS:
            return await self._tls(client, "", name)
        head = await _peek(client, lambda data: b"\r\n\r\n" in data)
        if head.startswith(_H2_PREFACE):
            self._note("h2", "", name)
            return None
        line = _REQUEST_LINE.match(head)
        if line is None:
            await _refuse(client, 400, "This is a proxy for HTTP/1.1: the request has no valid first line.")
            return None
        head = head[: head.index(b"\r\n\r\n") + 4]
        if found := _USER_AGENT.search(head):
            name = found[1].decode("latin-1")
        target = line[2].decode("latin-1")
        is_connect = line[1].upper() == b"CONNECT"
        scheme, mark, rest = target.partition("://")
        if is_connect:
            authority = target
        elif mark:
            authority = re.split(r"[/?#]", rest, maxsplit=1)[0].rpartition("@")[2]
        else:  # as to a server: a hosts file, or an alias of a container, leads here
            fields = re.search(rb"\r\nhost:[ \t]*([^\r\n]*)", head, re.IGNORECASE)
            authority = "" if fields is None else fields[1].decode("latin-1").strip()
        parts = split_authority(authority)
        if parts is None or (is_connect and not parts[1]) or (mark and scheme.lower() != "http"):
            await _refuse(client, 400, "This is a proxy: send CONNECT host:port, or a request with an http URL.")
            return None
        host, port = parts[0], int(parts[1] or 80)
        if host in self.hosts.table:
            if not is_connect:
                return lambda: self._serve(client, None, host, name)
            await _take(client, len(head))
            await asyncio.get_running_loop().sock_sendall(client, ESTABLISHED)
            first = await _peek(client, lambda data: True)
            if first[0] == TLS:
                return await self._tls(client, host, name)
            return lambda: self._serve(client, None, host, name)
        if not (is_connect or mark) or not self.tunnels or self.hosts.is_of_vendor(host) or not 0 < port < 65_536:
            await self._refuse_host(client, host, name)
            return None
        await _take(client, len(head))
        if not is_connect:
            path = rest[len(authority) :] if "@" not in rest else "/" + rest.partition("/")[2]
            path = path if path.startswith("/") else f"/{path}"
            line_end = head.index(b"\r\n")
            fields_left = _HOP_HEADERS.sub(b"", head[line_end:-4])
            head = b"%b %b HTTP/1.1%b\r\nConnection: close\r\n\r\n" % (line[1], path.encode("latin-1"), fields_left)
        return lambda: self._tunnel(client, host, port, b"" if is_connect else head, name)

    async def _tls(self, client: socket.socket, host: str, name: str) -> Callable[[], Awaitable[None]] | None:
        """A TLS connection, after a CONNECT for `host` or, if that is empty, to the server that its SNI names."""
        hello = read_client_hello(await _peek(client, _has_record)) or ClientHello(None, ())
        host = host or hello.server_name or "a host that it does not name (no SNI)"
        loop = asyncio.get_running_loop()
        if hello.server_name is not None and hello.server_name not in self.hosts.table:
            self._note("refused", hello.server_name, name)
            await loop.sock_sendall(client, _UNKNOWN_NAME)
            return None
        if hello.protocols and not any(protocol in hello.protocols for protocol in ("http/1.1", "http/1.0")):
            self._note("h2", host, name)
            await loop.sock_sendall(client, _NO_PROTOCOL)
            return None
        return lambda: self._serve(client, self.context(), host, name)

    async def _serve(self, client: socket.socket, context: ssl.SSLContext | None, host: str, name: str) -> None:
        loop = asyncio.get_running_loop()
        more: Any = {} if context is None else {"ssl": context, "ssl_handshake_timeout": self.patience}
        try:
            await loop.connect_accepted_socket(self.protocol, client, **more)
        except (OSError, EOFError) as problem:
            client.close()
            self._note("untrusted", host, name, _alert(problem))
        else:
            self._note("answered", host, name)

    async def _refuse_host(self, client: socket.socket, host: str, name: str) -> None:
        self._note("refused", host, name)
        if self.hosts.is_of_vendor(host):
            remedy = "it is a vendor's; --intercept-hosts HOST=VENDOR answers for it"
        else:
            remedy = "--intercept-others tunnel passes such connections on"
        await _refuse(client, 403, f"The simulator does not pass connections to {host} on: {remedy}.")

    async def _tunnel(self, client: socket.socket, host: str, port: int, head: bytes, name: str) -> None:
        """Connect to another host, and pass bytes on in both directions until both sides have ended."""
        down_reader, down = await asyncio.open_connection(sock=client)
        try:
            async with asyncio.timeout(self.patience):
                found = await self._resolver.look_up(host)
                up_reader, up = await asyncio.open_connection(found[0][4][0], port)
        except (OSError, TimeoutError) as problem:
            down.write(_response(502, f"The simulator cannot reach {host}:{port}: {problem}."))
            down.close()
            return
        self._note("tunnelled", host, name)
        if head:
            up.write(head)
        else:
            down.write(ESTABLISHED)
        try:
            await asyncio.gather(_pump(down_reader, up), _pump(up_reader, down))
        finally:
            up.close()
            down.close()

    def _note(self, kind: str, host: str, name: str, why: str = "") -> None:
        """Keep an event; log each kind of problem with a host once."""
        self.events.append(Event(kind, host, name))
        del self.events[:-MOST_EVENTS]
        if kind in _PROBLEMS and (kind, host) not in self._logged and len(self._logged) < MOST_EVENTS:
            self._logged.add((kind, host))
            who = f"a client ({name})" if name else "a client"
            _log.warning(_PROBLEMS[kind], {"who": who, "host": host, "why": why})


_PROBLEMS = {
    "untrusted": (
        "%(who)s did not accept the certificate for %(host)s (%(why)s): let it trust the authority; "
        "`assessment-simulator env --intercept PORT` prints the variables, such as SSL_CERT_FILE"
    ),
    "h2": (
        "%(who)s speaks only HTTP/2 to %(host)s, and this port only HTTP/1.1: allow HTTP/1.1 in it, "
        "as curl does with --http1.1"
    ),
    "refused": (
        "refused a connection of %(who)s to %(host)s: --intercept-hosts HOST=VENDOR answers for a vendor's host, "
        "--intercept-others tunnel passes connections to other hosts on"
    ),
}


def _alert(problem: BaseException) -> str:
    """Why a handshake failed, in a few words."""
    reason = getattr(problem, "reason", None)
    if isinstance(reason, str):
        return reason.lower().replace("_", " ")
    return "it closed the connection during the handshake"


def _settle(future: "asyncio.Future[None]") -> None:
    if not future.done():
        future.set_result(None)


def _has_record(data: bytes) -> bool:
    """Whether the first TLS record is complete."""
    return len(data) >= 5 + int.from_bytes(data[3:5])


async def _peek(client: socket.socket, is_enough: Callable[[bytes], bool]) -> bytes:
    """The bytes that wait in a socket, which stay there, once they are enough; raises EOFError if no more come."""
    loop = asyncio.get_running_loop()
    known, wait = 0, _FIRST_WAIT
    while True:
        readable: asyncio.Future[None] = loop.create_future()
        loop.add_reader(client, _settle, readable)
        try:
            await readable
        finally:
            loop.remove_reader(client)
        data = client.recv(LARGEST_HEAD, socket.MSG_PEEK)
        if data and is_enough(data):
            return data
        if not data or len(data) == LARGEST_HEAD:
            raise EOFError("the head of the first request is not complete")
        # The socket stays readable while its bytes are not taken, so wait a little; longer while nothing is added.
        wait = _FIRST_WAIT if len(data) > known else min(2 * wait, _LONGEST_WAIT)
        known = len(data)
        await asyncio.sleep(wait)


async def _take(client: socket.socket, count: int) -> None:
    """Remove bytes that wait in a socket."""
    while count:
        count -= len(await asyncio.get_running_loop().sock_recv(client, count))


def _response(status: int, text: str) -> bytes:
    body = f"{text}\n".encode()
    head = f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\ncontent-type: text/plain; charset=utf-8\r\n"
    return f"{head}content-length: {len(body)}\r\nconnection: close\r\n\r\n".encode() + body


async def _refuse(client: socket.socket, status: int, text: str) -> None:
    """Send a response and read what the client has sent, so that closing does not reset the connection."""
    await asyncio.get_running_loop().sock_sendall(client, _response(status, text))
    client.shutdown(socket.SHUT_WR)
    with contextlib.suppress(BlockingIOError):
        for _ in iter(lambda: client.recv(_CHUNK), b""):
            pass


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(_CHUNK):
            writer.write(data)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()
