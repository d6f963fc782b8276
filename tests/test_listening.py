"""The sockets of a server: both address families, one port; and the address that other commands use."""

import errno
import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import pytest

from assessment_simulator.runner import event_loop, listen, url_of
from assessment_simulator.settings import Settings, is_loopback, local_url
from tests.commands import call, complaint
from tests.postgres import new_database
from tests.servers import Server, served
from tests.waiting import answers as answers_at
from tests.waiting import until

V4, V6 = "127.0.0.1", "::1"


def answers(host: str, port: int | None) -> bool:
    """Whether a simulator answers at an address."""
    return answers_at(f"http://{f'[{host}]' if ':' in host else host}:{port}")


SERVED = [("::", (V4, V6)), ("localhost", (V4, V6)), ("0.0.0.0", (V4,)), ("127.0.0.2", ("127.0.0.2",))]  # noqa: S104


@pytest.mark.parametrize(("host", "addresses"), SERVED)
def test_a_server_listens_in_both_families_and_ready_and_doctor_find_it(host: str, addresses: tuple[str, ...]) -> None:
    environ = {"SIMULATOR_HOST": host, "SIMULATOR_ACCESS": "open", "SIMULATOR_PUBLIC_URL": "https://tests.example/sim"}
    with served(environ=environ) as url:
        port = urlsplit(url).port
        assert answers(urlsplit(url).hostname or "", port)
        assert [address for address in addresses if not answers(address, port)] == []
        for command in ("ready", "doctor"):
            done = call(command, environ={**environ, "SIMULATOR_PORT": str(port)})
            assert done.returncode == 0, done.stdout + done.stderr


def test_several_processes_share_the_sockets_of_both_families(postgres_server: str) -> None:
    with Server("--host", "localhost", "--workers", "2", "--log", new_database(postgres_server)) as server:
        assert server.url.startswith("http://localhost:")
        assert [host for host in (V4, V6) if not answers(host, urlsplit(server.url).port)] == []


def test_an_ipv4_client_of_a_socket_for_both_families_is_logged_by_its_ipv4_address() -> None:
    with Server("--host", "::", "--access-log", "--log-format", "json") as server:
        port = urlsplit(server.url).port
        assert answers(V4, port)
        until(lambda: "/_simulator/health" in server.stderr())
        lines = [json.loads(line) for line in server.stderr().splitlines() if "/_simulator/health" in line]
        assert [line["client"] for line in lines] == [V4]


ADDRESSES = [
    ("127.0.0.1", "http://127.0.0.1:8787"),
    ("127.0.0.2", "http://127.0.0.2:8787"),
    ("0.0.0.0", "http://127.0.0.1:8787"),  # noqa: S104
    ("::", "http://127.0.0.1:8787"),
    ("[::]", "http://127.0.0.1:8787"),
    ("0:0:0:0:0:0:0:0", "http://127.0.0.1:8787"),
    ("::1", "http://[::1]:8787"),
    ("[::1]", "http://[::1]:8787"),
    ("::ffff:127.0.0.3", "http://127.0.0.3:8787"),
    ("::ffff:0.0.0.0", "http://127.0.0.1:8787"),
    ("2001:DB8::1", "http://[2001:db8::1]:8787"),
    ("localhost", "http://127.0.0.1:8787"),
    ("LocalHost.", "http://127.0.0.1:8787"),
    ("sim.localhost", "http://127.0.0.1:8787"),
    ("sim.example", "http://sim.example:8787"),
]


@pytest.mark.parametrize(("host", "address"), ADDRESSES)
def test_the_local_url_of_a_host_can_be_connected_to(host: str, address: str) -> None:
    assert local_url(host, 8787, tls=False) == address
    assert local_url(host, 8787, tls=True) == address.replace("http:", "https:")


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST.", "sim.localhost", "::ffff:127.0.0.1", "[::1]"])
def test_names_and_addresses_of_the_loopback_are_recognized(host: str) -> None:
    assert is_loopback(host)


def test_ready_and_doctor_need_a_url_if_the_server_chose_its_port() -> None:
    for command in ("ready", "doctor"):
        complaint(call(command, environ={"SIMULATOR_PORT": "0"}), "--url")


# The sockets themselves.


@contextmanager
def listening(host: str, port: int = 0) -> Iterator[list[socket.socket]]:
    made = listen(Settings(host=host, port=port))
    try:
        yield made
    finally:
        for one in made:
            one.close()


@pytest.mark.parametrize(
    ("host", "bound", "shown"),
    [
        ("localhost", [V4, V6], "localhost"),
        ("sim.localhost", [V4, V6], "sim.localhost"),
        ("::", ["::"], "[::]"),
        ("[0::0]", ["::"], "[::]"),
        ("::1", [V6], "[::1]"),
        ("::ffff:127.0.0.1", [V4], "127.0.0.1"),
        ("127.0.0.1", [V4], "127.0.0.1"),
        ("", ["0.0.0.0"], "0.0.0.0"),  # noqa: S104
    ],
)
def test_all_sockets_of_a_host_have_one_port(host: str, bound: list[str], shown: str) -> None:
    with listening(host) as made:
        ports = {one.getsockname()[1] for one in made}
        assert [one.getsockname()[0] for one in made] == bound
        assert [url_of(Settings(host=host), made)] == [f"http://{shown}:{port}" for port in ports]


def test_a_port_in_use_in_one_family_is_refused() -> None:
    with socket.create_server((V6, 0), family=socket.AF_INET6) as other:
        port = other.getsockname()[1]
        with pytest.raises(OSError, match="in use"), listening("localhost", port):
            pass
    with listening("localhost", port):
        pass


def test_a_free_port_is_free_in_both_families(monkeypatch: pytest.MonkeyPatch) -> None:
    create, refused = socket.create_server, list[int]()

    def busy(address: tuple[str, int], **more: Any) -> socket.socket:
        """The system, whose first choices are taken in the other family."""
        if address[0] == V6 and len(refused) < 3:
            refused.append(address[1])
            raise OSError(errno.EADDRINUSE, "Address already in use")
        return create(address, **more)

    monkeypatch.setattr(socket, "create_server", busy)
    with listening("localhost") as made:
        assert len(made) == 2
        assert made[0].getsockname()[1] == made[1].getsockname()[1]
    assert len(refused) == 3


@pytest.mark.parametrize(("host", "shown"), [("localhost", "localhost"), ("::", "0.0.0.0")])  # noqa: S104
@pytest.mark.parametrize("number", [errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL])
def test_a_system_without_ipv6_listens_on_ipv4(
    monkeypatch: pytest.MonkeyPatch, host: str, shown: str, number: int
) -> None:
    create = socket.create_server

    def without(address: tuple[str, int], *, family: int, **more: Any) -> socket.socket:
        """The system, as one without IPv6 answers."""
        if family == socket.AF_INET6:
            raise OSError(number, "no IPv6 here")
        return create(address, family=family, **more)

    monkeypatch.setattr(socket, "create_server", without)
    monkeypatch.setattr(socket, "has_dualstack_ipv6", lambda: False)
    with listening(host) as made:
        assert [one.family for one in made] == [socket.AF_INET]
        assert url_of(Settings(host=host), made) == f"http://{shown}:{made[0].getsockname()[1]}"
    with pytest.raises(OSError, match="no IPv6"), listening("::1"):
        pass


@pytest.mark.parametrize(
    ("forwards", "version", "loop"),
    [(True, "0.22.1", "asyncio"), (True, "0.23.0", "auto"), (True, "1.0", "auto"), (False, "0.21.0", "auto")],
)
def test_a_server_that_forwards_does_not_run_on_an_old_uvloop(
    forwards: bool, version: str, loop: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.metadata.version", lambda name: version)
    assert event_loop(forwards=forwards) == loop
