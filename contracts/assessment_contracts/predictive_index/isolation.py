"""What a simulator adds to the vendor: worlds of their own, that repeat, and tags that steer an assessment."""

from typing import Any

from assessment_contracts.context import Context
from assessment_contracts.predictive_index import calls, errors, strategies
from assessment_contracts.predictive_index.calls import PATH
from assessment_contracts.predictive_index.facts import FACTS
from assessment_contracts.predictive_index.oracle import Face
from assessment_contracts.predictive_index.strategies import TAKER
from assessment_contracts.property import given
from assessment_contracts.registry import ASSUMED, CONTROL, Registry
from assessment_contracts.sandbox import Sandbox, unsealed

contract = Registry("pi.sandbox", FACTS, CONTROL)


@contract("list", refuses="get.known change.known archive.known pattern.known report.known")
@given(names=strategies.names)
def apart(context: Context, names: Face) -> None:
    """Assessments of one account are not read, changed, found or resolved in another.

    Tests run side by side; the same externalIds mean other people there.
    """
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
        errors.refused(calls.ask(other, method, path, **more), 404, f"pi.{rule}.known")
    theirs = calls.made(other, {**names, **ids})
    assert theirs["assessmentUserId"] != face["assessmentUserId"], "one person is in two accounts"
    for member in ("assessmentId", "assessmentUrl"):
        assert theirs[member] != face[member], f"two accounts share the {member}"
    assert calls.read(one, face["assessmentId"]) == face, "another account has changed something"
    other.advance("P30D")
    other.config(maintenance=True)
    assert calls.listed(one) == [face], "another account's clock or settings count here"


def _responses(sandbox: Sandbox, body: Face) -> list[Any]:
    sandbox.freeze("2031-01-01T00:00:00Z")
    first = calls.made(sandbox, {**body, "externalId": "a-1"})
    second = calls.made(sandbox, {"externalId": "a-1", "notifyAssessmentAvailableUsingEmail": 1})
    sandbox.act(first["assessmentId"], "complete")
    sandbox.advance("P11D")
    return [first, second, calls.listed(sandbox), calls.people(sandbox), sandbox.control_json("GET", "/mail")]


@contract("create.created list", standing=ASSUMED)
@given(names=strategies.names)
def repeats(context: Context, names: Face) -> None:
    """After a reset the same requests get the same responses, but for the seals of links.

    A reset removes every assessment, person, mail and setting. A candidate's link from before it opens nothing.
    """
    sandbox = context.fresh()
    first = _responses(sandbox, names)
    link = first[0]["assessmentUrl"]
    sandbox.config(invitation_days=20, positions=["Nobody's"])
    calls.made(sandbox, TAKER)
    sandbox.reset()
    assert calls.listed(sandbox) == [], "the reset left assessments"
    assert sandbox.control_json("GET", "/mail") == []
    sandbox.reset()
    again = _responses(sandbox, names)
    assert again[0]["assessmentUrl"] != link, "a link was given out twice"
    for one, other in zip(unsealed(first), unsealed(again), strict=True):
        assert one == other, f"what was {str(one)[:300]} is {str(other)[:300]} after the reset"


PROPERTIES = contract.properties
