"""Where a log can be, as the option `--log` says it."""

from pathlib import Path

from simulator.server.log import Log
from simulator.server.log.sqlite import SqliteLog


def opened(place: str, *, shared: bool) -> Log | None:
    """The log at `memory` (none) or `sqlite:PATH`; `shared` with other processes or not. Raises `Unusable`."""
    kind, _, path = place.partition(":")
    return SqliteLog(Path(path), shared=shared) if kind == "sqlite" else None
