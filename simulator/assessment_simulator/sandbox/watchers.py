"""The kinds of changes that a sandbox reports to its watchers: event streams, and callers that wait for something."""

from collections.abc import Callable

# Called with the kind of a change (a record's kind, or one of these words) and the id of what changed, or "".
Watcher = Callable[[str, str], None]
CALL, DELIVERY, CAUGHT = "call", "delivery", "caught"
CLOCK, CONFIG, FAULTS = "clock", "config", "faults"
# A reset or restore replaced the state; the sandbox was deleted; the server is about to close.
EVERYTHING, ENDED, CLOSING = "everything", "ended", "closing"
