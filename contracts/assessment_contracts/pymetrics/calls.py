"""How calls may be made, and how they are refused: what holds for all of them alike."""

from typing import Any

from hypothesis import strategies as st

from assessment_contracts.context import Context
from assessment_contracts.property import Need, Property, contract, given
from assessment_contracts.pymetrics import api, shapes
from assessment_contracts.pymetrics.flaws import Sent, finished, guarded, known, post, state
from assessment_contracts.pymetrics.strategies import PLAIN
from assessment_contracts.sandbox import Sandbox, dumps
from assessment_contracts.sources import Standing
from assessment_contracts.wire import Answer

_CONTROL = {Need.CONTROL}
_HTTP = ("pymetrics.http.route", "pymetrics.http.verb", "pymetrics.http.encoding", "pymetrics.http.size")
LARGEST = 1_048_576
"""So many octets a body may have."""


@contract(
    "pymetrics.calls.as_clients_send_them",
    "Calls are answered as the vendor's own clients send them",
    kept=("pymetrics.http.route", "pymetrics.http.verb", "pymetrics.order.body.json"),
    standing=Standing.OBSERVED,
    needs={Need.WRITES},
    examples=0.7,
)
@given(
    media_type=st.sampled_from(("application/json", "application/json; charset=utf-8", "Application/JSON")),
    slashes=st.sampled_from(("", "/")),
    spaced=st.booleans(),
)
def as_clients_send_them(context: Context, media_type: str, slashes: str, spaced: bool) -> None:
    """Some send Content-Type with a GET, some a base URL that ends in a slash, and all their own kind of JSON."""
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


@contract(
    "pymetrics.calls.largest",
    "A body of 1 MiB is read",
    kept=("pymetrics.http.size",),
    standing=Standing.ASSUMED,
    needs=_CONTROL,
    examples=0.2,
)
@given(version=st.sampled_from(api.VERSIONS), less=st.sampled_from((0, 1)))
def largest(context: Context, version: api.Version, less: int) -> None:
    """Nobody's order is that long, so nobody is refused for it."""
    content = dumps(api.filled(context.sandbox, api.own(context.sandbox, PLAIN)))
    content += b" " * (LARGEST - less - len(content))
    made = api.expected(
        post(context.sandbox, version.create, Sent(content=content, media_type="application/json")), 201
    )
    shapes.ORDER(made["order"], "the order")


@contract(
    "pymetrics.calls.looking_is_still",
    "HEAD, and every other verb that a path does not take, changes nothing",
    broken=("pymetrics.http.verb",),
    kept=_HTTP,
    standing=Standing.ASSUMED,
    needs=_CONTROL,
)
@given(
    verb=st.sampled_from(("HEAD", "PUT", "PATCH", "DELETE")), version=st.sampled_from(api.VERSIONS),
    path=st.sampled_from(("read", "create", "token", "configuration", "list")),
)  # fmt: skip
def looking_is_still(context: Context, verb: str, version: api.Version, path: str) -> None:
    """A monitor that sends HEAD must not fulfil an order; a request that the HTTP layer refuses has no effect."""
    sandbox = context.sandbox
    made = api.order(sandbox, api.own(sandbox, PLAIN))
    sandbox.act(made["id"], "complete")
    before = state(sandbox)
    paths = {
        "read": f"{version.read}/{made['id']}",
        "list": "/mercury/v2/orders" if version is api.V2 else "/mercury/orders",
    }
    path = paths.get(path) or getattr(version, path)
    answer = sandbox.call(verb, path, auth="pymetrics")
    assert answer.status == 405, f"{verb} is answered {answer.status}"
    assert answer.rules == ("pymetrics.http.verb",)
    assert answer.headers.get("allow"), "a 405 does not say what is allowed"
    if verb == "HEAD":
        assert sandbox.body_of_head(path, "pymetrics") == b"", "an answer to HEAD has a body"
    else:
        shapes.refusal(answer)
    assert state(sandbox) == before
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


@contract(
    "pymetrics.calls.envelope",
    "Every refusal has an id of its own, a message, and says whether the same call may be repeated",
    kept=_HTTP,
    promises=("pymetrics.error.envelope",),
    needs=_CONTROL,
    examples=0.1,
)
def envelope(context: Context) -> None:
    """The clients fail on an error that lacks one of the three members; the id leads to the vendor's logs."""
    sandbox = context.sandbox
    told = _refusals(sandbox)
    for name, (status, answer) in told.items():
        assert answer.status == status, f"{name}: {answer.status} instead of {status}"
        shapes.refusal(answer)
        assert answer.rules, f"{name}: Simulator-Rule names nothing"
    ids = [answer.json["request_id"] for _, answer in told.values()]
    assert len(set(ids)) == len(ids), "two refusals share a request_id"
    both = told["two members wrong"][1]
    assert sorted(both.rules) == ["pymetrics.order.metadata.type", "pymetrics.order.send_email.type"], both.rules


@contract(
    "pymetrics.calls.several_wrong",
    "Of what is wrong everything is told at once, but nothing that can only be judged of a readable call",
    promises=("pymetrics.error.envelope",),
    standing=Standing.ASSUMED,
    needs=_CONTROL,
    examples=0.5,
)
@given(
    flaws=st.lists(st.sampled_from(range(7)), min_size=2, max_size=4, unique=True),
    version=st.sampled_from(api.VERSIONS),
)
def several_wrong(context: Context, flaws: list[int], version: api.Version) -> None:
    """A caller who mends one mistake should not find the next only then."""
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
    shapes.refusal(answer)
    assert sorted(answer.rules) == sorted(f"pymetrics.order.{rule}" for *_, rule in chosen), answer.rules
    hidden = sandbox.call(
        "POST", version.create, json={"metadata": 5}, headers={"X-Api-Key": "nobody"}, auth="pymetrics"
    )
    assert (hidden.status, hidden.rules) == (403, ("pymetrics.access.key",)), "a stranger is told of rules"


@contract(
    "pymetrics.calls.other_vendors_maintenance",
    "The other vendor's maintenance does not touch pymetrics",
    kept=("pymetrics.access.key",),
    standing=Standing.ASSUMED,
    needs=_CONTROL,
    examples=0.1,
)
def other_vendors_maintenance(context: Context) -> None:
    """The setting plays the one vendor's documented 503; pymetrics documents none."""
    calls = guarded(context.sandbox)
    context.sandbox.config(maintenance=True)
    finished(context.sandbox)
    for name, call in calls.items():
        answer = call()
        assert answer.status == 200, f"{name} is answered {answer.status} in maintenance"


PROPERTIES: tuple[Property, ...] = (
    as_clients_send_them, largest, looking_is_still, envelope, several_wrong, other_vendors_maintenance,
)  # fmt: skip
