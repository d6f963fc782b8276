"""What there is to turn and to look at in a sandbox, each thing by its part of the control API."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from assessment_simulator.testing.connection import Connection, Detailed, Listed, duration

Events = list[dict[str, Any]]
"""What happened while a clock was turned: `{at, what, id}`, in order."""


class Clock:
    """The sandbox's clock. What is due happens before a turn returns, webhooks and their retries included."""

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
        mode: str = self._connection.call("GET", self._path)["mode"]
        return mode

    def freeze(self, instant: str | date | None = None) -> Events:
        """Stand still at an instant, an earlier one too; without one, where the clock is now.

        >>> simulator.clock.freeze("2026-01-01T00:00:00Z")
        []
        >>> simulator.clock.now
        datetime.datetime(2026, 1, 1, 0, 0, tzinfo=datetime.timezone.utc)
        """
        if isinstance(instant, datetime) and instant.tzinfo is None:
            raise ValueError(f"{instant!r} has no time zone; give it one, such as datetime.UTC")
        moment = self.now if instant is None else instant
        return self._turn(freeze=moment if isinstance(moment, str) else moment.isoformat())

    def advance(self, span: str | timedelta) -> Events:
        """Let a span pass: `24h`, `10m`, `1d12h`, `PT24H` or a `timedelta`; returns what happened meanwhile, in order.

        >>> simulator.clock.advance("24h")
        []
        """
        return self._turn(advance=duration(span))

    def run(self) -> Events:
        """Go on with the machine's time, from the clock's own."""
        return self._turn(run=True)

    def until_idle(self) -> Events:
        """Let time pass until nothing is left to happen; invitations expire by that, too."""
        return self._turn(until_idle=True)

    def _turn(self, **wish: Any) -> Events:
        events: Events = self._connection.call("POST", self._path, wish, within=None)["events"]
        return events


class Faults(Listed):
    """The planned misbehaviours, in the order in which they are asked."""

    def set(self, faults: Sequence[Mapping[str, Any]]) -> None:
        """Put these in the place of all that there were."""
        if isinstance(faults, Mapping):
            raise TypeError(f"give a list of faults, such as [{dict(faults)!r}]; add() adds one")
        self._connection.call("PUT", self._path, [dict(fault) for fault in faults])

    def add(self, do: str, **members: Any) -> None:
        """Add one to the others, whose counts start anew.

        >>> simulator.faults.add("status", status=503, vendor="pymetrics", times=1)
        """
        kept = [{name: value for name, value in fault.items() if name != "met"} for fault in self]
        self.set([*kept, {"do": do, **members}])

    def clear(self) -> None:
        """Misbehave no more."""
        self._connection.call("DELETE", self._path)


class Journal(Detailed):
    """What came in and what was answered, oldest first."""

    def find(self, **filters: Any) -> list[dict[str, Any]]:
        """The entries of a `vendor`, an `operation`, a `status`, `since` an instant or an entry, or with a text `q`."""
        found: list[dict[str, Any]] = self._connection.call("GET", f"{self._path}?{urlencode(filters)}")
        return found

    def har(self) -> dict[str, Any]:
        """All of it as an HTTP archive."""
        archive: dict[str, Any] = self._connection.call("GET", f"{self._path}.har")
        return archive

    def curl(self, id: str) -> str:
        """A shell script that makes the call again."""
        return str(self._connection.call("GET", f"{self._path}/{id}.sh"))


class Invitations(Detailed):
    """Both vendors' invitations, oldest first."""

    def timeline(self, id: str) -> list[dict[str, Any]]:
        """What happened to one, and what will (`due`), in order of time."""
        entries: list[dict[str, Any]] = self._connection.call("GET", f"{self._path}/{id}/timeline")
        return entries


class Deliveries(Detailed):
    """The webhooks owed or sent, oldest first."""

    def replay(self, id: str, url: str | None = None) -> dict[str, Any]:
        """Send one again, to its own address or to another; returns the new delivery."""
        again: dict[str, Any] = self._connection.call(
            "POST", f"{self._path}/{id}/replay", {} if url is None else {"url": url}
        )
        return again


@dataclass(frozen=True)
class Snapshot:
    """A state that was kept."""

    id: str
    _connection: Connection
    _path: str

    def restore(self) -> None:
        """Bring it back, clock and unfinished deliveries included."""
        self._connection.call("POST", f"{self._path}/snapshots/{self.id}/restore")

    def delete(self) -> None:
        """Delete it; a sandbox keeps 100 snapshots unless its setting `snapshot_limit` says otherwise."""
        self._connection.call("DELETE", f"{self._path}/snapshots/{self.id}")
