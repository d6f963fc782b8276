"""Opens the sockets that a server listens on.

An address gives one socket. `::` takes IPv4 connections too, and `localhost` listens on the loopback addresses of both
families, because clients differ in which of them they try. A family that this machine lacks is left out.
"""

import errno
import os
import socket
from contextlib import ExitStack, suppress
from ipaddress import IPv6Address, ip_address

from assessment_simulator.settings import Settings, is_localhost

BACKLOG = 2_048
TRIES = 50
"""Ports that are tried until one is free in both families, where the system chooses the port."""
_LACKING = (errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL, errno.EPROTONOSUPPORT)
"""What the system answers where it has no such family, or none of its addresses."""


def listen(settings: Settings) -> list[socket.socket]:
    """The sockets that listen where the settings say, all on one port; raises OSError."""
    hosts = _addresses(settings.host.strip("[]"))
    for last in [*[False] * (TRIES - 1), True]:
        try:
            return _opened(hosts, settings.port)
        except OSError as problem:
            # The port that the system chose for the first address may be taken at the second.
            if problem.errno != errno.EADDRINUSE or settings.port or last:
                raise
    raise AssertionError("the last try returns or raises")


def _opened(hosts: list[str], port: int) -> list[socket.socket]:
    """A socket for each host, or for those of them that this machine has; raises OSError where it has none."""
    made: list[socket.socket] = []
    lacking: OSError | None = None
    with ExitStack() as undo:
        for host in hosts:
            try:
                one = _socket(host, made[0].getsockname()[1] if made else port)
            except OSError as problem:
                if problem.errno not in _LACKING or len(hosts) == 1:
                    raise
                lacking = lacking or problem
                continue
            undo.callback(one.close)
            made.append(one)
        if lacking is not None and not made:
            raise lacking
        undo.pop_all()
    return made


def _socket(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    both = host == "::" and socket.has_dualstack_ipv6()
    listener = socket.create_server((host, port), family=family, backlog=BACKLOG, dualstack_ipv6=both)
    listener.set_inheritable(True)
    return listener


def _addresses(host: str) -> list[str]:
    """The addresses to listen on; raises `socket.gaierror` for a name that has none."""
    if is_localhost(host):
        return ["127.0.0.1", "::1"]
    if not host:
        return ["0.0.0.0"]  # noqa: S104  as ever
    with suppress(ValueError):
        address = ip_address(host)
        if isinstance(address, IPv6Address) and address.ipv4_mapped:
            return [str(address.ipv4_mapped)]
        # Where the system has no IPv6, or no socket for both families, IPv4 needs a socket of its own.
        if address == IPv6Address("::"):
            return ["::"] if socket.has_dualstack_ipv6() else ["::", "0.0.0.0"]  # noqa: S104
        return [str(address)]
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (UnicodeError, TypeError):  # what Python makes of a name that cannot be one
        raise socket.gaierror(socket.EAI_NONAME, "is no name of a host") from None
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def unheard(settings: Settings, problem: OSError) -> str:
    """Why the server cannot listen there, in a line."""
    if isinstance(problem, socket.gaierror):
        why = f"the name {settings.host} cannot be resolved"
    else:  # what Python adds to the system's word is no help
        why = os.strerror(problem.errno) if problem.errno else str(problem)
    hint = "; choose another with --port, 0 takes a free one" if problem.errno == errno.EADDRINUSE else ""
    return f"cannot listen on {settings.host}:{settings.port}: {why}{hint}"


def url_of(settings: Settings, listeners: list[socket.socket]) -> str:
    """The base address of the sockets: the name that the settings give, or the address that is really listened on."""
    host, port, *_ = listeners[0].getsockname()
    name = settings.host.strip("[]") or host
    with suppress(ValueError):
        ip_address(name)
        name = host
    scheme = "http" if settings.tls_cert is None else "https"
    return f"{scheme}://{f'[{name}]' if ':' in name else name}:{port}"
