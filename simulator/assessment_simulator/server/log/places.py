"""Where a log can be, as the option `--log` says it."""

from pathlib import Path

from assessment_simulator.core.log_place import log_place
from assessment_simulator.server.log import Log
from assessment_simulator.server.log.postgresql import PostgresqlLog
from assessment_simulator.server.log.sqlite import SqliteLog


def opened(place: str, *, shared: bool) -> Log | None:
    """The log at a place (`core.log_place`), None for `memory`; `shared` with other processes or not.

    Raises `Unusable`.
    """
    kind, where = log_place(place)
    if kind == "postgresql":
        return PostgresqlLog(where)
    return SqliteLog(Path(where), shared=shared) if kind == "sqlite" else None
