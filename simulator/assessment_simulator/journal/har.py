"""Exchanges as an HTTP Archive (HAR 1.2), which browsers and proxies can open."""

from base64 import b64encode
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, quote

from assessment_simulator.core import instant
from assessment_simulator.journal.recorder import Exchange
from assessment_simulator.journal.redaction import Mask, headers_of
from assessment_simulator.journal.views import text_of

Json = dict[str, Any]
_IN_PATHS = "/:@!$&'()*+,;=-._~"
_UNKNOWN = -1
"""HAR's word for a size that nobody measured."""


def archive(entries: Iterable[Json], version: str) -> Json:
    """The archive of these entries."""
    creator = {"name": "assessment-simulator", "version": version}
    return {"log": {"version": "1.2", "creator": creator, "entries": [*entries]}}


def path_of(exchange: Exchange, mask: Mask) -> str:
    """The path as it goes over the wire: the server read it decoded."""
    return quote(mask.plain(exchange.request.path), safe=_IN_PATHS)


def query_of(exchange: Exchange, mask: Mask) -> str:
    """The query as it came."""
    return mask.pairs(exchange.request.query.decode("utf-8", "replace"))


def entry(exchange: Exchange, mask: Mask) -> Json:
    """An exchange; what HAR has no word for stands in members with an underscore before them, as its authors ask."""
    milliseconds = exchange.duration * 1_000
    return {
        "startedDateTime": instant.seven_digits(exchange.at),
        "time": milliseconds,
        "request": _request(exchange, mask),
        "response": _response(exchange, mask),
        "cache": {},
        "timings": {"send": 0, "wait": milliseconds, "receive": 0},
        "_id": exchange.id,
        "_vendor": exchange.vendor,
        "_operation": exchange.operation,
        "_rules": list(exchange.rules),
        "_fault": exchange.fault,
    }


def _request(exchange: Exchange, mask: Mask) -> Json:
    request = exchange.request
    headers = headers_of(mask, request.headers)
    query = query_of(exchange, mask)
    return {
        "method": request.method,
        "url": f"{request.base}{path_of(exchange, mask)}{'?' if query else ''}{query}",
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": _named(headers.items()),
        "queryString": _named(parse_qsl(query, keep_blank_values=True)),
        "headersSize": _UNKNOWN,
        "bodySize": len(exchange.sent),
        **({"postData": _posted(exchange.sent, headers.get("content-type", ""), mask)} if exchange.sent else {}),
    }


def _posted(body: bytes, media_type: str, mask: Mask) -> Json:
    text = text_of(body)
    if text is None:
        return {"mimeType": media_type, "text": "", "comment": f"{len(body)} bytes that are no text"}
    return {"mimeType": media_type, "text": mask.body(text)}


def _response(exchange: Exchange, mask: Mask) -> Json:
    """The answer; HAR's status for none is 0."""
    gone = exchange.status is None
    headers = {} if gone else headers_of(mask, dict(exchange.headers))
    return {
        "status": exchange.status or 0,
        "statusText": _phrase(exchange.status),
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": _named(headers.items()),
        "content": _content(b"" if gone else exchange.answer, headers.get("content-type", ""), mask),
        "redirectURL": "",
        "headersSize": _UNKNOWN,
        "bodySize": _UNKNOWN if gone else len(exchange.answer),
    }


def _content(body: bytes, media_type: str, mask: Mask) -> Json:
    text = text_of(body)
    if text is None:
        return {"size": len(body), "mimeType": media_type, "encoding": "base64", "text": b64encode(body).decode()}
    return {"size": len(body), "mimeType": media_type, "text": mask.body(text)}


def _phrase(status: int | None) -> str:
    return next((known.phrase for known in HTTPStatus if known == status), "")


def _named(pairs: Iterable[tuple[str, str]]) -> list[Json]:
    return [{"name": name, "value": value} for name, value in pairs]
