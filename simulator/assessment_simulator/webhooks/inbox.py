"""The webhook inbox of one sandbox: the last requests that the built-in receiver took. It is in memory only."""

from collections import deque
from collections.abc import Mapping
from typing import NamedTuple

# The last webhooks that are kept.
MAX_WEBHOOKS = 100
# Bytes that are kept of each body.
MAX_BODY = 65_536


class ReceivedWebhook(NamedTuple):
    """A webhook as it came in: when by the sandbox's clock, and the status that answered it."""

    id: str
    at: int
    headers: Mapping[bytes, bytes]
    body: bytes
    status: int


class Inbox:
    """The webhooks since the sandbox was opened or reset: `generation` counts its resets."""

    def __init__(self, generation: int) -> None:
        self.generation = generation
        self.webhooks: deque[ReceivedWebhook] = deque(maxlen=MAX_WEBHOOKS)
        self._number = 0

    def copy(self) -> "Inbox":
        """The same webhooks in another inbox."""
        twin = Inbox(self.generation)
        twin.webhooks, twin._number = self.webhooks.copy(), self._number
        return twin

    def add(self, at: int, headers: Mapping[bytes, bytes], body: bytes, status: int) -> str:
        """Keep a webhook; return its id."""
        self._number += 1  # DELETE does not reset it: no id is used twice
        received = ReceivedWebhook(f"caught-{self._number}", at, headers, body[:MAX_BODY], status)
        self.webhooks.append(received)
        return received.id
