"""A handle on one sandbox of a running server, over HTTP: for tests, documents and notebooks.

    with Simulator("http://127.0.0.1:8787") as simulator:
        ...                             # call the vendors' APIs at simulator.pymetrics and simulator.predictive_index
        simulator.clock.advance("24h")
        simulator.webhooks.wait_for(1)

What it shows is what the control API answers (`docs/control.md`), as JSON values; what the control API refuses is a
`SimulatorError` that says why.
"""

import secrets
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, ExitStack, suppress
from dataclasses import dataclass, field
from typing import Any

from assessment_simulator.settings import Settings, from_environment
from assessment_simulator.testing.connection import SANDBOXES, Connection, Listed, SimulatorError
from assessment_simulator.testing.resources import Clock, Deliveries, Faults, Invitations, Journal, Snapshot
from assessment_simulator.testing.webhook_listener import Listener, NotCaught, Webhook, Webhooks

__all__ = ["NotCaught", "Simulator", "SimulatorError", "SimulatorServer", "Webhook"]


@dataclass(frozen=True)
class Pymetrics:
    """Where pymetrics answers, and what opens the sandbox there."""

    base_url: str
    client_id: str
    client_secret: str
    api_key: str
    _connection: Connection = field(repr=False, compare=False)

    @property
    def url(self) -> str:
        """The base address: `f"{simulator.pymetrics.url}/mercury/order"`."""
        return self.base_url

    def headers(self) -> dict[str, str]:
        """The headers of a call, with a bearer token asked for just now: it lasts an hour of the sandbox's clock."""
        body = {"client_id": self.client_id, "client_secret": self.client_secret, "grant_type": "client_credentials"}
        token = self._connection.call("POST", "/mercury/oauth/token", body)["access_token"]
        return {"Authorization": f"Bearer {token}", "X-Api-Key": self.api_key}


@dataclass(frozen=True)
class PredictiveIndex:
    """Where The Predictive Index answers, and what opens the sandbox there."""

    base_url: str
    api_key: str

    @property
    def url(self) -> str:
        """The base address: `f"{simulator.predictive_index.url}/behavioralassessments"`."""
        return self.base_url

    def headers(self) -> dict[str, str]:
        """The header of a call."""
        return {"api-key": self.api_key}


class Simulator(AbstractContextManager["Simulator"]):
    """A sandbox of its own on the server at `url`, forgotten by `close` or at the end of a `with` block.

    `name` is 1 to 64 of a-z, 0-9 and -, a random one unless given; `config` are settings to begin with. A `connection`
    and a `listener` are shared with others when given, its own otherwise: where SIMULATOR_LISTENER_HOST says, under the
    address in SIMULATOR_LISTENER_URL. Both vendors' webhook settings lead to the listener if the server reaches it.
    `leaving` is called before what happened is forgotten.
    """

    def __init__(
        self,
        url: str,
        name: str | None = None,
        *,
        seed: int | str = 0,
        config: Mapping[str, Any] | None = None,
        control_token: str | None = None,
        connection: Connection | None = None,
        listener: Listener | None = None,
        leaving: "Leaving" = None,
    ) -> None:
        self._leaving = leaving
        name = name or secrets.token_hex(8)
        with ExitStack() as stack:
            connection = connection or stack.enter_context(Connection(url, control_token))
            listener = listener or stack.enter_context(_listener())
            leads = _leads(f"{listener.url}/{name}")
            body = {"name": name, "seed": seed, "config": {**leads, **(config or {})}}
            self._begin(connection, listener, connection.call("POST", SANDBOXES, body))
            stack.callback(self._forget)
            if self._unreached and (mine := leads.keys() - (config or {}).keys()):
                self.config(**dict.fromkeys(mine))
            self._ending = stack.pop_all()

    def _begin(self, connection: Connection, listener: Listener, opened: Mapping[str, Any]) -> None:
        """Hold the parts of a sandbox that was opened just now."""
        self._connection, self._listener = connection, listener
        self.url = connection.url
        self.name: str = opened["name"]
        credentials = opened["credentials"]
        self.pymetrics = Pymetrics(self.url, **credentials["pymetrics"], _connection=connection)
        self.predictive_index = PredictiveIndex(f"{self.url}/api/v1", **credentials["predictive_index"])
        self._path = f"{SANDBOXES}/{self.name}"
        self.clock = Clock(connection, f"{self._path}/clock")
        self.invitations = Invitations(connection, f"{self._path}/invitations")
        self.deliveries = Deliveries(connection, f"{self._path}/deliveries")
        self.faults = Faults(connection, f"{self._path}/faults")
        self.journal = Journal(connection, f"{self._path}/journal")
        self.mail = Listed(connection, f"{self._path}/mail")
        self._webhooks = listener.webhooks(self.name, self._tried)
        self._unreached = listener.unreached(connection, self._path)
        self._forks: list[Simulator] = []

    def __repr__(self) -> str:
        return f"Simulator({self.url!r}, {self.name!r})"

    @property
    def webhooks(self) -> Webhooks:
        """The webhooks that were caught; raises `SimulatorError` where the server does not reach the listener."""
        if self._unreached is not None:
            raise SimulatorError(self._unreached)
        return self._webhooks

    # What a candidate would do, or the passing of time.

    def act(self, id: str, action: str, **body: Any) -> dict[str, Any]:
        """Do to an invitation what the action says; returns the invitation as it is now."""
        path = f"{self._path}/invitations/{id}/{action}"
        invitation: dict[str, Any] = self._connection.call("POST", path, body or None)
        return invitation

    def open(self, id: str) -> dict[str, Any]:
        """PI: the taker opens the link."""
        return self.act(id, "open")

    def accept(self, id: str) -> dict[str, Any]:
        """pymetrics: the candidate accepts."""
        return self.act(id, "accept")

    def reject(self, id: str) -> dict[str, Any]:
        """pymetrics: the order is rejected."""
        return self.act(id, "reject")

    def start(self, id: str) -> dict[str, Any]:
        """The candidate begins."""
        return self.act(id, "start")

    def complete(self, id: str, **body: Any) -> dict[str, Any]:
        """The candidate begins, if need be, and finishes; `results` or `scores` are what comes of it."""
        return self.act(id, "complete", **body)

    def expire(self, id: str) -> dict[str, Any]:
        """The invitation lapses."""
        return self.act(id, "expire")

    def abort(self, id: str) -> dict[str, Any]:
        """PI: the taker gives up."""
        return self.act(id, "abort")

    # The sandbox.

    def config(self, **changes: Any) -> dict[str, Any]:
        """The settings, after these changes if there are any.

        >>> simulator.config(progress="PT10S")["progress"]
        'PT10S'
        """
        method = "PATCH" if changes else "GET"
        config: dict[str, Any] = self._connection.call(method, f"{self._path}/config", changes or None)
        return config

    @property
    def coverage(self) -> dict[str, Any]:
        """Which rules this sandbox's calls have kept and broken, and how often."""
        coverage: dict[str, Any] = self._connection.call("GET", f"{self._path}/coverage")
        return coverage

    def wait_for(self, within: float = 5, **thing: Mapping[str, Any]) -> dict[str, Any]:
        """Wait for a `request`, a `webhook` or an `invitation` with these members; returns it.

        What has happened already counts. After `within` seconds it is a `SimulatorError` that tells what came nearest.
        """
        body = {**thing, "within": f"PT{within:.3f}S"}
        found: dict[str, Any] = self._connection.call("POST", f"{self._path}/await", body, within=within + 30)
        return found

    def snapshot(self) -> Snapshot:
        """Keep the present state, for `restore()`."""
        id = self._connection.call("POST", f"{self._path}/snapshots")["id"]
        return Snapshot(id, self._connection, self._path)

    def fork(self, name: str | None = None) -> "Simulator":
        """Open another sandbox with this one's records, and a list of webhooks of its own; closed with this one."""
        opened = self._connection.call("POST", f"{self._path}/fork", {} if name is None else {"name": name})
        fork = Simulator.__new__(Simulator)
        fork._leaving = self._leaving
        fork._begin(self._connection, self._listener, opened)
        fork._ending = ExitStack()
        fork._ending.callback(fork._forget)
        self._forks.append(fork)
        mine = _leads(self._webhooks.url)
        moved = {name: fork._webhooks.url for name, url in fork.config().items() if url == mine.get(name, "")}
        if moved:
            fork.config(**moved)
        return fork

    def reset(self) -> None:
        """Go back to the opening state; nothing begun before acts after, and no webhook is left."""
        self._tell()
        self._connection.call("POST", f"{self._path}/reset")
        self._webhooks.clear()

    def close(self) -> None:
        """Forget the sandbox and its forks; a second time does nothing."""
        self._ending.close()

    def __exit__(self, *_: object) -> None:
        self.close()

    def _forget(self) -> None:
        for fork in self._forks:
            fork.close()
        self._listener.forget(self.name)
        for step in (self._tell, self._delete):
            try:
                step()
            except SimulatorError as error:
                if error.status != 404:  # somebody has forgotten it already
                    raise

    def _tell(self) -> None:
        if self._leaving is not None:
            self._leaving(self)

    def _delete(self) -> None:
        self._connection.call("DELETE", self._path)

    def _tried(self) -> list[str]:
        """What the server says of its latest deliveries, in lines."""
        lines = []
        with suppress(SimulatorError):
            for delivery in self.deliveries[-5:]:
                attempts = ", ".join(str(one["status"] or one["error"]) for one in delivery["attempts"]) or "none yet"
                where = f"{delivery['id']} to {delivery['url']}"
                lines.append(f"tried: {where}: {delivery['state']}; attempts: {attempts}")
        return lines


Leaving = Callable[[Simulator], None] | None


class SimulatorServer(AbstractContextManager["SimulatorServer"]):
    """A running server whose sandboxes share one connection and one listener; closed, it goes on running.

    `settings` are those it was started with, None where somebody else has started it.
    """

    def __init__(
        self, url: str, control_token: str | None = None, *, settings: Settings | None = None, leaving: Leaving = None
    ) -> None:
        self.url = url.rstrip("/")
        self.control_token = control_token
        self.settings = settings
        self._leaving = leaving
        self._ending = ExitStack()
        self._connection = self._ending.enter_context(Connection(url, control_token))
        self._listener = self._ending.enter_context(_listener())
        asked = from_environment("listener_host") or from_environment("listener_url")
        if settings is not None and settings.webhook_hosts is None and not asked:
            self._listener.reached_by(self.url)  # both are on this machine's loopback

    def check(self) -> None:
        """Raise `SimulatorError` unless a simulator answers."""
        self._connection.call("GET", "/_simulator/health")

    def open(self, name: str | None = None, *, like: str = "", **opening: Any) -> Simulator:
        """Open a sandbox; without a `name` it gets one of its own, `like` a word; `seed` and `config` may follow."""
        name = name or "-".join(filter(None, (like[:48].strip("-"), secrets.token_hex(6))))
        return Simulator(
            self.url, name, connection=self._connection, listener=self._listener, leaving=self._leaving, **opening
        )

    def __exit__(self, *_: object) -> None:
        self._ending.close()


def _listener() -> Listener:
    """A listener where the environment wants it."""
    return Listener(from_environment("listener_host"), from_environment("listener_url"))


def _leads(url: str) -> dict[str, str]:
    """The settings that lead both vendors' webhooks to an address."""
    return {"webhook_url": url, "default_webhook_url": url}
