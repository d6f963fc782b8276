"""What goes in and out of the control calls that show how things are and became so: a part of the API's document."""

from collections.abc import Mapping
from typing import Any

from assessment_simulator.core.schema import Schema, array, instant, integer, nullable, record, ref, text
from assessment_simulator.core.vendor import Vendor
from assessment_simulator.server import catching, diagram, events, timeline
from assessment_simulator.server.control_schemas import Control, looks
from assessment_simulator.server.list_control import STATES, statuses
from assessment_simulator.server.openapi import named

_STATUS: Schema = {"type": ["string", "integer"]}
_MAYBE_STATUS: Schema = {"type": ["string", "integer", "null"]}
_STATE: dict[str, Schema] = {"id": _STATUS, "title": text()}
_MOVE: dict[str, Schema] = {"from": _STATUS, "action": text(), "to": _STATUS}

SCHEMAS: dict[str, Schema] = {
    "Entry": record({
        "at": instant("on the sandbox's clock"),
        "what": text(enum=list(timeline.KINDS)),
        "id": text("leads to the call, the mail or the delivery; of a move and an alarm the invitation's own"),
        "text": text("the same in a few words"),
        "due": {"type": "boolean", "description": "whether it is still to come"},
        "operation": nullable(text("of a call, a move or an alarm")),
        "before": {**_MAYBE_STATUS, "description": "of a move: the status before; null at the creation"},
        "after": {**_MAYBE_STATUS, "description": "of a move: the status after"},
        "status": nullable(integer("of a call or an attempt: what was answered")),
    }),
    "Caught": record({
        "id": text(), "at": instant("on the sandbox's clock"),
        "headers": {"type": "object", "additionalProperties": text()},
        "body": {"description": "JSON parsed, a form as an object, other text as it is; `{bytes}` of what is no text"},
        "status": integer("what it was answered with"),
    }),
    "States": record({"states": array(record(_STATE)), "moves": array(record(_MOVE))}),
    "SeenStates": record({
        "states": array(record({
            **_STATE,
            "now": integer("how many invitations are in it", minimum=0),
            "seen": integer("how many came into it so far", minimum=0),
        })),
        "moves": array(record({**_MOVE, "seen": integer("how often it was made so far", minimum=0)})),
    }),
}  # fmt: skip
"""The named shapes of answers."""


def calls(vendors: Mapping[str, Vendor]) -> dict[str, Control]:
    """The calls by their handlers' names."""
    vendor: dict[str, Any] = {"vendor": text(enum=[named(one) for one in vendors.values()])}
    of_invitation = text("only those of this invitation")
    answer = integer("the status to answer with, in place of 200", minimum=200, maximum=599)
    return {
        "invitations": Control({200: array(ref("Invitation"))}, query={
            "vendor": text("only those of this vendor", enum=list(vendors)),
            "status": text("only those in this status", enum=statuses(vendors)),
            **looks("id, names, e-mail, external ids or status", "an invitation's"),
        }),
        "timeline": Control({200: array(ref("Entry"))}),
        "deliveries": Control({200: array(ref("Delivery"))}, query={
            "state": text("only those in this state", enum=list(STATES)), "invitation": of_invitation,
            **looks("id, invitation, address or state", "a delivery's"),
        }),
        "mail": Control({200: array(ref("Mail"))}, query={
            "invitation": of_invitation, **looks("receiver or subject", "a mail's"),
        }),
        "events": Control({200: text()}, media_type=events.MEDIA_TYPE),
        "catch": Control({200: None}, query={"status": answer}),
        "caught": Control({200: array(ref("Caught"), maxItems=catching.MOST)}),
        "clear_caught": Control({204: None}),
        "states": Control({200: ref("States")}, (404,), parameters=vendor),
        "seen_states": Control({200: ref("SeenStates")}, parameters=vendor),
        "diagram": Control({200: text()}, media_type=diagram.MEDIA_TYPE, parameters=vendor),
    }  # fmt: skip
