"""The proxy before several processes in tests: each request to the next server, byte for byte."""

import re
import socket
from contextlib import ExitStack

import httpx2
import pytest

from tests.balancer import Balancer
from tests.servers import Listener, Reply


def test_each_request_of_one_client_goes_to_the_next_server() -> None:
    with ExitStack() as stack:
        servers = [stack.enter_context(Listener([Reply(200, {}, name)])) for name in (b"1", b"2", b"3")]
        balancer = stack.enter_context(Balancer(*(server.url for server in servers)))
        client = stack.enter_context(httpx2.Client(base_url=balancer.url, trust_env=False))
        assert [client.post("/a%2Fb?c", content=iter([b"x", b"y"])).text for _ in range(7)] == [*"1231231"]
        assert [len(server.received) for server in servers] == [3, 2, 2]


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 299 \xe9\r\nX-A:  2\r\nx-a: 1\r\n\r\n\x00\xff\n"])
def test_bytes_and_ends_of_connections_are_passed_as_they_are(answer: bytes) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        Balancer(f"http://127.0.0.1:{listener.getsockname()[1]}") as balancer,
        socket.create_connection(("127.0.0.1", int(balancer.url.rpartition(":")[2])), 10) as client,
    ):
        request = b"PATCH //x HTTP/1.1\r\nhost: a\r\nX-Odd:  y \r\nContent-Length: 6\r\n\r\n\r\nxend"
        client.sendall(request.replace(b"host", b"connection: keep-alive\r\nhost"))
        connection, _ = listener.accept()
        with connection:
            received = b""
            while not received.endswith(b"end"):
                received += connection.recv(1_000)
            assert re.sub(rb"Connection: close\r\n", b"", received) == request
            connection.sendall(answer)
        assert client.makefile("rb").read() == answer


def test_a_server_whose_client_has_gone_is_left() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        Balancer(f"http://127.0.0.1:{listener.getsockname()[1]}") as balancer,
    ):
        with socket.create_connection(("127.0.0.1", int(balancer.url.rpartition(":")[2])), 10) as client:
            client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            connection, _ = listener.accept()
        with connection:
            connection.settimeout(10)
            while connection.recv(1_000):
                pass
