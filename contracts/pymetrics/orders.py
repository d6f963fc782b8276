"""Orders: made as they were asked for, found again by three parts of them, and not changed by asking again."""

from copy import deepcopy
from typing import Any
from urllib.parse import urlsplit

from hypothesis import strategies as st

from contracts.lab import Lab
from contracts.property import Need, Property, contract, given
from contracts.pymetrics import api, shapes
from contracts.pymetrics.facts import ORDER_FIELDS
from contracts.pymetrics.oracle import shown_as
from contracts.pymetrics.strategies import PLAIN, instants, orders, plain_orders, redirects, texts, versions
from contracts.sandbox import Sandbox
from contracts.sources import Standing

_RULES = (
    "pymetrics.order.body.json",
    "pymetrics.order.body.object",
    *(f"pymetrics.order.{name}.type" for name in ORDER_FIELDS),
    *(f"pymetrics.order.{name}.required" for name in ("candidate", "assessment_id", "application_id")),
    *("pymetrics.order.candidate.email.required", "pymetrics.v2.order.candidate.email.required"),
    *("pymetrics.order.candidate.email.empty", "pymetrics.order.assessment_id.known"),
)
_URL_RULES = ("pymetrics.order.candidate_redirect_url.length", "pymetrics.order.candidate_redirect_url.url")
_WRITES = {Need.WRITES}


@contract(
    "pymetrics.orders.shown_as_asked",
    "A new order is answered 201 as it was asked for, and everywhere looks the same",
    kept=(*_RULES, *_URL_RULES, "pymetrics.get.known"),
    promises=(
        "pymetrics.order.created", "pymetrics.order.echo", "pymetrics.order.nulls", "pymetrics.order.statuses",
        "pymetrics.order.initial", "pymetrics.v2.same", "pymetrics.v2.loose", "pymetrics.types", "pymetrics.dates",
    ),
    needs=_WRITES,
)  # fmt: skip
@given(body=orders(), version=versions, other=versions)
def shown_as_asked(lab: Lab, body: dict[str, Any], version: api.Version, other: api.Version) -> None:
    """Every member is there and no other; what was sent comes back unchanged, and what was not is null.

    The order reads the same in the answer that made it, in both versions' get and in both versions' list.
    """
    sandbox = lab.sandbox
    asked = api.filled(sandbox, api.own(sandbox, body))
    made = api.order(sandbox, asked, version)
    shapes.ORDER(made, "the order")
    api.same(made, shown_as(asked, made, api.assessments(sandbox)))
    for look in (version, other):
        api.same(api.read(sandbox, made["id"], look), made, f"the order as version {look.number} reads it")
        api.same(api.look(sandbox, made, look), made, f"the order as version {look.number} lists it")


@contract(
    "pymetrics.orders.redirect",
    "A redirect address of any scheme and up to 65536 characters comes back letter for letter",
    kept=_URL_RULES,
    standing=Standing.OBSERVED,
    needs=_WRITES,
    examples=0.5,
)
@given(url=redirects | st.just("https://example.com/" + "a" * 65_516), version=versions)
def redirect(lab: Lab, url: str, version: api.Version) -> None:
    """The candidate is sent to this very address afterwards, so nothing in it may be tidied."""
    body = api.own(lab.sandbox, {**PLAIN, "candidate_redirect_url": url})
    made = api.order(lab.sandbox, body, version)
    assert made["candidate_redirect_url"] == url
    assert api.read(lab.sandbox, made["id"])["candidate_redirect_url"] == url


def _varied(body: dict[str, Any], change: int) -> dict[str, Any]:
    """The same three parts with everything else different."""
    words = {"first_name": f"Eda {change}", "last_name": None, "external_id": "another"}
    more = {"requisition_id": "another", "requisition_title": "Another", "metadata": {"another": change}}
    url = "https://another.example.com/"
    candidate = {**words, "email": body["candidate"]["email"]}
    return {**body, "candidate": candidate, **more, "candidate_redirect_url": url, "send_email": False}


@contract(
    "pymetrics.orders.idempotent",
    "Asking again for the same e-mail, assessment and application gives the order that is there, unchanged",
    kept=_RULES,
    promises=("pymetrics.order.resolved", "pymetrics.order.unchanged"),
    needs=_WRITES,
)
@given(body=orders(), version=versions, again=versions, change=st.integers(0, 2), times=st.integers(1, 2))
def idempotent(
    lab: Lab, body: dict[str, Any], version: api.Version, again: api.Version, change: int, times: int
) -> None:
    """A caller that lost the answer asks again; it must find its order with 200 and created false, and only one.

    Nothing is said of changing an order this way, so whatever else the second request has is not taken over.
    """
    sandbox = lab.sandbox
    asked = api.filled(sandbox, api.own(sandbox, body))
    made = api.order(sandbox, asked, version)
    for _ in range(times):
        told = api.expected(api.ask(sandbox, _varied(asked, change) if change else asked, again), 200)
        api.same(told, {"order": made, "created": False}, "the answer to the same order")
    for look in api.VERSIONS:
        found = api.find(sandbox, look, job_application_id=made["application_id"])
        api.same(found, [made], "what the application has")


@contract(
    "pymetrics.orders.three_parts",
    "Another e-mail, assessment or application makes another order: all three parts count",
    kept=_RULES,
    promises=("pymetrics.order.created", "pymetrics.order.resolved"),
    needs=_WRITES,
    examples=0.7,
)
@given(body=plain_orders, version=versions, again=versions)
def three_parts(lab: Lab, body: dict[str, Any], version: api.Version, again: api.Version) -> None:
    """A candidate has several applications, an application several assessments, a vacancy several candidates.

    The parts count one by one: a letter that goes from one to the next makes another order as well.
    """
    sandbox = lab.sandbox
    asked = api.filled(sandbox, api.own(sandbox, body))
    ids = {api.order(sandbox, asked, version)["id"]}
    email, application = asked["candidate"]["email"], asked["application_id"]
    for change in (
        {"candidate": {**asked["candidate"], "email": f"x{email}"}},
        {"assessment_id": api.assessments(sandbox)[(body["assessment_id"] + 1) % len(api.assessments(sandbox))]["id"]},
        {"application_id": f"{application}x"},
        {"application_id": application.upper()},
        {"candidate": {**asked["candidate"], "email": f"{email}a"}, "application_id": application[1:]},
    ):
        if change.get("assessment_id") == asked["assessment_id"]:
            continue
        ids.add(api.order(sandbox, {**asked, **change}, again)["id"])
        told = api.expected(api.ask(sandbox, {**asked, **change}, version), 200)
        assert told["order"]["id"] in ids
    assert len(ids) == 6 - (len(api.assessments(sandbox)) == 1), f"only {len(ids)} orders were told apart"


@contract(
    "pymetrics.orders.email_spelling",
    "Addresses that differ in letter case or outer blanks are one, unless they are to be exact",
    promises=("pymetrics.order.resolved",),
    standing=Standing.ASSUMED,
    needs={Need.CONTROL},
    examples=0.5,
)
@given(
    spell=st.sampled_from((str.upper, str.title, " {}".format, "{}\t".format, "\n {} ".format)), exact=st.booleans(),
    version=versions,
)  # fmt: skip
def email_spelling(lab: Lab, spell: Any, exact: bool, version: api.Version) -> None:
    """The address is a user name, which nobody wants twice; a switch says how strictly it is compared."""
    sandbox = lab.sandbox
    sandbox.config(behaviour={"pymetrics.email_match": "exact" if exact else "ignore case"})
    asked = api.filled(sandbox, api.own(sandbox, PLAIN))
    made = api.order(sandbox, asked, version)
    spelt = {**asked, "candidate": {**asked["candidate"], "email": spell(asked["candidate"]["email"])}}
    told = api.expected(api.ask(sandbox, spelt), 201 if exact else 200)
    assert (told["order"]["id"] == made["id"]) is not exact
    if not exact:
        api.same(told["order"], made)


@contract(
    "pymetrics.orders.null_is_unset",
    "A null for a member that may be left out is the same as leaving it out",
    promises=("pymetrics.order.nulls",),
    standing=Standing.ASSUMED,
    needs=_WRITES,
    examples=0.35,
)
@given(body=plain_orders, version=versions, left_out=st.booleans())
def null_is_unset(lab: Lab, body: dict[str, Any], version: api.Version, left_out: bool) -> None:
    """Clients that render every member send null for what is not set; others leave it out."""
    candidate: dict[str, Any] = {"email": body["candidate"]["email"]}
    least = {"candidate": candidate, "assessment_id": body["assessment_id"], "application_id": "a"}
    if not left_out:
        candidate.update(dict.fromkeys(("first_name", "last_name", "external_id")))
        least.update(dict.fromkeys(("send_email", "requisition_id", "requisition_title", "metadata")))
        least["candidate_redirect_url"] = None
    made = api.order(lab.sandbox, api.own(lab.sandbox, least), version)
    unset = [made["candidate"][name] for name in ("first_name", "last_name", "external_id")]
    unset += [made[name] for name in ("requisition_id", "requisition_title", "metadata", "candidate_redirect_url")]
    assert unset == [None] * 7, f"{made} has values that nobody gave"


@contract(
    "pymetrics.orders.unknown_members",
    "Members that no document names are ignored, with a note",
    standing=Standing.ASSUMED,
    needs=_WRITES,
    examples=0.5,
)
@given(
    name=st.sampled_from(("callback_url", "Metadata", "email", "candidateId", "x" * 90, "ключ", "due-date")),
    value=st.sampled_from((None, 5, "x", {"a": 1}, [1])), inner=st.booleans(), version=versions,
)  # fmt: skip
def unknown_members(lab: Lab, name: str, value: Any, inner: bool, version: api.Version) -> None:
    """A slip of the pen is not refused, for the vendor would not; the header Simulator-Note tells of it."""
    sandbox = lab.sandbox
    body = deepcopy(PLAIN)
    name = "locale" if inner and name == "email" else name
    (body["candidate"] if inner else body)[name] = value
    asked = api.own(sandbox, body)
    answer = api.ask(sandbox, asked, version)
    made = api.expected(answer, 201)["order"]
    shapes.ORDER(made, "the order")
    api.same(made, shown_as(api.filled(sandbox, asked), made, api.assessments(sandbox)))
    if lab.is_simulator:
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
def links(lab: Lab, version: api.Version) -> None:
    """Without mail the caller hands the link over itself, at once; it leads to one order only."""
    sandbox = lab.sandbox
    two = [api.order(sandbox, api.own(sandbox, PLAIN), version) for _ in range(2)]
    assert two[0]["invite_link"] != two[1]["invite_link"], "two orders share a link"
    assert two[0]["id"] != two[1]["id"], "two orders share an id"
    for made in two:
        assert api.read(sandbox, made["id"])["invite_link"] == made["invite_link"]
        if lab.is_simulator:
            parts, ours = urlsplit(made["invite_link"]), urlsplit(lab.target.url)
            assert parts.netloc == ours.netloc, f"the link leads to {parts.netloc}, not back to {ours.netloc}"
            told = sandbox.told("GET", f"/invitations/{made['id']}")
            assert told["links"]["invite"] == made["invite_link"]


def _mails(sandbox: Sandbox, id: str) -> list[dict[str, Any]]:
    return [mail for mail in sandbox.told("GET", "/mail") if mail["invitation"] == id]


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
def mail(lab: Lab, wish: Any, version: api.Version, title: str | None) -> None:
    """A mail goes to the candidate with the link of the order; asking again sends no second one."""
    sandbox = lab.fresh()
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
def dated(lab: Lab, at: str, version: api.Version, later: str) -> None:
    """Time stamps come from one clock, so a test that sets it knows them; they do not change when time passes."""
    sandbox = lab.sandbox
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
def initial_status(lab: Lab, status: str, version: api.Version) -> None:
    """The pages name three statuses in which an order might begin, and not which it is."""
    lab.sandbox.config(behaviour={"pymetrics.initial_status": status})
    made = api.order(lab.sandbox, api.own(lab.sandbox, PLAIN), version)
    shapes.ORDER(made, "the order")
    assert made["status"] == status
    api.same(api.read(lab.sandbox, made["id"]), made)


@contract(
    "pymetrics.orders.without_email",
    "Where version 2 may do without an address, the caller's own id tells candidates apart",
    promises=("pymetrics.v2.loose",),
    kept=("pymetrics.v2.order.candidate.email.required",),
    needs={Need.CONTROL},
    standing=Standing.ASSUMED,
    examples=0.5,
)
@given(external=st.sampled_from((None, "", "candidate-7")), null=st.booleans(), name=st.none() | texts)
def without_email(lab: Lab, external: str | None, null: bool, name: str | None) -> None:
    """The page says "generally required"; where it is not, nothing but external_id is left to tell orders apart by.

    Without that either, every order is a new one.
    """
    sandbox = lab.sandbox
    sandbox.config(behaviour={"pymetrics.v2_email": "optional"})
    word = api.unused(sandbox)
    candidate = {"external_id": external and external + word, "first_name": name, **({"email": None} if null else {})}
    asked = api.filled(sandbox, {**PLAIN, "candidate": candidate, "application_id": word})
    made = api.order(sandbox, asked, api.V2)
    shapes.ORDER(made, "the order")
    assert made["candidate"]["email"] is None
    told = api.expected(api.ask(sandbox, asked, api.V2), 200 if external else 201)
    assert (told["order"]["id"] == made["id"]) is bool(external)
    refused = api.ask(sandbox, asked, api.V1)
    assert refused.status == 400, "version 1 does without an address"


PROPERTIES: tuple[Property, ...] = (
    shown_as_asked, redirect, idempotent, three_parts, email_spelling, null_is_unset, unknown_members, links, mail,
    dated, initial_status, without_email,
)  # fmt: skip
