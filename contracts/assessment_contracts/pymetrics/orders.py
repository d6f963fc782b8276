"""Orders: made as they were asked for, and shown so everywhere."""

from copy import deepcopy
from typing import Any
from urllib.parse import urlsplit

from hypothesis import strategies as st

from assessment_contracts.context import Context
from assessment_contracts.property import Need, Property, contract, given
from assessment_contracts.pymetrics import api, shapes
from assessment_contracts.pymetrics.facts import ORDER_FIELDS
from assessment_contracts.pymetrics.oracle import shown_as
from assessment_contracts.pymetrics.strategies import (
    JSON_LEAVES,
    PLAIN,
    TEXTS,
    instants,
    is_name,
    orders,
    plain_orders,
    redirects,
    versions,
)
from assessment_contracts.sandbox import Sandbox
from assessment_contracts.sources import Standing

RULES = (
    "pymetrics.order.body.json",
    "pymetrics.order.body.object",
    *(f"pymetrics.order.{name}.type" for name in ORDER_FIELDS),
    *(f"pymetrics.order.{name}.required" for name in ("candidate", "assessment_id", "application_id")),
    *("pymetrics.order.candidate.email.required", "pymetrics.v2.order.candidate.email.required"),
    *("pymetrics.order.candidate.email.empty", "pymetrics.order.assessment_id.known"),
    *("pymetrics.order.candidate.first_name.blank", "pymetrics.order.candidate.last_name.blank"),
)
_URL_RULES = ("pymetrics.order.candidate_redirect_url.length", "pymetrics.order.candidate_redirect_url.url")
_WRITES = {Need.WRITES}


@contract(
    "pymetrics.orders.shown_as_asked",
    "A new order is answered 201 as it was asked for, and everywhere looks the same",
    kept=(*RULES, *_URL_RULES, "pymetrics.get.known"),
    promises=(
        "pymetrics.order.created", "pymetrics.order.echo", "pymetrics.order.nulls", "pymetrics.order.statuses",
        "pymetrics.order.initial", "pymetrics.v2.same", "pymetrics.v2.loose", "pymetrics.types", "pymetrics.dates",
        "pymetrics.id.case",
    ),
    needs=_WRITES,
    examples=3,
)  # fmt: skip
@given(body=orders(), version=versions, other=versions)
def shown_as_asked(context: Context, body: dict[str, Any], version: api.Version, other: api.Version) -> None:
    """Every member is there and no other; what was sent comes back unchanged, and what was not is null.

    The order reads the same in the answer that made it, in both versions' get and in both versions' list.
    """
    sandbox = context.sandbox
    asked = api.filled(sandbox, api.own(sandbox, body))
    made = api.order(sandbox, asked, version)
    shapes.ORDER(made, "the order")
    api.same(made, shown_as(asked, made, api.assessments(sandbox)))
    for look in (version, other):
        api.same(api.read(sandbox, made["id"], look), made, f"the order as version {look.number} reads it")
        api.same(api.look(sandbox, made, look), made, f"the order as version {look.number} lists it")
    if context.is_simulator:
        capitals = {**asked, "assessment_id": asked["assessment_id"].upper()}
        api.same(api.read(sandbox, made["id"].upper(), version), made, "the order by its id in capitals")
        api.same(api.expected(api.ask(sandbox, capitals, version), 200)["order"], made, "the order ordered in capitals")


_TEXT_MEMBERS = ("requisition_id", "requisition_title")
_LEAVES = {f"leaf {place}": leaf for place, leaf in enumerate(JSON_LEAVES)}


@contract(
    "pymetrics.orders.every_text",
    "Whatever a text or the metadata is, it comes back letter for letter",
    kept=RULES,
    promises=("pymetrics.order.echo", "pymetrics.order.nulls"),
    needs=_WRITES,
    examples=0.2,
)
@given(version=versions)
def every_text(context: Context, version: api.Version) -> None:
    """Every awkward word in every member that takes one, and every kind of value in metadata, each at least once.

    Callers find their own records by what comes back, so nothing in it may be trimmed, cut, lowered or left out.
    """
    sandbox = context.sandbox
    for place, text in enumerate(TEXTS):
        others = [TEXTS[(place + step) % len(TEXTS)] for step in (1, 2)]
        candidate = {
            **PLAIN["candidate"],
            "first_name": text if is_name(text) else "Ada",
            "last_name": others[0] if is_name(others[0]) else "",
            "external_id": f"{text}-{others[1]}",
        }
        body = {
            **PLAIN, "candidate": candidate, "application_id": f"{text}-",
            **dict(zip(_TEXT_MEMBERS, others, strict=True)),
            "metadata": {text: others, **_LEAVES, "inner": {**_LEAVES, text: {"": [JSON_LEAVES]}}},
        }  # fmt: skip
        asked = api.filled(sandbox, api.own(sandbox, body))
        made = api.order(sandbox, asked, version)
        api.same(made, shown_as(asked, made, api.assessments(sandbox)))
        api.same(api.read(sandbox, made["id"]), made)


@contract(
    "pymetrics.orders.redirect",
    "A redirect address of any scheme and up to 65536 characters comes back letter for letter",
    kept=_URL_RULES,
    standing=Standing.OBSERVED,
    needs=_WRITES,
    examples=0.5,
)
@given(url=redirects | st.just("https://example.com/" + "a" * 65_516), version=versions)
def redirect(context: Context, url: str, version: api.Version) -> None:
    """The candidate is sent to this very address afterwards, so nothing in it may be tidied."""
    body = api.own(context.sandbox, {**PLAIN, "candidate_redirect_url": url})
    made = api.order(context.sandbox, body, version)
    assert made["candidate_redirect_url"] == url
    assert api.read(context.sandbox, made["id"])["candidate_redirect_url"] == url


@contract(
    "pymetrics.orders.null_is_unset",
    "A null for a member that may be left out is the same as leaving it out",
    promises=("pymetrics.order.nulls",),
    standing=Standing.ASSUMED,
    needs=_WRITES,
    examples=0.35,
)
@given(body=plain_orders, version=versions, left_out=st.booleans())
def null_is_unset(context: Context, body: dict[str, Any], version: api.Version, left_out: bool) -> None:
    """Clients that render every member send null for what is not set; others leave it out."""
    candidate: dict[str, Any] = {"email": body["candidate"]["email"]}
    least = {"candidate": candidate, "assessment_id": body["assessment_id"], "application_id": "a"}
    if not left_out:
        candidate.update(dict.fromkeys(("first_name", "last_name", "external_id")))
        least.update(dict.fromkeys(("send_email", "requisition_id", "requisition_title", "metadata")))
        least["candidate_redirect_url"] = None
    made = api.order(context.sandbox, api.own(context.sandbox, least), version)
    unset = [made["candidate"][name] for name in ("first_name", "last_name", "external_id")]
    unset += [made[name] for name in ("requisition_id", "requisition_title", "metadata", "candidate_redirect_url")]
    assert unset == [None] * 7, f"{made} has values that nobody gave"


@contract(
    "pymetrics.orders.unknown_members",
    "Members that no document names are ignored, with a note",
    kept=("pymetrics.order.body.object", "pymetrics.order.candidate.type"),
    standing=Standing.ASSUMED,
    needs=_WRITES,
    examples=0.5,
)
@given(
    name=st.sampled_from(("callback_url", "Metadata", "email", "candidateId", "x" * 90, "ключ", "due-date")),
    value=st.sampled_from((None, 5, "x", {"a": 1}, [1])), inner=st.booleans(), version=versions,
)  # fmt: skip
def unknown_members(context: Context, name: str, value: Any, inner: bool, version: api.Version) -> None:
    """A slip of the pen is not refused, for the vendor would not; the header Simulator-Note tells of it."""
    sandbox = context.sandbox
    body = deepcopy(PLAIN)
    name = "locale" if inner and name == "email" else name
    (body["candidate"] if inner else body)[name] = value
    asked = api.own(sandbox, body)
    answer = api.ask(sandbox, asked, version)
    made = api.expected(answer, 201)["order"]
    shapes.ORDER(made, "the order")
    api.same(made, shown_as(api.filled(sandbox, asked), made, api.assessments(sandbox)))
    if context.is_simulator:
        note, place = answer.headers.get("simulator-note", ""), f"body.{'candidate.' if inner else ''}"
        assert f"{place}{ascii(name)[1:-1][:40]} is not a documented member" in note, f"the note says {note!r}"
        plain = api.ask(sandbox, api.own(sandbox, PLAIN), version)
        assert "simulator-note" not in plain.headers, "there is a note where nothing is odd"


@contract(
    "pymetrics.orders.links",
    "Every order has a link of its own from the start, which stays the same",
    promises=("pymetrics.order.initial",),
    needs=_WRITES,
    standing=Standing.ASSUMED,
    examples=0.35,
)
@given(version=versions)
def links(context: Context, version: api.Version) -> None:
    """Without mail the caller hands the link over itself, at once; it leads to one order only."""
    sandbox = context.sandbox
    two = [api.order(sandbox, api.own(sandbox, PLAIN), version) for _ in range(2)]
    assert two[0]["invite_link"] != two[1]["invite_link"], "two orders share a link"
    assert two[0]["id"] != two[1]["id"], "two orders share an id"
    for made in two:
        assert api.read(sandbox, made["id"])["invite_link"] == made["invite_link"]
        if context.is_simulator:
            parts, ours = urlsplit(made["invite_link"]), urlsplit(context.target.url)
            assert parts.netloc == ours.netloc, f"the link leads to {parts.netloc}, not back to {ours.netloc}"
            told = sandbox.control_json("GET", f"/invitations/{made['id']}")
            assert told["links"]["invite"] == made["invite_link"]
    if context.is_simulator:
        mine, theirs = (urlsplit(made["invite_link"]).path for made in two)
        assert sandbox.call("GET", mine).status == 200
        forged = mine.replace(two[0]["id"], two[1]["id"])
        assert forged != theirs, "the link of one order fits another"
        assert sandbox.call("GET", forged).status == 404, "the link of one order opens another"


def _mails(sandbox: Sandbox, id: str) -> list[dict[str, Any]]:
    return [mail for mail in sandbox.control_json("GET", "/mail") if mail["invitation"] == id]


@contract(
    "pymetrics.orders.mail",
    "The invitation is mailed once where send_email is true, and not otherwise",
    promises=("pymetrics.order.mail", "pymetrics.order.unchanged"),
    needs={Need.CONTROL, Need.MAIL},
    examples=0.5,
)
@given(
    wish=st.sampled_from((True, False, None, "absent")), version=versions, title=st.sampled_from((None, "Engineer")),
)  # fmt: skip
def mail(context: Context, wish: Any, version: api.Version, title: str | None) -> None:
    """A mail goes to the candidate with the link of the order; asking again sends no second one."""
    sandbox = context.fresh()
    asked = api.own(sandbox, {**PLAIN, "send_email": wish, "requisition_title": title})
    if wish == "absent":
        del asked["send_email"]
    made = api.order(sandbox, asked, version)
    for again in ({}, {"send_email": True}):
        api.expected(api.ask(sandbox, {**asked, **again}, version), 200)
    mails = _mails(sandbox, made["id"])
    assert len(mails) == (wish is True), f"{len(mails)} mails with send_email {wish!r}"
    for one in mails:
        assert (one["to"], one["link"]) == (made["candidate"]["email"], made["invite_link"])
        assert made["invite_link"] in one["text"], "the mail lacks the link"
        assert title is None or title in one["subject"] + one["text"], "the mail lacks the vacancy's title"


@contract(
    "pymetrics.orders.dated",
    "An order's create_date is the instant of its creation on the sandbox's clock",
    promises=("pymetrics.dates",),
    needs={Need.CONTROL},
    standing=Standing.OBSERVED,
    examples=0.5,
)
@given(at=instants, version=versions, later=st.sampled_from(("PT0.000001S", "PT1S", "P1D", "P400D")))
def dated(context: Context, at: str, version: api.Version, later: str) -> None:
    """Time stamps come from one clock, so a test that sets it knows them; they do not change when time passes."""
    sandbox = context.sandbox
    sandbox.freeze(at)
    sandbox.forget_token()
    made = api.order(sandbox, api.own(sandbox, PLAIN), version)
    assert made["create_date"] == shapes.written(shapes.moment(at)), f"{made['create_date']} at {at}"
    sandbox.advance(later)
    sandbox.forget_token()
    api.same(api.read(sandbox, made["id"], version), made, f"the order {later} later")


@contract(
    "pymetrics.orders.initial_status",
    "A new order begins as the sandbox's switch says, with its link",
    promises=("pymetrics.order.initial", "pymetrics.order.statuses"),
    needs={Need.CONTROL},
    standing=Standing.ASSUMED,
    examples=0.35,
)
@given(status=st.sampled_from(("Pending", "Accepted", "Not Started")), version=versions)
def initial_status(context: Context, status: str, version: api.Version) -> None:
    """The pages name three statuses in which an order might begin, and not which it is."""
    context.sandbox.config(behaviour={"pymetrics.initial_status": status})
    made = api.order(context.sandbox, api.own(context.sandbox, PLAIN), version)
    shapes.ORDER(made, "the order")
    assert made["status"] == status
    api.same(api.read(context.sandbox, made["id"]), made)


PROPERTIES: tuple[Property, ...] = (
    shown_as_asked, every_text, redirect, null_is_unset, unknown_members, links, mail, dated, initial_status,
)  # fmt: skip
