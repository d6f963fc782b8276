"""Opens the log that the option `--log` names."""

from pathlib import Path

from assessment_simulator.core.log_location import log_place
from assessment_simulator.storage.postgresql import PostgresqlLog
from assessment_simulator.storage.sqlite import SqliteLog


def opened(place: str) -> SqliteLog | PostgresqlLog | None:
    """The log at a place (`core.log_location`), None for `memory`; raises `Unusable`."""
    kind, where = log_place(place)
    if kind == "postgresql":
        return PostgresqlLog(where)
    return SqliteLog(Path(where)) if kind == "sqlite" else None
