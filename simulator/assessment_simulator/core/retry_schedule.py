"""A notice on its way: when to try, what an answer means, and when to give up. Arithmetic only; posting is elsewhere.

At most nine tries within 24 hours with exponential back-off, success on any 2xx and another try on the codes in
`AGAIN`: so a third party describes The Predictive Index's newer API, and it is taken for the first generation and for
our extension of pymetrics too. The first gap and the treatment of time-outs and refused connections are ours.
"""

from dataclasses import dataclass, replace
from typing import Literal
from urllib.parse import urlsplit

from assessment_simulator.core import instant
from assessment_simulator.core.decision import WebhookEvent

TRIES = 9
FIRST_GAP = 3_375 * instant.SECOND // 10
"""5.625 minutes: eight gaps, each twice the last, then end 23.9 hours after the first try."""
AGAIN = frozenset({408, 429, 500, 502, 503, 504})
"""Statuses after which the vendor tries again; any other that is not 2xx is final."""
REFUSED = "refused by policy"
"""The error, or its beginning, of an attempt that was not made, because this server may not call that address. It is
final."""

State = Literal["pending", "delivered", "failed"]


@dataclass(frozen=True, slots=True)
class Post:
    """One HTTP request to a listener."""

    url: str
    headers: tuple[tuple[str, str], ...]
    body: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """What the listener said; the body is cut after the first 8 KiB."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: str


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try: at which instant, what was sent, and the answer or the error; `duration` in real seconds.

    `fault` is the id of the fault that met it, if any did.
    """

    number: int
    at: int
    request: Post
    answer: Answer | None
    error: str | None
    duration: float
    fault: str | None = None

    @property
    def refused(self) -> bool:
        """Whether it was not made, because this server may not call that address."""
        return self.error is not None and self.error.startswith(REFUSED)

    @property
    def verdict(self) -> Literal["delivered", "again", "failed"]:
        """What this try means for the delivery, tries left aside."""
        if self.answer is None:
            return "failed" if self.refused else "again"
        if 200 <= self.answer.status < 300:
            return "delivered"
        return "again" if self.answer.status in AGAIN else "failed"


@dataclass(frozen=True, slots=True)
class Delivery:
    """A notice with its attempts; `due` is the instant of the next try, None when there is none to come.

    Its id is the notice's, unless it was asked for again: then the notice, and with it what the listener sees, stays
    the same, and the delivery is another.

    `fault` is the id of the fault that has met the next try already, and meets it no more. `doubles` is set where a
    fault had a notice posted twice and this is the second time: the line in which the first one waited. `number` counts
    the sandbox's deliveries in the order of their creation; of those due at one instant, the lowest is tried first.
    """

    id: str
    notice: WebhookEvent
    created: int
    due: int | None
    state: State = "pending"
    attempts: tuple[Attempt, ...] = ()
    fault: str | None = None
    doubles: str | None = None
    number: int = 0

    @property
    def line(self) -> str:
        """In which line it waits: its invitation's, or, asked for again, one of its own."""
        if self.doubles is not None:
            return self.doubles
        return self.notice.invitation if self.id == self.notice.id else self.id

    @property
    def origin(self) -> str:
        """Whom it goes to: scheme, host and port of the address."""
        parts = urlsplit(self.notice.url)
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"

    def after(self, attempt: Attempt) -> "Delivery":
        """The delivery once this attempt was made."""
        made = replace(self, attempts=(*self.attempts, attempt), fault=None if self.doubles is None else self.fault)
        verdict = attempt.verdict
        if verdict == "again" and len(made.attempts) < TRIES:
            return replace(made, due=min(attempt.at + gap(len(made.attempts)), instant.LATEST))
        return replace(made, due=None, state="delivered" if verdict == "delivered" else "failed")


def gap(made: int) -> int:
    """The ticks between try number `made` and the next."""
    return FIRST_GAP << (made - 1)
