"""The proxy before several processes in tests: by turns, to the byte, and broken off where they break off."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import pytest

from tests.balancer import Balancer

ENDS = {b"PATCH": b"end", b"PUT": b"\r\n0\r\n\r\n"}
"""What a request ends with that has a body, by its verb."""


@contextmanager
def backend(answer: Callable[[bytes], bytes]) -> Iterator[tuple[str, list[bytes]]]:
    """A server that hears one request on each connection, answers it with bytes, and hangs up."""
    heard: list[bytes] = []

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                data = b""
                while not data.endswith(ENDS.get(data.partition(b" ")[0], b"\r\n\r\n")):
                    data += connection.recv(65_536)
                heard.append(data)
                connection.sendall(answer(data))

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", heard
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


class Caller:
    """A connection to a balancer."""

    def __init__(self, url: str) -> None:
        self.socket = socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2])), 10)

    def ask(self, request: bytes, length: int) -> bytes:
        """What comes back, up to so many bytes or the end."""
        self.socket.sendall(request)
        return self.hear(length)

    def hear(self, length: int) -> bytes:
        """The same of what was asked before."""
        got = b""
        while len(got) < length and (data := self.socket.recv(length - len(got))):
            got += data
        return got


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as opened:
        yield opened


def before(stack: ExitStack, *answers: bytes) -> tuple[Caller, list[list[bytes]]]:
    """A caller of a balancer before servers that answer so; what each of them has heard."""
    servers = [stack.enter_context(backend(lambda _, answer=answer: answer)) for answer in answers]  # type: ignore[misc]
    caller = Caller(stack.enter_context(Balancer(*(url for url, _ in servers))).url)
    stack.callback(caller.socket.close)
    return caller, [heard for _, heard in servers]


def ok(body: bytes, more: bytes = b"") -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n%b\r\n%b" % (len(body), more, body)


GET = b"GET /a%2Fb?c HTTP/1.1\r\nHost: x\r\nX-Odd:  y \r\n\r\n"


def test_each_request_of_one_connection_goes_to_the_next_server(stack: ExitStack) -> None:
    caller, heard = before(stack, ok(b"1"), ok(b"2"), ok(b"3"))
    got = [caller.ask(GET, len(ok(b"1")))[-1:] for _ in range(7)]
    assert got == [b"1", b"2", b"3", b"1", b"2", b"3", b"1"]
    assert [len(one) for one in heard] == [3, 2, 2]


def test_bytes_are_passed_as_they_are(stack: ExitStack) -> None:
    strange = b"HTTP/1.1 299 \xe9\r\nx-a: 1\r\nX-A:  2\r\ncontent-length: 3\r\n\r\n\x00\xff\n"
    caller, [heard] = before(stack, strange)
    request = b"PATCH //x HTTP/1.1\r\nhost: a\r\nContent-Length: 6\r\n\r\n\r\nxend"
    assert caller.ask(request, len(strange)) == strange
    assert heard == [request]


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\nhe\r\no\r\n0\r\nA: b\r\n\r\n"
BODIES = {
    "a length": ok(b"body"),
    "chunks with trailers": CHUNKED,
    "nothing": b"HTTP/1.1 204 No Content\r\n\r\n",
    "an interim answer first": b"HTTP/1.1 100 Continue\r\n\r\n" + ok(b"x"),
}


@pytest.mark.parametrize("answer", BODIES.values(), ids=BODIES)
def test_a_connection_goes_on_after_an_answer_with(stack: ExitStack, answer: bytes) -> None:
    caller, _ = before(stack, answer)
    assert [caller.ask(GET, len(answer)) for _ in range(3)] == [answer] * 3


def test_chunks_of_a_request_are_passed_and_the_next_request_is_found_behind_them(stack: ExitStack) -> None:
    caller, [first, second] = before(stack, ok(b"1"), ok(b"2"))
    chunked = b"PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nend\r\n0\r\n\r\n"
    assert caller.ask(chunked + GET, 2 * len(ok(b"1"))) == ok(b"1") + ok(b"2")
    assert (first, second) == ([chunked], [GET])


@pytest.mark.parametrize(
    "answer", [b"", b"HTTP/1.1 200", ok(b"whole")[:-2], CHUNKED[:-3], b"HTTP/1.1 200 OK\r\n\r\nto the end"]
)
def test_what_a_server_breaks_off_is_broken_off(stack: ExitStack, answer: bytes) -> None:
    caller, _ = before(stack, answer)
    assert caller.ask(GET, 1_000) == answer


def test_an_answer_that_is_the_last_ends_the_connection(stack: ExitStack) -> None:
    last = ok(b"x", b"Connection: close\r\n")
    caller, _ = before(stack, last)
    assert caller.ask(GET, 1_000) == last


def test_who_is_answered_before_the_end_of_the_request_may_finish_it_and_go_on(stack: ExitStack) -> None:
    caller, [first, second] = before(stack, ok(b"1"), ok(b"2"))
    begun = b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\n"
    assert caller.ask(begun, len(ok(b"1"))) == ok(b"1")
    assert caller.ask(b"the rest." + GET, len(ok(b"2"))) == ok(b"2")
    assert (first, second) == ([begun], [GET])


def test_a_server_that_nobody_waits_for_any_more_is_left(stack: ExitStack) -> None:
    left = threading.Event()
    listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
    caller = Caller(stack.enter_context(Balancer(f"http://127.0.0.1:{listener.getsockname()[1]}")).url)
    caller.socket.sendall(GET)
    connection, _ = listener.accept()
    with connection:
        assert connection.recv(1_000) == GET
        caller.socket.close()
        connection.settimeout(10)
        assert connection.recv(1) == b""
        left.set()
    assert left.is_set()
