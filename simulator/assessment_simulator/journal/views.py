"""What the control API shows of the journal, without secrets: exchanges as JSON and as an HTTP Archive (HAR 1.2), which
browsers and proxies can open, and which rules the requests have passed and violated.
"""

from base64 import b64encode
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import suppress
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, quote

from assessment_simulator.core import instant
from assessment_simulator.core.links import Links
from assessment_simulator.core.urls import FORM, parse_query
from assessment_simulator.core.vendor import Vendor
from assessment_simulator.journal.redaction import Mask
from assessment_simulator.sandbox.journal import Exchange, Journal
from assessment_simulator.storage import json_codec

Json = dict[str, Any]
_UNKNOWN_SIZE = -1


def call_view(exchange: Exchange, mask: Mask, invitation: str | None) -> dict[str, Any]:
    """An exchange without query, headers and bodies; `invitation` is the one that it is about."""
    return {
        "id": exchange.id, "at": instant.seven_digits(exchange.at), "vendor": exchange.vendor,
        "operation": exchange.operation, "method": exchange.request.method, "path": mask.plain(exchange.request.path),
        "status": exchange.status, "rules": list(exchange.rules), "fault": exchange.fault,
        "invitation": invitation, "duration": exchange.duration,
    }  # fmt: skip


def whole_call_view(exchange: Exchange, mask: Mask, links: Links, invitation: str | None) -> dict[str, Any]:
    """A whole exchange; `answer` is None where no response was sent."""
    request = exchange.request
    answer = None
    if exchange.status is not None:
        body = links.fill_placeholders(exchange.answer, request.base)
        answer = message_view(mask.headers(dict(exchange.headers)), body, mask)
    return {
        **call_view(exchange, mask, invitation),
        "query": dict(parse_qsl(query_of(exchange, mask), keep_blank_values=True)),
        "request": message_view(mask.headers(request.headers), exchange.sent, mask),
        "answer": answer,
    }


def message_view(headers: dict[str, str], body: bytes, mask: Mask) -> dict[str, Any]:
    """Masked headers by name in lower case, and the body, which is masked here.

    A form becomes an object, JSON is parsed, other text stays text, a form of too many parameters too. An empty body is
    None, a binary one `{"bytes": <size>}`.
    """
    text = text_of(body)
    shown: Any
    if not body:
        shown = None
    elif text is None:
        shown = {"bytes": len(body)}
    else:
        shown = mask.body(text)
        media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
        with suppress(ValueError):
            shown = parse_query(shown.encode()) if media_type == FORM else json_codec.loads(shown.encode())
    return {"headers": headers, "body": shown}


def text_of(body: bytes) -> str | None:
    """The body as text, None where it is binary. A PDF is binary even where all of its bytes are ASCII."""
    try:
        return None if body.startswith(b"%PDF-") else body.decode()
    except UnicodeDecodeError:
        return None


def archive(entries: Iterable[Json], version: str) -> Json:
    """The archive of these entries."""
    creator = {"name": "assessment-simulator", "version": version}
    return {"log": {"version": "1.2", "creator": creator, "entries": [*entries]}}


def path_of(exchange: Exchange, mask: Mask) -> str:
    """The path as it was sent: the server has it decoded."""
    return quote(mask.plain(exchange.request.path), safe="/:@!$&'()*+,;=-._~")


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
        "headers": named_values(headers.items()), "queryString": named_values(parse_qsl(query, keep_blank_values=True)),
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
        "httpVersion": "HTTP/1.1", "cookies": [], "headers": named_values(headers.items()),
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


def named_values(pairs: Iterable[tuple[str, str]]) -> list[Json]:
    """Headers or parameters, as an archive lists them."""
    return [{"name": name, "value": value} for name, value in pairs]


def coverage_view(vendors: Mapping[str, Vendor], journal: Journal) -> dict[str, Any]:
    """Every rule with how often it was passed (`kept`) and violated (`broken`), and how many were so at least once.

    An accepted request passes every rule of its operation. A refused one violates the rules that it names, and passes
    the others of their stage and all of the stages before. A rule about an optional member that is absent is passed.
    """
    kept, broken = Counter[str](), Counter[str]()
    for vendor in vendors.values():
        http = [(vendor.http_rules[place],) for place in ("route", "verb", "encoding", "size")]
        stages_of: dict[str | None, list[Any]] = {None: http[:2]}
        for endpoint in vendor.endpoints:
            # A stage of an operation may repeat a rule of the HTTP layer, which is counted once.
            own = [stage for stage in endpoint.operation.stages if stage not in http]
            stages_of[endpoint.operation.name] = [*http, *own]
        for name, stages in stages_of.items():
            operation = (vendor.id, name)
            stopped = [sum(journal.stopped[operation, rule.id] for rule in stage) for stage in stages]
            reached = journal.accepted[operation] + sum(stopped)
            for stage, stopped_here in zip(stages, stopped, strict=True):
                for rule in stage:
                    violated = journal.violated[operation, rule.id]
                    broken[rule.id] += violated
                    kept[rule.id] += reached - violated
                reached -= stopped_here
    rules = [(vendor.id, rule) for vendor in vendors.values() for rule in vendor.rules]
    return {
        "rules": [
            {
                "id": r.id, "vendor": vendor, "standing": r.standing.value, "kept": kept[r.id], "broken": broken[r.id],
                "status_standing": r.of_status.standing.value, "body_standing": r.of_body.standing.value,
            }
            for vendor, r in rules
        ],
        "kept": sum(kept[rule.id] > 0 for _, rule in rules),
        "broken": sum(broken[rule.id] > 0 for _, rule in rules),
        "of": len(rules),
    }  # fmt: skip
