"""What goes in and out of each control call, for the OpenAPI document: one row a call, by its handler's name."""

from dataclasses import dataclass, field
from typing import Any

from assessment_simulator.core.config import Config
from assessment_simulator.core.schema import (
    Schema,
    anything,
    array,
    binary,
    choice,
    instant,
    integer,
    named,
    nullable,
    number,
    record,
    ref,
    text,
)
from assessment_simulator.core.sources import Standing
from assessment_simulator.server import fault_schemas, queries, shapes

JSON = "application/json"
_N = r"[0-9]{1,12}(?:\.[0-9]{1,9})?"
_TIME = f"T(?:{_N}H(?:{_N}M)?(?:{_N}S)?|{_N}M(?:{_N}S)?|{_N}S)"
DURATION = f"P(?:{_N}W(?:{_N}D)?(?:{_TIME})?|{_N}D(?:{_TIME})?|{_TIME})"
"""What `core.instant.parse_duration` reads, without the look-ahead that not every pattern language has."""
INSTANT = r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,7})?(?:Z|[+-][0-9]{2}:[0-9]{2})?)?"

STANDING = text("how sure we are of it", enum=[standing.value for standing in Standing])

_SEED: Schema = {
    "anyOf": [integer(format="int64"), text()], "description": "what all ids and scores follow from; 0 unless given",
}  # fmt: skip
_OPENED = record({
    "name": text(), "seed": _SEED,
    "credentials": {
        "type": "object", "description": "what opens it, by vendor and member",
        "additionalProperties": {"type": "object", "additionalProperties": text()},
    },
})  # fmt: skip
_ATTEMPT: dict[str, Schema] = {
    "number": integer(), "at": instant(), "status": nullable(integer("what the listener answered")),
    "error": nullable(text("why there is no answer")), "duration": number("seconds"),
}  # fmt: skip
COUNTS = record(
    {name: integer(minimum=0) for name in ("invitations", "deliveries", "journal", "mail")}, "how much there is"
)
_HEADERS = array(array(text(), minItems=2, maxItems=2))
_DELIVERY: dict[str, Schema] = {
    "id": text(), "invitation": text(), "url": text(), "state": text(enum=["pending", "delivered", "failed"]),
    "next": nullable(instant("when it is tried next")), "attempts": array(record(_ATTEMPT)),
}  # fmt: skip
_EXCHANGE: dict[str, Schema] = {
    "fault": nullable(text("the fault that met it")),
    "request": record({"method": text(), "url": text(), "headers": _HEADERS, "body": text()}),
    "answer": {
        **record({"status": integer(), "headers": _HEADERS, "body": text()}), "type": ["object", "null"],
    },
}  # fmt: skip
_EVENT = record({"at": instant(), "what": text(), "id": text()})

SCHEMAS: dict[str, Schema] = {
    "Health": record({"status": text(enum=["ok"]), "version": text()}),
    "Rule": record({
        "id": text(), "vendor": text(), "place": text("what it speaks of"), "statement": text(),
        "standing": STANDING, "source": text(), "status": integer(),
        "status_standing": STANDING, "status_source": text("where the status comes from"),
        "body_standing": STANDING, "body_source": text("where the shape of the refusal's body comes from"),
    }),
    "Sandbox": record({
        "name": text(), "seed": _SEED, "now": instant(),
        "mode": text(enum=["running", "frozen"]), "snapshots": array(text()), "counts": COUNTS,
    }),
    "Opened": _OPENED,
    "Snapshot": record({"id": text()}),
    "Clock": record({
        "now": instant(), "mode": text(enum=["running", "frozen"]),
        "events": array(_EVENT, "what happened while it was turned"),
    }),
    "Invitation": record({
        "id": text(), "vendor": text(), "status": {"type": ["string", "integer"]},
        "candidate": record({
            name: nullable(text()) for name in ("email", "first_name", "last_name", "external_id")
        }),
        "created": instant(), "links": {"type": "object", "additionalProperties": text()},
    }),
    "Delivery": record(_DELIVERY),
    "Tried": record({"url": text(), **_ATTEMPT, **_EXCHANGE}),
    "WholeDelivery": record({**_DELIVERY, "attempts": array(record({**_ATTEMPT, **_EXCHANGE}))}),
    "MergePatch": anything("a JSON merge patch (RFC 7396)"),
    "MetFault": fault_schemas.shown(DURATION),
    "Mail": record({
        "id": text(), "at": instant(), "to": text(), "subject": text(), "text": text(), "invitation": text(),
        "link": text(),
    }),
    "Outcome": {
        "type": "object",
        "description": "what to complete with: pymetrics takes `results`, The Predictive Index `scores`",
        "properties": {"results": nullable(array(anything())), "scores": anything()},
    },
    "Problem": {
        "type": "object", "description": "RFC 9457", "required": ["type", "title", "status", "detail"],
        "properties": {
            "type": text(), "title": text(), "status": integer(),
            "detail": text("what is wrong, and what would be right"),
            "errors": array(record({"where": text(), "what": text()})),
            "events": array(_EVENT, "of an interrupted advance: what happened before"),
        },
    },
}  # fmt: skip
"""Every named shape of an answer; those of bodies come from the dataclasses that read them."""

NAME = text("1 to 64 of a-z, 0-9 and -", pattern="^[a-z0-9-]{1,64}$")
_WISHES: dict[str, Schema] = {
    "freeze": text("stand still at this instant", pattern=f"^{INSTANT}$"),
    "advance": text("let all happen that falls due within this duration", pattern=f"^{DURATION}$"),
    "until_idle": choice([True], "go on until nothing is left to happen"),
    "run": choice([True], "go on from the clock's present time"),
}


def _wish(name: str) -> Schema:
    """A body with one of them."""
    return {"title": named(f"turn_{name}"), **record({name: _WISHES[name]}, _WISHES[name]["description"])}


_FILLED: Schema = text(minLength=1)
_URL = nullable(text(format="uri"))
_NOT_NEGATIVE = {"minimum": 0}
_SETTINGS: dict[str, Schema] = {
    "positions": {"items": _FILLED, "uniqueItems": True},
    "folders": {"items": _FILLED, "uniqueItems": True, "minItems": 1},
    "default_webhook_url": _URL,
    "webhook_url": _URL,
    "webhook_secret": nullable(_FILLED),
    "invitation_days": {"minimum": 4, "maximum": 30},
    "progress": {"pattern": f"^(?:manual|{DURATION})$"},
    "rate_limit": nullable(integer(minimum=1, maximum=1_000_000)),
    "webhook_timeout": {"exclusiveMinimum": 0, "maximum": 600},
    "invitation_limit": nullable(integer(minimum=0)),
    "webhook_rate": nullable(integer(minimum=1, maximum=10_000)),
}
REFINED: dict[str, Schema] = {
    "Config": {"properties": _SETTINGS},
    "Assessment": {"properties": {"id": {"minLength": 1}}},
    "CustomField": {
        "properties": {
            "name": {"minLength": 1},
            "values": nullable(array(text(), "what may be assigned; null: any text")),
        }
    },
    "Journal": {"properties": {"entries": _NOT_NEGATIVE, "bytes": _NOT_NEGATIVE}},
    "Opening": {"properties": {"name": nullable(NAME), "seed": _SEED, "config": ref("Config")}},
    "Forking": {"properties": {"name": nullable(NAME)}},
    "Turning": {"type": "object", "oneOf": [_wish(name) for name in _WISHES]},
    "Trying": {"properties": {"url": nullable(text("else the sandbox's own webhook address", format="uri"))}},
    "Replaying": {"properties": {"url": nullable(text("another address to send it to", format="uri"))}},
}
"""What the types of these bodies cannot say."""


@dataclass(frozen=True, slots=True)
class Control:
    """A control call: the body it takes, its good answers by status, and the problems it has besides the usual ones.

    `optional` says that the body may be left out; `example` is one. `links` lead on to other calls. `parameters` are
    the shapes of those in the path, `query` those of the query, of which none is required.
    """

    answers: dict[int, Schema | None]
    problems: tuple[int, ...] = ()
    body: Any = None
    optional: bool = True
    example: Any = None
    media_type: str = JSON
    parameters: dict[str, Schema] = field(default_factory=dict)
    links: dict[str, dict[str, str]] = field(default_factory=dict)
    query: dict[str, Schema] = field(default_factory=dict)


def looks(what: str, id: str) -> dict[str, Schema]:
    """The parameters that every list has; `what` is what it searches in, `id` what leads to its older part."""
    return {
        "newest": integer("only so many of the newest, newest first", minimum=1, maximum=queries.MOST),
        "before": text(f"only those older than the one with this id, such as {id}"),
        "q": text(f"only those with this text, in letters of either case, in {what}"),
    }


_ACTIONS = text(enum=["open", "accept", "reject", "start", "complete", "expire", "abort"])
_DOCUMENTS = text(enum=["pymetrics", "predictive-index", "control"])

_INTO = {
    call: {"name": "$response.body#/name"}
    for call in (
        "look",
        "delete",
        "config",
        "configure",
        "snapshot",
        "fork",
        "clock",
        "turn",
        "invitations",
        "mail",
        "faults",
        "set_faults",
        "journal",
        "coverage",
    )
}
_BACK = {"restore": {"name": "$request.path.name", "id": "$response.body#/id"}}

CALLS: dict[str, Control] = {
    "health": Control({200: ref("Health")}),
    "metrics": Control({200: text()}, (501,), media_type="text/plain"),
    "rules": Control({200: array(ref("Rule"))}),
    "document": Control({200: anything()}, (404,), parameters={"document": _DOCUMENTS}),
    "docs": Control({200: text()}, media_type="text/html"),
    "static": Control({200: binary()}, (404,), media_type="*/*"),
    "every": Control({200: array(ref("Sandbox"))}),
    "open": Control({201: ref("Opened")}, (409,), shapes.Opening, example={"name": "ci", "seed": 7}, links=_INTO),
    "look": Control({200: ref("Sandbox")}),
    "delete": Control({204: None}),
    "reset": Control({200: ref("Sandbox")}),
    "renew": Control({201: ref("Opened")}, (409,)),
    "config": Control({200: ref("Config")}),
    "configure": Control({200: ref("Config")}, (), Config, example={"progress": "PT10S", "rate_limit": 60}),
    "snapshot": Control({201: ref("Snapshot")}, links=_BACK),
    "restore": Control({200: ref("Sandbox")}),
    "fork": Control({201: ref("Opened")}, (409,), shapes.Forking, example={"name": "ci-2"}, links=_INTO),
    "clock": Control({200: ref("Clock")}),
    "turn": Control({200: ref("Clock")}, (409, 410), shapes.Turning, optional=False, example={"advance": "PT24H"}),
    "invitation": Control({200: ref("Invitation")}),
    "act": Control({200: ref("Invitation")}, (409,), ref("Outcome"), parameters={"action": _ACTIONS},
                   example={"results": [{"score": 71.5}]}),
    "delivery": Control({200: ref("WholeDelivery")}),
    "replay": Control({200: ref("Delivery")}, (), shapes.Replaying, example={"url": "https://client.example/hook"}),
    "try_webhook": Control({200: ref("Tried")}, (409,), shapes.Trying, example={"url": "https://client.example/hook"}),
    "faults": Control({200: array(ref("MetFault"))}),
    "set_faults": Control({200: array(ref("MetFault"))}, (), array(ref("Fault")), optional=False,
                          example=[{"operation": "create_order", "times": 1, "do": "drop", "when": "after_commit"}]),
    "clear_faults": Control({204: None}),
}  # fmt: skip
"""Every control call by its handler's name."""
