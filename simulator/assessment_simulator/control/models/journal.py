"""What came in: the journal and its archive, caught webhooks, the rules' coverage, and waiting for any of it."""

from typing import Annotated, Any

from pydantic import Field
from typing_extensions import TypeAliasType  # in `typing` from Python 3.12 on

from assessment_simulator.control.models.base import Answer, Count, Moment, OneOf
from assessment_simulator.core.sources import Standing

Parsed = Annotated[
    Any, Field(description="JSON parsed, a form as an object, other text as it is; `{bytes}` of what is no text")
]


class Call(Answer):
    """A call to a vendor, and how it was answered."""

    id: str
    at: Moment = Field(description="on the sandbox's clock")
    vendor: str
    operation: str | None = Field(description="null where the path or the verb is none of the vendor's")
    method: str
    path: str
    status: int | None = Field(description="null where no answer left")
    rules: list[str] = Field(description="the rules that refused it")
    fault: str | None = Field(description="the fault that met it")
    duration: float = Field(description="real seconds")


class Message(Answer):
    """A request or an answer."""

    headers: dict[str, str]
    body: Parsed


class WholeCall(Call):
    """A call with its query, headers and bodies."""

    query: dict[str, str]
    request: Message
    answer: Message | None


class Archive(Answer):
    """HAR 1.2."""

    log: dict[str, Any] = Field(json_schema_extra={"required": ["version", "creator", "entries"]})


class Caught(Answer):
    """A webhook that came to the built-in listener."""

    id: str
    at: Moment = Field(description="on the sandbox's clock")
    headers: dict[str, str]
    body: Parsed
    status: int = Field(description="what it was answered with")


class Covered(Answer):
    """How often a sandbox's traffic has kept and broken a rule."""

    id: str
    vendor: str
    standing: Standing
    kept: Count
    broken: Count
    status_standing: Standing
    body_standing: Standing


class Coverage(Answer):
    """Which rules a sandbox's traffic has kept and broken."""

    rules: list[Covered]
    kept: Count = Field(description="how many rules were kept at least once")
    broken: Count = Field(description="how many were broken at least once")
    of: Count = Field(description="how many there are")


Wanted = TypeAliasType(
    "Wanted", Annotated[dict[str, Any], Field(description="members that it must have, with their values")]
)
_SECONDS = r"(?:[0-5]?[0-9](?:\.[0-9]{1,7})?|60)"


class Awaiting(OneOf):
    """`POST …/await`: exactly one of the first three, and how long to wait."""

    choices = ("request", "webhook", "invitation")
    verb = "await"

    request: Wanted | None = Field(
        None, description="what a call in the journal must be like, as its single view shows it"
    )
    webhook: Wanted | None = Field(
        None,
        description="what a delivery must be like, as its single view shows it; `request` and `answer` are those of "
        "the newest attempt, with their bodies parsed",
    )
    invitation: Wanted | None = Field(None, description="what an invitation must be like")
    within: str = Field(
        "PT5S",
        description="how long to wait in real time, at most PT60S",
        json_schema_extra={"pattern": rf"^PT(?:{_SECONDS}S|1M)$"},
    )
