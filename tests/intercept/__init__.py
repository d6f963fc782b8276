"""Clients whose hosts are compiled in, and a server that answers in the place of the vendors."""

import http.client
import re
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.servers import Server

PI, PYMETRICS = "pi.predictiveindex.com", "api.pymetrics.com"
LIST = "/api/v1/behavioralassessments"


@dataclass(frozen=True)
class Interceptor:
    """A running server, its port for the vendors' hosts, and the folder of its authority."""

    server: Server
    port: int
    folder: Path

    @property
    def trust(self) -> ssl.SSLContext:
        """What a client needs that trusts the authority alone."""
        return ssl.create_default_context(cafile=self.folder / "intercept-ca.pem")

    def connect(self, host: str = PI) -> http.client.HTTPSConnection:
        """A client of a vendor's host, through the port as its proxy."""
        client = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=10, context=self.trust)
        client.set_tunnel(host, 443)
        return client

    def direct(self, host: str | None, context: ssl.SSLContext | None = None) -> ssl.SSLSocket:
        """A TLS connection to the port itself, as by a hosts file."""
        plain = socket.create_connection(("127.0.0.1", self.port), timeout=10)
        try:
            return (context or self.trust).wrap_socket(plain, server_hostname=host)
        except OSError:
            plain.close()
            raise

    def ask(self, text: str) -> bytes:
        """What the port sends to this text, until it closes the connection."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as plain:
            plain.sendall(text.encode())
            return b"".join(iter(lambda: plain.recv(65_536), b""))


@contextmanager
def intercepting(folder: Path, *options: str) -> Iterator[Interceptor]:
    """A server with `--intercept 0` and these options; by default any credential opens its sandbox `run`."""
    more = options or ("--default-sandbox", "run")
    with Server("--intercept", "0", "--tls-dir", str(folder), *more, within=60) as server:
        found = re.search(r"intercepting .* on port (\d+)", server.stderr())
        assert found, server.stderr()
        yield Interceptor(server, int(found[1]), folder)
