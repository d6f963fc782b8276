"""Reads the faults that somebody wrote, and refuses what could never strike or says two things at once."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from assessment_simulator.core import instant
from assessment_simulator.core.faults import KINDS, Fault, settled
from assessment_simulator.core.text import lower_uuid
from assessment_simulator.core.vendor import Vendor
from assessment_simulator.server import shapes
from assessment_simulator.server.problems import Problem, flawed

LONGEST_WAIT = {"calls": instant.HOUR, "deliveries": 3_650 * instant.DAY}
MOST = 1_000_000_000
MOST_FAULTS = 1_000
_SPEAKS_OF: Mapping[str, str] = {
    **dict.fromkeys(("operation", "method", "path", "when"), "calls"),
    "invitation": "deliveries",
}
"""The members that only faults of one sort have."""
_TAKEN = ("status", "duration", "retry_after", "merge")
"""The members that only some kinds take."""
Vendors = Mapping[str, Vendor]


def read(vendors: Vendors, data: bytes) -> tuple[Fault, ...]:
    """The faults of a list, defaults filled in; raises `Problem` with all that is wrong."""
    written = [_spelt(fault) for fault in shapes.read(list[Fault], data)]
    if len(written) > MOST_FAULTS:
        raise Problem(422, f"there are more than {MOST_FAULTS} faults")
    found = [
        {"where": f"{place}.{member}", "what": what}
        for place, fault in enumerate(written)
        for member, what in _complaints(vendors, fault)
    ]
    faults = () if found else tuple(settled(fault, place) for place, fault in enumerate(written, 1))
    ids = [fault.id for fault in faults]
    found += [
        {"where": f"{place}.id", "what": f"two faults have the id {id!r}; the n-th without one is called fault-n"}
        for place, id in enumerate(ids)
        if id in ids[:place]
    ]
    if found:
        raise flawed(found)
    return faults


def endpoints(vendors: Vendors, vendor: str | None = None) -> list[str]:
    """The names of the operations that answer by HTTP, of one vendor or of all."""
    asked = vendors.values() if vendor is None else [vendors[vendor]]
    return [endpoint.operation.name for one in asked for endpoint in one.endpoints]


def _complaints(vendors: Vendors, fault: Fault) -> Iterator[tuple[str, str]]:
    """What is wrong with one fault: the member, and what would be right."""
    kinds = KINDS[fault.on]
    if fault.do not in kinds:
        yield "do", f"{fault.do!r} is nothing that is done to {fault.on}; they know {', '.join(kinds)}"
        return
    yield from _misplaced(fault)
    yield from ((member, what) for member, what, keeps in DEMANDS if not keeps(fault))
    if fault.vendor is not None and fault.vendor not in vendors:
        yield "vendor", f"{fault.vendor[:40]!r} is no vendor; there are {', '.join(vendors)}"
        return
    known = endpoints(vendors, fault.vendor)
    if fault.operation is not None and fault.operation not in known:
        yield (
            "operation",
            f"{fault.operation[:40]!r} is no operation of {fault.vendor or 'any vendor'}; there are "
            + (", ".join(known)),
        )
    if fault.do == "expire_token" and fault.vendor is not None and vendors[fault.vendor].token is None:
        with_tokens = ", ".join(vendor.id for vendor in vendors.values() if vendor.token)
        yield "vendor", f"{vendors[fault.vendor].title} has no access tokens to expire; {with_tokens} has"


def _misplaced(fault: Fault) -> Iterator[tuple[str, str]]:
    """Members that this fault does not take, and those that it lacks."""
    for member, on in _SPEAKS_OF.items():
        if getattr(fault, member) is not None and fault.on != on:
            yield member, f"is for faults of {on}; leave it out"
    takes = KINDS[fault.on][fault.do].takes
    for member in _TAKEN:
        given = getattr(fault, member) is not None
        if given and member not in takes:
            yield member, f"does not go with {fault.do!r} of {fault.on}; leave it out"
        if not given and member in takes and takes[member] is None:
            yield member, f"{fault.do!r} needs it, such as {_EXAMPLES[member]}"


_EXAMPLES = {"duration": '"PT2S"', "merge": '{"status": "Fulfilled"}'}


def _lasts(fault: Fault) -> bool:
    if fault.duration is None:
        return True
    ticks = instant.parse_duration(fault.duration)
    return ticks is not None and ticks <= LONGEST_WAIT[fault.on]


def _verb(text: str) -> bool:
    return 1 <= len(text) <= 20 and text.isascii() and text.isalpha() and text.isupper()


def _number(member: str, low: int, high: int) -> tuple[str, str, Callable[[Fault], bool]]:
    def keeps(fault: Fault) -> bool:
        value: Any = getattr(fault, member)
        return value is None or low <= value <= high

    return member, f"must be from {low} to {high}", keeps


DEMANDS: tuple[tuple[str, str, Callable[[Fault], bool]], ...] = (
    ("id", "must not be longer than 100 characters", lambda f: len(f.id) <= 100),
    ("method", "must be a method in capitals, such as POST", lambda f: f.method is None or _verb(f.method)),
    ("path", "must begin with / or *, as in /mercury/order or */orders",
     lambda f: f.path is None or f.path.startswith(("/", "*"))),
    ("duration", "must be an ISO 8601 duration such as PT2S, of at most an hour for calls and ten years for deliveries",
     _lasts),
    _number("times", 0, MOST),
    _number("after", 0, MOST),
    _number("probability", 0, 1),
    _number("status", 400, 599),
    _number("retry_after", 0, MOST),
)  # fmt: skip
"""What the type of a member cannot say: the member, the demand, and whether it is kept."""


def _spelt(fault: Fault) -> Fault:
    """The same, with the vendor's name and the invitation's id as the rest of the program spells them."""
    if fault.invitation is not None:
        fault = replace(fault, invitation=lower_uuid(fault.invitation))
    return fault if fault.vendor is None else replace(fault, vendor=fault.vendor.replace("-", "_"))
