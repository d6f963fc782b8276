"""Several servers on one database, behind a balancer; and the ways in which each of them can fail."""

import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

import httpx2
import psycopg

from tests.balancer import Balancer
from tests.crash.running import Process
from tests.server import assessment
from tests.servers import Sandbox
from tests.waiting import until

END_ALL = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{}' AND pid <> pg_backend_pid()"


class Server(Process):
    """One of the servers. Its forward listener has an address of its own, so that it can be found in the database."""

    def __init__(self, host: str, log: str, *options: str, environ: Mapping[str, str] | None = None) -> None:
        super().__init__("--log", log, "--advertise", host, *options, environ=environ, within=30)
        self.host = host

    def pause(self) -> None:
        """Stop its process: it does nothing, and its connections stay open."""
        self.process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        self.process.send_signal(signal.SIGCONT)

    @contextmanager
    def paused(self, seconds: float) -> Iterator[None]:
        """Pause it, run the block, and resume it so many seconds after the pause began."""
        began = time.monotonic()
        self.pause()
        try:
            yield
            time.sleep(max(0.0, began + seconds - time.monotonic()))  # the pause is the behaviour
        finally:
            self.resume()


class Cluster:
    """Servers that share a database; `url` is the balancer's."""

    def __init__(self, log: str, servers: Sequence[Server], stack: ExitStack) -> None:
        self.log = log
        self.servers = [*servers]
        self._stack = stack
        self.balance(*servers)

    def balance(self, *servers: Server) -> None:
        """Let new calls go to these servers; calls that are under way go on."""
        self.url = self._stack.enter_context(Balancer(*[server.url for server in servers])).url

    def client(self, url: str | None = None, timeout: float = 30) -> httpx2.Client:
        """A client of the balancer, or of another address; each request has a connection of its own."""
        limits = httpx2.Limits(max_keepalive_connections=0)
        return self._stack.enter_context(
            httpx2.Client(base_url=url or self.url, trust_env=False, timeout=timeout, limits=limits)
        )

    def sandbox(self, name: str, server: Server | None = None) -> Sandbox:
        """A sandbox as callers of the balancer see it, or callers of one server."""
        return Sandbox(self.client(server.url if server else None), name)

    def ask(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.log, autocommit=True) as connection:
            cursor = connection.execute(statement.encode(), values)
            return cursor.fetchall() if cursor.description else []

    def owner_of(self, name: str) -> Server | None:
        """The server that owns a sandbox, as the database says."""
        found = self.ask("SELECT address FROM sandbox JOIN server ON id = owner WHERE name = %s", name)
        hosts = {server.host: server for server in self.servers}
        return hosts[found[0][0].rpartition(":")[0]] if found else None

    def place(self, name: str, server: Server) -> Sandbox:
        """A sandbox as callers of the balancer see it, after that server has opened it."""
        first = self.sandbox(name, server)
        assert first.control("GET").status_code == 200
        assert self.owner_of(name) is server
        return self.sandbox(name)

    def backend(self, server: Server) -> int:
        """The database's process of a server's session."""
        [(pid,)] = self.ask("SELECT pid FROM server WHERE address LIKE %s", f"{server.host}:%")
        return int(pid)

    def end_sessions(self) -> None:
        """End all connections to the database, but this one."""
        self.ask(END_ALL.format(self.log.rpartition("/")[2]).replace("%", "%%"))

    def settle(self) -> None:
        """Return when each server answers for a sandbox in its log again."""
        for server in self.servers:
            ready = f"{server.url}/_simulator/ready"
            until(lambda ready=ready: _status(ready) == 200, 30)  # type: ignore[misc]

    def stderr(self) -> str:
        return "\n".join(server.stderr() for server in self.servers)


def _status(url: str) -> int:
    with suppress(httpx2.TransportError):
        return httpx2.get(url, trust_env=False, timeout=5).status_code
    return 0


def succeeded(call: Callable[[], httpx2.Response]) -> Any:
    """The JSON of a call's answer; None where it has another status than 200, or no answer."""
    with suppress(httpx2.TransportError):
        answer = call()
        return answer.json() if answer.status_code == 200 else None
    return None


def completed(sandbox: Sandbox, hook: str, count: int) -> list[str]:
    """Create assessments whose webhooks go to this address, and complete them; their ids."""
    ids = [assessment(sandbox, assessmentStatusWebHook=hook)["assessmentId"] for _ in range(count)]
    for id in ids:
        sandbox.control_json("POST", f"/invitations/{id}/complete")
    return ids


def wait_until_delivered(sandbox: Sandbox, within: float = 20) -> None:
    """Return when the sandbox can be read, and all its webhooks are delivered."""

    def states() -> set[str]:
        return {one["state"] for one in succeeded(lambda: sandbox.control("GET", "/deliveries")) or [{"state": "?"}]}

    until(lambda: states() == {"delivered"}, within)


@contextmanager
def cluster(log: str, count: int = 3, *options: str, environs: Sequence[Mapping[str, str]] = ()) -> Iterator[Cluster]:
    """Servers on this database, for as long as the block lasts."""
    with ExitStack() as stack:
        servers = []
        for number in range(count):
            environ = environs[number] if environs else None
            servers.append(Server(f"127.0.0.{11 + number}", log, *options, environ=environ).start())
            stack.callback(_end, servers[-1])
        yield Cluster(log, servers, stack)


def _end(server: Server) -> None:
    if server.process.poll() is None:
        server.kill()
    server.close()
