"""The journal as the control API shows it: exchanges as JSON values, without secrets."""

from typing import Any

from assessment_simulator.core import instant
from assessment_simulator.core.links import Links
from assessment_simulator.core.urls import FORM, parse_query
from assessment_simulator.journal.recorder import Exchange
from assessment_simulator.journal.redaction import Mask
from assessment_simulator.storage import json_codec


def call_view(exchange: Exchange, mask: Mask) -> dict[str, Any]:
    """An exchange in short."""
    return {
        "id": exchange.id,
        "at": instant.seven_digits(exchange.at),
        "vendor": exchange.vendor,
        "operation": exchange.operation,
        "method": exchange.request.method,
        "path": mask.plain(exchange.request.path),
        "status": exchange.status,
        "rules": list(exchange.rules),
        "fault": exchange.fault,
        "duration": exchange.duration,
    }


def whole_call_view(exchange: Exchange, mask: Mask, links: Links) -> dict[str, Any]:
    """An exchange with its query, headers and bodies; `answer` is None where none left."""
    request = exchange.request
    shown = mask.headers(request.headers)
    answered = mask.headers(dict(exchange.headers))
    answer = {
        "headers": answered,
        "body": body_view(links.fill_placeholders(exchange.answer, request.base), answered.get("content-type", ""), mask),
    }
    return {
        **call_view(exchange, mask),
        "query": parse_query(mask.pairs(request.query.decode("utf-8", "replace")).encode()),
        "request": {"headers": shown, "body": body_view(exchange.sent, shown.get("content-type", ""), mask)},
        "answer": None if exchange.status is None else answer,
    }


def body_view(body: bytes, media_type: str, mask: Mask) -> Any:
    """A body: a form as an object, JSON parsed, other text as it is, `{"bytes": n}` what is none, None for nothing."""
    if not body:
        return None
    text = text_of(body)
    if text is None:
        return {"bytes": len(body)}
    shown = mask.body(text)
    if media_type.partition(";")[0].strip().lower() == FORM:
        return parse_query(shown.encode())
    try:
        return json_codec.loads(shown.encode())
    except ValueError:
        return shown


def text_of(body: bytes) -> str | None:
    """The body as text; None where it is none. A PDF is none, though it can be ASCII from end to end."""
    try:
        return None if body.startswith(b"%PDF-") else body.decode()
    except UnicodeDecodeError:
        return None
