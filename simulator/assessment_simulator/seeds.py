"""Seeds: what a sandbox of `serve --config` begins with besides its settings.

    [sandboxes.ci.people.ada]
    email = "ada@example.com"

    [[sandboxes.ci.invitations]]
    vendor = "predictive_index"
    person = "ada"
    status = "Completed"

The vendor decides about each invitation as if it had been requested, so what no request could make is refused. Its
candidate then makes the moves that lead to the status. Seeds are part of the opening state: a reset restores them. They
lie in the past, so they send no webhooks and no mails.
"""

import json
from collections import deque
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pydantic import Field

from assessment_simulator.control import settings
from assessment_simulator.control.bodies import Body, Duration, Filled, read
from assessment_simulator.control.faults import Fault, planned
from assessment_simulator.core import instant
from assessment_simulator.core.config import Config
from assessment_simulator.core.decision import Decision
from assessment_simulator.core.request import MISSING, VendorRequest
from assessment_simulator.core.states import State as Status
from assessment_simulator.core.states import StateMachine
from assessment_simulator.core.vendor import Vendor, handle
from assessment_simulator.http.problem_details import Problem
from assessment_simulator.sandbox.sandbox import Sandbox
from assessment_simulator.sandbox.state import Clock, State

_OLDEST = 3_650 * instant.DAY


class Person(Body):
    """A candidate."""

    email: Filled
    first_name: str = "Ada"
    last_name: str = "Lovelace"
    external_id: str | None = None


class SeededInvitation(Body):
    """An invitation: `request` has more members of the vendor's own request, `outcome` those of `complete`."""

    vendor: str
    person: str | Person
    status: str | int | None = None
    age: Duration = "0s"
    request: dict[str, Any] = Field({})
    outcome: dict[str, Any] = Field({})


class Seeds(Body):
    """The members of a sandbox that are no settings."""

    people: dict[str, Person] = Field({})
    invitations: list[SeededInvitation] = Field([])
    faults: list[Fault] = Field([])


def opening(
    vendors: Mapping[str, Vendor], name: str, members: Mapping[str, Any]
) -> tuple[Config, State | None, tuple[Any, ...]]:
    """The settings of a sandbox of the configuration file, its state if it has seeds, and its faults.

    Raises `Problem` 422 with what is wrong.
    """
    config = settings.changed(
        vendors, Config(), {key: value for key, value in members.items() if key not in Seeds.model_fields}
    )
    given = {key: value for key, value in members.items() if key in Seeds.model_fields}
    try:
        seeds = read(Seeds, json.dumps(given, allow_nan=False).encode(), vendors=vendors)
    except (TypeError, ValueError) as error:
        raise Problem(422, f"seeds must be JSON values: {error}") from None
    faults = planned(seeds.faults)
    if not seeds.invitations:
        return config, None, faults
    if config.invitation_limit is not None and len(seeds.invitations) > config.invitation_limit:
        raise Problem(422, f"invitations: there are more than invitation_limit, {config.invitation_limit}, admits")
    sandbox = Sandbox(name, 0, State(config, Clock()), vendors)
    for number, one in enumerate(seeds.invitations):
        try:
            _invite(sandbox, one, seeds.people, number + 1)
        except Problem as problem:
            raise Problem(422, f"invitations.{number}: {problem.detail}") from None
    return config, sandbox.state, faults


def _invite(sandbox: Sandbox, seed: SeededInvitation, people: Mapping[str, Person], number: int) -> None:
    """Create an invitation, and bring it to its status."""
    vendor = sandbox.vendors.get(seed.vendor.replace("-", "_"))
    if vendor is None:
        raise Problem(422, f"vendor: {seed.vendor!r} is no vendor; there are {', '.join(sandbox.vendors)}")
    person = people.get(seed.person) if isinstance(seed.person, str) else seed.person
    if person is None:
        raise Problem(422, f"person: {seed.person!r} is none of people: {', '.join(people) or 'there are none'}")
    age = instant.parse_duration(seed.age)
    if age is None or age > _OLDEST:
        raise Problem(422, f"age: {seed.age!r} is no {instant.DURATION_FORM}, of at most ten years")
    sample = vendor.seed(person.model_dump(), sandbox.config, number)
    at = sandbox.now() - age
    operation = vendor.operations[sample.operation]
    # The rules about access do not apply: nobody calls.
    about_body = tuple(tuple(rule for rule in stage if rule.place.startswith("body")) for stage in operation.stages)
    request = VendorRequest(
        operation.name, at, sandbox.random(), "", body={**sample.body, **seed.request}, media_type="application/json"
    )
    decision = handle(vendor, replace(operation, stages=about_body), request, sandbox)
    if decision.response.rules:
        statements = {rule.id: rule.statement for rule in vendor.rules}
        reasons = [f"{id}: {statements[id]}" for id in decision.response.rules]
        raise Problem(422, "; ".join((*reasons, *decision.response.hints)))
    _commit(sandbox, decision, request)
    id = next(record.id for record in decision.records if record.kind == vendor.record_kind)

    def status() -> Status:
        stored = sandbox.get(vendor.record_kind, id)
        assert stored is not None  # noqa: S101  it was created just now
        return vendor.to_invitation(stored).status

    machine = vendor.state_machine
    for action in _actions(machine, status(), seed.status, [*vendor.actions, *vendor.sample_actions]):
        body = seed.outcome if action == "complete" and seed.outcome else MISSING
        request = VendorRequest(action, at, sandbox.random(), "", params={"id": id}, body=body)
        decision = handle(vendor, vendor.operations[action], request, sandbox)
        if decision.response.status != 200:
            raise Problem(422, f"{action}: {decision.response.body['detail']}")
        _commit(sandbox, decision, request)


def _commit(sandbox: Sandbox, decision: Decision, request: VendorRequest) -> None:
    sandbox.commit(decision._replace(webhook_events=()), request)


def _actions(machine: StateMachine, start: Status, wanted: str | int | None, actions: list[str]) -> list[str]:
    """The shortest way from a status to the wanted one, which is its value or its title in any letter case."""
    if wanted is None:
        return []
    goals = [
        one
        for one, title in machine.states.items()
        if str(wanted).casefold() in (str(one).casefold(), title.casefold(), machine.title(one).casefold())
    ]
    ways: dict[Status, list[str]] = {start: []}
    queue = deque([start])
    while queue:
        here = queue.popleft()
        for (before, action), after in machine.moves.items():
            if before == here and action in actions and after not in ways:
                ways[after] = [*ways[here], action]
                queue.append(after)
    for goal in goals:
        if goal in ways:
            return ways[goal]
    reached = ", ".join(machine.title(one) for one in ways)
    raise Problem(422, f"status: nothing leads to {wanted!r}; from {machine.title(start)} these are reached: {reached}")
