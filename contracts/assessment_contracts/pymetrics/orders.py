"""Orders: created as they were requested, and shown so everywhere."""

from copy import deepcopy
from typing import Any
from urllib.parse import urlsplit

from hypothesis import strategies as st

from assessment_contracts import timestamps
from assessment_contracts.context import Context
from assessment_contracts.property import given
from assessment_contracts.pymetrics import api
from assessment_contracts.pymetrics.facts import FACTS, TABLES
from assessment_contracts.pymetrics.model import shown_as
from assessment_contracts.pymetrics.strategies import (
    JSON_LEAVES,
    PLAIN,
    TEXTS,
    instants,
    is_name,
    orders,
    redirects,
    versions,
)
from assessment_contracts.registry import ASSUMED, CONTROL, MAIL, OBSERVED, WRITES, Registry
from assessment_contracts.sandbox import Sandbox

contract = Registry("pymetrics.orders", FACTS, WRITES)


@contract(
    "order.created order.echo order.nulls order.statuses order.initial v2.same v2.loose types dates id.case",
    accepts="order.* v2.order.* get.known",
    examples=3,
)
@given(body=orders(), version=versions, other=versions)
def shown_as_asked(context: Context, body: dict[str, Any], version: api.Version, other: api.Version) -> None:
    """A new order returns 201 with what was requested, and looks the same everywhere.

    All members are there and no others; what was sent is unchanged, and what was not is null. The order is the same in
    the response that created it, in both versions' get and in both versions' list.
    """
    sandbox = context.sandbox
    asked = api.filled(sandbox, api.own(sandbox, body))
    made = api.order(sandbox, asked, version)
    TABLES.check(made, "order")
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


@contract("order.echo order.nulls", examples=0.2)
@given(version=versions)
def every_text(context: Context, version: api.Version) -> None:
    """Every text and all metadata come back unchanged.

    Every unusual text is tried in every member, and every kind of value in metadata. Callers find their own records by
    what comes back, so nothing may be trimmed, cut, lowered or omitted.
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


@contract(standing=OBSERVED, examples=0.5)
@given(url=redirects | st.just("https://example.com/" + "a" * 65_516), version=versions)
def redirect(context: Context, url: str, version: api.Version) -> None:
    """A redirect URL of any scheme and up to 65536 characters comes back unchanged.

    The candidate is sent to this URL afterwards, so it must not be normalised.
    """
    body = api.own(context.sandbox, {**PLAIN, "candidate_redirect_url": url})
    made = api.order(context.sandbox, body, version)
    assert made["candidate_redirect_url"] == url
    assert api.read(context.sandbox, made["id"])["candidate_redirect_url"] == url


@contract(standing=ASSUMED, examples=0.5)
@given(
    name=st.sampled_from(("callback_url", "Metadata", "email", "candidateId", "x" * 90, "ключ", "due-date")),
    value=st.sampled_from((None, 5, "x", {"a": 1}, [1])), inner=st.booleans(), version=versions,
)  # fmt: skip
def unknown_members(context: Context, name: str, value: Any, inner: bool, version: api.Version) -> None:
    """Undocumented members are ignored, with a note.

    The vendor does not refuse them; the header Simulator-Note names them, so that a misprint is found.
    """
    sandbox = context.sandbox
    body = deepcopy(PLAIN)
    name = "locale" if inner and name == "email" else name
    (body["candidate"] if inner else body)[name] = value
    asked = api.own(sandbox, body)
    answer = api.ask(sandbox, asked, version)
    made = api.expected(answer, 201)["order"]
    TABLES.check(made, "order")
    api.same(made, shown_as(api.filled(sandbox, asked), made, api.assessments(sandbox)))
    if context.is_simulator:
        note, place = answer.headers.get("simulator-note", ""), f"body.{'candidate.' if inner else ''}"
        assert f"{place}{ascii(name)[1:-1][:40]} is not a documented member" in note, f"the note says {note!r}"
        plain = api.ask(sandbox, api.own(sandbox, PLAIN), version)
        assert "simulator-note" not in plain.headers, "there is a note where nothing is odd"


@contract("order.initial", examples=0.35)
@given(version=versions)
def links(context: Context, version: api.Version) -> None:
    """Every order has its own link from the start, which does not change.

    Without mail the caller passes the link on. It opens this order only.
    """
    sandbox = context.sandbox
    two = [api.order(sandbox, api.own(sandbox, PLAIN), version) for _ in range(2)]
    assert two[0]["invite_link"] != two[1]["invite_link"], "two orders share a link"
    assert two[0]["id"] != two[1]["id"], "two orders share an id"
    for made in two:
        assert api.read(sandbox, made["id"])["invite_link"] == made["invite_link"]
        if context.is_simulator:
            parts, ours = urlsplit(made["invite_link"]), urlsplit(context.target.url)
            assert parts.netloc == ours.netloc, f"the link leads to {parts.netloc}, not back to {ours.netloc}"
            response = sandbox.control_json("GET", f"/invitations/{made['id']}")
            assert response["links"]["invite"] == made["invite_link"]
    if context.is_simulator:
        mine, theirs = (urlsplit(made["invite_link"]).path for made in two)
        assert sandbox.call("GET", mine).status == 200
        forged = mine.replace(two[0]["id"], two[1]["id"])
        assert forged != theirs, "the link of one order fits another"
        assert sandbox.call("GET", forged).status == 404, "the link of one order opens another"


def _mails(sandbox: Sandbox, id: str) -> list[dict[str, Any]]:
    return [mail for mail in sandbox.control_json("GET", "/mail") if mail["invitation"] == id]


@contract("order.mail order.unchanged", needs=CONTROL | MAIL, examples=0.5)
@given(
    wish=st.sampled_from((True, False, None, "absent")), version=versions, title=st.sampled_from((None, "Engineer")),
)  # fmt: skip
def mail(context: Context, wish: Any, version: api.Version, title: str | None) -> None:
    """The invitation is mailed once if send_email is true, and not otherwise.

    The mail goes to the candidate with the link of the order; a repeated request sends no second one.
    """
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


@contract("dates", needs=CONTROL, examples=0.5)
@given(at=instants, version=versions, later=st.sampled_from(("PT0.000001S", "PT1S", "P1D", "P400D")))
def dated(context: Context, at: str, version: api.Version, later: str) -> None:
    """An order's create_date is the time of its creation on the sandbox's clock.

    All timestamps come from one clock, so a test that sets it knows them; they do not change later.
    """
    sandbox = context.sandbox
    sandbox.freeze(at)
    sandbox.forget_token()
    made = api.order(sandbox, api.own(sandbox, PLAIN), version)
    assert made["create_date"] == timestamps.six_decimals(timestamps.parsed(at)), f"{made['create_date']} at {at}"
    sandbox.advance(later)
    sandbox.forget_token()
    api.same(api.read(sandbox, made["id"], version), made, f"the order {later} later")


PROPERTIES = contract.properties
