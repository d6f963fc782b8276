"""Deliveries of webhooks, their attempts, and a test of a listener."""

from collections.abc import Iterable
from typing import Annotated

from pydantic import AfterValidator, AliasPath, BeforeValidator, Field

from assessment_simulator.control.models.base import Answer, Body, Moment, WebUrl
from assessment_simulator.core import retry_schedule
from assessment_simulator.journal.redaction import ALONE


def _hidden(headers: Iterable[tuple[str, str]]) -> list[list[str]]:
    return [[name, ALONE.header(name, value)] for name, value in headers]


def _read(body: bytes) -> str:
    return body.decode("utf-8", "replace")


_Headers = Annotated[list[Annotated[list[str], Field(min_length=2, max_length=2)]], BeforeValidator(_hidden)]


class Attempt(Answer):
    """One attempt to deliver."""

    number: int
    at: Moment
    status: int | None = Field(
        None, validation_alias=AliasPath("answer", "status"), description="what the listener answered"
    )
    error: str | None = Field(description="why there is no answer")
    duration: float = Field(description="seconds")


class Sent(Answer):
    """What was posted. Who may call the listener is hidden; a notice's own words are the listener's to see."""

    method: str = "POST"
    url: str
    headers: _Headers
    body: Annotated[str, BeforeValidator(_read)]


class Answered(Answer):
    """What the listener answered."""

    status: int
    headers: _Headers
    body: str


class WholeAttempt(Attempt):
    """An attempt with what was sent and answered."""

    request: Sent
    fault: str | None = Field(description="the fault that met it")
    answer: Answered | None


class Delivery(Answer):
    """A webhook that is owed or was sent."""

    id: str
    invitation: str
    url: Annotated[str, AfterValidator(ALONE.plain)]
    state: retry_schedule.State
    next: Moment | None = Field(description="when it is tried next")
    attempts: tuple[Attempt, ...]


class WholeDelivery(Delivery):
    """A delivery with what was sent and answered."""

    attempts: tuple[WholeAttempt, ...]


class Tried(WholeAttempt):
    """One attempt to reach a listener, outside of any delivery."""

    url: Annotated[str, AfterValidator(ALONE.plain)]


class Replaying(Body):
    """`POST …/replay`."""

    url: WebUrl | None = Field(None, description="another address to send it to")


class Trying(Body):
    """`POST …/webhook-test`."""

    url: WebUrl | None = Field(None, description="else the sandbox's own webhook address")
