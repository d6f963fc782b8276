"""Sandboxes: none shows what another holds, and after a reset the same requests have the same results."""

from typing import Any

from hypothesis import strategies as st

from assessment_contracts.context import Context
from assessment_contracts.invalid_requests import check_refusal
from assessment_contracts.property import given
from assessment_contracts.pymetrics import api, errors
from assessment_contracts.pymetrics.facts import FACTS
from assessment_contracts.pymetrics.fixtures import guarded
from assessment_contracts.pymetrics.reports import fetched, mixed
from assessment_contracts.pymetrics.strategies import PLAIN, orders, plain_orders, versions
from assessment_contracts.registry import ASSUMED, CONTROL, Registry
from assessment_contracts.sandbox import Sandbox, unsealed

contract = Registry("pymetrics.isolation", FACTS, CONTROL)


@contract(refuses="get.known v2.factor.known v2.capability.known", name="orders")
@given(body=orders(), version=versions, external=st.sampled_from(("candidate-7", "é")))
def of_orders(context: Context, body: dict[str, Any], version: api.Version, external: str) -> None:
    """Orders of one sandbox are not found, read, changed or resolved in another.

    Many tests run against one server at once, each as if it were alone.
    """
    mine, yours = context.fresh(), context.fresh()
    body = {**body, "candidate": {**body["candidate"], "external_id": external}, "application_id": "application-42"}
    made = api.order(mine, body, version)
    for filters in ({"job_application_id": "application-42"}, {"candidate_id": external}):
        assert api.find(yours, version, **filters) == [], "another sandbox's order is listed"
    mine.act(made["id"], "complete")
    for path in (
        f"{api.V1.read}/{made['id']}",
        f"{api.V2.read}/{made['id']}",
        f"/mercury/v2/factorContent/{made['id']}",
    ):
        answer = yours.call("GET", path, auth="pymetrics")
        assert answer.status == 404, f"{path} of another sandbox is answered {answer.status}"
        errors.envelope(answer)
    assert api.capabilities(yours, made["id"], "talent").status == 404
    assert yours.control("POST", f"/invitations/{made['id']}/expire").status == 404
    twin = api.order(yours, body, version)
    assert twin["id"] != made["id"], "two sandboxes have an order of the same id"
    assert twin["invite_link"] != made["invite_link"], "two sandboxes share a link"
    assert api.look(mine, made)["status"] == "Completed"
    assert api.read(yours, twin["id"])["status"] == "Not Started"


@contract(refuses="access.token.known", examples=0.2, name="tokens")
@given(version=versions)
def of_tokens(context: Context, version: api.Version) -> None:
    """A token is valid in its own sandbox only, whichever key is sent with it.

    Key and token are issued to one client: a mixed pair is refused by both sandboxes.
    """
    mine, yours = context.fresh(), context.fresh()
    assert mine.token() != yours.token(), "two sandboxes gave out the same token"
    for own, other in ((mine, yours), (yours, mine)):
        stranger = {"Authorization": f"Bearer {other.token()}"}
        for name, call in guarded(own).items():
            answer = call(stranger)
            check_refusal(answer, 401, {"pymetrics.access.token.known"}, name)
            errors.envelope(answer)
    for sandbox in (mine, yours):
        api.expected(sandbox.call("GET", version.configuration, auth="pymetrics"), 200)


def _responses(sandbox: Sandbox, bodies: list[dict[str, Any]]) -> list[Any]:
    """Every response to a sequence of requests, with ids, scores and links."""
    sandbox.freeze("2026-01-01T00:00:00Z")
    response: list[Any] = []
    for body in bodies:
        made = api.order(sandbox, api.own(sandbox, body))
        sandbox.act(made["id"], "complete")
        shown = api.read(sandbox, made["id"], report="true")
        response += [made, shown, api.expected(api.factors(sandbox, made["id"]), 200)]
    return response


@contract(refuses="access.token.known get.known report.link", examples=0.7)
@given(bodies=st.lists(plain_orders, min_size=1, max_size=3))
def repeated(context: Context, bodies: list[dict[str, Any]]) -> None:
    """After a reset the sandbox is empty, its tokens are void, and the same requests give the same ids and scores.

    A failing test can be repeated with the same data. Only tokens and the seals of links are never issued twice,
    otherwise those from before the reset would be valid after it.
    """
    sandbox = context.fresh()
    first, old = _responses(sandbox, bodies), sandbox.token()
    link = first[1]["reports"][0]["download_url"]
    assert fetched(sandbox, link).status == 200
    sandbox.reset()
    assert sandbox.control_json("GET", "/invitations") == [], "a reset left invitations"
    refused = sandbox.call("GET", api.V1.configuration, headers={"Authorization": f"Bearer {old}"}, auth="pymetrics")
    assert refused.status == 401, f"a token from before the reset is answered {refused.status}"
    answer = sandbox.call("GET", f"{api.V1.read}/{first[0]['id']}", auth="pymetrics")
    assert answer.status == 404, f"an order from before the reset is answered {answer.status}"
    assert fetched(sandbox, link).status == 403, "a link from before the reset still answers"
    sandbox.reset()
    again = _responses(sandbox, bodies)
    assert sandbox.token() != old, "a token was given out twice"
    for name in ("invite_link", "reports"):
        assert again[1][name] != first[1][name], f"a link in {name} was given out twice"
    api.same(unsealed(again), unsealed(first), "the same requests after a reset")


@contract("order.created", standing=ASSUMED, examples=0.1)
def chance(context: Context) -> None:
    """Every order has different ids, links and scores, also in two sandboxes with equal seeds.

    Sandboxes are often opened with the same seed; a link of one must not open anything in the other.
    """
    runs = [_responses(context.fresh(), [PLAIN] * 3) for _ in range(2)]
    made = [one for response in runs for one in response[::3]]
    for member in ("id", "invite_link"):
        values = [one[member] for one in made]
        assert len(set(values)) == len(values), f"a value of {member} was given out twice"
    scores = [one["results"][0]["score"] for response in runs for one in response[1::3]]
    assert len(set(scores)) > 3, f"the scores are {scores}"


@contract(refuses="report.link", examples=0.1)
def links(context: Context) -> None:
    """A report's link opens nothing in another sandbox, not even combined with another link.

    A link gives access to one report only.
    """
    mine, yours = ([one for one in _responses(context.fresh(), [PLAIN]) if one.get("reports")] for _ in range(2))
    two = [response[0]["reports"][0]["download_url"] for response in (mine, yours)]
    assert two[0] != two[1], "two sandboxes share a link"
    for link in (*mixed(*two), *mixed(*reversed(two))):
        assert fetched(context.sandbox, link).status == 403, f"a link put together of two opens a report: {link}"


PROPERTIES = contract.properties
