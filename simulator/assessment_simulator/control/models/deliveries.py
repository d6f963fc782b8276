"""Deliveries of webhooks, their attempts, and the test of a listener."""

from collections.abc import Iterable
from typing import Annotated

from pydantic import AfterValidator, AliasPath, BeforeValidator, Field

from assessment_simulator.control.models.base import Answer, Body, Moment, WebUrl
from assessment_simulator.core import retry_schedule
from assessment_simulator.journal.redaction import NO_SANDBOX


def _masked(headers: Iterable[tuple[str, str]]) -> list[list[str]]:
    return [[name, NO_SANDBOX.header(name, value)] for name, value in headers]


_Headers = Annotated[list[Annotated[list[str], Field(min_length=2, max_length=2)]], BeforeValidator(_masked)]


class Attempt(Answer):
    """One attempt to deliver."""

    number: int
    at: Moment
    status: int | None = Field(None, validation_alias=AliasPath("answer", "status"), description="of the answer")
    error: str | None = Field(description="why there is no answer")
    duration: float = Field(description="seconds")


class Sent(Answer):
    """The request. Credentials for the listener are masked; the body of the webhook is shown in full."""

    method: str = "POST"
    url: str
    headers: _Headers
    body: Annotated[str, BeforeValidator(lambda body: body.decode("utf-8", "replace"))]


class Answered(Answer):
    """The answer of the listener."""

    status: int
    headers: _Headers
    body: str


class WholeAttempt(Attempt):
    """An attempt with its request and answer."""

    request: Sent
    fault: str | None = Field(description="the fault that was injected")
    answer: Answered | None


class Delivery(Answer):
    """A webhook, pending or sent."""

    id: str
    invitation: str
    url: Annotated[str, AfterValidator(NO_SANDBOX.plain)]
    state: retry_schedule.State
    next: Moment | None = Field(description="when the next attempt is due")
    attempts: tuple[Attempt, ...]


class WholeDelivery(Delivery):
    """A delivery with its requests and answers."""

    attempts: tuple[WholeAttempt, ...]


class Tried(WholeAttempt):
    """One attempt to reach a listener, outside any delivery."""

    url: Annotated[str, AfterValidator(NO_SANDBOX.plain)]


class Replaying(Body):
    """`POST …/replay`."""

    url: WebUrl | None = Field(None, description="send it to this URL instead")


class Trying(Body):
    """`POST …/webhook-test`."""

    url: WebUrl | None = Field(None, description="default: the sandbox's own webhook URL")
