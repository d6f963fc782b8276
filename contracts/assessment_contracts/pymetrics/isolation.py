"""Sandboxes: what one holds no other sees, and the same story told again comes out the same."""

from typing import Any

from hypothesis import strategies as st

from assessment_contracts.context import Context
from assessment_contracts.property import Need, Property, contract, given
from assessment_contracts.pymetrics import api, shapes
from assessment_contracts.pymetrics.flaws import alike, guarded
from assessment_contracts.pymetrics.reports import fetched, mixed
from assessment_contracts.pymetrics.strategies import PLAIN, orders, plain_orders, versions
from assessment_contracts.sandbox import Sandbox, unsealed
from assessment_contracts.sources import Standing

_CONTROL = {Need.CONTROL}


@contract(
    "pymetrics.isolation.orders",
    "What one sandbox holds, another neither finds, nor reads, nor moves, nor runs into",
    kept=("pymetrics.access.key", "pymetrics.access.token.known"),
    broken=("pymetrics.get.known", "pymetrics.v2.factor.known", "pymetrics.v2.capability.known"),
    standing=Standing.ASSUMED,
    needs=_CONTROL,
)
@given(body=orders(), version=versions, external=st.sampled_from(("candidate-7", "é")))
def of_orders(context: Context, body: dict[str, Any], version: api.Version, external: str) -> None:
    """A thousand tests run against one server at once, each as if it were alone."""
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
        shapes.refusal(answer)
    assert api.capabilities(yours, made["id"], "talent").status == 404
    assert yours.control("POST", f"/invitations/{made['id']}/expire").status == 404
    twin = api.order(yours, body, version)
    assert twin["id"] != made["id"], "two sandboxes have an order of the same id"
    assert twin["invite_link"] != made["invite_link"], "two sandboxes share a link"
    assert api.look(mine, made)["status"] == "Completed"
    assert api.read(yours, twin["id"])["status"] == "Not Started"


@contract(
    "pymetrics.isolation.tokens",
    "A token opens its own sandbox only, whatever key is shown with it",
    broken=("pymetrics.access.token.known",),
    needs=_CONTROL,
    examples=0.2,
)
@given(version=versions)
def of_tokens(context: Context, version: api.Version) -> None:
    """Key and token are issued to one client: a mixed pair is nobody's, and neither sandbox answers it."""
    mine, yours = context.fresh(), context.fresh()
    assert mine.token() != yours.token(), "two sandboxes gave out the same token"
    for own, other in ((mine, yours), (yours, mine)):
        stranger = {"Authorization": f"Bearer {other.token()}"}
        refused = alike({name: call(stranger) for name, call in guarded(own).items()})
        assert refused.status == 401, f"another sandbox's token is answered {refused.status}"
        shapes.refusal(refused)
        assert refused.rules == ("pymetrics.access.token.known",)
    for sandbox in (mine, yours):
        api.expected(sandbox.call("GET", version.configuration, auth="pymetrics"), 200)


def _story(sandbox: Sandbox, bodies: list[dict[str, Any]]) -> list[Any]:
    """A story with ids, scores and links in it; every answer in it."""
    sandbox.freeze("2026-01-01T00:00:00Z")
    told: list[Any] = []
    for body in bodies:
        made = api.order(sandbox, api.own(sandbox, body))
        sandbox.act(made["id"], "complete")
        shown = api.read(sandbox, made["id"], report="true")
        told += [made, shown, api.expected(api.factors(sandbox, made["id"]), 200)]
    return told


@contract(
    "pymetrics.isolation.repeated",
    "After a reset the sandbox is empty, its tokens are void, and the same story gives the same ids and scores",
    broken=("pymetrics.access.token.known", "pymetrics.get.known", "pymetrics.report.link"),
    standing=Standing.ASSUMED,
    needs=_CONTROL,
    examples=0.7,
)
@given(bodies=st.lists(plain_orders, min_size=1, max_size=3))
def repeated(context: Context, bodies: list[dict[str, Any]]) -> None:
    """A test that fails can be run again with the very same data: chance comes from the seed and the name alone.

    Only tokens and the seals of links are never given out twice, or one from before the reset would be good after it.
    """
    sandbox = context.fresh()
    first, old = _story(sandbox, bodies), sandbox.token()
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
    again = _story(sandbox, bodies)
    assert sandbox.token() != old, "a token was given out twice"
    for name in ("invite_link", "reports"):
        assert again[1][name] != first[1][name], f"a link in {name} was given out twice"
    api.same(unsealed(again), unsealed(first), "the story told again")


@contract(
    "pymetrics.isolation.chance",
    "Ids, links, tokens and scores are drawn anew for each order, and equal seeds in two sandboxes share none",
    promises=("pymetrics.order.created",),
    standing=Standing.ASSUMED,
    needs=_CONTROL,
    examples=0.1,
)
def chance(context: Context) -> None:
    """Sandboxes are often opened with the same seed; a link of the one must not open anything in the other."""
    stories = [_story(context.fresh(), [PLAIN] * 3) for _ in range(2)]
    made = [one for told in stories for one in told[::3]]
    for member in ("id", "invite_link"):
        values = [one[member] for one in made]
        assert len(set(values)) == len(values), f"a value of {member} was given out twice"
    scores = [one["results"][0]["score"] for told in stories for one in told[1::3]]
    assert len(set(scores)) > 3, f"the scores are {scores}"


@contract(
    "pymetrics.isolation.links",
    "A report's link opens nothing in another sandbox, also not when parts of both are put together",
    broken=("pymetrics.report.link",),
    standing=Standing.ASSUMED,
    needs=_CONTROL,
    examples=0.1,
)
def links(context: Context) -> None:
    """Whoever holds a link holds one report, and not a way to make links to others."""
    mine, yours = ([one for one in _story(context.fresh(), [PLAIN]) if one.get("reports")] for _ in range(2))
    two = [told[0]["reports"][0]["download_url"] for told in (mine, yours)]
    assert two[0] != two[1], "two sandboxes share a link"
    for link in (*mixed(*two), *mixed(*reversed(two))):
        assert fetched(context.sandbox, link).status == 403, f"a link put together of two opens a report: {link}"


@contract(
    "pymetrics.isolation.forgotten",
    "Nothing that was begun before a reset acts after it: no alarm, no webhook",
    promises=("pymetrics.order.moves", "pymetrics.webhook"),
    standing=Standing.ASSUMED,
    needs={Need.CONTROL, Need.LISTENER},
    examples=0.35,
)
@given(tag=st.sampled_from(("+completes-in-10s", "+completes-in-2h")), status=st.sampled_from((503, 500)))
def forgotten(context: Context, tag: str, status: int) -> None:
    """The next test in this sandbox must not meet what the last one left behind."""
    sandbox = context.fresh({"webhook_url": context.listener.url})
    sandbox.freeze("2026-01-01T00:00:00Z")
    body = {**PLAIN, "candidate": {"email": f"ada{tag}@example.com"}}
    made = [api.order(sandbox, {**body, "application_id": name}) for name in ("a-1", "a-2")]
    context.listener.answers = [status, 200]
    sandbox.act(made[0]["id"], "start")
    sandbox.advance("PT1S")
    assert len(context.listener.received) == 1, "the webhook was not tried"
    sandbox.reset()
    sandbox.freeze("2026-01-01T00:00:00Z")
    assert sandbox.control_json("GET", "/deliveries") == [], "a reset left deliveries"
    assert sandbox.advance("P2D")["events"] == [], "something from before the reset happened"
    assert len(context.listener.received) == 1, "a webhook from before the reset was sent"


PROPERTIES: tuple[Property, ...] = (of_orders, of_tokens, repeated, chance, links, forgotten)
