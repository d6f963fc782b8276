"""How many invitations a sandbox may hold, where its settings say so. No vendor knows of it: it is our own limit."""

from collections.abc import Set as AbstractSet

from assessment_simulator.core.decision import Decision
from assessment_simulator.core.request import VendorRequest
from assessment_simulator.core.sandbox_view import SandboxView
from assessment_simulator.core.vendor import Vendor, failure_response
from assessment_simulator.sandbox.state import State


def within_limit(
    decision: Decision, vendor: Vendor, call: VendorRequest, world: SandboxView, state: State, kinds: AbstractSet[str]
) -> Decision:
    """The decision, or, where it makes one invitation too many, the vendor's own word that it cannot serve this now.

    `kinds` are the kinds of records that are invitations.
    """
    most = world.config.invitation_limit
    made = [record for record in decision.records if record.kind in kinds]
    if most is None or all(state.get(record.kind, record.id) is not None for record in made):
        return decision
    if state.count(kinds) < most:
        return decision
    hint = f"this sandbox holds {most} invitations, as many as its setting invitation_limit admits; raise it or reset"
    return Decision(failure_response(vendor, 503, call, world)._replace(hints=(hint,)))
