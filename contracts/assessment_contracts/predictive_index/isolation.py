"""What a simulator adds to the vendor: worlds of their own, that repeat, and tags that steer an assessment."""

from typing import Any

from hypothesis import strategies as st

from assessment_contracts.context import Context
from assessment_contracts.predictive_index import calls, moments, oracle, refusals, strategies
from assessment_contracts.predictive_index.calls import PATH
from assessment_contracts.predictive_index.oracle import Face
from assessment_contracts.predictive_index.scene import TAKER, everything, scene
from assessment_contracts.property import Need, contract, given
from assessment_contracts.sandbox import Sandbox, unsealed
from assessment_contracts.sources import Standing


@contract(
    "pi.sandbox.apart",
    "What one account has is not there for another: not to read, to change, to find or to be in the way",
    broken=("pi.get.known", "pi.change.known", "pi.archive.known", "pi.pattern.known", "pi.report.known"),
    promises=("pi.list",),
    standing=Standing.ASSUMED,
    needs={Need.CONTROL},
)
@given(names=strategies.names)
def apart(context: Context, names: Face) -> None:
    """Tests run side by side, each in its own world; the same ids of the caller's mean other people there."""
    one, other = context.fresh(), context.fresh()
    ids = {"externalId": calls.unique("a"), "externalPersonId": calls.unique("p")}
    face = calls.completed(one, {**names, **ids})
    assert calls.listed(other) == [], "another account's assessments are listed"
    assert calls.people(other)["totalSearchResults"] == 0, "another account's people are found"
    own = f"{PATH}/{face['assessmentId']}"
    queries: dict[str, Any] = {"query": {"format": "PDF", "gender": "1"}}
    for method, path, rule, more in (
        ("GET", own, "get", {}), ("PATCH", own, "change", {"json": {"firstName": "X"}}), ("DELETE", own, "archive", {}),
        ("GET", f"{own}/patterns/1", "pattern", queries), ("GET", f"{own}/reports/1", "report", queries),
        ("PATCH", PATH, "change", {"json": {}, "query": {"externalId": ids["externalId"]}}),
    ):  # fmt: skip
        refusals.refused(calls.ask(other, method, path, **more), 404, f"pi.{rule}.known")
    theirs = calls.made(other, {**names, **ids})
    assert theirs["assessmentUserId"] != face["assessmentUserId"], "one person is in two accounts"
    for member in ("assessmentId", "assessmentUrl"):
        assert theirs[member] != face[member], f"two accounts share the {member}"
    assert calls.read(one, face["assessmentId"]) == face, "another account has changed something"
    other.advance("P30D")
    other.config(maintenance=True)
    assert calls.listed(one) == [face], "another account's clock or settings count here"


def _story(sandbox: Sandbox, body: Face) -> list[Any]:
    sandbox.freeze("2031-01-01T00:00:00Z")
    first = calls.made(sandbox, {**body, "externalId": "a-1"})
    second = calls.made(sandbox, {"externalId": "a-1", "notifyAssessmentAvailableUsingEmail": 1})
    sandbox.act(first["assessmentId"], "complete")
    sandbox.advance("P11D")
    return [first, second, calls.listed(sandbox), calls.people(sandbox), sandbox.control_json("GET", "/mail")]


@contract(
    "pi.sandbox.repeats",
    "After a reset the same calls are answered the same, ids and scores and all, but for the seals of links",
    standing=Standing.ASSUMED,
    needs={Need.CONTROL},
    promises=("pi.create.created", "pi.list"),
)
@given(names=strategies.names)
def repeats(context: Context, names: Face) -> None:
    """A reset leaves nothing: no assessment, no person, no mail, no setting. Equal seeds then give equal worlds.

    A candidate's link from before the reset opens nothing, also not the assessment that has its id again.
    """
    sandbox = context.fresh()
    first = _story(sandbox, names)
    link = first[0]["assessmentUrl"]
    sandbox.config(invitation_days=20, positions=["Nobody's"])
    calls.made(sandbox, TAKER)
    sandbox.reset()
    assert calls.listed(sandbox) == [], "something has outlived the reset"
    assert sandbox.control_json("GET", "/mail") == []
    sandbox.reset()
    again = _story(sandbox, names)
    assert again[0]["assessmentUrl"] != link, "a link was given out twice"
    for one, other in zip(unsealed(first), unsealed(again), strict=True):
        assert one == other, f"what was {str(one)[:300]} is {str(other)[:300]} after the reset"


@contract(
    "pi.sandbox.restored",
    "A snapshot brings back all that was, and a fork begins with it",
    standing=Standing.ASSUMED,
    needs={Need.CONTROL},
    promises=("pi.list",),
    examples=0.5,
)
@given(names=strategies.names)
def restored(context: Context, names: Face) -> None:
    """Changed, completed and archived since: after the restoring nothing of it has happened."""
    sandbox = context.fresh()
    sandbox.freeze("2031-01-01T00:00:00Z")
    before, words = everything(sandbox), scene(sandbox)
    id = sandbox.control_json("POST", "/snapshots")["id"]
    calls.changed(sandbox, words["pending"], names)
    sandbox.act(words["pending"], "complete")
    calls.archive(sandbox, words["done"])
    calls.made(sandbox, {**TAKER, "externalId": calls.unique("a")})
    sandbox.advance("P30D")
    sandbox.control_json("POST", f"/snapshots/{id}/restore")
    assert everything(sandbox) == before, "the snapshot has not brought back what was"
    sandbox.advance("P11D")
    states = {face["assessmentId"]: face["assessmentState"] for face in calls.listed(sandbox)}
    assert states[words["pending"]] == 50, "what was restored does not expire"


_TAGS = ("completes", "completes-in-10s", "completes-in-2h", "expires", "abandons", "rejected", "nothing")
_AFTER = {"completes": (40, 40), "completes-in-10s": (0, 40), "completes-in-2h": (0, 0), "expires": (50, 50),
          "abandons": (30, 30), "rejected": (0, 0), "nothing": (0, 0)}  # fmt: skip


@contract(
    "pi.sandbox.steered",
    "A tag in the taker's address chooses the outcome",
    standing=Standing.ASSUMED,
    needs={Need.CONTROL},
    promises=("pi.states", "pi.face.sigma"),
)
@given(tag=st.sampled_from(_TAGS), lean=st.sampled_from(("", "+score-high", "+score-low")), capital=st.booleans())
def steered(context: Context, tag: str, lean: str, capital: bool) -> None:
    """So that a demo, or a test from outside, needs no control call: it completes, expires or is abandoned, at once or
    after a while, with high or low scores."""
    sandbox = context.fresh()
    sandbox.freeze("2031-01-01T00:00:00Z")
    tags = f"{lean}+{tag.upper() if capital else tag}"
    face = calls.made(sandbox, {**TAKER, "email": f"ada{tags}@example.com"})
    assert face["assessmentState"] == 0, "the answer to the creation shows what came after"
    id = face["assessmentId"]
    soon = calls.read(sandbox, id)["assessmentState"]
    sandbox.advance("PT9.9999999S")
    assert calls.read(sandbox, id)["assessmentState"] == soon, "it happens too early"
    sandbox.advance("PT0.0000001S")
    found = (soon, calls.read(sandbox, id)["assessmentState"])
    assert found == _AFTER[tag], f"{tags}: the states are {found}, not {_AFTER[tag]}"
    sandbox.advance("PT2H")
    later = calls.read(sandbox, id)
    assert (later["assessmentState"] == 40) is tag.startswith("completes"), f"{tags}: {later['assessmentState']}"
    if later["assessmentState"] == 40:
        oracle.check_completed(later)
        low, high = {"+score-high": (0.0, 4.0), "+score-low": (-4.0, 0.0), "": (-4.0, 4.0)}[lean]
        for graph in strategies.GRAPHS:
            assert all(low <= score <= high for score in later[graph][0].values()), f"{lean}: {later[graph]}"


@contract(
    "pi.sandbox.progress",
    "With `progress` set an invitation completes by itself after that time, and then tells it",
    standing=Standing.ASSUMED,
    needs={Need.CONTROL, Need.LISTENER},
    promises=("pi.webhook.once", "pi.face.date"),
    examples=0.5,
)
@given(seconds=st.integers(1, 100_000))
def progress(context: Context, seconds: int) -> None:
    """At its own moment: the completion is dated so, and the listener is called then."""
    sandbox = context.fresh({"progress": f"PT{seconds}S"})
    sandbox.freeze("2031-01-01T00:00:00Z")
    id = calls.made(sandbox, {**TAKER, "assessmentStatusWebHook": context.listener.url})["assessmentId"]
    sandbox.advance(moments.lasting(seconds * moments.SECOND - 1))
    assert calls.read(sandbox, id)["assessmentState"] == 0, "it completes too early"
    assert not context.listener.received
    sandbox.advance("P1D")
    face = calls.read(sandbox, id)
    oracle.check_completed(face)
    due = moments.written(moments.ticks("2031-01-01T00:00:00Z") + seconds * moments.SECOND)
    assert face["assessmentDateTime"] == due, f"completed at {face['assessmentDateTime']}, not {due}"
    assert len(context.listener.received) == 1
    [delivery] = sandbox.control_json("GET", "/deliveries")
    assert delivery["attempts"][0]["at"] == due, "it is told at another moment"


PROPERTIES = (apart, repeats, restored, steered, progress)
