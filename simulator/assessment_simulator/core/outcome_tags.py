"""Tags in a candidate's e-mail address that choose the outcome: `ada+completes-in-10s@example.com`."""

from collections.abc import Container
from dataclasses import dataclass

from assessment_simulator.core import instant
from assessment_simulator.core.decision import Timer
from assessment_simulator.core.request import VendorRequest
from assessment_simulator.core.sandbox_view import SandboxView

# Every tag and its effect, for documentation; an address may have several.
TAGS: dict[str, str] = {
    "+completes": "completes at once",
    "+completes-in-10s": "completes after the delay, such as `10s`, `1h` or `1d12h`, on the sandbox's clock",
    "+expires": "expires at once",
    "+abandons": "starts at once and never finishes",
    "+rejected": "pymetrics: is rejected at once; PI has no such state, so nothing happens",
    "+score-high": "when it completes, the scores are high",
    "+score-low": "when it completes, the scores are low",
}

_OPERATIONS = {"completes": "complete", "expires": "expire", "abandons": "start", "rejected": "reject"}
_DELAYED = "completes-in-"


@dataclass(frozen=True, slots=True)
class OutcomeTags:
    """The wanted outcome: an operation (or none) after a delay in ticks, and `high` or `low` scores (or neither)."""

    operation: str | None = None
    delay: int = 0
    score: str | None = None


def parse_tags(email: str) -> OutcomeTags:
    """Read the tags of an address; unknown ones are ignored, and of two outcomes the first counts."""
    if "+" not in email:
        return OutcomeTags()
    operation, delay, score = None, 0, None
    for tag in email.rpartition("@")[0].lower().split("+")[1:]:
        span = instant.parse_duration(tag.removeprefix(_DELAYED)) if tag.startswith(_DELAYED) else None
        if tag in ("score-high", "score-low"):
            score = score or tag.removeprefix("score-")
        elif operation is None and span is not None:
            operation, delay = "complete", span
        elif operation is None:
            operation = _OPERATIONS.get(tag)
    return OutcomeTags(operation, delay, score)


def planned_timers(
    vendor: str, request: VendorRequest, id: str, email: str, view: SandboxView, possible: Container[str]
) -> tuple[Timer, ...]:
    """The timer that the address, or else the sandbox's `progress`, sets for a new invitation.

    `possible` are the vendor's operations; others are not planned.
    """
    tags = parse_tags(email)
    operation, delay = tags.operation, tags.delay
    if operation is None and (after := instant.parse_duration(view.config.progress)) is not None:
        operation, delay = "complete", after
    elif operation is None or operation not in possible:
        return ()
    return (Timer(operation, id, min(request.now + delay, instant.LATEST), vendor, request.base_url),)


def cancelled_timers(id: str) -> tuple[Timer, ...]:
    """Cancel every timer of an invitation."""
    return tuple(Timer(operation, id, None) for operation in ("start", "complete", "expire", "reject"))
