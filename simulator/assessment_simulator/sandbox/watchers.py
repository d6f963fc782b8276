"""The kinds of changes that a sandbox reports to its watchers: event streams, and callers that wait for something."""

from collections.abc import Callable

Watcher = Callable[[str, str], None]
"""Called with the kind of a change (a record's kind, or one of these words) and the id of what changed, or ""."""
CALL, DELIVERY, CAUGHT = "call", "delivery", "caught"
CLOCK, CONFIG, FAULTS = "clock", "config", "faults"
EVERYTHING, ENDED, CLOSING = "everything", "ended", "closing"
"""A reset or restore replaced the state; the sandbox was deleted; the server is about to close."""
