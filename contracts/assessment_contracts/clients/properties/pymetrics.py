"""What a client of pymetrics must cope with."""

from typing import Any

from hypothesis import strategies as st

from assessment_contracts.clients.compare import true
from assessment_contracts.clients.harness import ClientContext
from assessment_contracts.clients.properties import wishes
from assessment_contracts.clients.properties.report import asked_is_what_arrived, nulls_are_nulls
from assessment_contracts.clients.properties.trade import PYMETRICS, fault
from assessment_contracts.clients.property import contract
from assessment_contracts.property import Property, given
from assessment_contracts.sources import Source, Standing, ours

_DOCS = "pymetrics API 1.3.0 and 2.2.0"
_ORDER = Source(_DOCS, "Create Assessment Order, request and response")
_SAME = Source(_DOCS, "Create Assessment Order, description: the criteria of uniqueness")
_TOKEN = Source(_DOCS, "Introduction, authentication: tokens last a limited time")
_TOKENS = ("create_token", "create_token_v2")
_ONE_MOMENT = 10


@contract("pymetrics.orders", "order_arrives_as_asked", "A request has the caller's members", _ORDER,
       Standing.DOCUMENTED)  # fmt: skip
@given(wish=wishes.orders())
def order_arrives(context: ClientContext, wish: dict[str, Any]) -> None:
    """Every member reaches the vendor unchanged, in any script, with its type. What the caller omitted is not sent, or
    sent as null or as its documented default.
    """
    harness = context.harness()
    PYMETRICS.made(PYMETRICS.create(harness, wish))
    asked_is_what_arrived(harness, PYMETRICS.creates, wish, {"send_email": False})


@contract("pymetrics.orders", "order_is_reported_as_answered", "The response is reported unchanged", _ORDER,
       Standing.DOCUMENTED)  # fmt: skip
@given(wish=wishes.orders(), reading=st.booleans())
def order_is_reported(context: ClientContext, wish: dict[str, Any], reading: bool) -> None:
    """Otherwise the candidate receives another link, or the recruiter another result."""
    harness = context.harness()
    face = PYMETRICS.made(PYMETRICS.create(harness, wish))
    if reading:
        face = PYMETRICS.found(PYMETRICS.read(harness, face["id"]))
    true(face, harness.order(face["id"]))


@contract("pymetrics.orders", "null_stays_null", "A member that is null is reported as null, or omitted",
       ours("one member, metadata, was seen null, in a client that was changed by hand for it"),
       examples=0.4)  # fmt: skip
@given(wish=wishes.orders())
def null_stays_null(context: ClientContext, wish: dict[str, Any]) -> None:
    """The simulated vendor sends null for what is not set. An empty list in its place says that there are no results,
    although there are none yet.
    """
    harness = context.harness()
    id = PYMETRICS.made(PYMETRICS.create(harness, wish))["id"]
    nulls_are_nulls(PYMETRICS.found(PYMETRICS.read(harness, id)), harness.order(id))


@contract("pymetrics.orders", "known_order_is_told_from_a_new_one", "`created` says whether the order is a new one",
       _SAME, Standing.DOCUMENTED, examples=0.4)  # fmt: skip
@given(wish=wishes.orders())
def known_is_told(context: ClientContext, wish: dict[str, Any]) -> None:
    """A second request for the same candidate, assessment and application returns the existing order. A caller that
    counts candidates, or sends them mail, must know which of the two happened.
    """
    harness = context.harness()
    first, again = PYMETRICS.create(harness, wish), PYMETRICS.create(harness, wish)
    same = PYMETRICS.made(first)["id"] == PYMETRICS.made(again)["id"]
    assert same, "the same request again is reported as another order"
    for call, what, created in ((first, "new", True), (again, "known", False)):
        told = call.result.get("created")
        assert told is created, f"a {what} order is reported with created={told!r}"


@contract("pymetrics.orders", "results_are_reported", "Results are reported unchanged",
       Source(_DOCS, "MercuryResult; Get Assessment Order moves Completed to Fulfilled"), Standing.DOCUMENTED,
       examples=0.6)  # fmt: skip
@given(score=st.sampled_from([0, 0.30000000000000004, 87.82, 100, None]), band=wishes.TEXTS)
def results_are_reported(context: ClientContext, score: float | None, band: str) -> None:
    """A score of 0 is not the same as no score. The order that has them is Fulfilled."""
    harness = context.harness()
    id = PYMETRICS.begun(harness)
    harness.sandbox.act(id, "complete", results=[{"score": score, "band": band}])
    face = PYMETRICS.found(PYMETRICS.read(harness, id))
    seen = harness.order(id)
    true(face, {name: seen[name] for name in ("status", "results")})
    assert face["results"][0].get("score") == score, f"score {score!r} is reported as {face['results'][0]}"


@contract("pymetrics.orders", "report_is_asked_for", "A report is requested for the caller, and its link reported",
       Source(_DOCS, "Get Assessment Order, query parameter report"), Standing.DOCUMENTED)  # fmt: skip
def report_is_asked_for(context: ClientContext) -> None:
    """The vendor creates a report only if the parameter requests it."""
    harness = context.harness()
    id = PYMETRICS.begun(harness)
    harness.sandbox.act(id, "complete")
    face = PYMETRICS.found(harness.try_("get_order", id=id, report=True))
    seen = harness.order(id)
    assert seen["reports"], "no report was requested"
    reports = face.get("reports")
    linked = isinstance(reports, list) and reports and str(reports[0].get("download_url")).startswith("http")
    assert linked, f"the report's link is reported as {reports!r:.200}"


@contract("pymetrics.assessments", "assessments_are_reported", "The configured assessments are reported unchanged",
       Source(_DOCS, "Get Assessment Configurations, response"), Standing.DOCUMENTED, examples=0.4)  # fmt: skip
@given(described=st.lists(wishes.TEXTS, min_size=1, max_size=3))
def assessments_are_reported(context: ClientContext, described: list[str]) -> None:
    """An order must name the id of an assessment, and people choose one by its description."""
    offered = [
        {"id": f"assessment-{number}", "type": "nlr" if number % 2 else "games", "description": text}
        for number, text in enumerate(described)
    ]
    harness = context.harness(assessments=offered)
    true(harness.ask("assessments"), offered)


@contract("pymetrics.search", "orders_are_found", "A list contains the orders that match, and no others",
       ours("two filters are documented; that candidate_id is the external_id, and that both must match, is not"),
       examples=0.5)  # fmt: skip
@given(application=wishes.TEXTS, candidate=wishes.TEXTS, by=st.sampled_from(["application", "candidate", "both"]))
def orders_are_found(context: ClientContext, application: str, candidate: str, by: str) -> None:
    """The caller's own ids may contain any character, and must arrive unchanged, in a body or in a query. If a filter
    is lost, the list contains other orders.
    """
    harness = context.harness()
    wish = wishes.order()
    wanted = {**wish, "application_id": application, "candidate": {**wish["candidate"], "external_id": candidate}}
    id = PYMETRICS.made(PYMETRICS.create(harness, wanted))["id"]
    PYMETRICS.made(PYMETRICS.create(harness, {**wish, "application_id": "another"}))
    filters = {
        "application_id": application if by != "candidate" else None,
        "candidate_id": candidate if by != "application" else None,
    }
    found = harness.ask("list_orders", **filters)
    assert isinstance(found, list), f"list_orders gave no list, but {found!r:.200}"
    ids = [one.get("id") if isinstance(one, dict) else one for one in found]
    assert ids == [id], f"{filters} found {ids} instead of the one, {id}"


@contract("pymetrics.orders", "token_is_used_again", "A token is used until it expires", _TOKEN, Standing.DOCUMENTED)
def token_is_used_again(context: ClientContext) -> None:
    """A token is valid for an hour. A new one for each call doubles the traffic."""
    harness = context.harness()
    id = PYMETRICS.begun(harness)
    for _ in range(3):
        PYMETRICS.found(PYMETRICS.read(harness, id))
    asked = len(harness.calls(*_TOKENS))
    assert asked <= 2, f"{asked} tokens were requested in four calls"


@contract("pymetrics.renewal", "lapsed_token_is_renewed", "After the expiry of a token the client requests a new one",
       _TOKEN, Standing.DOCUMENTED, examples=0.6)  # fmt: skip
@given(by_clock=st.booleans(), creating=st.booleans())
def lapsed_token_is_renewed(context: ClientContext, by_clock: bool, creating: bool) -> None:
    """There is no refresh token. A program that runs for more than an hour needs a new token, whether it watches the
    clock or receives a 401.
    """
    harness = context.harness()
    id = PYMETRICS.begun(harness)
    if by_clock:
        harness.sandbox.advance("PT1H")
    else:
        harness.faults(*fault(PYMETRICS.creates + PYMETRICS.reads, "expire_token", times=1))
    if creating:
        PYMETRICS.made(PYMETRICS.create(harness, wishes.order(2)))
    else:
        PYMETRICS.found(PYMETRICS.read(harness, id))


@contract("pymetrics.orders", "renewal_ends", "A token that is refused although it is new leads to an error",
       ours("a 401 that a new token does not cure is not about the token"))  # fmt: skip
def renewal_ends(context: ClientContext) -> None:
    """A new token helps only if the old one has expired. If every token is refused, a client that requests one after
    the other never ends.
    """
    harness = context.harness()
    id = PYMETRICS.begun(harness)
    harness.faults(*fault(PYMETRICS.reads, "expire_token"))
    call = PYMETRICS.read(harness, id)
    assert call.error is not None, f"every request was refused with 401, and the client reported {call.outcome}"
    assert call.error.kind == "refused", f"every request was refused with 401; the client reports {call.outcome}"
    sent = len(harness.calls(*PYMETRICS.reads, *_TOKENS))
    assert sent <= _ONE_MOMENT, f"{sent} requests before it gave up"


@contract("pymetrics.orders", "lost_answer_makes_no_second_order", "A lost response leads to no second order",
       _SAME, Standing.DOCUMENTED, examples=0.7)  # fmt: skip
@given(wish=wishes.orders(), times=st.sampled_from([1, None]), when=st.sampled_from(["after_commit", "before_commit"]))
def lost_answer(context: ClientContext, wish: dict[str, Any], times: int | None, when: str) -> None:
    """The order is saved, and the connection breaks before the response is read. The same request again is safe: it
    returns the existing order. With another candidate, assessment or application it creates a second one, and the
    candidate gets two invitations.
    """
    harness = context.harness()
    harness.faults(*fault(PYMETRICS.creates, "drop", times=times, when=when))
    call = PYMETRICS.create(harness, wish)
    harness.faults()
    if call.error is not None:
        call = PYMETRICS.create(harness, wish)
    id = PYMETRICS.made(call)["id"]
    assert [one["id"] for one in harness.invitations()] == [id], f"{len(harness.invitations())} orders exist, not one"


@contract("pymetrics.concurrency", "two_calls_at_once_make_one_order", "Two calls at once make one token request or "
          "two valid ones, and one order",
          ours("programs serve several people at the same time; no page speaks of it"), examples=0.3)  # fmt: skip
@given(wish=wishes.orders())
def two_calls_at_once(context: ClientContext, wish: dict[str, Any]) -> None:
    """Neither of the first two calls of a new client finds a token. If one relies on the other to request it, it calls
    without one; if both share a variable, a token or a response is lost.
    """
    harness = context.harness()
    harness.faults(*fault(_TOKENS, "delay", duration="PT0.2S"))  # so that neither has a token before both have asked
    calls = harness.at_once(*[("create_order", {"order": wish})] * 2)
    harness.faults()
    ids = {PYMETRICS.made(call)["id"] for call in calls}
    statuses = [call["status"] for call in harness.calls(*_TOKENS)]
    assert statuses in ([201], [201, 201]), f"two calls at once led to token requests answered {statuses}"
    known = {one["id"] for one in harness.invitations()}
    assert known == ids, f"two calls at once report the orders {ids}; the vendor has {known}"
    assert len(known) == 1, f"two calls at once made {len(known)} orders"


PROPERTIES: tuple[Property, ...] = (
    order_arrives, order_is_reported, null_stays_null, known_is_told, results_are_reported, report_is_asked_for,
    assessments_are_reported, orders_are_found, token_is_used_again, lapsed_token_is_renewed, renewal_ends, lost_answer,
    two_calls_at_once,
)  # fmt: skip
