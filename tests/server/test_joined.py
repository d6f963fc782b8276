"""A response goes out in one piece, and nothing that was written is ever kept."""

import asyncio
import socket
from urllib.parse import urlsplit

import pytest

from assessment_simulator.server.joined import Joined
from tests.servers import Server

HEAD, BODY = b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\n", b"body"


class Pipe(asyncio.Transport):
    """A transport that remembers what it was told."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[bytes] = []

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Remember a write."""
        self.told.append(bytes(data))

    def close(self) -> None:
        """Remember the end."""
        self.told.append(b"closed")

    def is_closing(self) -> bool:
        """Whether that was told."""
        return b"closed" in self.told


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        pytest.param([HEAD, BODY], [HEAD + BODY], id="a head waits for its body"),
        pytest.param([HEAD, b""], [HEAD], id="an empty body sends the head"),
        pytest.param([HEAD, BODY, BODY], [HEAD + BODY, BODY], id="what follows later goes by itself"),
        pytest.param([BODY], [BODY], id="what is no head goes at once"),
        pytest.param([HEAD + BODY], [HEAD + BODY], id="a whole response goes at once"),
        pytest.param([HEAD, HEAD], [HEAD + HEAD], id="two heads keep their order"),
    ],
)
async def test_what_is_written_is_sent_in_order_with_the_head_before_what_follows(
    written: list[bytes], sent: list[bytes]
) -> None:
    pipe = Pipe()
    joined = Joined(pipe, asyncio.get_running_loop().call_soon)
    for data in written:
        joined.write(data)
    assert pipe.told == sent


async def test_a_head_that_nothing_follows_goes_out_with_the_loops_next_turn() -> None:
    pipe = Pipe()
    Joined(pipe, asyncio.get_running_loop().call_soon).write(HEAD)
    assert pipe.told == []
    await asyncio.sleep(0)
    assert pipe.told == [HEAD]


async def test_what_is_written_to_a_caller_who_has_gone_is_dropped() -> None:
    pipe = Pipe()
    joined = Joined(pipe, asyncio.get_running_loop().call_soon)
    pipe.close()
    for data in (BODY, HEAD, BODY):
        joined.write(data)
    assert pipe.told == [b"closed"]


async def test_closing_sends_the_head_first() -> None:
    pipe = Pipe()
    joined = Joined(pipe, asyncio.get_running_loop().call_soon)
    joined.write(HEAD)
    joined.close()
    assert pipe.told == [HEAD, b"closed"]


def test_a_caller_gets_a_whole_response_at_once(server: Server) -> None:
    place = urlsplit(server.url)
    with socket.create_connection((str(place.hostname), place.port or 80), timeout=10) as caller:
        caller.sendall(b"GET /mercury/configuration HTTP/1.1\r\nhost: x\r\n\r\n")
        answer = caller.recv(65_536)
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"content-length: %d" % len(body) in head
    assert body
