"""Handling a request: rules, the decision, notes and extra headers."""

from dataclasses import replace

import pytest

from assessment_simulator.core.config import Config
from assessment_simulator.core.decision import Decision, Record, Timer, VendorResponse
from assessment_simulator.core.request import VendorRequest
from assessment_simulator.core.rules import Rule
from assessment_simulator.core.sandbox_view import SandboxView
from assessment_simulator.core.sources import BehaviourFlag, Source, Standing
from assessment_simulator.core.vendor import Endpoint, Operation, Vendor, handle
from assessment_simulator.vendors.pymetrics import VENDOR
from tests.fakes import FakeSandbox

SOURCE = Source("x", "y")


def rule(id: str, *, holds: bool = False, status: int = 400) -> Rule:
    return Rule(id, "request", f"{id} must hold", status, Standing.ASSUMED, SOURCE, lambda call, sandbox: holds)


def decide(call: VendorRequest, sandbox: SandboxView) -> Decision:
    return Decision(
        VendorResponse(200, {"ok": True}, (("x-own", "1"),), notes=("noted",)),
        (Record("kind", "id", None, {}),),
        timers=(Timer("expire", "id", 5),),
    )


def refuse(found: tuple[Rule, ...], call: VendorRequest, sandbox: SandboxView) -> VendorResponse:
    return VendorResponse(found[0].status, {"said": [rule.statement for rule in found]}, (("x-refused", "1"),))


READ = Operation("read", decide, ((rule("kept", holds=True),),))
REFUSED = Operation("refused", decide, ((rule("kept", holds=True),), (rule("a", status=401), rule("b")), (rule("c"),)))


def vendor(*more: tuple[str, str]) -> Vendor:
    """A vendor of two endpoints and an action."""
    return replace(
        VENDOR,
        endpoints=(Endpoint("GET", "/read", READ, (200,), "Read"), Endpoint("GET", "/no", REFUSED, (400,), "No")),
        actions={"complete": Operation("complete", decide, ((rule("kept", holds=True), rule("d")),))},
        sample_actions={"fulfil": Operation("fulfil", decide)},
        http_rules={"route": rule("route"), "verb": rule("verb")},
        render_refusal=refuse,
        extra_headers=lambda sandbox: more,
    )


def test_valid_request_is_decided() -> None:
    sandbox = FakeSandbox()
    call = sandbox.call("read")
    assert handle(vendor(), READ, call, sandbox) == decide(call, sandbox)


def test_refusal_carries_the_hints_of_the_violated_rules_only() -> None:
    def hinting(id: str, text: str | None, *, holds: bool = False) -> Rule:
        return replace(rule(id, holds=holds), hint=lambda call, sandbox: text)

    stage = (hinting("a", "change a"), hinting("kept", "not this", holds=True), hinting("b", None), rule("c"))
    sandbox = FakeSandbox()
    response = handle(vendor(), Operation("hinted", decide, (stage,)), sandbox.call("hinted"), sandbox).response
    assert (response.rules, response.hints) == (("a", "b", "c"), ("change a",))


def test_refusal_names_all_violated_rules_of_the_first_stage_and_changes_nothing() -> None:
    sandbox = FakeSandbox()
    decision = handle(vendor(), REFUSED, sandbox.call("refused"), sandbox)
    assert decision == Decision(
        VendorResponse(401, {"said": ["a must hold", "b must hold"]}, (("x-refused", "1"),), rules=("a", "b"))
    )


@pytest.mark.parametrize(("operation", "own"), [(READ, ("x-own", "1")), (REFUSED, ("x-refused", "1"))])
def test_extra_headers_are_added_to_every_response(operation: Operation, own: tuple[str, str]) -> None:
    sandbox = FakeSandbox()
    call = sandbox.call(operation.name)
    plain, limited = (handle(a, operation, call, sandbox) for a in (vendor(), vendor(("x-limit", "5"))))
    assert limited.response.headers == (own, ("x-limit", "5"))
    assert (limited.response.status, limited.response.body) == (plain.response.status, plain.response.body)
    assert (limited.records, limited.timers) == (plain.records, plain.timers)


def test_operations_are_those_of_endpoints_actions_and_sample_actions() -> None:
    assert [*vendor().operations] == ["read", "refused", "complete", "fulfil"]


def test_every_rule_is_listed_once_http_rules_first() -> None:
    assert [rule.id for rule in vendor().rules] == ["route", "verb", "kept", "a", "b", "c", "d"]


@pytest.mark.parametrize(("behaviour", "value"), [({}, None), ({"x": 50}, 50), ({"x": None, "z": 3}, None)])
def test_unset_behaviour_flag_has_its_default(behaviour: dict[str, int | None], value: object) -> None:
    assert BehaviourFlag("x", (None, 50), "", SOURCE).value(Config(behaviour=behaviour)) == value
