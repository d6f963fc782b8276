"""What makes an order the same as another: three parts of it. Asking again finds it, and changes nothing."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from assessment_contracts.context import Context
from assessment_contracts.property import Need, Property, contract, given
from assessment_contracts.pymetrics import api, shapes
from assessment_contracts.pymetrics.orders import RULES
from assessment_contracts.pymetrics.strategies import PLAIN, orders, plain_orders, texts, versions
from assessment_contracts.sources import Standing
from assessment_contracts.wire import Connection

_WRITES = {Need.WRITES}


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
    kept=RULES,
    promises=("pymetrics.order.resolved", "pymetrics.order.unchanged"),
    needs=_WRITES,
)
@given(body=orders(), version=versions, again=versions, change=st.integers(0, 2), times=st.integers(1, 2))
def idempotent(
    context: Context, body: dict[str, Any], version: api.Version, again: api.Version, change: int, times: int
) -> None:
    """A caller that lost the answer asks again; it must find its order with 200 and created false, and only one.

    Nothing is said of changing an order this way, so whatever else the second request has is not taken over.
    """
    sandbox = context.sandbox
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
    kept=RULES,
    promises=("pymetrics.order.created", "pymetrics.order.resolved"),
    needs=_WRITES,
    examples=0.7,
)
@given(body=plain_orders, version=versions, again=versions)
def three_parts(context: Context, body: dict[str, Any], version: api.Version, again: api.Version) -> None:
    """A candidate has several applications, an application several assessments, a vacancy several candidates.

    The parts count one by one: a letter that goes from one to the next makes another order as well.
    """
    sandbox = context.sandbox
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
    "pymetrics.orders.near_addresses",
    "Addresses that merely resemble each other belong to different candidates",
    kept=RULES,
    promises=("pymetrics.order.created", "pymetrics.order.resolved"),
    needs=_WRITES,
    examples=0.2,
)
@given(version=versions, host=st.sampled_from(("example.com", "mail.example.org")))
def near_addresses(context: Context, version: api.Version, host: str) -> None:
    """Some providers ignore dots and what follows a plus, most do not. The API resolves a candidate by the address."""
    sandbox = context.sandbox
    word = api.unused(sandbox)
    names = (f"ada.{word}", f"ada{word}", f"a.da{word}", f"ada{word}+a", f"ada{word}+b", f"adá{word}", f"ada_{word}")
    addresses = [*(f"{name}@{host}" for name in names), f"ada{word}@sub.{host}", f"ada{word}@{host}m"]
    body = {**PLAIN, "application_id": word}
    made = [
        api.order(sandbox, {**body, "candidate": {**PLAIN["candidate"], "email": address}}, version)
        for address in addresses
    ]
    assert len({order["id"] for order in made}) == len(addresses), "two addresses have one order"


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
def email_spelling(context: Context, spell: Any, exact: bool, version: api.Version) -> None:
    """The address is a user name, which nobody wants twice; a switch says how strictly it is compared."""
    sandbox = context.sandbox
    sandbox.config(behaviour={"pymetrics.email_match": "exact" if exact else "ignore case"})
    asked = api.filled(sandbox, api.own(sandbox, PLAIN))
    made = api.order(sandbox, asked, version)
    spelt = {**asked, "candidate": {**asked["candidate"], "email": spell(asked["candidate"]["email"])}}
    told = api.expected(api.ask(sandbox, spelt), 201 if exact else 200)
    assert (told["order"]["id"] == made["id"]) is not exact
    if not exact:
        api.same(told["order"], made)


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
def without_email(context: Context, external: str | None, null: bool, name: str | None) -> None:
    """The page says "generally required"; where it is not, nothing but external_id is left to tell orders apart by.

    Without that either, every order is a new one.
    """
    sandbox = context.sandbox
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


@contract(
    "pymetrics.orders.at_once",
    "Of the same order asked for by several callers at once there is one",
    kept=RULES,
    promises=("pymetrics.order.resolved", "pymetrics.order.created"),
    needs={Need.CONTROL},
    examples=0.35,
)
@given(callers=st.integers(2, 5))
def at_once(context: Context, callers: int) -> None:
    """A caller whose patience is short repeats itself while the first request is still under way."""
    sandbox = context.sandbox
    asked = api.filled(sandbox, api.own(sandbox, PLAIN))
    apart = [replace(sandbox, connection=Connection(context.target.url)) for _ in range(callers)]
    with ThreadPoolExecutor(callers) as pool:
        answers = [*pool.map(lambda one: api.ask(one[1], asked, api.VERSIONS[one[0] % 2]), enumerate(apart))]
    for one in apart:
        one.connection.close()
    assert sorted(answer.status for answer in answers) == [*[200] * (callers - 1), 201]
    assert [answer.status == 201 for answer in answers] == [answer.json["created"] for answer in answers]
    assert len({answer.json["order"]["id"] for answer in answers}) == 1, "the same order was made more than once"
    assert len(api.find(sandbox, job_application_id=asked["application_id"])) == 1


PROPERTIES: tuple[Property, ...] = (idempotent, three_parts, near_addresses, email_spelling, at_once, without_email)
