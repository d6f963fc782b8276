"""A sandbox and its parts as the test clients see them, described once for `client` and `aio` (see `calls`)."""

from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from os import PathLike
from pathlib import Path
from typing import Any, Self, overload
from urllib.parse import urlencode

from assessment_simulator.testing.calls import C, Call, Handle, Steps, Wait, by_id, fetched, plain, shared
from assessment_simulator.testing.connection import (
    SANDBOXES,
    AsyncConnection,
    Connection,
    Items,
    SimulatorError,
    duration,
)
from assessment_simulator.testing.webhook_listener import Inbox, Listener, Webhook

# The settings that say where the vendors' webhooks go.
_WEBHOOK_SETTINGS = ("webhook_url", "default_webhook_url")
Json = dict[str, Any]
# What happened during an advance of the clock: `{at, what, id}`, in order.
Events = list[Json]
Match = Mapping[str, Any] | Callable[[Webhook], bool]


def _nothing(value: object) -> None:
    """The result of a call without one."""


def _now(clock: Json) -> datetime:
    return datetime.fromisoformat(clock["now"])


def _events(clock: Json) -> Events:
    return list(clock["events"])


class NotCaught(AssertionError):
    """The expected webhooks did not come in time; the message shows what came, and what the server tried to send."""


class Listed(Handle[C], Items[Json]):
    """A list of the control API, fetched each time it is read; `docs/control.md` describes the items."""

    # Not hashable, because its items change.
    __hash__ = None  # type: ignore[assignment]

    all = shared(plain("GET", "", list, "All items, oldest first."))

    def _found(self) -> list[Json]:
        if not isinstance(self._connection, Connection):
            raise TypeError("this list is on a server: await its method all(), and read what that returns")
        return self._connection.run(Listed.all(self))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and self._found() == list(other)


class Detailed(Listed[C]):
    """A list whose items have a view of their own."""

    one = shared(by_id("GET", "/{id}", dict, "The single view of an item, which has more members than the list shows."))


class Clock(Handle[C]):
    """The sandbox's clock. Changes of it return when all that was due has happened, webhooks and retries included."""

    now = fetched(plain("GET", "", _now, "The sandbox's time, to the microsecond."))
    mode = fetched(plain("GET", "", lambda clock: str(clock["mode"]), "`running` or `frozen`."))
    run = shared(plain(
        "POST", "", _events, "Run at the speed of the machine's clock, from the current time on.", {"run": True}, None
    ))  # fmt: skip
    until_idle = shared(plain(
        "POST", "", _events, "Advance until no event is left, the expiry of invitations included.",
        {"until_idle": True}, None,
    ))  # fmt: skip

    @shared
    def freeze(self, instant: str | date | None = None) -> Steps[Events]:
        """Stop at an instant, which may be an earlier one; by default at the current time.

        >>> simulator.clock.freeze("2026-01-01T00:00:00Z")
        []
        >>> simulator.clock.now
        datetime.datetime(2026, 1, 1, 0, 0, tzinfo=datetime.timezone.utc)
        """
        if isinstance(instant, datetime) and instant.tzinfo is None:
            raise ValueError(f"{instant!r} has no time zone; give it one, such as datetime.UTC")
        if instant is None:
            instant = yield from Clock.now(self)
        moment = instant if isinstance(instant, str) else instant.isoformat()
        return _events((yield Call("POST", self._path, {"freeze": moment}, None)))

    @shared
    def advance(self, span: str | timedelta) -> Steps[Events]:
        """Advance by `24h`, `10m`, `1d12h`, `PT24H` or a `timedelta`. Returns what happened, in order.

        >>> simulator.clock.advance("24h")
        []
        """
        return _events((yield Call("POST", self._path, {"advance": duration(span)}, None)))


class Faults(Listed[C]):
    """The planned faults, in the order in which they are tried."""

    @shared
    def set(self, faults: Sequence[Mapping[str, Any]]) -> Steps[None]:
        """Replace all faults."""
        if isinstance(faults, Mapping):
            raise TypeError(f"give a list of faults, such as [{dict(faults)!r}]; add() adds one")
        yield Call("PUT", self._path, [dict(fault) for fault in faults])

    @shared
    def add(self, /, do: str, **members: Any) -> Steps[None]:
        """Add one to the others, whose counters start again.

        >>> simulator.faults.add("status", status=503, vendor="pymetrics", times=1)
        """
        others = yield Call("GET", self._path)
        others = [{name: value for name, value in fault.items() if name != "met"} for fault in others]
        yield Call("PUT", self._path, [*others, {"do": do, **members}])

    clear = shared(plain("DELETE", "", _nothing, "Remove all faults."))


class Journal(Detailed[C]):
    """The requests with their responses, oldest first."""

    @shared
    def find(self, /, **filters: Any) -> Steps[list[Json]]:
        """The entries of a `vendor`, an `operation`, a `status`, `since` an instant or an entry, or with a text `q`."""
        return list((yield Call("GET", f"{self._path}?{urlencode(filters)}")))

    har = shared(plain("GET", ".har", dict, "All entries as an HTTP archive."))
    curl = shared(by_id("GET", "/{id}.sh", str, "A shell script that sends the request again."))


class Invitations(Detailed[C]):
    """Both vendors' invitations, oldest first."""

    timeline = shared(by_id(
        "GET", "/{id}/timeline", list, "What happened to one, and what is scheduled (`due`), in order of time."
    ))  # fmt: skip


class Deliveries(Detailed[C]):
    """The webhooks pending or sent, oldest first."""

    @shared
    def replay(self, id: str, url: str | None = None) -> Steps[Json]:
        """Send one again, to its own address or to another. Returns the new delivery."""
        return dict((yield Call("POST", f"{self._path}/{id}/replay", {} if url is None else {"url": url})))


class Snapshot(Handle[C]):
    """A saved state."""

    def __init__(self, connection: C, path: str, id: str) -> None:
        super().__init__(connection, f"{path}/snapshots/{id}")
        self.id = id

    restore = shared(plain("POST", "/restore", _nothing, "Restore it, clock and pending deliveries included."))
    delete = shared(plain(
        "DELETE", "", _nothing,
        "Delete it; a sandbox keeps 100 snapshots unless its setting `snapshot_limit` says otherwise.",
    ))  # fmt: skip


@dataclass(frozen=True)
class Pymetrics(Handle[C]):
    """The address of pymetrics and the keys of the sandbox there."""

    base_url: str
    client_id: str
    client_secret: str
    api_key: str
    _connection: C = field(repr=False, compare=False)

    @property
    def url(self) -> str:
        """The base address: `f"{simulator.pymetrics.url}/mercury/order"`."""
        return self.base_url

    @shared
    def headers(self) -> Steps[dict[str, str]]:
        """The headers of a request, with a new bearer token, valid for an hour of the sandbox's clock."""
        body = {"client_id": self.client_id, "client_secret": self.client_secret, "grant_type": "client_credentials"}
        token = (yield Call("POST", "/mercury/oauth/token", body))["access_token"]
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


class Webhooks(Handle[C], Items[Webhook]):
    """The webhooks that one sandbox's address has received, oldest first: a list in memory, in both clients."""

    def __init__(self, connection: C, path: str, inbox: Inbox) -> None:
        super().__init__(connection, path)
        self._inbox = inbox

    def _found(self) -> list[Webhook]:
        return [*self._inbox.received]

    @property
    def url(self) -> str:
        """Where webhooks are received; addresses below it count, too."""
        return self._inbox.url

    def answer_with(self, *statuses: int, delay: float = 0) -> None:
        """Answer the next webhooks with these statuses, and all later ones with the last; each after `delay` seconds.

        >>> simulator.webhooks.answer_with(503, 500, 200)
        """
        if not statuses:
            raise ValueError("give at least one status, such as answer_with(500, 200)")
        for status in statuses:
            if status not in range(200, 600):
                raise ValueError(f"{status!r} is no final HTTP status, 200 to 599, such as answer_with(500, 200)")
        self._inbox.answer_with(statuses, delay)

    def clear(self) -> None:
        """Delete what was received."""
        self._inbox.clear()

    def take(self, webhook: Webhook) -> int:
        """Add a webhook, as if it had been received. Returns the status to answer with."""
        return self._inbox.take(webhook)

    @overload
    def wait_for(self: "Webhooks[Connection]", wanted: int = 1, *, within: float = 5) -> list[Webhook]: ...
    @overload
    def wait_for(self: "Webhooks[Connection]", wanted: Match, *, within: float = 5) -> Webhook: ...
    @overload
    def wait_for(
        self: "Webhooks[AsyncConnection]", wanted: int = 1, *, within: float = 5
    ) -> Coroutine[Any, Any, list[Webhook]]: ...
    @overload
    def wait_for(
        self: "Webhooks[AsyncConnection]", wanted: Match, *, within: float = 5
    ) -> Coroutine[Any, Any, Webhook]: ...
    def wait_for(self, wanted: int | Match = 1, *, within: float = 5) -> Any:
        """Wait for at most `within` seconds, then raise `NotCaught`; webhooks that came before count.

        A number waits until so many have come, and returns all of them. A mapping waits for the first webhook whose
        form or JSON has these members, a function for the first for which it is true; both return that webhook.

        >>> simulator.webhooks.wait_for(0)
        []
        """
        # pytest shows the line of the test instead of this one.
        __tracebackhide__ = True
        return self._connection.run(self._awaited(wanted, within))

    def _awaited(self, wanted: int | Match, within: float) -> Steps[list[Webhook] | Webhook]:
        __tracebackhide__ = True
        members = wanted if isinstance(wanted, Mapping) else {}
        what = f"{wanted} webhooks" if isinstance(wanted, int) else f"a webhook with {dict(members)}"
        what = "a webhook that the function wants" if callable(wanted) else what

        def look() -> list[Webhook] | Webhook | None:
            if isinstance(wanted, int):
                return [*self] if len(self) >= wanted else None
            fits = wanted if callable(wanted) else lambda webhook: not _differences(members, _data(webhook))
            return next(filter(fits, self), None)

        yield Wait(self._inbox, lambda: look() is not None, within)
        found = look()
        if found is not None:
            return found
        lines = [f"waited {within:g} s for {what}; {len(self)} came"]
        nearest = sorted(((_differences(members, _data(one)), one) for one in self), key=lambda pair: len(pair[0]))
        for differences, one in nearest[:3]:
            lines += [f"caught: {one}", *(f"  {text}" for text in differences)]
        # The server's latest deliveries.
        try:
            deliveries = yield Call("GET", f"{self._path}/deliveries")
        except SimulatorError:
            deliveries = []
        for delivery in deliveries[-5:]:
            attempts = ", ".join(str(one["status"] or one["error"]) for one in delivery["attempts"]) or "none yet"
            where = f"{delivery['id']} to {delivery['url']}"
            lines.append(f"tried: {where}: {delivery['state']}; attempts: {attempts}")
        raise NotCaught("\n".join(lines))


# What is called before a sandbox is reset or deleted: a function, or a generator of steps.
Leaving = Callable[["Sandbox[Any]"], Steps[None] | None] | None


class Sandbox(Handle[C]):
    """What both clients' `Simulator` have: everything but how it is opened and closed."""

    def __init__(self, connection: C, name: str, listener: Listener, leaving: Leaving = None) -> None:
        path = f"{SANDBOXES}/{name}"
        super().__init__(connection, path)
        self._listener, self._leaving = listener, leaving
        # Closes what belongs to this object alone.
        self._ending = ExitStack()
        self._is_open = False
        self._forks: list[Sandbox[C]] = []
        self._unreached: str | None = None
        self.url: str = connection.url
        self.name: str = name
        self.clock: Clock[C] = Clock(connection, f"{path}/clock")
        self.invitations: Invitations[C] = Invitations(connection, f"{path}/invitations")
        self.deliveries: Deliveries[C] = Deliveries(connection, f"{path}/deliveries")
        self.faults: Faults[C] = Faults(connection, f"{path}/faults")
        self.journal: Journal[C] = Journal(connection, f"{path}/journal")
        self.mail: Listed[C] = Listed(connection, f"{path}/mail")

    def __repr__(self) -> str:
        return f"Simulator({self.url!r}, {self.name!r})"

    def _open(self, seed: int | str, config: Mapping[str, Any]) -> Steps[None]:
        """Open it on the server, with webhooks that lead to the listener if the server reaches that."""
        leads = dict.fromkeys(_WEBHOOK_SETTINGS, f"{self._listener.url}/{self.name}")
        body = {"name": self.name, "seed": seed, "config": {**leads, **config}}
        opened = yield Call("POST", SANDBOXES, body)
        self._begin(opened["credentials"], self._listener.inbox(self.name))
        try:
            self._unreached = yield from self._listener.unreached(self.url, self._path)
            if self._unreached and (unwanted := leads.keys() - config.keys()):
                yield Call("PATCH", f"{self._path}/config", dict.fromkeys(unwanted))
        except BaseException:
            yield from self._closed()
            raise

    def _begin(self, credentials: Mapping[str, Mapping[str, str]], inbox: Inbox) -> None:
        """Set what is known of a sandbox that is open."""
        self._credentials, self._inbox, self._is_open = credentials, inbox, True
        self.pymetrics: Pymetrics[C] = Pymetrics(self.url, **credentials["pymetrics"], _connection=self._connection)
        self.predictive_index = PredictiveIndex(f"{self.url}/api/v1", **credentials["predictive_index"])
        self._webhooks: Webhooks[C] = Webhooks(self._connection, self._path, inbox)

    def _closed(self) -> Steps[None]:
        """Delete it and its forks on the server."""
        if not self._is_open:
            return
        self._is_open = False
        for fork in self._forks:
            yield from fork._closed()
        self._listener.forget(self.name)
        try:
            yield from self._leave()
            yield Call("DELETE", self._path)
        except SimulatorError as error:
            # The sandbox was deleted before.
            if error.status != 404:
                raise

    def _leave(self) -> Steps[None]:
        steps = None if self._leaving is None else self._leaving(self)
        if steps is not None:
            yield from steps

    @property
    def webhooks(self) -> Webhooks[C]:
        """The webhooks that were received; raises `SimulatorError` if the server does not reach the listener."""
        if self._unreached is not None:
            raise SimulatorError(self._unreached)
        return self._webhooks

    @shared
    def act(self, /, id: str, action: str, **body: Any) -> Steps[Json]:
        """Apply an action to an invitation, as the candidate or the passing of time would. Returns the invitation."""
        return dict((yield Call("POST", f"{self._path}/invitations/{id}/{action}", body or None)))

    open = shared(by_id("POST", "/invitations/{id}/open", dict, "PI: the candidate opens the link."))
    accept = shared(by_id("POST", "/invitations/{id}/accept", dict, "pymetrics: the candidate accepts."))
    reject = shared(by_id("POST", "/invitations/{id}/reject", dict, "pymetrics: the order is rejected."))
    start = shared(by_id("POST", "/invitations/{id}/start", dict, "The candidate starts."))
    expire = shared(by_id("POST", "/invitations/{id}/expire", dict, "The invitation expires."))
    abort = shared(by_id("POST", "/invitations/{id}/abort", dict, "PI: the candidate gives up."))

    @shared
    def complete(self, /, id: str, **body: Any) -> Steps[Json]:
        """The candidate finishes, and starts before if necessary; `results` or `scores` set the outcome."""
        return (yield from Sandbox.act(self, id, "complete", **body))

    @shared
    def config(self, /, **changes: Any) -> Steps[Json]:
        """The settings, after these changes if there are any.

        >>> simulator.config(progress="10s")["progress"]
        '10s'
        """
        return dict((yield Call("PATCH" if changes else "GET", f"{self._path}/config", changes or None)))

    coverage = fetched(plain(
        "GET", "/coverage", dict, "Which rules this sandbox's requests have passed and violated, and how often."
    ))  # fmt: skip

    @shared
    def wait_for(self, /, within: float = 5, **thing: Mapping[str, Any]) -> Steps[Json]:
        """Wait for a `request`, a `webhook` or an `invitation` with these members, and return it.

        Those that came before count. After `within` seconds it raises a `SimulatorError` that shows the nearest ones.
        """
        body = {**thing, "within": f"PT{within:.3f}S"}
        return dict((yield Call("POST", f"{self._path}/await", body, within + 30)))

    @shared
    def snapshot(self) -> Steps[Snapshot[C]]:
        """Save the current state, for `restore()`."""
        return Snapshot(self._connection, self._path, (yield Call("POST", f"{self._path}/snapshots"))["id"])

    def _forked(self, name: str | None) -> Steps[Self]:
        opened = yield Call("POST", f"{self._path}/fork", {} if name is None else {"name": name})
        fork = object.__new__(type(self))
        Sandbox.__init__(fork, self._connection, opened["name"], self._listener, self._leaving)
        fork._begin(opened["credentials"], self._listener.inbox(fork.name))
        fork._unreached = self._unreached
        self._forks.append(fork)
        # Settings that lead to the list of this sandbox lead to that of the fork there.
        config = yield from Sandbox.config(fork)
        if changes := {name: fork._webhooks.url for name in _WEBHOOK_SETTINGS if config[name] == self._webhooks.url}:
            yield from Sandbox.config(fork, **changes)
        return fork

    @shared
    def reset(self) -> Steps[None]:
        """Return to the first state; nothing that began before continues, and the list of webhooks is empty."""
        yield from self._leave()
        yield Call("POST", f"{self._path}/reset")
        self._webhooks.clear()

    @shared
    def trace(self, path: str | PathLike[str]) -> Steps[Path]:
        """Write a page about this sandbox to a file, to read without a server: requests, webhooks, mails, timelines.

        Secrets are redacted. With 200 requests the file has at most 2 MB. Returns its path.
        """
        text = yield Call("GET", f"{self._path}/trace.html")
        file = Path(path)
        file.write_text(text, encoding="utf-8")
        return file


def _data(webhook: Webhook) -> Any:
    try:
        return webhook.data
    except ValueError:
        return None


def _differences(wanted: Any, found: Any, where: str = "") -> list[str]:
    """Why `found` does not contain `wanted`: objects are compared member by member, all else for equality."""
    if isinstance(wanted, Mapping) and isinstance(found, Mapping):
        lines = []
        for name, value in wanted.items():
            lines += _differences(value, found.get(name), f"{where}.{name}" if where else name)
        return lines
    return [] if wanted == found else [f"{where or 'the body'} is {found!r} and not {wanted!r}"]
