"""Access: keys, rate limits and maintenance; and what holds for every request."""

import json
from typing import Any

from hypothesis import strategies as st

from assessment_contracts.context import Context
from assessment_contracts.predictive_index import calls, errors
from assessment_contracts.predictive_index.calls import PATH, PEOPLE
from assessment_contracts.predictive_index.facts import FACTS
from assessment_contracts.predictive_index.fixtures import known_ids, readable
from assessment_contracts.predictive_index.strategies import TAKER
from assessment_contracts.property import given
from assessment_contracts.registry import ASSUMED, CONTROL, Registry
from assessment_contracts.sandbox import Sandbox
from assessment_contracts.wire import Answer

contract = Registry("pi.access", FACTS, CONTROL)

OPERATIONS: tuple[tuple[str, str], ...] = (
    ("GET", PATH), ("POST", PATH), ("GET", f"{PATH}/{{pending}}"), ("PATCH", f"{PATH}/{{pending}}"),
    ("DELETE", f"{PATH}/{{pending}}"), ("GET", f"{PATH}/{{done}}/patterns/1"), ("GET", f"{PATH}/{{done}}/reports/1"),
    ("GET", PEOPLE), ("PATCH", PATH),
)  # fmt: skip
"""Every operation, on assessments of `fixtures.known_ids`."""


def send(sandbox: Sandbox, operation: tuple[str, str], **more: Any) -> Answer:
    """A valid request for one of the operations."""
    method, path = operation
    words = known_ids(sandbox)
    for word in ("pending", "done"):
        path = path.replace(f"{{{word}}}", words[word])
    query: dict[str, str] = {"format": "PDF", "gender": "1"} if "reports" in path else {}
    query |= {"format": "PNG"} if "patterns" in path else {}
    query |= {"externalId": words["first"]} if operation == ("PATCH", PATH) else {}
    body = {"json": TAKER if method == "POST" else {}} if method in ("POST", "PATCH") else {}
    return calls.ask(sandbox, method, path, query=query, **body, **more)


@contract(accepts="access.maintenance access.rate", standing=ASSUMED, examples=0.5)
@given(name=st.sampled_from(("api-key", "Api-Key", "API-KEY", "aPI-kEY")))
def admitted(context: Context, name: str) -> None:
    """Every request with the key is accepted; the header's name may be in any case.

    HTTP header names are case-insensitive.
    """
    sandbox = context.fresh()
    key = sandbox.predictive_index.api_key
    for operation in sorted(OPERATIONS, key=lambda one: one[0] == "DELETE"):
        answer = send(sandbox, operation, headers={"api-key": None, name: key})
        assert answer.status in (200, 201, 204), f"{operation} is answered {answer.status}: {answer.text[:200]}"
        assert not answer.rules, f"{operation} names {answer.rules}"
        assert "x-ratelimit-limit" not in answer.headers, "a limit is stated where none is set"


@contract("errors", refuses="access.maintenance", examples=0.25)
@given(again=st.integers(1, 2))
def maintenance(context: Context, again: int) -> None:
    """During maintenance every request returns 503 with the one error that the vendor publishes.

    Number 27, no context, no parameter errors: the vendor requires clients to handle it. Nothing changes meanwhile.
    """
    sandbox = context.fresh()
    before = readable(sandbox)
    for _ in range(again):
        sandbox.config(maintenance=True)
        for operation in OPERATIONS:
            answer = send(sandbox, operation)
            errors.refused(answer, 503, "pi.access.maintenance")
            calls.same(answer.json, errors.MAINTENANCE)
        sandbox.config(maintenance=False)
        assert readable(sandbox) == before, "a call during maintenance has changed something"


@contract("rate.header", refuses="access.rate", examples=0.5)
@given(limit=st.integers(1, 5), pause=st.integers(1, 59))
def limited(context: Context, limit: int, pause: int) -> None:
    """A rate limit admits its number of requests in any 60 seconds, and every response states the limit.

    Accepted and refused requests have the header X-RateLimit-Limit. A refused request changes nothing and does not
    count.
    """
    sandbox = context.fresh()
    sandbox.freeze("2031-01-01T00:00:00Z")
    words = known_ids(sandbox)
    sandbox.advance("PT61S")
    sandbox.config(rate_limit=limit)
    for number in range(limit + 3):
        answer = calls.ask(sandbox, "GET", f"{PATH}/{words['pending']}")
        assert answer.status == (200 if number < limit else 429), f"call {number + 1} of {limit} is {answer.status}"
        assert answer.headers.get("x-ratelimit-limit") == str(limit), f"call {number + 1}: {dict(answer.headers)}"
        if number >= limit:
            errors.refused(answer, 429, "pi.access.rate")
            errors.vendor(answer)
    assert calls.create(sandbox, TAKER).status == 429
    sandbox.advance(f"PT{pause}S")
    assert calls.ask(sandbox, "GET", PATH).status == 429, f"there is room again after {pause} s"
    sandbox.advance(f"PT{60 - pause}S")
    assert len(calls.listed(sandbox)) == 4, "a call that was refused for the limit has changed something"


_UNFIT_FOR_VENDORS = ("OPTIONS", "TRACE", "PROPFIND", "COPY", "REPORT", "DELETE")


@contract("errors.transport", refuses="http.verb", needs=())
@given(
    verb=st.sampled_from(("HEAD", "PUT", "OPTIONS", "TRACE", "PROPFIND", "DELETE", "POST", "PATCH", "COPY", "REPORT")),
    path=st.sampled_from((PATH, f"{PATH}/{{pending}}", f"{PATH}/{{done}}/patterns/1", PEOPLE)),
)
def verbs(context: Context, verb: str, path: str) -> None:
    """HEAD and every verb that a path does not support return 405 and change nothing.

    The body is the framework's stock message with the verb in it; HEAD has none.
    """
    # Gateways answer some verbs themselves, and a vendor might take DELETE of the list for all assessments.
    if (verb, path) in OPERATIONS or (verb in _UNFIT_FOR_VENDORS and not context.is_simulator):
        verb = "PUT"
    template = path
    sandbox = context.sandbox
    before = readable(sandbox)
    for word in ("pending", "done"):
        path = path.replace(f"{{{word}}}", known_ids(sandbox)[word])
    answer = calls.ask(
        sandbox, verb, path, query={"externalId": known_ids(sandbox)["first"]} if verb == "PATCH" else None
    )
    errors.refused(answer, 405, "pi.http.verb")
    allowed = {method for method, known in OPERATIONS if known == template}
    shown = {method.strip() for method in answer.headers.get("allow", "").split(",")}
    assert shown == allowed, f"allowed are {allowed}, the header says {shown}"
    if verb == "HEAD":
        assert sandbox.body_of_head(path, "predictive_index") == b"", "an answer to HEAD has a body"
    else:
        errors.stock(answer, f"The requested resource does not support http method '{verb}'.")
    assert readable(sandbox) == before, f"{verb} has changed something"


@contract("errors.transport", refuses="http.route", needs=(), examples=0.5)
@given(
    path=st.sampled_from(("/api/v1/cognitiveassessments", "/api/v1/positions", "/api/v2/jobs", f"{PATH}/1/2/3")),
    verb=st.sampled_from(("GET", "POST", "DELETE")),
)
def routes(context: Context, path: str, verb: str) -> None:
    """An unknown path returns 404 with the framework's message.

    The message repeats the URL.
    """
    # A vendor may have paths that no page names: they are read, and no more.
    answer = calls.ask(context.sandbox, verb if context.is_simulator else "GET", path)
    errors.refused(answer, 404, "pi.http.route")
    errors.no_route(answer)
    assert answer.json["Message"].endswith(f"{path}'."), answer.json["Message"]


@contract(refuses="http.size")
def size(context: Context) -> None:
    """A body of 1 MiB is accepted, one byte more returns 413.

    It is padded with spaces, which have no meaning.
    """
    least = json.dumps(calls.quiet(context.sandbox, TAKER)).encode()
    for length, status in ((1_048_576, 201), (1_048_577, 413)):
        answer = calls.ask(context.sandbox, "POST", PATH, content=least.ljust(length), media_type="application/json")
        assert answer.status == status, f"{length} bytes are answered {answer.status}"
        if status == 413:
            errors.refused(answer, 413, "pi.http.size")
            errors.stock(answer)


@contract(
    "errors.transport",
    refuses="create.media_type change.media_type create.body.json create.body.object",
    needs=(),
    examples=0.5,
)
@given(
    good=st.sampled_from(("application/json", "application/json; charset=utf-8", "Application/JSON;charset=UTF-8")),
    bad=st.sampled_from(("application/xml", "text/plain", "application/x-www-form-urlencoded", "text/html")),
)
def media(context: Context, good: str, bad: str) -> None:
    """JSON is accepted with a charset and in any case; other media types return the framework's error.

    The vendor's reference offers XML, its guide says that it is not supported.
    """
    sandbox = context.sandbox
    id = known_ids(sandbox)["pending"]
    for method, path, status in (("POST", PATH, 201), ("PATCH", f"{PATH}/{id}", 200)):
        body = calls.quiet(sandbox, TAKER) if method == "POST" else {}
        taken = calls.ask(sandbox, method, path, json=body, media_type=good)
        calls.shown(taken, status)
        refused = calls.ask(sandbox, method, path, json=body, media_type=bad)
        errors.refused(refused, 415, f"pi.{'create' if method == 'POST' else 'change'}.media_type")
        text = f"The request entity's media type '{bad}' is not supported for this resource."
        errors.stock(refused, text)
        for content in (b"[]", b"{"):
            unread = calls.ask(sandbox, method, path, content=content, media_type=good)
            assert unread.status == 400
            errors.stock(unread, "The request is invalid.")
        untyped = calls.ask(sandbox, method, path, content=b"{}", headers={"Content-Type": None})
        assert untyped.status == 415
        errors.stock(untyped, _UNTYPED)


_UNTYPED = (
    "The request contains an entity body but no Content-Type header. The inferred media type"
    " 'application/octet-stream' is not supported for this resource."
)


@contract(refuses="create.first_name.required create.expiration.format list.option.known", examples=0.25)
@given(name=st.sampled_from(("FirstName", "first_name", "FIRSTNAME")))
def hints(context: Context, name: str) -> None:
    """A refusal has a hint if its cause is a misspelt name or a missing time zone; an accepted request has none.

    The header Simulator-Hint says what to change.
    """
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


PROPERTIES = contract.properties
