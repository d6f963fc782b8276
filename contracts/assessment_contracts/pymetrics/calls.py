"""How calls may be made, and how they are refused: what holds for all of them alike."""

from typing import Any

from hypothesis import strategies as st

from assessment_contracts.context import Context
from assessment_contracts.property import given
from assessment_contracts.pymetrics import api, errors
from assessment_contracts.pymetrics.facts import FACTS, TABLES
from assessment_contracts.pymetrics.fixtures import finished, guarded, known, readable
from assessment_contracts.pymetrics.strategies import PLAIN
from assessment_contracts.registry import ASSUMED, CONTROL, OBSERVED, WRITES, Registry
from assessment_contracts.sandbox import Sandbox, dumps
from assessment_contracts.wire import Answer

contract = Registry("pymetrics.calls", FACTS, CONTROL)

LARGEST = 1_048_576
"""So many octets a body may have."""


@contract(needs=WRITES, standing=OBSERVED, examples=0.7)
@given(
    media_type=st.sampled_from(("application/json", "application/json; charset=utf-8", "Application/JSON")),
    slashes=st.sampled_from(("", "/")),
    spaced=st.booleans(),
)
def as_clients_send_them(context: Context, media_type: str, slashes: str, spaced: bool) -> None:
    """Requests are accepted as the vendor's own clients send them.

    Some send Content-Type with a GET, some use a base URL that ends in a slash, and they format JSON differently.
    """
    sandbox = context.sandbox
    asked = api.filled(sandbox, api.own(sandbox, {**PLAIN, "metadata": {"clé": "é"}}))
    content = dumps(asked) if not spaced else b"\n " + dumps(asked).replace(b": ", b" :\t") + b"\r\n"
    answer = sandbox.call(
        "POST", f"{slashes}/mercury/order", content=content, headers={"Content-Type": media_type}, auth="pymetrics"
    )
    made = api.expected(answer, 201)["order"]
    api.same(made["metadata"], {"clé": "é"})
    for path in (api.V1.configuration, f"{api.V1.read}/{made['id']}", f"{api.V2.read}/{made['id']}"):
        answer = sandbox.call("GET", slashes + path, headers={"Content-Type": media_type}, auth="pymetrics")
        assert answer.status == 200, f"GET {path} with Content-Type {media_type} is answered {answer.status}"


@contract(standing=ASSUMED, examples=0.2)
@given(version=st.sampled_from(api.VERSIONS), less=st.sampled_from((0, 1)))
def largest(context: Context, version: api.Version, less: int) -> None:
    """A body of 1 MiB is accepted.

    No real order is that long.
    """
    content = dumps(api.filled(context.sandbox, api.own(context.sandbox, PLAIN)))
    content += b" " * (LARGEST - less - len(content))
    answer = context.sandbox.call(
        "POST", version.create, content=content, media_type="application/json", auth="pymetrics"
    )
    TABLES.check(api.expected(answer, 201)["order"], "order")


@contract(accepts="http.*", refuses="http.verb")
@given(
    verb=st.sampled_from(("HEAD", "PUT", "PATCH", "DELETE")), version=st.sampled_from(api.VERSIONS),
    place=st.sampled_from(("read", "create", "token", "configuration", "list", "factors", "capabilities")),
)  # fmt: skip
def looking_is_still(context: Context, verb: str, version: api.Version, place: str) -> None:
    """HEAD and other verbs that a path does not support return 405 with the verbs that it supports, and change nothing.

    A monitor that sends HEAD must not fulfil an order.
    """
    sandbox = context.sandbox
    made = api.order(sandbox, api.own(sandbox, PLAIN))
    sandbox.act(made["id"], "complete")
    before = readable(sandbox)
    content = f"/mercury/v2/{{}}Content/{made['id']}"
    paths = {
        "read": (f"{version.read}/{made['id']}", {"GET"}), "create": (version.create, {"POST"}),
        "token": (version.token, {"POST"}), "configuration": (version.configuration, {"GET"}),
        "list": ("/mercury/orders", {"POST"}), "factors": (content.format("factor"), {"GET"}),
        "capabilities": (f"{content.format('capability')}/talent", {"GET"}),
    }  # fmt: skip
    if version is api.V2:
        paths |= dict.fromkeys(("create", "list"), (version.create, {"GET", "POST"}))
    path, allowed = paths[place]
    answer = sandbox.call(verb, path, auth="pymetrics")
    assert answer.status == 405, f"{verb} is answered {answer.status}"
    assert answer.rules == ("pymetrics.http.verb",)
    assert {*answer.headers.get("allow", "").split(", ")} == allowed, f"Allow is {answer.headers.get('allow')!r}"
    if verb == "HEAD":
        assert sandbox.body_of_head(path, "pymetrics") == b"", "an answer to HEAD has a body"
    else:
        errors.envelope(answer)
    assert readable(sandbox) == before
    assert api.look(sandbox, made)["status"] == "Completed", f"{verb} moved the order"


def _refusals(sandbox: Sandbox) -> dict[str, tuple[int, Answer]]:
    """One refusal of each kind that answers with the envelope, and its status."""
    calls, body = guarded(sandbox), api.filled(sandbox, PLAIN)
    return {
        "no token": (401, calls["GET /mercury/configuration"]({"Authorization": None})),
        "wrong client": (401, sandbox.call("POST", api.V1.token, json={**api.client(sandbox), "client_id": "nobody"})),
        "no body": (400, sandbox.call("POST", api.V1.create, auth="pymetrics")),
        "two members wrong": (400, api.ask(sandbox, {**body, "metadata": 5, "send_email": "no"}, api.V2)),
        "no filter": (400, sandbox.call("GET", "/mercury/v2/orders", auth="pymetrics")),
        "no such order": (404, sandbox.call("GET", f"{api.V1.read}/x", auth="pymetrics")),
        "no scores": (400, api.factors(sandbox, known(sandbox)["id"])),
        "no such path": (404, sandbox.call("GET", "/mercury/nothing", auth="pymetrics")),
    }


@contract("error.envelope", examples=0.1)
def envelope(context: Context) -> None:
    """Every refusal has its own id, a message, and says whether the same request may be repeated.

    Clients fail on an error that lacks one of the three members; the id leads to the vendor's logs.
    """
    sandbox = context.sandbox
    response = _refusals(sandbox)
    for name, (status, answer) in response.items():
        assert answer.status == status, f"{name}: {answer.status} instead of {status}"
        errors.envelope(answer)
        assert answer.rules, f"{name}: Simulator-Rule names nothing"
    ids = [answer.json["request_id"] for _, answer in response.values()]
    assert len(set(ids)) == len(ids), "two refusals share a request_id"
    both = response["two members wrong"][1]
    assert sorted(both.rules) == ["pymetrics.order.metadata.type", "pymetrics.order.send_email.type"], both.rules


@contract("error.envelope", standing=ASSUMED, examples=0.5)
@given(
    flaws=st.lists(st.sampled_from(range(7)), min_size=2, max_size=4, unique=True),
    version=st.sampled_from(api.VERSIONS),
)
def several_wrong(context: Context, flaws: list[int], version: api.Version) -> None:
    """A refusal names every violated rule of a readable request.

    A caller who fixes one mistake should not find the next only then. A request without access learns of no rule.
    """
    sandbox = context.sandbox
    body: dict[str, Any] = api.filled(sandbox, PLAIN)
    table: tuple[tuple[str, Any, str], ...] = (
        ("candidate", None, "candidate.required"), ("application_id", None, "application_id.required"),
        ("assessment_id", "x", "assessment_id.known"), ("send_email", "x", "send_email.type"),
        ("requisition_id", 5, "requisition_id.type"), ("metadata", [], "metadata.type"),
        ("candidate_redirect_url", "/back", "candidate_redirect_url.url"),
    )  # fmt: skip
    chosen = [table[at] for at in flaws]
    answer = api.ask(sandbox, body | {name: value for name, value, _ in chosen}, version)
    assert answer.status == 400
    errors.envelope(answer)
    assert sorted(answer.rules) == sorted(f"pymetrics.order.{rule}" for *_, rule in chosen), answer.rules
    hidden = sandbox.call(
        "POST", version.create, json={"metadata": 5}, headers={"X-Api-Key": "nobody"}, auth="pymetrics"
    )
    assert (hidden.status, hidden.rules) == (403, ("pymetrics.access.key",)), "a caller without access learns of rules"


@contract(standing=ASSUMED, examples=0.1)
def other_vendors_maintenance(context: Context) -> None:
    """The other vendor's maintenance does not affect pymetrics.

    The setting simulates the other vendor's documented 503; pymetrics documents none.
    """
    calls = guarded(context.sandbox)
    context.sandbox.config(maintenance=True)
    finished(context.sandbox)
    for name, call in calls.items():
        answer = call()
        assert answer.status == 200, f"{name} is answered {answer.status} in maintenance"


PROPERTIES = contract.properties
