"""Calls about invitations: list and show them, act as the candidate or as time, the timeline, and the mails."""

from collections.abc import Iterator, Mapping
from typing import Any

from assessment_simulator.control.operation import ControlCall
from assessment_simulator.control.query_parameters import Parameter, one_of, page
from assessment_simulator.core.request import MISSING, VendorRequest
from assessment_simulator.core.schema import text
from assessment_simulator.core.seeded_random import SeededRandom
from assessment_simulator.core.text import lower_uuid
from assessment_simulator.core.vendor import Invitation, Vendor
from assessment_simulator.http.problem_details import Problem
from assessment_simulator.journal import search
from assessment_simulator.journal.timeline import Entry, timeline
from assessment_simulator.sandbox.sandbox import Sandbox
from assessment_simulator.storage import json_codec

OF_INVITATION = {"invitation": Parameter(text("only those of this invitation"), lower_uuid)}
"""The filter of lists whose items belong to an invitation."""


def filters(vendors: Mapping[str, Vendor]) -> dict[str, Parameter]:
    """The filters of the list of invitations."""
    statuses = [str(state) for vendor in vendors.values() for state in vendor.state_machine.states]
    vendor, status = "only those of this vendor", "only those in this status"
    return {"vendor": one_of(vendor, vendors), "status": one_of(status, statuses)}


async def list_invitations(call: ControlCall) -> Iterator[Invitation]:
    """Both vendors' invitations, oldest first, or the newest of them."""
    found = await page(search.invitations(call.sandbox, call.query), call.query.get("newest"))
    return (one.vendor.to_invitation(one.stored) for one in found)


async def show(call: ControlCall) -> Invitation:
    """One invitation."""
    return _found(call)[1]


def find_invitation(sandbox: Sandbox, id: str) -> tuple[Vendor, Invitation] | None:
    """The invitation of that id, and its vendor."""
    for vendor in sandbox.vendors.values():
        stored = sandbox.get(vendor.record_kind, id)
        if stored is not None:
            return vendor, vendor.to_invitation(stored)
    return None


def _found(call: ControlCall) -> tuple[Vendor, Invitation]:
    found = find_invitation(call.sandbox, call.params["id"])
    if found is None:
        raise Problem(404, f"sandbox {call.sandbox.name!r} has no invitation {call.params['id']!r}")
    return found


async def act(call: ControlCall, body: dict[str, Any]) -> Invitation:
    """Do to an invitation what a candidate, or the passing of time, would do."""
    (vendor, _), id, action = _found(call), call.params["id"], call.params["action"]
    operation = vendor.actions.get(action)
    if operation is None:
        actions = ", ".join(vendor.actions)
        raise Problem(409, f"cannot {action}: {vendor.title} has no state for it; its actions are {actions}")
    # No body is not the same as an empty one: the vendor decides what it means.
    base, sent = call.base, body if call.request.state.body else MISSING

    def at_time(now: int, random: SeededRandom, recent: int) -> VendorRequest:
        return VendorRequest(action, now, random, base, params={"id": id}, body=sent)

    reply = call.sandbox.handle(vendor, operation, at_time)
    if reply.status != 200:
        raise Problem(reply.status, reply.body["detail"])
    return _found(call)[1]


async def show_timeline(call: ControlCall) -> list[Entry]:
    """What happened to an invitation and what will, in order of time."""
    vendor, invitation = _found(call)
    return timeline(call.sandbox, vendor, invitation.id)


async def list_mails(call: ControlCall) -> bytes:
    """The e-mails that the vendors would have sent, oldest first, or the newest of them."""
    # A mail is stored as it is shown, so the stored bytes are sent; its model only describes them.
    return json_codec.dumps(await page(search.mails(call.sandbox, call.query), call.query.get("newest")))
