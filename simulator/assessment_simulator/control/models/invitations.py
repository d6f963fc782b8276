"""Invitations of both vendors: their states, mails, timelines and outcomes."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from assessment_simulator.control.models.base import Answer, Count, Moment

Status = str | int


class Candidate(Answer):
    """The candidate of an invitation."""

    email: str | None
    first_name: str | None
    last_name: str | None
    external_id: str | None


class Invitation(Answer):
    """An invitation of either vendor."""

    id: str
    vendor: str
    status: Status
    candidate: Candidate
    created: Moment
    links: dict[str, str]


class Outcome(BaseModel):
    """The outcome of `complete`: pymetrics has `results`, The Predictive Index `scores`. The vendor validates it."""

    model_config = ConfigDict(extra="allow")

    results: list[dict[str, Any]] | None = None
    scores: dict[str, Any] = Field(default_factory=dict)


class Mail(Answer):
    """An e-mail that the vendor would send."""

    id: str
    at: Moment
    to: str
    subject: str
    text: str
    invitation: str
    link: str


class Entry(Answer):
    """Something that happened to an invitation, or will happen."""

    at: Moment = Field(description="on the sandbox's clock")
    what: Literal["call", "move", "mail", "notice", "attempt", "alarm"]
    id: str = Field(description="of the call, the mail or the delivery, else of the invitation")
    text: str = Field(description="a short description")
    due: bool = Field(description="whether it has not happened yet")
    operation: str | None = Field(description="of a call, a move or a timer")
    before: Status | None = Field(description="of a move: the status before; null at the creation")
    after: Status | None = Field(description="of a move: the status after")
    status: int | None = Field(description="of a call or an attempt: the status of the answer")


class State(Answer):
    """A state of a vendor's invitations."""

    id: Status
    title: str


class Move(Answer):
    """A move between two states."""

    from_: Status = Field(alias="from")
    action: str
    to: Status


class States(Answer):
    """A vendor's states, and the moves between them."""

    states: list[State]
    moves: list[Move]


class SeenState(State):
    """A state with its counts in a sandbox."""

    now: Count = Field(description="how many invitations are in it")
    seen: Count = Field(description="how many entered it so far")


class SeenMove(Move):
    """A move with its count in a sandbox."""

    seen: Count = Field(description="how often it was made so far")


class SeenStates(Answer):
    """The states and moves with their counts in a sandbox."""

    states: list[SeenState]
    moves: list[SeenMove]
