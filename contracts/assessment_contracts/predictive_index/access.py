"""Who is let in, how often, and when nobody is; and what every answer has, whatever was asked."""

import json
from typing import Any

from hypothesis import strategies as st

from assessment_contracts.context import Context
from assessment_contracts.predictive_index import calls, refusals
from assessment_contracts.predictive_index.calls import PATH, PEOPLE
from assessment_contracts.predictive_index.scene import TAKER, everything, scene
from assessment_contracts.property import Need, contract, given
from assessment_contracts.sandbox import Sandbox
from assessment_contracts.sources import Standing
from assessment_contracts.wire import Answer

_KEYS = st.sampled_from(
    (None, "", "1a2bc3d4-e5f6-a7b8-c9d0-e1f2a3b4c5d6", "12345678-ABCD-EFGH-1234-ABCDEFGH1234", "sim-")
)
OPERATIONS: tuple[tuple[str, str], ...] = (
    ("GET", PATH), ("POST", PATH), ("GET", f"{PATH}/{{pending}}"), ("PATCH", f"{PATH}/{{pending}}"),
    ("DELETE", f"{PATH}/{{pending}}"), ("GET", f"{PATH}/{{done}}/patterns/1"), ("GET", f"{PATH}/{{done}}/reports/1"),
    ("GET", PEOPLE), ("PATCH", PATH),
)  # fmt: skip
"""Every operation, on what `scene` has made."""


def send(sandbox: Sandbox, operation: tuple[str, str], **more: Any) -> Answer:
    """One of the operations, as somebody would ask for it who wants it to succeed."""
    method, path = operation
    words = scene(sandbox)
    for word in ("pending", "done"):
        path = path.replace(f"{{{word}}}", words[word])
    query: dict[str, str] = {"format": "PDF", "gender": "1"} if "reports" in path else {}
    query |= {"format": "PNG"} if "patterns" in path else {}
    query |= {"externalId": words["first"]} if operation == ("PATCH", PATH) else {}
    body = {"json": TAKER if method == "POST" else {}} if method in ("POST", "PATCH") else {}
    return calls.ask(sandbox, method, path, query=query, **body, **more)


@contract(
    "pi.access.denied",
    "Without a key that is known every call is denied in the vendor's words, and nothing happens",
    broken=("pi.access.key",),
    promises=("pi.errors.transport",),
    examples=0.5,
)
@given(key=_KEYS)
def denied(context: Context, key: str | None) -> None:
    """The key is asked for everywhere, before anything else is looked at; the message is the one that the vendor's
    FAQ prints."""
    before = everything(context.sandbox)
    for operation in OPERATIONS:
        answer = send(context.sandbox, operation, headers={"api-key": key})
        refusals.refused(answer, 401, "pi.access.key")
        assert answer.json == refusals.DENIED, f"{operation}: {answer.text}"
    wrong = calls.ask(context.sandbox, "POST", PATH, content=b"{", media_type="text/plain", headers={"api-key": key})
    refusals.refused(wrong, 401, "pi.access.key")
    assert everything(context.sandbox) == before, "a call without a key has changed something"


@contract(
    "pi.access.admitted",
    "With the key every call is answered; the header's name may be in any case",
    kept=("pi.access.key", "pi.http.route", "pi.http.verb", "pi.access.maintenance", "pi.access.rate"),
    needs={Need.CONTROL},
    standing=Standing.ASSUMED,
    examples=0.5,
)
@given(name=st.sampled_from(("api-key", "Api-Key", "API-KEY", "aPI-kEY")))
def admitted(context: Context, name: str) -> None:
    """HTTP does not care for the case of a header's name."""
    sandbox = context.fresh()
    key = sandbox.predictive_index.api_key
    for operation in sorted(OPERATIONS, key=lambda one: one[0] == "DELETE"):
        answer = send(sandbox, operation, headers={"api-key": None, name: key})
        assert answer.status in (200, 201, 204), f"{operation} is answered {answer.status}: {answer.text[:200]}"
        assert not answer.rules, f"{operation} names {answer.rules}"
        assert "x-ratelimit-limit" not in answer.headers, "a limit is told where none is set"


@contract(
    "pi.access.maintenance",
    "While the API is down every call is answered 503 with the one error that the vendor publishes",
    broken=("pi.access.maintenance",),
    kept=("pi.access.maintenance",),
    promises=("pi.errors",),
    needs={Need.CONTROL},
    examples=0.25,
)
@given(again=st.integers(1, 2))
def maintenance(context: Context, again: int) -> None:
    """Number 27, no context, no parameter errors: handling this is what the vendor calls mandatory. Nothing happens
    meanwhile, and afterwards all is as it was."""
    sandbox = context.fresh()
    before = everything(sandbox)
    for _ in range(again):
        sandbox.config(maintenance=True)
        for operation in OPERATIONS:
            answer = send(sandbox, operation)
            refusals.refused(answer, 503, "pi.access.maintenance")
            calls.same(answer.json, refusals.MAINTENANCE)
        sandbox.config(maintenance=False)
        assert everything(sandbox) == before, "a call during maintenance has changed something"


@contract(
    "pi.access.limited",
    "In any 60 seconds so many calls are answered as the limit says, and every answer tells the limit",
    broken=("pi.access.rate",),
    kept=("pi.access.rate",),
    promises=("pi.rate.header",),
    needs={Need.CONTROL},
    examples=0.5,
)
@given(limit=st.integers(1, 5), pause=st.integers(1, 59))
def limited(context: Context, limit: int, pause: int) -> None:
    """The header X-RateLimit-Limit stands on accepted and on refused calls alike. A refused call changes nothing and
    does not count; a minute after the first call there is room again."""
    sandbox = context.fresh()
    sandbox.freeze("2031-01-01T00:00:00Z")
    words = scene(sandbox)
    sandbox.advance("PT61S")
    sandbox.config(rate_limit=limit)
    for number in range(limit + 3):
        answer = calls.ask(sandbox, "GET", f"{PATH}/{words['pending']}")
        assert answer.status == (200 if number < limit else 429), f"call {number + 1} of {limit} is {answer.status}"
        assert answer.headers.get("x-ratelimit-limit") == str(limit), f"call {number + 1}: {dict(answer.headers)}"
        if number >= limit:
            refusals.refused(answer, 429, "pi.access.rate")
            refusals.legacy(answer)
    assert calls.create(sandbox, TAKER).status == 429
    sandbox.advance(f"PT{pause}S")
    assert calls.ask(sandbox, "GET", PATH).status == 429, f"there is room again after {pause} s"
    sandbox.advance(f"PT{60 - pause}S")
    assert len(calls.listed(sandbox)) == 4, "a call that was refused for the limit has changed something"


_UNFIT_FOR_VENDORS = ("OPTIONS", "TRACE", "PROPFIND", "COPY", "REPORT", "DELETE")


@contract(
    "pi.access.verbs",
    "HEAD, and every verb that a path does not list, is answered 405 and changes nothing",
    broken=("pi.http.verb",),
    promises=("pi.errors.transport",),
    standing=Standing.ASSUMED,
)
@given(
    verb=st.sampled_from(("HEAD", "PUT", "OPTIONS", "TRACE", "PROPFIND", "DELETE", "POST", "PATCH", "COPY", "REPORT")),
    path=st.sampled_from((PATH, f"{PATH}/{{pending}}", f"{PATH}/{{done}}/patterns/1", PEOPLE)),
)
def verbs(context: Context, verb: str, path: str) -> None:
    """The body is the framework's stock message, with the verb in it; HEAD has none, as HTTP wants it."""
    # Gateways answer some verbs themselves, and a vendor might take DELETE of the list for all assessments.
    if (verb, path) in OPERATIONS or (verb in _UNFIT_FOR_VENDORS and not context.is_simulator):
        verb = "PUT"
    template = path
    sandbox = context.sandbox
    before = everything(sandbox)
    for word in ("pending", "done"):
        path = path.replace(f"{{{word}}}", scene(sandbox)[word])
    answer = calls.ask(sandbox, verb, path, query={"externalId": scene(sandbox)["first"]} if verb == "PATCH" else None)
    refusals.refused(answer, 405, "pi.http.verb")
    allowed = {method for method, known in OPERATIONS if known == template}
    told = {method.strip() for method in answer.headers.get("allow", "").split(",")}
    assert told == allowed, f"allowed are {allowed}, the header says {told}"
    if verb == "HEAD":
        assert sandbox.body_of_head(path, "predictive_index") == b"", "an answer to HEAD has a body"
    else:
        refusals.message(answer, f"The requested resource does not support http method '{verb}'.")
    assert everything(sandbox) == before, f"{verb} has changed something"


@contract(
    "pi.access.routes",
    "A path that is none of the API's is answered 404 in the framework's words",
    broken=("pi.http.route",),
    promises=("pi.errors.transport",),
    standing=Standing.ASSUMED,
    examples=0.5,
)
@given(
    path=st.sampled_from(("/api/v1/cognitiveassessments", "/api/v1/positions", "/api/v2/jobs", f"{PATH}/1/2/3")),
    verb=st.sampled_from(("GET", "POST", "DELETE")),
)
def routes(context: Context, path: str, verb: str) -> None:
    """The message repeats the address that was asked for."""
    # A vendor may have what we do not know of: it is read, and no more.
    answer = calls.ask(context.sandbox, verb if context.is_simulator else "GET", path)
    refusals.refused(answer, 404, "pi.http.route")
    refusals.stock(answer)
    text = answer.json["Message"]
    assert text.startswith("No HTTP resource was found that matches the request URI '"), text
    assert text.endswith(f"{path}'."), text


@contract(
    "pi.access.size",
    "A body of 1 MiB is read, one byte more is refused with 413",
    broken=("pi.http.size",),
    kept=("pi.http.size",),
    standing=Standing.ASSUMED,
    needs={Need.CONTROL},  # nobody's vendor is sent a mebibyte
)
def size(context: Context) -> None:
    """Padded with blanks, which are no part of what is meant."""
    least = json.dumps(calls.quiet(context.sandbox, TAKER)).encode()
    for length, status in ((1_048_576, 201), (1_048_577, 413)):
        answer = calls.ask(context.sandbox, "POST", PATH, content=least.ljust(length), media_type="application/json")
        assert answer.status == status, f"{length} bytes are answered {answer.status}"
        if status == 413:
            refusals.refused(answer, 413, "pi.http.size")
            refusals.stock(answer)


@contract(
    "pi.access.media",
    "JSON is taken with a charset and in any case; what else is said to come is refused in the framework's words",
    kept=("pi.create.media_type", "pi.change.media_type"),
    broken=("pi.create.media_type", "pi.change.media_type", "pi.create.body.json", "pi.create.body.object"),
    promises=("pi.errors.transport",),
    standing=Standing.ASSUMED,
    examples=0.5,
)
@given(
    good=st.sampled_from(("application/json", "application/json; charset=utf-8", "Application/JSON;charset=UTF-8")),
    bad=st.sampled_from(("application/xml", "text/plain", "application/x-www-form-urlencoded", "text/html")),
)
def media(context: Context, good: str, bad: str) -> None:
    """XML is offered in the vendor's reference and yet not supported, its guide says."""
    sandbox = context.sandbox
    id = scene(sandbox)["pending"]
    for method, path, status in (("POST", PATH, 201), ("PATCH", f"{PATH}/{id}", 200)):
        body = calls.quiet(sandbox, TAKER) if method == "POST" else {}
        taken = calls.ask(sandbox, method, path, json=body, media_type=good)
        calls.shown(taken, status)
        refused = calls.ask(sandbox, method, path, json=body, media_type=bad)
        refusals.refused(refused, 415, f"pi.{'create' if method == 'POST' else 'change'}.media_type")
        text = f"The request entity's media type '{bad}' is not supported for this resource."
        refusals.message(refused, text)
        for content in (b"[]", b"{"):
            unread = calls.ask(sandbox, method, path, content=content, media_type=good)
            assert unread.status == 400
            refusals.message(unread, "The request is invalid.")
        untyped = calls.ask(sandbox, method, path, content=b"{}", headers={"Content-Type": None})
        assert untyped.status == 415
        refusals.message(untyped, _UNTYPED)


_UNTYPED = (
    "The request contains an entity body but no Content-Type header. The inferred media type"
    " 'application/octet-stream' is not supported for this resource."
)


@contract(
    "pi.access.hints",
    "A refused call has a hint where its cause is a misspelt name or a missing zone, and an accepted call has none",
    broken=("pi.create.first_name.required", "pi.create.expiration.format", "pi.list.option.known"),
    standing=Standing.ASSUMED,
    needs={Need.CONTROL},
    examples=0.25,
)
@given(name=st.sampled_from(("FirstName", "first_name", "FIRSTNAME")))
def hints(context: Context, name: str) -> None:
    """The header Simulator-Hint says what to change; without a known cause there is none."""
    sandbox = context.sandbox
    nameless = {member: value for member, value in TAKER.items() if member != "firstName"}
    spelt = calls.create(sandbox, {**nameless, name: "Ada"})
    dated = calls.create(sandbox, {**TAKER, "expirationDateTime": "2999-01-31T10:00:00"})
    option = calls.ask(sandbox, "GET", PATH, query={"$Top": "1"})
    for answer, words in (
        (spelt, f"{name} is unknown; did you mean firstName?"),
        (dated, "T10:00:00Z"),
        (option, "$top"),
    ):
        assert answer.status == 400
        assert words in answer.headers.get("simulator-hint", ""), f"{words!r} is not in the hint"
        assert "simulator-note" not in answer.headers, "a refused call has a note"
    for plain in (calls.create(sandbox, nameless), calls.create(sandbox, TAKER)):
        assert "simulator-hint" not in plain.headers, "there is a hint without a cause"


PROPERTIES = (hints, denied, admitted, maintenance, limited, verbs, routes, size, media)
