"""A webhook delivery: when to attempt it, what a response means, and when to give up. Pure; `webhooks/client.py` sends.

At most nine attempts within 24 hours with exponential backoff, success on any 2xx and a retry on the statuses in
`RETRYABLE_STATUSES`: so a third party describes The Predictive Index's newer API. We assume the same for the first
generation and for our extension of pymetrics. The initial backoff, and the retry after a timeout or a refused
connection, are our choice.
"""

from dataclasses import dataclass, replace
from typing import Literal
from urllib.parse import urlsplit

from assessment_simulator.core import instant
from assessment_simulator.core.decision import WebhookEvent

MAX_ATTEMPTS = 9
# 5.625 minutes: eight gaps, each twice the last, then end 23.9 hours after the first attempt.
INITIAL_BACKOFF = 3_375 * instant.SECOND // 10
# Statuses after which the vendor retries; any other that is not 2xx is final.
RETRYABLE_STATUSES = frozenset({408, 429, 500, 502, 503, 504})
# How the error of an attempt begins that the egress policy refused. It is final, and nothing was sent.
REFUSED = "refused by policy"

State = Literal["pending", "delivered", "failed"]


@dataclass(frozen=True, slots=True)
class WebhookRequest:
    """One HTTP POST to a listener."""

    url: str
    headers: tuple[tuple[str, str], ...]
    body: bytes


@dataclass(frozen=True, slots=True)
class WebhookResponse:
    """The listener's response; the body is cut after 8 KiB."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: str


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt: when, what was sent, and the response or the error."""

    number: int
    at: int
    request: WebhookRequest
    answer: WebhookResponse | None
    error: str | None
    duration: float  # in real seconds
    fault: str | None = None  # the id of the injected fault that changed it, if any

    @property
    def refused(self) -> bool:
        """Whether the egress policy refused the address."""
        return self.error is not None and self.error.startswith(REFUSED)

    @property
    def outcome(self) -> Literal["delivered", "again", "failed"]:
        """What this attempt means for the delivery, apart from the number of attempts."""
        if self.answer is None:
            return "failed" if self.refused else "again"
        if 200 <= self.answer.status < 300:
            return "delivered"
        return "again" if self.answer.status in RETRYABLE_STATUSES else "failed"


@dataclass(frozen=True, slots=True)
class Delivery:
    """A webhook event with its attempts.

    Its id is the event's. A replay is another delivery of the same event, with an id of its own: the listener sees the
    event's id.
    """

    id: str
    event: WebhookEvent
    created: int
    due: int | None  # when the next attempt is made; None if there is none
    state: State = "pending"
    attempts: tuple[Attempt, ...] = ()
    fault: str | None = None  # which has matched the next attempt already, and does not match it again
    duplicate_key: str | None = None  # of a duplicate that a fault made: the ordering key of what it repeats
    number: int = 0  # counts the sandbox's deliveries; of those due at one instant, the lowest goes first

    @property
    def ordering_key(self) -> str:
        """Deliveries with the same key are sent one after another: those of an invitation; a replay is on its own."""
        if self.duplicate_key is not None:
            return self.duplicate_key
        return self.event.invitation if self.id == self.event.id else self.id

    @property
    def origin(self) -> str:
        """Scheme, host and port of the address."""
        parts = urlsplit(self.event.url)
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"

    def after(self, attempt: Attempt) -> "Delivery":
        """The delivery with this attempt added: delivered, failed, or due again."""
        # No other fault may match a duplicate: one that always triggers would duplicate it for ever.
        fault = None if self.duplicate_key is None else self.fault
        made = replace(self, attempts=(*self.attempts, attempt), fault=fault)
        outcome = attempt.outcome
        if outcome == "again" and len(made.attempts) < MAX_ATTEMPTS:
            # The gap counts from when the attempt was made, which may be later than it was due.
            return replace(made, due=min(attempt.at + backoff(len(made.attempts)), instant.LATEST))
        return replace(made, due=None, state="delivered" if outcome == "delivered" else "failed")


def backoff(attempts: int) -> int:
    """Ticks between attempt number `attempts` and the next."""
    return INITIAL_BACKOFF << (attempts - 1)
