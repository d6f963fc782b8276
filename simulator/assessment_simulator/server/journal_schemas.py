"""What goes in and out of the control calls about what has come in: a part of the control API's document."""

from collections.abc import Mapping

from assessment_simulator.core.schema import (
    Schema,
    anything,
    array,
    instant,
    integer,
    named,
    nullable,
    number,
    record,
    ref,
    text,
)
from assessment_simulator.core.vendor import Vendor
from assessment_simulator.server.control_schemas import INSTANT, STANDING, Control, looks
from assessment_simulator.server.curl import MEDIA_TYPE

_ANY: Schema = {"description": "JSON parsed, a form as an object, other text as it is; `{bytes}` of what is no text"}
_HEADERS: Schema = {"type": "object", "additionalProperties": text()}
_CALL: dict[str, Schema] = {
    "id": text(), "at": instant("on the sandbox's clock"), "vendor": text(),
    "operation": nullable(text("null where the path or the verb is none of the vendor's")),
    "method": text(), "path": text(), "status": nullable(integer("null where no answer left")),
    "rules": array(text(), "the rules that refused it"), "fault": nullable(text("the fault that met it")),
    "duration": number("real seconds"),
}  # fmt: skip
_MESSAGE = record({"headers": _HEADERS, "body": _ANY})
_COUNT = integer(minimum=0)

SCHEMAS: dict[str, Schema] = {
    "Call": record(_CALL),
    "WholeCall": record({
        **_CALL, "query": {"type": "object", "additionalProperties": text()}, "request": _MESSAGE,
        "answer": {**_MESSAGE, "type": ["object", "null"]},
    }),
    "Archive": {
        "type": "object", "description": "HAR 1.2", "required": ["log"],
        "properties": {"log": {**anything(), "required": ["version", "creator", "entries"]}},
    },
    "Coverage": record({
        "rules": array(record({
            "id": text(), "vendor": text(), "standing": STANDING,
            "kept": _COUNT, "broken": _COUNT, "status_standing": STANDING, "body_standing": STANDING,
        })),
        "kept": integer("how many rules were kept at least once", minimum=0),
        "broken": integer("how many were broken at least once", minimum=0),
        "of": integer("how many there are", minimum=0),
    }),
}  # fmt: skip
"""The named shapes of answers."""

_SECONDS = r"(?:[0-5]?[0-9](?:\.[0-9]{1,7})?|60)"
_WITHIN = text("how long to wait in real time, at most PT60S", pattern=rf"^PT(?:{_SECONDS}S|1M)$", default="PT5S")
_AWAITED = {
    "request": "what a call in the journal must be like, as its single view shows it",
    "webhook": "what a delivery must be like, as its single view shows it; `request` and `answer` are those of the "
    "newest attempt, with their bodies parsed",
    "invitation": "what an invitation must be like",
}


def _wait(name: str) -> Schema:
    """One of them, and how long to wait."""
    shape = record({name: ref("Wanted"), "within": _WITHIN}, _AWAITED[name], ["within"])
    return {"title": named(f"await_{name}"), **shape}


SCHEMAS["Wanted"] = anything("members that it must have, with their values")
SCHEMAS["Awaiting"] = {"type": "object", "oneOf": [_wait(name) for name in _AWAITED]}
_EXAMPLE = {"request": {"operation": "create_order", "status": 201}, "within": "PT5S"}
_FILTERS: dict[str, Schema] = {
    "status": text("calls that were answered so; `none` is those without an answer", pattern="^([1-5][0-9]{2}|none)$"),
    "since": text(
        "calls from this instant of the sandbox's clock on, or after the call of this id",
        pattern=f"^(?:call-[1-9][0-9]{{0,18}}|{INSTANT})$",
    ),
}  # fmt: skip
_LOOKS = looks("path, operation, status, rules or fault", "call-7")
_LOOKS["before"] = {**_LOOKS["before"], "pattern": "^call-[1-9][0-9]{0,18}$"}


def calls(vendors: Mapping[str, Vendor]) -> dict[str, Control]:
    """The calls by their handlers' names."""
    operations = {endpoint.operation.name for vendor in vendors.values() for endpoint in vendor.endpoints}
    filters: dict[str, Schema] = {
        "vendor": text("calls to this vendor", enum=list(vendors)),
        "operation": text("calls of this operation", enum=sorted(operations)),
        **_FILTERS,
    }
    return {
        "journal": Control({200: array(ref("Call"))}, query=filters | _LOOKS),
        "har": Control({200: ref("Archive")}, query=filters),
        "call": Control({200: ref("WholeCall")}),
        "script": Control({200: text()}, media_type=MEDIA_TYPE),
        "wait": Control({200: anything()}, (408, 410), ref("Awaiting"), optional=False, example=_EXAMPLE),
        "coverage": Control({200: ref("Coverage")}),
    }
