"""Exchanges as an HTTP Archive (HAR 1.2), which browsers and proxies can open."""

from base64 import b64encode
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, quote

from assessment_simulator.core import instant
from assessment_simulator.core.links import Links
from assessment_simulator.journal.redaction import Mask
from assessment_simulator.journal.views import text_of
from assessment_simulator.sandbox.journal import Exchange

Json = dict[str, Any]
_SAFE_IN_PATHS = "/:@!$&'()*+,;=-._~"
_UNKNOWN_SIZE = -1


def archive(entries: Iterable[Json], version: str) -> Json:
    """The archive of these entries."""
    creator = {"name": "assessment-simulator", "version": version}
    return {"log": {"version": "1.2", "creator": creator, "entries": [*entries]}}


def path_of(exchange: Exchange, mask: Mask) -> str:
    """The path as it was sent: the server has it decoded."""
    return quote(mask.plain(exchange.request.path), safe=_SAFE_IN_PATHS)


def query_of(exchange: Exchange, mask: Mask) -> str:
    """The query as it was sent."""
    return mask.pairs(exchange.request.query.decode("utf-8", "replace"))


def entry(exchange: Exchange, mask: Mask, links: Links) -> Json:
    """An exchange as an entry. What HAR does not define has members that begin with an underscore, as HAR asks for."""
    request, sent = exchange.request, exchange.sent
    headers, query = mask.headers(request.headers), query_of(exchange, mask)
    url = f"{request.base}{path_of(exchange, mask)}{'?' if query else ''}{query}"
    har_request: Json = {
        "method": request.method, "url": url, "httpVersion": "HTTP/1.1", "cookies": [],
        "headers": _named(headers.items()), "queryString": _named(parse_qsl(query, keep_blank_values=True)),
        "headersSize": _UNKNOWN_SIZE, "bodySize": len(sent),
    }  # fmt: skip
    if sent:
        text = text_of(sent)
        binary = {"text": "", "comment": f"{len(sent)} bytes that are no text"}
        body = binary if text is None else {"text": mask.body(text)}
        har_request["postData"] = {"mimeType": headers.get("content-type", ""), **body}
    # HAR has no entry without a response: there its status is 0, and the rest of it is empty.
    answered = exchange.status is not None
    headers = mask.headers(dict(exchange.headers)) if answered else {}
    answer = links.fill_placeholders(exchange.answer, request.base) if answered else b""
    text = text_of(answer)
    body = {"encoding": "base64", "text": b64encode(answer).decode()} if text is None else {"text": mask.body(text)}
    har_response = {
        "status": exchange.status or 0,
        "statusText": next((known.phrase for known in HTTPStatus if known == exchange.status), ""),
        "httpVersion": "HTTP/1.1", "cookies": [], "headers": _named(headers.items()),
        "content": {"size": len(answer), "mimeType": headers.get("content-type", ""), **body}, "redirectURL": "",
        "headersSize": _UNKNOWN_SIZE, "bodySize": len(answer) if answered else _UNKNOWN_SIZE,
    }  # fmt: skip
    milliseconds = exchange.duration * 1_000
    return {
        "startedDateTime": instant.seven_digits(exchange.at), "time": milliseconds, "request": har_request,
        "response": har_response, "cache": {}, "timings": {"send": 0, "wait": milliseconds, "receive": 0},
        "_id": exchange.id, "_vendor": exchange.vendor, "_operation": exchange.operation,
        "_rules": list(exchange.rules), "_fault": exchange.fault,
    }  # fmt: skip


def _named(pairs: Iterable[tuple[str, str]]) -> list[Json]:
    return [{"name": name, "value": value} for name, value in pairs]
