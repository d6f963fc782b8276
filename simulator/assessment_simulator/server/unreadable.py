"""Sandboxes of a log that cannot be read: they stop nobody but themselves, and can be deleted."""

import logging

from assessment_simulator.server.log import Log, Unusable

_log = logging.getLogger("simulator.sandboxes")


class Unreadable:
    """Those that were met so far; of each that is said once."""

    def __init__(self) -> None:
        self._said: set[str] = set()

    def leave_out(self, log: Log, name: str, problem: Unusable) -> None:
        """Say that a sandbox is not in a list; raises `Unusable` where it is the whole log that cannot be read."""
        log.find(name)
        if name not in self._said:
            self._said.add(name)
            _log.error("sandbox %s cannot be read and is left out of lists; DELETE it, if need be: %s", name, problem)

    def delete(self, log: Log, name: str) -> None:
        """Forget one, without reading it."""
        found = log.find(name)
        if found is not None:
            log.delete(found.key)
            _log.info("sandbox %s deleted, which could not be read", name)
        self._said.discard(name)
