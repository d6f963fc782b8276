"""The server, its sandboxes and their clocks."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field

from assessment_simulator.control.models.base import INSTANT, Answer, Body, Count, Duration, Moment, OneOf, must
from assessment_simulator.core.sources import Standing
from assessment_simulator.sandbox.sandbox import NAME

Seed = Annotated[
    Annotated[int, Field(json_schema_extra={"format": "int64"})] | str,
    # Before the union, whose errors name a member for each of its types.
    BeforeValidator(must("be an integer or a string", lambda value: type(value) in (int, str)).func),
    Field(description="all ids and scores are derived from it; default 0"),
]
Name = Annotated[
    str,
    must("be 1 to 64 of a-z, 0-9 and -", NAME.fullmatch),  # no pattern: the dashboard shows this error to people
    Field(description="1 to 64 of a-z, 0-9 and -", json_schema_extra={"pattern": f"^{NAME.pattern}$"}),
]


class Health(Answer):
    """Whether the server answers."""

    status: Literal["ok"] = "ok"
    version: str


class Rule(Answer):
    """A rule of a vendor."""

    id: str
    vendor: str
    place: str = Field(description="the part of a request that it is about")
    statement: str
    standing: Standing
    source: str
    status: int
    status_standing: Standing
    status_source: str = Field(description="the source of the status")
    body_standing: Standing
    body_source: str = Field(description="the source of the shape of the error body")


class Flaw(Answer):
    """One error in a request: the member, and what is valid."""

    where: str
    what: str


class Event(Answer):
    """Something that happened while a clock was changed."""

    at: Moment
    what: str
    id: str


class Problem(Answer):
    """RFC 9457."""

    model_config = ConfigDict(extra="allow", json_schema_serialization_defaults_required=False)

    type: str
    title: str
    status: int
    detail: str = Field(description="what is wrong, and what is valid")
    errors: list[Flaw] = Field(default_factory=list)
    events: list[Event] = Field(default_factory=list, description="of an interrupted advance: what happened before")


class Opening(Body):
    """`POST /_simulator/sandboxes`."""

    name: Name | None = Field(None, description="default: a random name")
    seed: Seed = Field(default_factory=int)  # no default in the schema: in closed access it is random
    config: dict[str, Any] = Field({}, description="settings, which `Config` reads")


class Forking(Body):
    """`POST …/fork`."""

    name: Name | None = Field(None, description="default: a random name")


class Opened(Answer):
    """A sandbox that was created."""

    name: str
    seed: Seed
    credentials: dict[str, dict[str, str]] = Field(description="its credentials, by vendor and member")


class Counts(Answer):
    """The number of records in each list."""

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
    """The process that owns a sandbox."""

    log: Literal["memory", "sqlite", "postgresql"]
    server: int | None = Field(description="the id of its session with PostgreSQL")
    address: str | None = Field(description="where other servers forward requests to")


class Snapshot(Answer):
    """A saved state."""

    id: str


_Instant = Annotated[str, Field(json_schema_extra={"pattern": f"^{INSTANT}$"})]
_Yes = Annotated[bool, Field(json_schema_extra={"const": True})]


class Turning(OneOf):
    """`POST …/clock`: exactly one of them."""

    choices = ("freeze", "advance", "until_idle", "run")
    verb = "turn"

    freeze: _Instant | None = Field(None, description="freeze the clock at this instant")
    advance: Duration | None = Field(None, description="run everything that is due within this duration")
    until_idle: _Yes | None = Field(None, description="run until no event is pending")
    run: _Yes | None = Field(None, description="run from the clock's current time")


class Clock(Answer):
    """A clock, and what happened while it was changed."""

    now: Moment
    mode: Literal["running", "frozen"]
    events: list[Event] = Field(description="what happened while it was changed")
