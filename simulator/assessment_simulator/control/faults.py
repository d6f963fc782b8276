"""Calls about injected faults: show, replace and remove them."""

from assessment_simulator.control.models.faults import MOST_FAULTS, Fault
from assessment_simulator.control.operation import ControlCall
from assessment_simulator.core import faults
from assessment_simulator.http.problem_details import Problem, flawed


async def show(call: ControlCall) -> list[faults.Fault]:
    """The faults, and how many calls or deliveries each was injected into."""
    return call.sandbox.faults.with_counts() if call.sandbox.faults is not None else []


async def replace(call: ControlCall, body: list[Fault]) -> list[faults.Fault]:
    """Replace all faults; the counts start at zero."""
    # Every call is compared with every fault, so a long list would slow all of them.
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
    call.sandbox.set_faults(found)
    return await show(call)


async def remove(call: ControlCall) -> None:
    """Remove all faults."""
    call.sandbox.set_faults(())
