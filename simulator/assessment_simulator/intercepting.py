"""`run` and `doctor --`: run a command, whose clients reach the simulator instead of the vendors.

Both start a simulator in this process on free ports, or use the one at `--intercept PORT`. Standard input and output,
and the exit status, are the command's; our own lines go to standard error.
"""

import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from assessment_simulator.app import VENDORS
from assessment_simulator.intercept.child import ADDRESSES, Interceptor, run
from assessment_simulator.intercept.diagnosis import diagnose
from assessment_simulator.intercept.environment import environment
from assessment_simulator.intercept.listener import AUTHORITY, authority_folder, hosts_of
from assessment_simulator.runner import Intercepted, listen, running_server
from assessment_simulator.settings import BACKLOG, Settings, variables
from assessment_simulator.testing.connection import SANDBOXES, Connection

_HTTPS = 443


@contextmanager
def own_interceptor(settings: Settings) -> Iterator[Interceptor]:
    """A simulator in this process, as long as the block lasts; raises OSError and ValueError."""
    listeners = listen(settings)
    intercepted = Intercepted(settings, lambda line: None)
    address, direct = _listen_for_names()
    intercepted.listeners.extend(direct)
    with running_server(settings, listeners, intercepted) as (url, server):
        events = server.proxy.events if server.proxy else ()
        table = tuple(intercepted.hosts.table)
        yield Interceptor(intercepted.port, table, intercepted.certificates.authority, address, url, events)


def _listen_for_names() -> tuple[str, list[socket.socket]]:
    """An address for the vendors' names, with a listener if this user may have the port of https."""
    for address in ADDRESSES:
        try:
            return address, [socket.create_server((address, _HTTPS), backlog=BACKLOG)]
        except PermissionError:
            break
        except OSError:  # another run has it, or the system has no such address
            continue
    return ADDRESSES[0], []


def running_interceptor(settings: Settings) -> Interceptor:
    """The simulator of another process that intercepts on the port of the settings; raises ValueError."""
    assert settings.intercept is not None  # noqa: S101  the command has checked it
    authority = authority_folder(settings) / AUTHORITY
    if not authority.is_file():
        raise ValueError(
            f"{authority.parent} has no authority of an intercepting server: give the --tls-dir of that server"
        )
    table = tuple(hosts_of(VENDORS, settings.intercept_hosts).table)
    return Interceptor(settings.intercept, table, authority, ADDRESSES[0])


def client_variables(settings: Settings) -> dict[str, str]:
    """The variables that lead a client to the simulator that intercepts; raises OSError and ValueError."""
    found = running_interceptor(settings)
    folder = authority_folder(settings) / "clients"
    return environment(found.port, folder, found.authority, found.hosts, variables())


def run_command(command: Sequence[str], settings: Settings, tell: Callable[[str], None]) -> int:
    """Run a command against a simulator; returns its exit status. Raises OSError and ValueError before it starts."""
    if settings.intercept:
        found = running_interceptor(settings)
        try:
            socket.create_connection(("127.0.0.1", found.port), timeout=5).close()
        except OSError:
            start = f"assessment-simulator serve --intercept {found.port}"
            raise ValueError(f"no server responds on port {found.port}: start one first, with {start}") from None
        return run(command, found, variables())
    with own_interceptor(settings) as interceptor:
        tell(f"intercepting {', '.join(interceptor.hosts)}; the dashboard is at {interceptor.url}")
        return run(command, interceptor, variables())


def diagnose_command(command: Sequence[str], settings: Settings, say: Callable[[str], None]) -> int:
    """Run a command, and say what became of its connections. Returns 0 if all is well, else 1."""
    with own_interceptor(settings) as interceptor:
        status = run(command, interceptor, variables())
        with Connection(str(interceptor.url), None, None) as server:
            requests = sum(one["counts"]["journal"] for one in server.call("GET", SANDBOXES))
        checks = [*diagnose(interceptor.events, requests)]
    for verdict, subject, text in checks:
        say(f"{verdict:7} {subject:10} {text}")
    say(f"{'ok' if status == 0 else 'note':7} {'command':10} ended with {status}")
    return int(any(verdict == "failed" for verdict, _, _ in checks))
