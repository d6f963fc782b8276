"""Rule coverage: how often requests passed (`kept`) and violated (`broken`) each rule."""

import uuid

from assessment_simulator.app import VENDORS
from tests.server import LIMIT, PI, assessment, order, order_body
from tests.servers import Sandbox


def coverage(sandbox: Sandbox) -> dict[str, tuple[int, int]]:
    """How often each rule was passed and violated; the sums must be right."""
    report = sandbox.control_json("GET", "/coverage")
    assert [*report] == ["rules", "kept", "broken", "of"]
    assert report["of"] == len(report["rules"])
    assert report["kept"] == sum(rule["kept"] > 0 for rule in report["rules"])
    assert report["broken"] == sum(rule["broken"] > 0 for rule in report["rules"])
    return {rule["id"]: (rule["kept"], rule["broken"]) for rule in report["rules"]}


def stages(operation: str) -> list[list[str]]:
    """The ids of an operation's rules, stage by stage."""
    known = {one.operation.name: one.operation for vendor in VENDORS.values() for one in vendor.endpoints}
    return [[rule.id for rule in stage] for stage in known[operation].stages]


def test_every_rule_of_the_catalogue_is_listed(sandbox: Sandbox) -> None:
    rules = sandbox.control_json("GET", "/coverage")["rules"]
    catalogue = sandbox.http.get("/_simulator/rules").json()
    same = ("id", "vendor", "standing", "status_standing", "body_standing")
    assert {*rules[0]} == {*same, "kept", "broken"}
    assert [[rule[member] for member in same] for rule in rules] == [
        [one[member] for member in same] for one in catalogue
    ]
    assert {(rule["kept"], rule["broken"]) for rule in rules} == {(0, 0)}


def test_accepted_call_passes_all_rules_of_its_operation(sandbox: Sandbox) -> None:
    assessment(sandbox)
    found = coverage(sandbox)
    kept = {id for stage in stages("create_assessment") for id in stage}
    kept |= {"pi.http.route", "pi.http.verb", "pi.http.encoding", "pi.http.size"}
    assert {id for id, counts in found.items() if counts != (0, 0)} == kept
    assert {found[id] for id in kept} == {(1, 0)}
    assessment(sandbox)
    assert {coverage(sandbox)[id] for id in kept} == {(2, 0)}


def test_refused_call_violates_named_rules_and_passes_the_others_up_to_their_stage(sandbox: Sandbox) -> None:
    answer = sandbox.pi.post(PI, json={"firstName": "Ada", "personType": "Nobody"})
    named = answer.headers["simulator-rule"].split(", ")
    assert len(named) >= 2
    found, judged = coverage(sandbox), True
    for stage in stages("create_assessment"):
        here = set(stage) & set(named)
        for id in stage:
            assert found[id] == ((0, 1) if id in here else (1, 0) if judged else (0, 0)), id
        judged = judged and not here
    assert not judged


def test_shared_rule_is_counted_for_all_operations(sandbox: Sandbox) -> None:
    assessment(sandbox)
    sandbox.pi.get(PI)
    sandbox.pi.get(f"{PI}/nothing")
    assert coverage(sandbox)["pi.access.key"] == (3, 0)


def test_refusals_at_different_stages_add_up(sandbox: Sandbox) -> None:
    caller = sandbox.pymetrics
    order(sandbox)
    for body in ({}, {}, {**order_body(), "assessment_id": "unknown"}):
        assert caller.post("/mercury/order", json=body).status_code == 400
    caller.post("/mercury/order", json=order_body(), headers={"authorization": "Bearer another"})
    found = coverage(sandbox)
    assert found["pymetrics.token.client"] == (1, 0)
    assert found["pymetrics.access.key"] == (5, 0)
    assert found["pymetrics.access.token.known"] == (4, 1)
    assert found["pymetrics.access.bearer"] == (5, 0)
    assert found["pymetrics.access.token.live"] == (4, 0)
    # Two orders had no assessment_id at all: that breaks another rule, of the same stage.
    assert found["pymetrics.order.assessment_id.known"] == (3, 1)


def test_rules_of_the_http_layer_are_counted(sandbox: Sandbox) -> None:
    assessment(sandbox)
    sandbox.pi.get("/api/v1/nowhere")
    sandbox.pi.request("PUT", PI)
    sandbox.pi.post(PI, content=b" " * (LIMIT + 1))
    found = coverage(sandbox)
    assert [found[f"pi.http.{place}"] for place in ("route", "verb", "size")] == [(3, 1), (2, 1), (1, 1)]
    assert found["pi.access.key"] == (1, 0)


def test_actions_and_timers_are_not_counted(sandbox: Sandbox) -> None:
    id = assessment(sandbox)["assessmentId"]
    before = coverage(sandbox)
    sandbox.control_json("POST", f"/invitations/{id}/complete")
    sandbox.control_json("POST", "/clock", {"advance": "P30D"})
    assert coverage(sandbox) == before


def test_counts_survive_restore_but_not_reset_or_fork(sandbox: Sandbox) -> None:
    sandbox.control_json("PATCH", "/config", {"journal": {"entries": 0}})
    sandbox.control_json("POST", "/snapshots")
    assessment(sandbox)
    before = coverage(sandbox)
    sandbox.control_json("POST", "/snapshots/snapshot-1/restore")
    assert coverage(sandbox) == before
    assert before["pi.access.key"] == (1, 0)
    fork = Sandbox(sandbox.http, f"fork-{uuid.uuid4()}")
    sandbox.control_json("POST", "/fork", {"name": fork.name})
    assert coverage(fork)["pi.access.key"] == (0, 0)
    fork.control_json("DELETE")
    sandbox.control_json("POST", "/reset")
    assert set(coverage(sandbox).values()) == {(0, 0)}


def test_operation_has_each_rule_once() -> None:
    for vendor in VENDORS.values():
        for endpoint in vendor.endpoints:
            ids = [rule.id for stage in endpoint.operation.stages for rule in stage]
            assert len(ids) == len(set(ids)), endpoint.operation.name


def test_operation_names_are_unique_within_a_vendor() -> None:
    for vendor in VENDORS.values():
        names = [endpoint.operation.name for endpoint in vendor.endpoints]
        assert len(names) == len(set(names))
