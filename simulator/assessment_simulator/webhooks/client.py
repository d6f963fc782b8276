"""The HTTP client of webhooks: one POST to one listener. Every failure is a result, none is raised.

In this order: read the address, let the egress policy resolve and check it, connect to one of the addresses that were
checked, send, read the response. aiohttp gets an address and resolves nothing itself, or a hostile name server could
answer differently the second time; the host's name is in the header `Host`, and the certificate is checked for it. One
time limit holds for all of it. No connection is reused: one that the listener is just closing would cost an attempt
that it never saw. There are no redirects, proxies or cookies, and no headers but those of the vendor.
"""

import asyncio
import re
import socket
import ssl
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO
from itertools import chain
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from assessment_simulator.core.retry_schedule import REFUSED, WebhookRequest, WebhookResponse
from assessment_simulator.core.urls import CONTAINER_HINT, names_container_host
from assessment_simulator.loading import loaded
from assessment_simulator.storage import LogError
from assessment_simulator.webhooks.egress import Policy, Refused

if TYPE_CHECKING:
    from aiohttp import AddrInfoType, ClientResponse
    from httpx2 import URL

# Bytes of a response's body that are kept.
MAX_BODY = 8_192
# A response with more bytes of headers is an error, as is one with a longer line or more headers than these two.
MAX_HEAD = 65_536
MAX_LINE = 16_384
MAX_HEADERS = 128
# Characters of the parser's message, which may quote the response, in an attempt's error.
MAX_DETAIL = 200
_ADDED_BY_AIOHTTP = ("Accept", "Accept-Encoding", "Content-Type", "User-Agent")


class ProtocolError(Exception):
    """The response is not HTTP, or is incomplete."""


@dataclass(frozen=True, slots=True)
class Result:
    """The listener's response or the error, and how many real seconds it took."""

    answer: WebhookResponse | None
    error: str | None
    duration: float


class WebhookClient:
    """Sends webhooks to addresses that the policy allows.

    Over TLS it trusts the system's certificate authorities and those in `ca_file`; with `insecure`, every listener.
    """

    def __init__(self, policy: Policy, *, ca_file: str | None = None, insecure: bool = False) -> None:
        self._policy = policy
        self._ca_file = ca_file
        self._insecure = insecure
        self._tls: ssl.SSLContext | None = None

    async def send(
        self, request: WebhookRequest, seconds: float, *, named: bool = False, confirm: Callable[[], None] | None = None
    ) -> Result:
        """Post once, within `seconds` of real time. `named`: a request to a vendor named the address.

        `confirm` is called when the connection is made, before the first byte is sent. If it raises `LogError`, so does
        this, and nothing was sent.
        """
        await loaded("aiohttp", "httpx2")  # the first import must not count against the listener's time
        began = time.perf_counter()
        answer, error = None, None
        sockets = _Sockets()
        attempt = asyncio.create_task(self._post(request, named, confirm, sockets))
        try:
            async with asyncio.timeout(seconds):
                await asyncio.wait({attempt})
            answer = attempt.result()
        except LogError:
            raise
        except Refused as refused:
            error = f"{REFUSED}: {refused}" if str(refused) else REFUSED
        except TimeoutError:
            error = f"no answer within {seconds:g} s"
        except Exception as problem:  # noqa: BLE001  whatever a listener or an address can do wrong is the attempt's error
            error = f"{type(problem).__name__}: {problem}"
            if isinstance(problem, OSError) and names_container_host(request.url):
                error += f"; {CONTAINER_HINT}"
        finally:
            # A task that is cancelled while it connects makes uvloop before 0.23 close a connection of somebody else.
            # So after the time limit, or when this is cancelled, the task is not cancelled but left to fail.
            sockets.close()
            attempt.add_done_callback(lambda done: done.cancelled() or done.exception())
        return Result(answer, error, time.perf_counter() - began)

    async def _post(
        self, request: WebhookRequest, named: bool, confirm: Callable[[], None] | None, sockets: "_Sockets"
    ) -> WebhookResponse:
        """Post to the first address that can be connected to.

        Raises `Refused`, ValueError if the address is none, or a header or the path contains NUL, CR or LF, OSError if
        no address can be connected to or the connection fails later, and `ProtocolError`.
        """
        import aiohttp
        import yarl
        from httpx2 import InvalidURL

        # Read, resolve and check the address.
        try:
            url = _parse(request.url)
        except InvalidURL as invalid:
            # An address in an unusual spelling may still be a forbidden one, and then the policy's error counts.
            await self._policy.resolve(urlsplit(request.url).hostname or "", named=named)
            raise ValueError(f"InvalidURL: {invalid}") from None
        scheme, host, path = (part.decode("ascii") for part in (url.raw_scheme, url.raw_host, url.raw_path))
        addresses = await self._policy.resolve(host, named=named)
        if scheme == "https" and self._tls is None:
            self._tls = self.tls_context()
        if any(re.search(r"[\x00\r\n]", part) for part in (path, *chain.from_iterable(request.headers))):
            raise ValueError("a header or the address holds a line break")

        # Connect, send and read the response.
        problem = OSError(f"{host} has no address")
        traces = []
        if confirm is not None:  # tracing costs a tenth of an attempt's time

            async def connected(*_: object) -> None:
                confirm()

            traces.append(aiohttp.TraceConfig())
            traces[0].on_connection_create_end.append(connected)  # aiohttp sends the request in the same step
        async with aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(force_close=True, socket_factory=sockets.open),
            timeout=aiohttp.ClientTimeout(),  # none: the caller's is for the whole attempt
            cookie_jar=aiohttp.DummyCookieJar(), skip_auto_headers=_ADDED_BY_AIOHTTP, auto_decompress=False,
            max_line_size=MAX_LINE, max_field_size=MAX_LINE, max_headers=MAX_HEADERS, trace_configs=traces,
        ) as session:  # fmt: skip
            for address in addresses:
                literal = f"[{address}]" if address.version == 6 else str(address)
                port = url.port or (443 if scheme == "https" else 80)
                try:
                    async with session.post(
                        yarl.URL.build(scheme=scheme, host=literal, port=port, path=path, encoded=True),
                        headers=[("Host", url.netloc.decode("ascii")), *request.headers],
                        data=BytesIO(request.body),  # plain bytes give a warning from a megabyte on
                        allow_redirects=False, ssl=self._tls or True, server_hostname=host,
                    ) as response:  # fmt: skip
                        return await _read(response)
                except aiohttp.ClientConnectorError as unreachable:  # nothing was sent: try the next address
                    problem = unreachable.os_error
                except aiohttp.ClientError as failure:
                    raise _cause(failure) from None
        raise problem

    def tls_context(self) -> ssl.SSLContext:
        """What a listener's certificate is checked against."""
        from httpx2 import create_ssl_context

        context = create_ssl_context()
        if self._ca_file is not None:
            context.load_verify_locations(cafile=self._ca_file)
            # The file may hold an intermediate authority, or the listener's own certificate.
            context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        if self._insecure:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        context.set_alpn_protocols(["http/1.1"])
        return context


@lru_cache(1_024)
def _parse(text: str) -> "URL":
    """The URL, encoded as it is sent. Parsing takes a tenth of an attempt's time, and the same few are called often."""
    from httpx2 import URL

    return URL(text)


class _Sockets:
    """The sockets of one attempt, which are shut down when it is over."""

    def __init__(self) -> None:
        self._opened: list[socket.socket] = []
        self._is_closed = False

    def open(self, info: "AddrInfoType") -> socket.socket:
        """Open a socket; OSError if the attempt is over."""
        if self._is_closed:
            raise OSError("the attempt is over")
        self._opened.append(socket.socket(*info[:3]))
        return self._opened[-1]

    def close(self) -> None:
        """aiohttp would keep sending to a listener that does not read, and wait for the close_notify of TLS."""
        self._is_closed = True
        for one in self._opened:
            with suppress(OSError):  # it was never connected, or is closed already
                one.shutdown(socket.SHUT_RDWR)


async def _read(response: "ClientResponse") -> WebhookResponse:
    if sum(map(len, chain.from_iterable(response.raw_headers))) > MAX_HEAD:
        raise ProtocolError(f"the head of the answer is over {MAX_HEAD} bytes")
    try:
        body = await response.content.readexactly(MAX_BODY)
    except asyncio.IncompleteReadError as end:
        body = end.partial
    headers = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in response.raw_headers)
    return WebhookResponse(response.status, headers, body.decode("utf-8", "replace"))


def _cause(failure: Exception) -> BaseException:
    """What failed after the connection was made, in as few words as a reader of the log needs."""
    import aiohttp

    if isinstance(failure, aiohttp.ClientResponseError):
        detail = " ".join(failure.message.split()).removesuffix(" ^")  # three lines, of which the last is a pointer
        return ProtocolError(f"the answer is no HTTP: {detail[:MAX_DETAIL]}")
    cause = failure.__cause__ or failure  # the system's error, if there is one
    if (
        isinstance(failure, (aiohttp.ClientPayloadError, aiohttp.ServerDisconnectedError))
        or type(cause) is aiohttp.ClientConnectionResetError
    ):
        return ProtocolError("the listener hung up before the end of its answer")
    return cause
