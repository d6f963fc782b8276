"""Where a log can be, as the option `--log` says it."""

from pathlib import Path

from simulator.server.log import Log
from simulator.server.log.sqlite import SqliteLog


def opened(place: str) -> Log | None:
    """The log at `memory` (none) or `sqlite:PATH`; raises `Unusable`."""
    kind, _, path = place.partition(":")
    return SqliteLog(Path(path)) if kind == "sqlite" else None
