"""Calls about injected faults: show, replace and remove them."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any, Self

from pydantic import AfterValidator, ConfigDict, Field, ValidationInfo, model_validator
from typing_extensions import TypeAliasType  # in `typing` from Python 3.12 on

from assessment_simulator.control.bodies import Body, Duration, not_null, wrong
from assessment_simulator.control.operation import ControlCall
from assessment_simulator.core import faults, instant
from assessment_simulator.core.faults import KINDS, Do, On, When
from assessment_simulator.core.schema import Schema, named, nullable, record, text
from assessment_simulator.core.text import lower_uuid
from assessment_simulator.core.vendor import Vendor
from assessment_simulator.http.problem_details import Problem, flawed

_MOST = 1_000_000_000
# Every call is compared with every fault, so a long list would slow all of them.
MOST_FAULTS = 1_000
_LONGEST = {"calls": instant.HOUR, "deliveries": 3_650 * instant.DAY}
# The members that only faults of calls, or of deliveries, have.
_ONLY_FOR: Mapping[str, On] = {
    "operation": "calls", "method": "calls", "path": "calls", "when": "calls", "invitation": "deliveries",
}  # fmt: skip
# The members that only some kinds of fault take, with examples.
_ARGUMENTS = {"status": "503", "duration": '"PT2S"', "retry_after": "1", "merge": '{"status": "Fulfilled"}'}
MergePatch = TypeAliasType("MergePatch", Annotated[dict[str, Any], Field(description="a JSON merge patch (RFC 7396)")])


class Fault(Body):
    """One injected fault. A member that is null has its default, or matches everything."""

    id: str = Field("", max_length=100, description="its name in the journal; default: `fault-` and its place here")
    on: On = "calls"
    vendor: Annotated[str, AfterValidator(lambda vendor: vendor.replace("-", "_"))] | None = None
    operation: str | None = None
    method: str | None = Field(None, pattern="^[A-Z]{1,20}$")
    path: str | None = Field(None, pattern="^[/*]", description="`*` matches any characters")
    invitation: Annotated[str, AfterValidator(lower_uuid)] | None = None
    times: int | None = Field(None, ge=0, le=_MOST, description="how often it is injected; null: always")
    after: int = Field(0, ge=0, le=_MOST, description="how many matches it skips first")
    probability: float = Field(1.0, ge=0, le=1, description="of being injected, from the sandbox's seed")
    when: When | None = Field(None, description="the call changes nothing, or is committed and its answer is corrupted")
    do: Do
    status: int | None = Field(None, ge=400, le=599)
    duration: Duration | None = Field(None, description="real time for calls, the sandbox's clock for deliveries")
    retry_after: int | None = Field(None, ge=0, le=_MOST, description="seconds")
    merge: MergePatch | None = None
    met: int = Field(0, description="how often it was injected; ignored in a request")

    @model_validator(mode="after")
    def _is_consistent(self, info: ValidationInfo) -> Self:
        if info.context and (found := [*_flaws(info.context["vendors"], self)]):
            raise wrong(found)
        return self


class MetFault(Fault):
    """A fault as it is shown, with all its members."""

    model_config = ConfigDict(from_attributes=True, json_schema_serialization_defaults_required=True)


def _flaws(vendors: Mapping[str, Vendor], fault: Fault) -> Iterator[tuple[str, str]]:
    """What is wrong with a fault beyond its single members: the member, and what is valid."""
    kinds = KINDS[fault.on]
    if fault.do not in kinds:
        yield "do", f"{fault.do!r} is no fault of {fault.on}; there are {', '.join(kinds)}"
        return
    # Members that this fault does not take, and those that are missing.
    for member, on in _ONLY_FOR.items():
        if getattr(fault, member) is not None and fault.on != on:
            yield member, f"is for faults of {on}; leave it out"
    takes = kinds[fault.do].takes
    for member, example in _ARGUMENTS.items():
        is_given = getattr(fault, member) is not None
        if is_given and member not in takes:
            yield member, f"does not go with {fault.do!r} of {fault.on}; leave it out"
        if not is_given and member in takes and takes[member] is None:
            yield member, f"{fault.do!r} needs it, such as {example}"
    ticks = 0 if fault.duration is None else instant.parse_duration(fault.duration)
    if ticks is None or ticks > _LONGEST[fault.on]:
        most = "of at most an hour for calls and ten years for deliveries"
        yield "duration", f"must be a {instant.DURATION_FORM}, {most}"
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


def _operations(vendors: Iterable[Vendor]) -> list[str]:
    """The names of the operations with an HTTP endpoint."""
    return [endpoint.operation.name for vendor in vendors for endpoint in vendor.endpoints]


def one_shape_for_each_kind(members: Schema, vendors: Mapping[str, Vendor]) -> Schema:
    """The schema of `Fault`, whose members these are: one shape for each kind, with only the members that it takes."""
    shapes = []
    for on, do, kind in ((on, do, kind) for on, kinds in KINDS.items() for do, kind in kinds.items()):
        names = [id for id, vendor in vendors.items() if do != "expire_token" or vendor.bearer_token]
        spelt = dict.fromkeys(name for id in names for name in (id, id.replace("_", "-")))
        taken = {
            name: shape
            for name, shape in members.items()
            if _ONLY_FOR.get(name, on) == on and (name not in _ARGUMENTS or name in kind.takes)
        }
        taken |= {"on": text(enum=[on]), "do": text(enum=[do]), "vendor": nullable(text(enum=[*spelt]))}
        needed = {"do"} | {name for name, default in kind.takes.items() if default is None}
        if on == "calls":
            taken["operation"] = nullable(text(enum=_operations(vendors.values())))
        else:
            needed.add("on")
        taken |= {name: not_null(members[name]) for name in needed & _ARGUMENTS.keys()}
        title = named(f"{do}_{'call' if on == 'calls' else 'delivery'}_fault")
        shapes.append({"title": title, **record(taken, kind.what, taken.keys() - needed)})
    return {"type": "object", "oneOf": shapes}


async def show(call: ControlCall) -> list[faults.Fault]:
    """The faults, and how many calls or deliveries each was injected into."""
    return call.sandbox.faults.with_counts() if call.sandbox.faults is not None else []


def planned(body: list[Fault]) -> tuple[faults.Fault, ...]:
    """The faults of a list; raises `Problem` 422 if they cannot be together."""
    if len(body) > MOST_FAULTS:
        raise Problem(422, f"there are more than {MOST_FAULTS} faults")
    found = tuple(faults.with_defaults(faults.Fault(**dict(fault)), place) for place, fault in enumerate(body, 1))
    ids = [fault.id for fault in found]
    twice = [
        {"where": f"{place}.id", "what": f"two faults have the id {id!r}; the n-th without one is called fault-n"}
        for place, id in enumerate(ids)
        if id in ids[:place]
    ]
    if twice:
        raise flawed(twice)
    return found


async def replace(call: ControlCall, body: list[Fault]) -> list[faults.Fault]:
    """Replace all faults; the counts start at zero."""
    call.sandbox.set_faults(planned(body))
    return await show(call)


async def remove(call: ControlCall) -> None:
    """Remove all faults."""
    call.sandbox.set_faults(())
