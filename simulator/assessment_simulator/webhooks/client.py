"""One POST by aiohttp: to addresses that were judged before, with what the caller gives it and no more.

aiohttp is given an address and looks nothing up; the name is in the header `Host`, and the certificate is checked for
it. No connection is used twice: one that the listener is closing just now would cost an attempt it never saw.
"""

import re
import socket
from asyncio import IncompleteReadError
from collections.abc import Iterable
from contextlib import ExitStack, suppress
from io import BytesIO
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

from assessment_simulator.core.retry_schedule import WebhookRequest, WebhookResponse
from assessment_simulator.webhooks.egress import Address

if TYPE_CHECKING:
    from ssl import SSLContext

    from aiohttp import AddrInfoType, ClientError, ClientResponse, ClientSession

LONGEST_ANSWER = 8_192
"""Most bytes of a listener's answer that are kept."""
LONGEST_HEAD = 65_536
"""An answer with more bytes of headers is an error."""
LONGEST_LINE = 16_384
"""An answer with a longer line in its head is an error."""
MOST_HEADERS = 128
"""An answer with more headers is an error."""
LONGEST_FLAW = 200
"""Most characters of the parser's message, which may quote the answer, in an attempt's error."""
_NOT_ADDED = ("Accept", "Accept-Encoding", "Content-Type", "User-Agent")
"""Headers that aiohttp would add."""
_BROKEN_LINE = re.compile(r"[\x00\r\n]")


class Target(NamedTuple):
    """Where a webhook goes, as it goes over the wire: `authority` is the header `Host`."""

    is_secure: bool
    host: str
    port: int
    authority: str
    path: str


class Broken(Exception):
    """The answer is not HTTP, or is incomplete."""


async def post(
    addresses: Iterable[Address], target: Target, sent: WebhookRequest, tls: "SSLContext | None"
) -> WebhookResponse:
    """Post to the first of these addresses that can be connected to; cancelled, it hangs up.

    Raises ValueError where a header or the path contains NUL, CR or LF, OSError where no address can be connected to
    or the connection fails later, and `Broken`.
    """
    from aiohttp import ClientConnectorError, ClientError, ClientSession, ClientTimeout, DummyCookieJar, TCPConnector

    if any(_BROKEN_LINE.search(part) for part in (target.path, *chain.from_iterable(sent.headers))):
        raise ValueError("a header or the address holds a line break")
    problem = OSError(f"{target.host} has no address")
    with ExitStack() as connections:

        def opened(info: "AddrInfoType") -> socket.socket:
            connection = socket.socket(*info[:3])
            connections.callback(_end, connection)
            return connection

        async with ClientSession(
            connector=TCPConnector(force_close=True, socket_factory=opened),
            timeout=ClientTimeout(),  # none: the caller's is for the whole attempt
            cookie_jar=DummyCookieJar(),
            skip_auto_headers=_NOT_ADDED,
            auto_decompress=False,
            max_line_size=LONGEST_LINE, max_field_size=LONGEST_LINE, max_headers=MOST_HEADERS,
        ) as session:  # fmt: skip
            for address in addresses:
                try:
                    return await _post(session, address, target, sent, tls)
                except ClientConnectorError as unreachable:  # no request was sent
                    problem = unreachable.os_error
                except ClientError as failure:
                    raise _reason(failure) from None
    raise problem


def _end(connection: socket.socket) -> None:
    """Shut the socket down. aiohttp would keep sending to who does not read, and wait for the close_notify of TLS."""
    with suppress(OSError):  # it was never connected, or is closed already
        connection.shutdown(socket.SHUT_RDWR)


async def _post(
    session: "ClientSession", address: Address, target: Target, sent: WebhookRequest, tls: "SSLContext | None"
) -> WebhookResponse:
    from yarl import URL

    scheme = "https" if target.is_secure else "http"
    host = f"[{address}]" if address.version == 6 else str(address)
    async with session.post(
        URL.build(scheme=scheme, host=host, port=target.port, path=target.path, encoded=True),
        headers=[("Host", target.authority), *sent.headers],
        data=BytesIO(sent.body),  # plain bytes give a warning from a megabyte on
        allow_redirects=False,
        ssl=True if tls is None else tls,
        server_hostname=target.host,
    ) as answer:
        return await _heard(answer)


async def _heard(answer: "ClientResponse") -> WebhookResponse:
    if sum(map(len, chain.from_iterable(answer.raw_headers))) > LONGEST_HEAD:
        raise Broken(f"the head of the answer is over {LONGEST_HEAD} bytes")
    try:
        body = await answer.content.readexactly(LONGEST_ANSWER)
    except IncompleteReadError as end:
        body = end.partial
    shown = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in answer.raw_headers)
    return WebhookResponse(answer.status, shown, body.decode("utf-8", "replace"))


def _reason(failure: "ClientError") -> BaseException:
    """What went wrong after the connection was made, in as few words as serve a reader of the log."""
    from aiohttp import ClientConnectionResetError, ClientPayloadError, ClientResponseError, ServerDisconnectedError

    if isinstance(failure, ClientResponseError):
        flaw = " ".join(failure.message.split()).removesuffix(" ^")  # in three lines, of which the last points
        return Broken(f"the answer is no HTTP: {flaw[:LONGEST_FLAW]}")
    reason = failure.__cause__ or failure  # the system's error, if there is one
    if isinstance(failure, (ClientPayloadError, ServerDisconnectedError)) or type(reason) is ClientConnectionResetError:
        return Broken("the listener hung up before the end of its answer")
    return reason
