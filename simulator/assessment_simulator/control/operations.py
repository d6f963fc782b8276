"""Every control call by its handler's name: what goes in and out of it, for the OpenAPI document."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

from pydantic import Field

from assessment_simulator.control import events, state_diagram
from assessment_simulator.control.lists import STATES, statuses
from assessment_simulator.control.models.base import INSTANT
from assessment_simulator.control.models.config import Config
from assessment_simulator.control.models.deliveries import Delivery, Replaying, Tried, Trying, WholeDelivery
from assessment_simulator.control.models.faults import Fault, MetFault
from assessment_simulator.control.models.invitations import Entry, Invitation, Mail, Outcome, SeenStates, States
from assessment_simulator.control.models.journal import Archive, Awaiting, Call, Caught, Coverage, WholeCall
from assessment_simulator.control.models.sandboxes import (
    Clock,
    Forking,
    Health,
    Opened,
    Opening,
    Ownership,
    Rule,
    Sandbox,
    Snapshot,
    Turning,
)
from assessment_simulator.control.vendor_openapi import named
from assessment_simulator.core.schema import Schema, integer, text
from assessment_simulator.core.vendor import Vendor
from assessment_simulator.http import query_parameters
from assessment_simulator.journal import curl
from assessment_simulator.webhooks import inbox

Object = dict[str, Any]
Binary = Annotated[str, Field(json_schema_extra={"format": "binary"})]


@dataclass(frozen=True, slots=True)
class Control:
    """A control call: the body it takes, its good answers by status, and the problems it has besides the usual ones.

    `optional` says that the body may be left out; `example` is one. `links` lead on to other calls. `parameters` are
    the shapes of those in the path, `query` those of the query, of which none is required.
    """

    answers: Mapping[int, Any]
    problems: tuple[int, ...] = ()
    body: Any = None
    optional: bool = True
    example: Any = None
    media_type: str = "application/json"
    parameters: Mapping[str, Schema] = field(default_factory=dict)
    links: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    query: Mapping[str, Schema] = field(default_factory=dict)


def _looks(what: str, before: Schema) -> dict[str, Schema]:
    """The parameters that every list has; `what` is what it searches in, `before` the one that leads on."""
    return {
        "newest": integer("only so many of the newest, newest first", minimum=1, maximum=query_parameters.MOST),
        "before": before,
        "q": text(f"only those with this text, in letters of either case, in {what}"),
    }


def _before(id: str, **more: Any) -> Schema:
    return text(f"only those older than the one with this id, such as {id}", **more)


_ACTIONS = text(enum=["open", "accept", "reject", "start", "complete", "expire", "abort"])
_DOCUMENTS = text(enum=["pymetrics", "predictive-index", "control"])
_NEXT = "look delete config configure snapshot fork clock turn invitations mail faults set_faults journal coverage"
_INTO = {call: {"name": "$response.body#/name"} for call in _NEXT.split()}
_BACK = {call: {"name": "$request.path.name", "id": "$response.body#/id"} for call in ("restore", "delete_snapshot")}
_HOOK = {"url": "https://client.example/hook"}
_FAULTS = [{"operation": "create_order", "times": 1, "do": "drop", "when": "after_commit"}]
_AWAITED = {"request": {"operation": "create_order", "status": 201}, "within": "PT5S"}
_STATUS = integer("the status to answer with, in place of 200", minimum=200, maximum=599)
_OF_INVITATION = text("only those of this invitation")


def calls(vendors: Mapping[str, Vendor]) -> dict[str, Control]:
    """The calls."""
    operations = sorted({one.operation.name for vendor in vendors.values() for one in vendor.endpoints})
    vendor = {"vendor": text(enum=[named(one) for one in vendors.values()])}
    filters = {
        "vendor": text("calls to this vendor", enum=list(vendors)),
        "operation": text("calls of this operation", enum=operations),
        "status": text(
            "calls that were answered so; `none` is those without an answer", pattern="^([1-5][0-9]{2}|none)$"
        ),
        "since": text(
            "calls from this instant of the sandbox's clock on, or after the call of this id",
            pattern=f"^(?:call-[1-9][0-9]{{0,18}}|{INSTANT})$",
        ),
    }
    return {
        "health": Control({200: Health}),
        "ready": Control({200: Health}, (503,)),
        "metrics": Control({200: str}, (501,), media_type="text/plain"),
        "rules": Control({200: list[Rule]}),
        "document": Control({200: Object}, (404,), parameters={"document": _DOCUMENTS}),
        "docs": Control({200: str}, media_type="text/html"),
        "static": Control({200: Binary}, (404,), media_type="*/*"),
        "every": Control({200: list[Sandbox]}),
        "open": Control({201: Opened}, (409,), Opening, example={"name": "ci", "seed": 7}, links=_INTO),
        "look": Control({200: Sandbox}),
        "delete": Control({204: None}),
        "owner": Control({200: Ownership}),
        "reset": Control({200: Sandbox}),
        "renew": Control({201: Opened}, (409,)),
        "config": Control({200: Config}),
        "configure": Control({200: Config}, (), Config, example={"progress": "PT10S", "rate_limit": 60}),
        "snapshot": Control({201: Snapshot}, (409,), links=_BACK),
        "delete_snapshot": Control({204: None}),
        "restore": Control({200: Sandbox}),
        "fork": Control({201: Opened}, (409,), Forking, example={"name": "ci-2"}, links=_INTO),
        "clock": Control({200: Clock}),
        "turn": Control({200: Clock}, (409, 410), Turning, optional=False, example={"advance": "PT24H"}),
        "invitations": Control({200: list[Invitation]}, query={
            "vendor": text("only those of this vendor", enum=list(vendors)),
            "status": text("only those in this status", enum=statuses(vendors)),
            **_looks("id, names, e-mail, external ids or status", _before("an invitation's")),
        }),
        "invitation": Control({200: Invitation}),
        "act": Control({200: Invitation}, (409,), Outcome, parameters={"action": _ACTIONS},
                       example={"results": [{"score": 71.5}]}),
        "timeline": Control({200: list[Entry]}),
        "deliveries": Control({200: list[Delivery]}, query={
            "state": text("only those in this state", enum=list(STATES)), "invitation": _OF_INVITATION,
            **_looks("id, invitation, address or state", _before("a delivery's")),
        }),
        "delivery": Control({200: WholeDelivery}),
        "replay": Control({200: Delivery}, (), Replaying, example=_HOOK),
        "try_webhook": Control({200: Tried}, (409,), Trying, example=_HOOK),
        "mail": Control({200: list[Mail]}, query={
            "invitation": _OF_INVITATION, **_looks("receiver or subject", _before("a mail's")),
        }),
        "faults": Control({200: list[MetFault]}),
        "set_faults": Control({200: list[MetFault]}, (), list[Fault], optional=False, example=_FAULTS),
        "clear_faults": Control({204: None}),
        "journal": Control({200: list[Call]}, query=filters | _looks(
            "path, operation, status, rules or fault", _before("call-7", pattern="^call-[1-9][0-9]{0,18}$"),
        )),
        "har": Control({200: Archive}, query=filters),
        "call": Control({200: WholeCall}),
        "script": Control({200: str}, media_type=curl.MEDIA_TYPE),
        "wait": Control({200: Object}, (408, 410), Awaiting, optional=False, example=_AWAITED),
        "coverage": Control({200: Coverage}),
        "events": Control({200: str}, media_type=events.MEDIA_TYPE),
        "catch": Control({200: None}, query={"status": _STATUS}),
        "caught": Control({200: Annotated[list[Caught], Field(max_length=inbox.MAX_WEBHOOKS)]}),
        "clear_caught": Control({204: None}),
        "states": Control({200: States}, (404,), parameters=vendor),
        "seen_states": Control({200: SeenStates}, parameters=vendor),
        "diagram": Control({200: str}, media_type=state_diagram.MEDIA_TYPE, parameters=vendor),
    }  # fmt: skip
