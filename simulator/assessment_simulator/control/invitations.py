"""Calls about invitations: list and show them, act as the candidate or as time, the timeline, and the mails."""

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from assessment_simulator.control.bodies import Answer, Moment, page
from assessment_simulator.control.operation import ControlCall, Parameter
from assessment_simulator.core.decision import MAIL
from assessment_simulator.core.request import MISSING, VendorRequest
from assessment_simulator.core.schema import text
from assessment_simulator.core.seeded_random import SeededRandom
from assessment_simulator.core.text import lower_uuid
from assessment_simulator.core.vendor import Invitation as VendorInvitation
from assessment_simulator.core.vendor import Vendor
from assessment_simulator.http.problem_details import Problem
from assessment_simulator.journal import search, timeline
from assessment_simulator.sandbox.sandbox import Sandbox
from assessment_simulator.storage import json_codec

Status = str | int
# The filter of lists whose items belong to an invitation.
OF_INVITATION = {"invitation": Parameter(text("only those of this invitation"), lower_uuid)}


class Candidate(Answer):
    """The candidate of an invitation."""

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
    """The outcome of `complete`: pymetrics has `results`, The Predictive Index `scores`. The vendor validates it."""

    model_config = ConfigDict(extra="allow")

    results: list[dict[str, Any]] | None = None
    scores: dict[str, Any] = Field(default_factory=dict)


class Mail(Answer):
    """An e-mail that the vendor would send."""

    id: str
    at: Moment
    to: str
    subject: str
    text: str
    invitation: str
    link: str


class Entry(Answer):
    """Something that happened to an invitation, or will happen."""

    at: Moment = Field(description="on the sandbox's clock")
    what: Literal["call", "move", "mail", "notice", "attempt", "alarm", "clock"]
    id: str = Field(description="of the call, the mail or the delivery, else of the invitation")
    text: str = Field(description="a short description")
    due: bool = Field(description="whether it has not happened yet")
    operation: str | None = Field(description="of a call, a move or a timer")
    before: Status | None = Field(description="of a move: the status before; null at the creation")
    after: Status | None = Field(description="of a move: the status after")
    status: int | None = Field(description="of a call or an attempt: the status of the answer")
    rules: list[str] = Field(description="of a call: the rules that it violates")


def filters(vendors: Mapping[str, Vendor]) -> dict[str, Parameter]:
    """The filters of the list of invitations."""
    statuses = [str(state) for vendor in vendors.values() for state in vendor.state_machine.states]
    return {
        "vendor": Parameter(text("only those of this vendor", enum=[*vendors])),
        "status": Parameter(text("only those in this status", enum=statuses)),
    }


async def list_invitations(call: ControlCall) -> Iterator[VendorInvitation]:
    """Both vendors' invitations, oldest first, or the newest of them."""
    found = await page(search.invitations(call.sandbox, call.query), call.query.get("newest"))
    return (one.vendor.to_invitation(one.stored) for one in found)


def find_invitation(sandbox: Sandbox, id: str) -> tuple[Vendor, VendorInvitation] | None:
    """The invitation of that id, and its vendor."""
    for vendor in sandbox.vendors.values():
        stored = sandbox.get(vendor.record_kind, id)
        if stored is not None:
            return vendor, vendor.to_invitation(stored)
    return None


def found_invitation(call: ControlCall) -> tuple[Vendor, VendorInvitation]:
    """The invitation in the call's path, and its vendor; raises `Problem` 404."""
    found = find_invitation(call.sandbox, call.params["id"])
    if found is None:
        raise Problem(404, f"sandbox {call.sandbox.name!r} has no invitation {call.params['id']!r}")
    return found


async def show(call: ControlCall) -> VendorInvitation:
    """One invitation."""
    return found_invitation(call)[1]


async def act(call: ControlCall, body: dict[str, Any]) -> VendorInvitation:
    """Do to an invitation what a candidate, or the passing of time, would do."""
    (vendor, _), id, action = found_invitation(call), call.params["id"], call.params["action"]
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
    return found_invitation(call)[1]


async def show_timeline(call: ControlCall) -> list[timeline.Entry]:
    """What happened to an invitation and what will, in order of time."""
    vendor, invitation = found_invitation(call)
    return timeline.timeline(call.sandbox, vendor, invitation.id)


async def show_mail(call: ControlCall) -> bytes:
    """One e-mail."""
    found = call.sandbox.get(MAIL, call.params["id"])
    if found is None:
        raise Problem(404, f"sandbox {call.sandbox.name!r} has no mail {call.params['id']!r}")
    return found.raw


async def list_mails(call: ControlCall) -> bytes:
    """The e-mails that the vendors would have sent, oldest first, or the newest of them."""
    # A mail is stored as it is shown, so the stored bytes are sent; its model only describes them.
    return json_codec.dumps(await page(search.mails(call.sandbox, call.query), call.query.get("newest")))
