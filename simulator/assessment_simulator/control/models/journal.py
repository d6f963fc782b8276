"""The request journal, its archive, the webhook inbox, the rule coverage, and conditions to wait for."""

from typing import Annotated, Any

from pydantic import Field
from typing_extensions import TypeAliasType  # in `typing` from Python 3.12 on

from assessment_simulator.control.models.base import Answer, Count, Moment, OneOf
from assessment_simulator.core.sources import Standing

Parsed = Annotated[
    Any, Field(description="JSON parsed, a form as an object, other text as it is; `{bytes}` of what is no text")
]


class Call(Answer):
    """A request to a vendor, in short."""

    id: str
    at: Moment = Field(description="on the sandbox's clock")
    vendor: str
    operation: str | None = Field(description="null if the vendor does not have the path or the verb")
    method: str
    path: str
    status: int | None = Field(description="null if no answer was sent")
    rules: list[str] = Field(description="the rules that it violates")
    fault: str | None = Field(description="the fault that was injected")
    duration: float = Field(description="real seconds")


class Message(Answer):
    """A request or an answer."""

    headers: dict[str, str]
    body: Parsed


class WholeCall(Call):
    """A request with its query, headers and bodies."""

    query: dict[str, str]
    request: Message
    answer: Message | None


class Archive(Answer):
    """HAR 1.2."""

    log: dict[str, Any] = Field(json_schema_extra={"required": ["version", "creator", "entries"]})


class Caught(Answer):
    """A webhook that the built-in receiver got."""

    id: str
    at: Moment = Field(description="on the sandbox's clock")
    headers: dict[str, str]
    body: Parsed
    status: int = Field(description="the status of the answer")


class Covered(Answer):
    """How often a sandbox's requests kept and violated a rule."""

    id: str
    vendor: str
    standing: Standing
    kept: Count
    broken: Count
    status_standing: Standing
    body_standing: Standing


class Coverage(Answer):
    """The rules that a sandbox's requests kept and violated."""

    rules: list[Covered]
    kept: Count = Field(description="number of rules that were kept at least once")
    broken: Count = Field(description="number of rules that were violated at least once")
    of: Count = Field(description="number of all rules")


Wanted = TypeAliasType(
    "Wanted", Annotated[dict[str, Any], Field(description="members that it must have, with their values")]
)
_SECONDS = r"(?:[0-5]?[0-9](?:\.[0-9]{1,7})?|60)"


class Awaiting(OneOf):
    """`POST …/await`: exactly one of the first three, and how long to wait."""

    choices = ("request", "webhook", "invitation")
    verb = "await"

    request: Wanted | None = Field(None, description="a request in the journal, as its single view shows it")
    webhook: Wanted | None = Field(
        None,
        description="a delivery, as its single view shows it; `request` and `answer` are those of the newest attempt, "
        "with parsed bodies",
    )
    invitation: Wanted | None = Field(None, description="an invitation")
    within: str = Field(
        "PT5S",
        description="timeout in real time, at most PT60S",
        json_schema_extra={"pattern": rf"^PT(?:{_SECONDS}S|1M)$"},
    )
