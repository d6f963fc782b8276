"""The server, its sandboxes and their clocks."""

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from assessment_simulator.control.models.base import INSTANT, Answer, Body, Count, Duration, Moment, OneOf, must
from assessment_simulator.core.sources import Standing
from assessment_simulator.sandbox.registry import NAME

Seed = Annotated[
    Annotated[int, Field(json_schema_extra={"format": "int64"})] | str,
    Field(description="what all ids and scores follow from; 0 unless given"),
]
Name = Annotated[
    str,
    must("be 1 to 64 of a-z, 0-9 and -", NAME.fullmatch),  # people read this: the board has a field for a name
    Field(description="1 to 64 of a-z, 0-9 and -", json_schema_extra={"pattern": f"^{NAME.pattern}$"}),
]


# The server.


class Health(Answer):
    """Whether the server answers."""

    status: Literal["ok"] = "ok"
    version: str


class Rule(Answer):
    """A rule of a vendor."""

    id: str
    vendor: str
    place: str = Field(description="what it speaks of")
    statement: str
    standing: Standing
    source: str
    status: int
    status_standing: Standing
    status_source: str = Field(description="where the status comes from")
    body_standing: Standing
    body_source: str = Field(description="where the shape of the refusal's body comes from")


class Flaw(Answer):
    """One thing that is wrong with a request."""

    where: str
    what: str


class Event(Answer):
    """Something that happened while a clock was turned."""

    at: Moment
    what: str
    id: str


class Problem(Answer):
    """RFC 9457."""

    model_config = ConfigDict(extra="allow", json_schema_serialization_defaults_required=False)

    type: str
    title: str
    status: int
    detail: str = Field(description="what is wrong, and what would be right")
    errors: list[Flaw] = Field(default_factory=list)
    events: list[Event] = Field(default_factory=list, description="of an interrupted advance: what happened before")


# A sandbox.


class Opening(Body):
    """`POST /_simulator/sandboxes`."""

    name: Name | None = Field(None, description="a random one unless given")
    seed: Seed = Field(default_factory=int)  # not told as a default: closed access draws one that nobody can guess
    config: dict[str, Any] = Field({}, description="settings, which `Config` reads")


class Forking(Body):
    """`POST …/fork`."""

    name: Name | None = Field(None, description="a random one unless given")


class Opened(Answer):
    """A sandbox that was opened."""

    name: str
    seed: Seed
    credentials: dict[str, dict[str, str]] = Field(description="what opens it, by vendor and member")


class Counts(Answer):
    """How much there is of what the lists show."""

    invitations: Count
    deliveries: Count
    journal: Count
    mail: Count


class Sandbox(Answer):
    """A sandbox in short."""

    name: str
    seed: Seed
    now: Moment
    mode: Literal["running", "frozen"]
    snapshots: list[str]
    counts: Counts


class Ownership(Answer):
    """The process that answers for a sandbox."""

    log: Literal["memory", "sqlite", "postgresql"]
    server: int | None = Field(description="the id of its session with PostgreSQL")
    address: str | None = Field(description="where other servers forward requests to")


class Snapshot(Answer):
    """A state that was kept."""

    id: str


# Its clock.


_Instant = Annotated[str, Field(json_schema_extra={"pattern": f"^{INSTANT}$"})]
_Yes = Annotated[bool, Field(json_schema_extra={"const": True})]


class Turning(OneOf):
    """`POST …/clock`: exactly one of them."""

    choices = ("freeze", "advance", "until_idle", "run")
    verb = "turn"

    freeze: _Instant | None = Field(None, description="stand still at this instant")
    advance: Duration | None = Field(None, description="let all happen that falls due within this duration")
    until_idle: _Yes | None = Field(None, description="go on until nothing is left to happen")
    run: _Yes | None = Field(None, description="go on from the clock's present time")


class Clock(Answer):
    """A clock, and what happened while it was turned."""

    now: Moment
    mode: Literal["running", "frozen"]
    events: list[Event] = Field(description="what happened while it was turned")
