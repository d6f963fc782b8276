"""A whole response is written as uvicorn would write it in two, in one piece."""

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import pytest
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from assessment_simulator.server.asgi import Headers, Send
from assessment_simulator.server.response import respond
from tests.server.test_joined import Pipe

HEADERS: Headers = [(b"date", b"Thu, 01 Jan 2026 00:00:00 GMT"), (b"content-length", b"4")]


async def sent(status: int, headers: Headers, body: bytes, wrap: Callable[[Send], Send], **how: Any) -> list[bytes]:
    """What goes out for a response on an exchange like this."""
    pipe, ended = Pipe(), []
    exchange = RequestResponseCycle(
        {"method": how.get("method", "GET"), "type": "http"},  # type: ignore[typeddict-item]
        pipe, FlowControl(pipe), logging.getLogger(), logging.getLogger(), False, [], asyncio.Event(), False,
        how.get("keep_alive", True), lambda: ended.append(True),
    )  # fmt: skip
    exchange.disconnected = how.get("disconnected", False)
    await respond(wrap(exchange.send), status, headers, body)  # type: ignore[arg-type]
    assert ended == ([] if exchange.disconnected else [True])
    assert exchange.response_complete is not exchange.disconnected
    return pipe.told


def as_it_is(send: Send) -> Send:
    return send


def through_another(send: Send) -> Send:
    """As a middleware hands it on: the exchange behind it is not seen."""

    async def other(message: Any) -> None:
        await send(message)

    return other


@pytest.mark.parametrize(
    ("status", "headers", "body", "how"),
    [
        pytest.param(200, HEADERS, b"body", {}, id="a body"),
        pytest.param(204, HEADERS[:1], b"", {}, id="no body"),
        pytest.param(200, HEADERS, b"body", {"keep_alive": False}, id="the last on its connection"),
        pytest.param(200, HEADERS, b"body", {"method": "HEAD"}, id="a head is asked for"),
        pytest.param(200, HEADERS, b"body", {"disconnected": True}, id="nobody is there"),
    ],
)
def test_what_goes_out_is_what_uvicorn_would_send(
    status: int, headers: Headers, body: bytes, how: dict[str, Any]
) -> None:
    ours = asyncio.run(sent(status, headers, body, as_it_is, **how))
    theirs = asyncio.run(sent(status, headers, body, through_another, **how))
    assert b"".join(ours) == b"".join(theirs)
    assert len([piece for piece in ours if piece != b"closed"]) <= 1 or how.get("method") == "HEAD"


def test_a_header_that_would_end_early_is_not_sent() -> None:
    with pytest.raises(RuntimeError, match="control character"):
        asyncio.run(sent(200, [*HEADERS, (b"simulator-note", b"a\r\nb: c")], b"body", as_it_is))
