"""Faults: the list that somebody sends, and the faults as they are told."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any, Self

from pydantic import AfterValidator, ConfigDict, Field, ValidationInfo, model_validator
from typing_extensions import TypeAliasType  # in `typing` from Python 3.12 on

from assessment_simulator.control.models.base import Body, Duration, not_null, wrong
from assessment_simulator.core import instant
from assessment_simulator.core.faults import KINDS, Do, On, When
from assessment_simulator.core.schema import Schema, named, nullable, record, text
from assessment_simulator.core.text import lower_uuid
from assessment_simulator.core.vendor import Vendor

MOST = 1_000_000_000
MOST_FAULTS = 1_000
_LONGEST = {"calls": instant.HOUR, "deliveries": 3_650 * instant.DAY}
_SPEAKS_OF: Mapping[str, On] = {
    "operation": "calls", "method": "calls", "path": "calls", "when": "calls", "invitation": "deliveries",
}  # fmt: skip
"""The members that only faults of one sort have."""
_TAKEN = {"status": "503", "duration": '"PT2S"', "retry_after": "1", "merge": '{"status": "Fulfilled"}'}
"""The members that only some kinds take, with examples."""

MergePatch = TypeAliasType("MergePatch", Annotated[dict[str, Any], Field(description="a JSON merge patch (RFC 7396)")])


class Fault(Body):
    """One planned misbehaviour. What is null is left to the defaults, or does not matter."""

    id: str = Field(
        "", max_length=100, description="what the journal calls it; `fault-` and its place in the list unless given"
    )
    on: On = "calls"
    vendor: Annotated[str, AfterValidator(lambda vendor: vendor.replace("-", "_"))] | None = None
    operation: str | None = None
    method: str | None = Field(None, pattern="^[A-Z]{1,20}$")
    path: str | None = Field(None, pattern="^[/*]", description="`*` stands for any run of characters")
    invitation: Annotated[str, AfterValidator(lower_uuid)] | None = None
    times: int | None = Field(None, ge=0, le=MOST, description="how many it strikes; null: every one")
    after: int = Field(0, ge=0, le=MOST, description="how many that match it lets pass first")
    probability: float = Field(1.0, ge=0, le=1, description="of striking, drawn from the sandbox's seed")
    when: When | None = Field(None, description="the call changes nothing, or is committed and its answer spoilt")
    do: Do
    status: int | None = Field(None, ge=400, le=599)
    duration: Duration | None = Field(None, description="real time for calls, the sandbox's clock for deliveries")
    retry_after: int | None = Field(None, ge=0, le=MOST, description="seconds")
    merge: MergePatch | None = None
    met: int = Field(0, description="how many it has struck; only told, never taken")

    @model_validator(mode="after")
    def _can_strike(self, info: ValidationInfo) -> Self:
        if info.context and (found := [*_complaints(info.context["vendors"], self)]):
            raise wrong(found)
        return self


class MetFault(Fault):
    """A fault as it is told, with all its members."""

    model_config = ConfigDict(from_attributes=True, json_schema_serialization_defaults_required=True)


def _complaints(vendors: Mapping[str, Vendor], fault: Fault) -> Iterator[tuple[str, str]]:
    """What is wrong with a fault beyond its single members: the member, and what would be right."""
    kinds = KINDS[fault.on]
    if fault.do not in kinds:
        yield "do", f"{fault.do!r} is nothing that is done to {fault.on}; they know {', '.join(kinds)}"
        return
    yield from _misplaced(fault)
    ticks = 0 if fault.duration is None else instant.parse_duration(fault.duration)
    if ticks is None or ticks > _LONGEST[fault.on]:
        most = "of at most an hour for calls and ten years for deliveries"
        yield "duration", f"must be an ISO 8601 duration such as PT2S, {most}"
    if fault.vendor is not None and fault.vendor not in vendors:
        yield "vendor", f"{fault.vendor[:40]!r} is no vendor; there are {', '.join(vendors)}"
        return
    known = _operations(vendors.values() if fault.vendor is None else [vendors[fault.vendor]])
    if fault.operation is not None and fault.operation not in known:
        whose = fault.vendor or "any vendor"
        yield "operation", f"{fault.operation[:40]!r} is no operation of {whose}; there are {', '.join(known)}"
    if fault.do == "expire_token" and fault.vendor is not None and vendors[fault.vendor].bearer_token is None:
        with_tokens = ", ".join(vendor.id for vendor in vendors.values() if vendor.bearer_token)
        yield "vendor", f"{vendors[fault.vendor].title} has no access tokens to expire; {with_tokens} has"


def _misplaced(fault: Fault) -> Iterator[tuple[str, str]]:
    """Members that this fault does not take, and those that it lacks."""
    for member, on in _SPEAKS_OF.items():
        if getattr(fault, member) is not None and fault.on != on:
            yield member, f"is for faults of {on}; leave it out"
    takes = KINDS[fault.on][fault.do].takes
    for member, example in _TAKEN.items():
        is_given = getattr(fault, member) is not None
        if is_given and member not in takes:
            yield member, f"does not go with {fault.do!r} of {fault.on}; leave it out"
        if not is_given and member in takes and takes[member] is None:
            yield member, f"{fault.do!r} needs it, such as {example}"


def _operations(vendors: Iterable[Vendor]) -> list[str]:
    """The names of the operations that answer by HTTP."""
    return [endpoint.operation.name for vendor in vendors for endpoint in vendor.endpoints]


def kinds(schema: Schema, vendors: Mapping[str, Vendor]) -> Schema:
    """The schema of `Fault` as one shape for each way to misbehave, with just the members that it takes."""
    found = [_kind(schema["properties"], on, do, vendors) for on, kinds in KINDS.items() for do in kinds]
    return {"type": "object", "oneOf": found}


def _kind(members: Schema, on: On, do: str, vendors: Mapping[str, Vendor]) -> Schema:
    kind = KINDS[on][do]
    names = [id for id, vendor in vendors.items() if do != "expire_token" or vendor.bearer_token]
    spelt = dict.fromkeys(name for id in names for name in (id, id.replace("_", "-")))
    taken = {
        name: shape
        for name, shape in members.items()
        if _SPEAKS_OF.get(name, on) == on and (name not in _TAKEN or name in kind.takes)
    }
    taken |= {"on": text(enum=[on]), "do": text(enum=[do]), "vendor": nullable(text(enum=[*spelt]))}
    if on == "calls":
        taken["operation"] = nullable(text(enum=_operations(vendors.values())))
    needed = {"do", *(() if on == "calls" else ("on",)), *(name for name in kind.takes if kind.takes[name] is None)}
    taken |= {name: not_null(members[name]) for name in needed & _TAKEN.keys()}
    title = named(f"{do}_{'call' if on == 'calls' else 'delivery'}_fault")
    return {"title": title, **record(taken, kind.what, taken.keys() - needed)}
