"""A handle on one sandbox of a running server, over HTTP: for tests, documents and notebooks.

    with Simulator("http://127.0.0.1:8787") as simulator:
        ...                             # call the vendors' APIs at simulator.pymetrics and simulator.predictive_index
        simulator.clock.advance("24h")
        simulator.webhooks.wait_for(1)

Values are the JSON of the control API (`docs/control.md`); its errors are `SimulatorError` with the server's reason.
"""

import secrets
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, suppress
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from assessment_simulator.settings import Settings, from_environment
from assessment_simulator.testing.connection import SANDBOXES, Connection, Items, SimulatorError, duration
from assessment_simulator.testing.webhook_listener import Listener, NotCaught, Webhook, Webhooks

__all__ = ["NotCaught", "Simulator", "SimulatorError", "SimulatorServer", "Webhook"]

# The settings that say where the vendors' webhooks go.
_WEBHOOK_SETTINGS = ("webhook_url", "default_webhook_url")
# What happened during an advance of the clock: `{at, what, id}`, in order.
Events = list[dict[str, Any]]


class Listed(Items[dict[str, Any]]):
    """A list of the control API, fetched each time it is read; `docs/control.md` describes the items."""

    # Not hashable, because its items change.
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, connection: Connection, path: str) -> None:
        self._connection = connection
        self._path = path

    def _found(self) -> list[dict[str, Any]]:
        return list(self._connection.call("GET", self._path))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and self._found() == list(other)


class Detailed(Listed):
    """A list whose items have a view of their own."""

    def one(self, id: str) -> dict[str, Any]:
        """The single view of an item, which has more members than the list shows."""
        return dict(self._connection.call("GET", f"{self._path}/{id}"))


class Clock:
    """The sandbox's clock. Changes of it return when all that was due has happened, webhooks and retries included."""

    def __init__(self, connection: Connection, path: str) -> None:
        self._connection = connection
        self._path = path

    @property
    def now(self) -> datetime:
        """The sandbox's time, to the microsecond."""
        return datetime.fromisoformat(self._connection.call("GET", self._path)["now"])

    @property
    def mode(self) -> str:
        """`running` or `frozen`."""
        return str(self._connection.call("GET", self._path)["mode"])

    def freeze(self, instant: str | date | None = None) -> Events:
        """Stop at an instant, which may be an earlier one; by default at the current time.

        >>> simulator.clock.freeze("2026-01-01T00:00:00Z")
        []
        >>> simulator.clock.now
        datetime.datetime(2026, 1, 1, 0, 0, tzinfo=datetime.timezone.utc)
        """
        if isinstance(instant, datetime) and instant.tzinfo is None:
            raise ValueError(f"{instant!r} has no time zone; give it one, such as datetime.UTC")
        moment = self.now if instant is None else instant
        return self._change(freeze=moment if isinstance(moment, str) else moment.isoformat())

    def advance(self, span: str | timedelta) -> Events:
        """Advance by `24h`, `10m`, `1d12h`, `PT24H` or a `timedelta`. Returns what happened, in order.

        >>> simulator.clock.advance("24h")
        []
        """
        return self._change(advance=duration(span))

    def run(self) -> Events:
        """Run at the speed of the machine's clock, from the current time on."""
        return self._change(run=True)

    def until_idle(self) -> Events:
        """Advance until no event is left, the expiry of invitations included."""
        return self._change(until_idle=True)

    def _change(self, **change: Any) -> Events:
        return list(self._connection.call("POST", self._path, change, within=None)["events"])


class Faults(Listed):
    """The planned faults, in the order in which they are tried."""

    def set(self, faults: Sequence[Mapping[str, Any]]) -> None:
        """Replace all faults."""
        if isinstance(faults, Mapping):
            raise TypeError(f"give a list of faults, such as [{dict(faults)!r}]; add() adds one")
        self._connection.call("PUT", self._path, [dict(fault) for fault in faults])

    def add(self, do: str, **members: Any) -> None:
        """Add one to the others, whose counters start again.

        >>> simulator.faults.add("status", status=503, vendor="pymetrics", times=1)
        """
        others = [{name: value for name, value in fault.items() if name != "met"} for fault in self]
        self.set([*others, {"do": do, **members}])

    def clear(self) -> None:
        """Remove all faults."""
        self._connection.call("DELETE", self._path)


class Journal(Detailed):
    """The requests with their responses, oldest first."""

    def find(self, **filters: Any) -> list[dict[str, Any]]:
        """The entries of a `vendor`, an `operation`, a `status`, `since` an instant or an entry, or with a text `q`."""
        return list(self._connection.call("GET", f"{self._path}?{urlencode(filters)}"))

    def har(self) -> dict[str, Any]:
        """All entries as an HTTP archive."""
        return dict(self._connection.call("GET", f"{self._path}.har"))

    def curl(self, id: str) -> str:
        """A shell script that sends the request again."""
        return str(self._connection.call("GET", f"{self._path}/{id}.sh"))


class Invitations(Detailed):
    """Both vendors' invitations, oldest first."""

    def timeline(self, id: str) -> list[dict[str, Any]]:
        """What happened to one, and what is scheduled (`due`), in order of time."""
        return list(self._connection.call("GET", f"{self._path}/{id}/timeline"))


class Deliveries(Detailed):
    """The webhooks pending or sent, oldest first."""

    def replay(self, id: str, url: str | None = None) -> dict[str, Any]:
        """Send one again, to its own address or to another. Returns the new delivery."""
        return dict(self._connection.call("POST", f"{self._path}/{id}/replay", {} if url is None else {"url": url}))


@dataclass(frozen=True)
class Snapshot:
    """A saved state."""

    id: str
    _connection: Connection
    _path: str

    def restore(self) -> None:
        """Restore it, clock and pending deliveries included."""
        self._connection.call("POST", f"{self._path}/snapshots/{self.id}/restore")

    def delete(self) -> None:
        """Delete it; a sandbox keeps 100 snapshots unless its setting `snapshot_limit` says otherwise."""
        self._connection.call("DELETE", f"{self._path}/snapshots/{self.id}")


@dataclass(frozen=True)
class Pymetrics:
    """The address of pymetrics and the keys of the sandbox there."""

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
        """The headers of a request, with a new bearer token, valid for an hour of the sandbox's clock."""
        body = {"client_id": self.client_id, "client_secret": self.client_secret, "grant_type": "client_credentials"}
        token = self._connection.call("POST", "/mercury/oauth/token", body)["access_token"]
        return {"Authorization": f"Bearer {token}", "X-Api-Key": self.api_key}


@dataclass(frozen=True)
class PredictiveIndex:
    """The address of The Predictive Index and the key of the sandbox there."""

    base_url: str
    api_key: str

    @property
    def url(self) -> str:
        """The base address: `f"{simulator.predictive_index.url}/behavioralassessments"`."""
        return self.base_url

    def headers(self) -> dict[str, str]:
        """The header of a request."""
        return {"api-key": self.api_key}


class Simulator(AbstractContextManager["Simulator"]):
    """A new sandbox on the server at `url`, deleted by `close` or at the end of a `with` block.

    `name` is 1 to 64 of a-z, 0-9 and -, by default a random one; `config` are its first settings. A `connection` and a
    `listener` may be shared with others; by default it has its own: at SIMULATOR_LISTENER_HOST, under the address in
    SIMULATOR_LISTENER_URL. Both vendors' webhook settings lead to the listener if the server reaches it. `leaving` is
    called before the sandbox is reset or deleted.
    """

    def __init__(
        self, url: str, name: str | None = None, *, seed: int | str = 0, config: Mapping[str, Any] | None = None,
        control_token: str | None = None, connection: Connection | None = None, listener: Listener | None = None,
        leaving: "Leaving" = None,
    ) -> None:  # fmt: skip
        name = name or secrets.token_hex(8)
        with ExitStack() as stack:
            connection = connection or stack.enter_context(Connection(url, control_token))
            listener = listener or stack.enter_context(_listener())
            leads = dict.fromkeys(_WEBHOOK_SETTINGS, f"{listener.url}/{name}")
            body = {"name": name, "seed": seed, "config": {**leads, **(config or {})}}
            self._begin(connection, listener, leaving, connection.call("POST", SANDBOXES, body))
            stack.callback(self._delete)
            if self._unreached and (unwanted := leads.keys() - (config or {}).keys()):
                self.config(**dict.fromkeys(unwanted))
            self._ending = stack.pop_all()

    def _begin(self, connection: Connection, listener: Listener, leaving: "Leaving", opened: Mapping[str, Any]) -> None:
        """Set the attributes of a sandbox that was just opened."""
        self._connection, self._listener, self._leaving = connection, listener, leaving
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
        """The webhooks that were received; raises `SimulatorError` if the server does not reach the listener."""
        if self._unreached is not None:
            raise SimulatorError(self._unreached)
        return self._webhooks

    def act(self, id: str, action: str, **body: Any) -> dict[str, Any]:
        """Apply an action to an invitation, as the candidate or the passing of time would. Returns the invitation."""
        return dict(self._connection.call("POST", f"{self._path}/invitations/{id}/{action}", body or None))

    def open(self, id: str) -> dict[str, Any]:
        """PI: the candidate opens the link."""
        return self.act(id, "open")

    def accept(self, id: str) -> dict[str, Any]:
        """pymetrics: the candidate accepts."""
        return self.act(id, "accept")

    def reject(self, id: str) -> dict[str, Any]:
        """pymetrics: the order is rejected."""
        return self.act(id, "reject")

    def start(self, id: str) -> dict[str, Any]:
        """The candidate starts."""
        return self.act(id, "start")

    def complete(self, id: str, **body: Any) -> dict[str, Any]:
        """The candidate finishes, and starts before if necessary; `results` or `scores` set the outcome."""
        return self.act(id, "complete", **body)

    def expire(self, id: str) -> dict[str, Any]:
        """The invitation expires."""
        return self.act(id, "expire")

    def abort(self, id: str) -> dict[str, Any]:
        """PI: the candidate gives up."""
        return self.act(id, "abort")

    def config(self, **changes: Any) -> dict[str, Any]:
        """The settings, after these changes if there are any.

        >>> simulator.config(progress="PT10S")["progress"]
        'PT10S'
        """
        return dict(self._connection.call("PATCH" if changes else "GET", f"{self._path}/config", changes or None))

    @property
    def coverage(self) -> dict[str, Any]:
        """Which rules this sandbox's requests have passed and violated, and how often."""
        return dict(self._connection.call("GET", f"{self._path}/coverage"))

    def wait_for(self, within: float = 5, **thing: Mapping[str, Any]) -> dict[str, Any]:
        """Wait for a `request`, a `webhook` or an `invitation` with these members, and return it.

        Those that came before count. After `within` seconds it raises a `SimulatorError` that shows the nearest ones.
        """
        body = {**thing, "within": f"PT{within:.3f}S"}
        return dict(self._connection.call("POST", f"{self._path}/await", body, within=within + 30))

    def snapshot(self) -> Snapshot:
        """Save the current state, for `restore()`."""
        id = self._connection.call("POST", f"{self._path}/snapshots")["id"]
        return Snapshot(id, self._connection, self._path)

    def fork(self, name: str | None = None) -> "Simulator":
        """Open a copy of this sandbox, with its own list of webhooks; it is closed with this one."""
        opened = self._connection.call("POST", f"{self._path}/fork", {} if name is None else {"name": name})
        fork = Simulator.__new__(Simulator)
        fork._begin(self._connection, self._listener, self._leaving, opened)
        fork._ending = ExitStack()
        fork._ending.callback(fork._delete)
        self._forks.append(fork)
        # Settings that lead to the list of this sandbox lead to that of the fork there.
        config, own = fork.config(), self._webhooks.url
        if changes := {name: fork._webhooks.url for name in _WEBHOOK_SETTINGS if config[name] == own}:
            fork.config(**changes)
        return fork

    def reset(self) -> None:
        """Return to the first state; nothing that began before continues, and the list of webhooks is empty."""
        if self._leaving is not None:
            self._leaving(self)
        self._connection.call("POST", f"{self._path}/reset")
        self._webhooks.clear()

    def close(self) -> None:
        """Delete the sandbox and its forks; a second call does nothing."""
        self._ending.close()

    def __exit__(self, *_: object) -> None:
        self.close()

    def _delete(self) -> None:
        for fork in self._forks:
            fork.close()
        self._listener.forget(self.name)
        try:
            if self._leaving is not None:
                self._leaving(self)
            self._connection.call("DELETE", self._path)
        except SimulatorError as error:
            # The sandbox was deleted before.
            if error.status != 404:
                raise

    def _tried(self) -> list[str]:
        """The server's latest deliveries, in lines."""
        lines = []
        with suppress(SimulatorError):
            for delivery in self.deliveries[-5:]:
                attempts = ", ".join(str(one["status"] or one["error"]) for one in delivery["attempts"]) or "none yet"
                where = f"{delivery['id']} to {delivery['url']}"
                lines.append(f"tried: {where}: {delivery['state']}; attempts: {attempts}")
        return lines


Leaving = Callable[[Simulator], None] | None


class SimulatorServer(AbstractContextManager["SimulatorServer"]):
    """A running server, whose sandboxes share a connection and a listener. Closing it does not stop the server.

    `settings` are those that it was started with, None if something else has started it.
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
        elsewhere = from_environment("listener_host") or from_environment("listener_url")
        if settings is not None and settings.webhook_hosts is None and not elsewhere:
            # Both are on this machine's loopback.
            self._listener.reached_by(self.url)

    def check(self) -> None:
        """Raise `SimulatorError` unless a simulator answers."""
        self._connection.call("GET", "/_simulator/health")

    def open(self, name: str | None = None, *, like: str = "", **opening: Any) -> Simulator:
        """Open a sandbox; by default with a new name that begins with `like`. `opening` are `seed` and `config`."""
        name = name or "-".join(filter(None, (like[:48].strip("-"), secrets.token_hex(6))))
        return Simulator(
            self.url, name, connection=self._connection, listener=self._listener, leaving=self._leaving, **opening
        )

    def __exit__(self, *_: object) -> None:
        self._ending.close()


def _listener() -> Listener:
    """A listener at the address of the environment."""
    return Listener(from_environment("listener_host"), from_environment("listener_url"))
