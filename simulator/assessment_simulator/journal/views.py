"""Exchanges as JSON values, as the control API shows them, without secrets."""

from contextlib import suppress
from typing import Any

from assessment_simulator.core import instant
from assessment_simulator.core.links import Links
from assessment_simulator.core.urls import FORM, parse_query
from assessment_simulator.journal.redaction import Mask
from assessment_simulator.sandbox.journal import Exchange
from assessment_simulator.storage import json_codec


def call_view(exchange: Exchange, mask: Mask) -> dict[str, Any]:
    """An exchange without query, headers and bodies."""
    return {
        "id": exchange.id, "at": instant.seven_digits(exchange.at), "vendor": exchange.vendor,
        "operation": exchange.operation, "method": exchange.request.method, "path": mask.plain(exchange.request.path),
        "status": exchange.status, "rules": list(exchange.rules), "fault": exchange.fault,
        "duration": exchange.duration,
    }  # fmt: skip


def whole_call_view(exchange: Exchange, mask: Mask, links: Links) -> dict[str, Any]:
    """A whole exchange; `answer` is None where no response was sent."""
    request = exchange.request
    answer = None
    if exchange.status is not None:
        body = links.fill_placeholders(exchange.answer, request.base)
        answer = message_view(mask.headers(dict(exchange.headers)), body, mask)
    return {
        **call_view(exchange, mask),
        "query": parse_query(mask.pairs(request.query.decode("utf-8", "replace")).encode()),
        "request": message_view(mask.headers(request.headers), exchange.sent, mask),
        "answer": answer,
    }


def message_view(headers: dict[str, str], body: bytes, mask: Mask) -> dict[str, Any]:
    """Masked headers by name in lower case, and the body, which is masked here.

    A form becomes an object, JSON is parsed, other text stays text. An empty body is None, a binary one
    `{"bytes": <size>}`.
    """
    text = text_of(body)
    shown: Any
    if not body:
        shown = None
    elif text is None:
        shown = {"bytes": len(body)}
    else:
        shown = mask.body(text)
        if headers.get("content-type", "").partition(";")[0].strip().lower() == FORM:
            shown = parse_query(shown.encode())
        else:
            with suppress(ValueError):
                shown = json_codec.loads(shown.encode())
    return {"headers": headers, "body": shown}


def text_of(body: bytes) -> str | None:
    """The body as text, None where it is binary. A PDF is binary even where all of its bytes are ASCII."""
    try:
        return None if body.startswith(b"%PDF-") else body.decode()
    except UnicodeDecodeError:
        return None
