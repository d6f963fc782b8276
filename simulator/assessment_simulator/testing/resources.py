"""The parts of a sandbox, each by its part of the control API."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from assessment_simulator.testing.connection import Connection, Detailed, Listed, duration

Events = list[dict[str, Any]]
"""What happened during an advance of the clock: `{at, what, id}`, in order."""


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
