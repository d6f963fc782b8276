"""Generated input: bytes, real requests that are changed at random, and filters made of their own tokens."""

import json
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from hypothesis import strategies as st

from assessment_simulator.app import VENDORS
from assessment_simulator.control.operations import operations
from tests.server import GAMES

Data = st.SearchStrategy[bytes]
# The sandboxes that the vendors are asked in. Others are steered: no planned failure shall be taken for a real one.
NAMES = ("fuzz", "fuzz-2", "fuzz-3")
STEERED = ("steered", "steered-2")
# Values that programs often do not expect.
HOSTILE = (
    "", " ", "\x00", "\r\n", "/", "//", "..", "%", "%00", "%ff", "%zz", "\ud7ff", "\ufffd", "\u202e", "😀", "'",
    '"', "\\", "<b>", "{}", "[]", "null", "true", "NaN", "-1", "0", "1e400", "9" * 30, "9" * 400, "a" * 300, "$filter",
    "*", ";", "\t",
    "2026-02-30", "9999-12-31T23:59:59.9999999Z", "0000-00-00", "P1D", "PT1e9S", "P99999999999Y", "-P1D", "sim-fuzz",
    "http://", "http://[", "http://127.0.0.1:9/", "http://a@b:c@d", "ftp://x", "http://\u3002", "javascript:x",
    "ada+completes@example.com", "ada+completes-in-99999999d@example.com", "a@b", "@", "İ@x.y",
    "00000000-0000-0000-0000-000000000000",
)  # fmt: skip


def _words(*more: str) -> st.SearchStrategy[str]:
    return st.one_of(st.sampled_from([*HOSTILE, *more]), st.text(max_size=20))


_LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**70), 2**70), st.floats(allow_nan=False), _words(),
)  # fmt: skip
VALUES: st.SearchStrategy[Any] = st.recursive(
    _LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_words(), inner, max_size=4), max_leaves=12
)


@st.composite
def _spoilt(draw: st.DrawFn, value: Any) -> Any:
    """A body with some of its members replaced, taken away, or put in besides."""
    if isinstance(value, dict):
        body = {name: draw(_spoilt(inner)) if draw(st.integers(0, 3)) == 0 else inner for name, inner in value.items()}
        for name in draw(st.lists(st.sampled_from([*body]), max_size=2, unique=True)) if body else []:
            if draw(st.booleans()):
                del body[name]
            else:
                body[name] = draw(VALUES)
        return body | (draw(st.dictionaries(_words(), VALUES, max_size=2)) if draw(st.integers(0, 3)) == 0 else {})
    return draw(VALUES)


_BODIES: list[Any] = [step.body for vendor in VENDORS.values() for step in vendor.interface.story if step.body] + [
    {"client_id": "sim-fuzz", "client_secret": "any", "grant_type": "client_credentials"},
    {"candidate": {"email": "ada@example.com", "first_name": "Ada", "last_name": "L", "external_id": "e"},
     "assessment_id": GAMES, "application_id": "a", "metadata": {"a": "b"},
     "candidate_redirect_url": "https://a.example",
     "send_email": True, "requisition_id": "r", "requisition_title": "t", "ats_type": "mercury_api"},
    {"firstName": "Grace", "lastName": "Hopper", "email": "grace@example.com", "externalId": "e", "languageId": 1,
     "expirationDate": "2030-01-01", "notifyAssessmentAvailableUsingEmail": 1,
     "customFields": {"Favorite Color": "red"},
     "assessmentStatusWebHook": "http://127.0.0.1:9/", "positions": ["Software Engineer"],
     "folder": "\\Example Company"},
    {"candidate_emails": ["a@example.com"], "application_ids": ["a"], "page": 1, "page_size": 10, "order_ids": ["x"]},
]  # fmt: skip
_FORMS = (
    "application/json",
    "application/x-www-form-urlencoded",
    "text/plain",
    "multipart/form-data; boundary=x",
    "x",
    "",
)


@st.composite
def _body(draw: st.DrawFn, examples: list[Any]) -> bytes:
    value = draw(_spoilt(draw(st.sampled_from(examples)))) if draw(st.integers(0, 4)) else draw(VALUES)
    text = json.dumps(value).encode("utf-8", "surrogatepass")
    kind = draw(st.integers(0, 9))
    if kind == 0:
        return draw(mangled(st.just(text)))
    if kind == 1 and isinstance(value, dict):
        return "&".join(
            f"{quote(name, safe='')}={quote(str(inner), safe='')}" for name, inner in value.items()
        ).encode()
    return text


@st.composite
def mangled(draw: st.DrawFn, data: Data) -> bytes:
    """Bytes of which a few are lost, doubled, replaced, or in another place."""
    text = bytearray(draw(data))
    for _ in range(draw(st.integers(1, 4))):
        at, end = sorted((draw(st.integers(0, len(text))), draw(st.integers(0, len(text)))))
        piece = bytes(text[at : min(end, at + 64)])
        new = draw(st.one_of(st.just(b""), st.binary(max_size=8), st.just(piece * 3), st.sampled_from(_SPECIAL)))
        text[at : at + len(piece)] = new
    return bytes(text)


_SPECIAL = (
    b"\r\n",
    b"\n",
    b"\r",
    b"\0",
    b" ",
    b":",
    b"\r\n\r\n",
    b"%",
    b"\xff",
    b"chunked",
    b"0\r\n\r\n",
    b"/",
    b"?",
    b'"',
)


# What stands for the id of the order, and of the assessment, that there is in a sandbox; as long as the real one.
KNOWN = {name: [str(uuid.UUID(int=2 * at + n)) for n in (0, 1)] for at, name in enumerate((NAMES[0], STEERED[0]), 1)}


def _segment(known: Sequence[str]) -> st.SearchStrategy[str]:
    odd = _words().map(lambda word: quote(word, safe="!$&'()*+,;=:@"))
    return st.one_of(st.sampled_from([*known, "0", "1", "thriving", "complete", "start"]), odd)


@st.composite
def _request(draw: st.DrawFn, method: str, path: str, examples: list[Any], keys: tuple[str, ...]) -> bytes:
    for name in [part[1:-1] for part in path.split("/") if part.startswith("{")]:
        known = st.sampled_from(keys) if name == "name" else _segment(KNOWN[keys[0]])
        path = path.replace(f"{{{name}}}", draw(known), 1)
    verb = (
        method if draw(st.integers(0, 9)) else draw(st.sampled_from(("GET", "POST", "PUT", "HEAD", "OPTIONS", "PATCH")))
    )
    query = draw(st.lists(st.tuples(st.sampled_from(_PARAMETERS), _words()), max_size=3))
    target = path + ("?" + "&".join(f"{name}={quote(value, safe='')}" for name, value in query) if query else "")
    key = f"sim-{draw(st.sampled_from(keys))}"
    headers = {"Host": "x", "Connection": "close", "api-key": key, "X-Api-Key": key, "Authorization": "Bearer TOKEN"}
    if draw(st.integers(0, 5)) == 0:
        headers[draw(st.sampled_from([*headers, "Cookie", "Origin", "Accept", "Expect", "Last-Event-ID"]))] = draw(
            st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=30)
        )
    body = draw(_body(examples)) if verb not in ("GET", "HEAD") and draw(st.integers(0, 7)) else b""
    headers["Content-Type"] = draw(st.sampled_from(_FORMS)) if draw(st.integers(0, 3)) == 0 else "application/json"
    headers["Content-Length"] = str(len(body))
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"{verb} {target} HTTP/1.1\r\n{head}\r\n".encode("latin-1", "replace") + body


_PARAMETERS = (
    "$filter", "$orderby", "$top", "$skip", "$select", "$search", "searchfields", "externalId", "report", "format",
    "gender", "language", "page", "pageSize", "newest", "before", "q", "vendor", "status", "state", "since",
    "operation", "next", "email",
)  # fmt: skip


def _asked(rows: list[tuple[str, str, list[Any]]], keys: tuple[str, ...]) -> Data:
    return st.sampled_from(rows).flatmap(lambda row: _request(row[0], row[1], row[2], keys))


_VENDORS = [(e.method, e.path, _BODIES) for vendor in VENDORS.values() for e in vendor.endpoints]


def _control_rows() -> list[tuple[str, str, list[Any]]]:
    return [
        (one.method, one.path, [one.example or {}, {}, {"within": "PT0S", "request": {"status": 200}}])
        for one in operations(VENDORS)
        if one.id != "events"  # it never ends
    ]


_PAGES = [
    (method, path, [{"q": "x", "next": "/", "token": "x", "name": "steered", "body": "{}"}])
    for path in ("/", "/login", "/sandboxes/{name}", *(
        f"/sandboxes/{{name}}/{page}" for page in ("invitations/{id}", "deliveries", "deliveries/{id}", "mail",
        "caught", "journal", "journal/{id}", "clock", "faults", "rules", "states", "settings")))
    for method in ("GET", "POST")
]  # fmt: skip

_TOKENS = (
    "(", ")", ",", "'", "''", "eq", "ne", "gt", "ge", "lt", "le", "and", "or", "not", "null", "true", "false", "-", "+",
    ".", "/", "startswith(", "endswith(", "substringof(", "contains(", "tolower(", "toupper(", "length(", "any(",
    "guid'", "datetime'", "firstName", "lastName", "email", "externalId", "assessmentId", "gender", "expirationDate",
    "candidateStatus", "x", "1", "1.5", "1L", "1m", "-0", "1e9", "9999999999999999999999", "'a'", "'O''Neil'",
    "2026-01-01", "2026-01-01T00:00:00Z", "guid'00000000-0000-0000-0000-000000000000'", "datetime'2026-01-01T00:00:00'",
    " ", "  ", "\t", "%", "\u00e9", "😀", "ASC", "desc",
)  # fmt: skip
_FILTER = st.one_of(
    st.lists(st.sampled_from(_TOKENS), max_size=30).flatmap(
        lambda parts: st.sampled_from((" ", "")).map(lambda between: between.join(parts))
    ),
    st.integers(1, 400).map(lambda deep: "(" * deep + "gender eq 0" + ")" * deep),
    st.integers(1, 400).map(lambda many: " or ".join(["gender eq 0"] * many)),
    st.integers(1, 400).map(lambda deep: "not " * deep + "gender eq 0"),
    st.text(max_size=60),
)


@st.composite
def _odata(draw: st.DrawFn) -> bytes:
    path = draw(st.sampled_from(("/api/v1/behavioralassessments", "/api/v2/peopleandjobs")))
    options = {draw(st.sampled_from(_PARAMETERS[:7])): draw(_FILTER) for _ in range(draw(st.integers(1, 3)))}
    query = "&".join(f"{name}={quote(value, safe='')}" for name, value in options.items())
    head = f"Host: x\r\nConnection: close\r\napi-key: sim-{draw(st.sampled_from(NAMES))}\r\n\r\n"
    return f"GET {path}?{query} HTTP/1.1\r\n{head}".encode()


_HTTP = _asked(_VENDORS, NAMES)
_BYTES = st.one_of(
    st.binary(max_size=2_000),
    st.binary(max_size=400).map(lambda tail: b"POST /mercury/order HTTP/1.1\r\nHost: x\r\n" + tail),
    st.binary(max_size=200).map(
        lambda tail: b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + tail
    ),
)

# What there is to be fuzzed, by name.
TARGETS: Mapping[str, Callable[[], Data]] = {
    "bytes": lambda: _BYTES,
    "requests, mangled": lambda: mangled(_HTTP | _asked(_control_rows(), STEERED)),
    "vendors": lambda: _HTTP,
    "filters": _odata,
    "control API": lambda: _asked(_control_rows(), STEERED),
    "pages": lambda: _asked(_PAGES, STEERED),
}
