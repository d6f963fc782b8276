"""Invitations of both vendors, their states, and what a candidate does."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from assessment_simulator.control.models.base import Answer, Count, Moment

Status = str | int


class Candidate(Answer):
    """The person who is invited."""

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
    """What to complete with: pymetrics takes `results`, The Predictive Index `scores`. The vendor itself reads it."""

    model_config = ConfigDict(extra="allow")

    results: list[dict[str, Any]] | None = None
    scores: dict[str, Any] = Field(default_factory=dict)


class Mail(Answer):
    """An e-mail that a vendor would have sent."""

    id: str
    at: Moment
    to: str
    subject: str
    text: str
    invitation: str
    link: str


class Entry(Answer):
    """One thing that happened to an invitation, or is to happen."""

    at: Moment = Field(description="on the sandbox's clock")
    what: Literal["call", "move", "mail", "notice", "attempt", "alarm"]
    id: str = Field(description="leads to the call, the mail or the delivery; else the invitation's own")
    text: str = Field(description="the same in a few words")
    due: bool = Field(description="whether it is still to come")
    operation: str | None = Field(description="of a call, a move or an alarm")
    before: Status | None = Field(description="of a move: the status before; null at the creation")
    after: Status | None = Field(description="of a move: the status after")
    status: int | None = Field(description="of a call or an attempt: what was answered")


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
    """A state with what a sandbox has seen of it."""

    now: Count = Field(description="how many invitations are in it")
    seen: Count = Field(description="how many came into it so far")


class SeenMove(Move):
    """A move with what a sandbox has seen of it."""

    seen: Count = Field(description="how often it was made so far")


class SeenStates(Answer):
    """The states and moves with what a sandbox has seen of them."""

    states: list[SeenState]
    moves: list[SeenMove]
