"""Where a log can be, as the option `--log` says it."""

from pathlib import Path

from simulator.server.log import Log
from simulator.server.log.postgresql import PostgresqlLog
from simulator.server.log.sqlite import SqliteLog


def opened(place: str, *, shared: bool) -> Log | None:
    """The log at `memory` (none), `sqlite:PATH` or `postgresql://…`; `shared` with other processes or not.

    Raises `Unusable`.
    """
    kind, _, path = place.partition(":")
    if kind == "postgresql":
        return PostgresqlLog(place)
    return SqliteLog(Path(path), shared=shared) if kind == "sqlite" else None
