"""What makes an order the same as another: three parts of it. Asking again finds it, and changes nothing."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from assessment_contracts.context import Context
from assessment_contracts.property import given
from assessment_contracts.pymetrics import api
from assessment_contracts.pymetrics.facts import FACTS, TABLES
from assessment_contracts.pymetrics.strategies import PLAIN, maybe_name, orders, plain_orders, versions
from assessment_contracts.registry import ASSUMED, CONTROL, WRITES, Registry
from assessment_contracts.wire import Connection

contract = Registry("pymetrics.orders", FACTS, WRITES)


def _varied(body: dict[str, Any], change: int) -> dict[str, Any]:
    """The same three parts with everything else different."""
    words = {"first_name": f"Eda {change}", "last_name": None, "external_id": "another"}
    more = {"requisition_id": "another", "requisition_title": "Another", "metadata": {"another": change}}
    url = "https://another.example.com/"
    candidate = {**words, "email": body["candidate"]["email"]}
    return {**body, "candidate": candidate, **more, "candidate_redirect_url": url, "send_email": False}


@contract("order.resolved order.unchanged")
@given(body=orders(), version=versions, again=versions, change=st.integers(0, 2), times=st.integers(1, 2))
def idempotent(
    context: Context, body: dict[str, Any], version: api.Version, again: api.Version, change: int, times: int
) -> None:
    """A request for the same e-mail, assessment and application returns the existing order, unchanged.

    A caller whose response was lost repeats the request; it must find its order with 200 and created false. No page
    says that this changes an order, so other members of the second request are ignored.
    """
    sandbox = context.sandbox
    asked = api.filled(sandbox, api.own(sandbox, body))
    made = api.order(sandbox, asked, version)
    for _ in range(times):
        response = api.expected(api.ask(sandbox, _varied(asked, change) if change else asked, again), 200)
        api.same(response, {"order": made, "created": False}, "the answer to the same order")
    for look in api.VERSIONS:
        found = api.find(sandbox, look, job_application_id=made["application_id"])
        api.same(found, [made], "what the application has")


@contract("order.created order.resolved", examples=0.7)
@given(body=plain_orders, version=versions, again=versions)
def three_parts(context: Context, body: dict[str, Any], version: api.Version, again: api.Version) -> None:
    """Another e-mail, assessment or application makes another order.

    A candidate has several applications, an application several assessments. The parts are compared one by one: a
    letter that moves from one part to the next makes another order, too.
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
        made = api.order(sandbox, {**asked, **change}, again)["id"]
        response = api.expected(api.ask(sandbox, {**asked, **change}, version), 200)
        assert response["order"]["id"] == made, f"another order is found by {change}"
        ids.add(made)
    assert len(ids) == 6 - (len(api.assessments(sandbox)) == 1), f"only {len(ids)} orders were told apart"


@contract("order.created order.resolved", examples=0.2)
@given(version=versions, host=st.sampled_from(("example.com", "mail.example.org")))
def near_addresses(context: Context, version: api.Version, host: str) -> None:
    """Similar addresses belong to different candidates.

    Some providers ignore dots and what follows a plus, most do not.
    """
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


@contract("v2.loose", needs=CONTROL, standing=ASSUMED, examples=0.5)
@given(external=st.sampled_from((None, "", "candidate-7")), null=st.booleans(), name=maybe_name)
def without_email(context: Context, external: str | None, null: bool, name: str | None) -> None:
    """If version 2 does not require an address, the caller's own id identifies candidates.

    The page says "generally required". Without an address only external_id distinguishes orders; without that, too,
    every order is a new one.
    """
    sandbox = context.sandbox
    sandbox.config(behaviour={"pymetrics.v2_email": "optional"})
    word = api.unused(sandbox)
    candidate = {"external_id": external and external + word, "first_name": name, **({"email": None} if null else {})}
    asked = api.filled(sandbox, {**PLAIN, "candidate": candidate, "application_id": word})
    made = api.order(sandbox, asked, api.V2)
    TABLES.check(made, "order")
    assert made["candidate"]["email"] is None
    response = api.expected(api.ask(sandbox, asked, api.V2), 200 if external else 201)
    assert (response["order"]["id"] == made["id"]) is bool(external)
    refused = api.ask(sandbox, asked, api.V1)
    assert refused.status == 400, "version 1 does without an address"


@contract("order.resolved order.created", needs=CONTROL, examples=0.35)
@given(callers=st.integers(2, 5))
def at_once(context: Context, callers: int) -> None:
    """Concurrent requests for the same order create one.

    An impatient caller repeats its request while the first is still in progress.
    """
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


PROPERTIES = contract.properties
