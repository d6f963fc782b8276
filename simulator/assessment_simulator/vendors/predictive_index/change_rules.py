"""Every demand on a request to change an assessment: one locator, and what POST asks of each member that is sent.

The page's table could be read as far as `administeredByFirstName`; from there on POST's rows are taken. Its note
that names are left out when re-assessing is copied from POST and is not a rule here, for nobody is re-assessed.

An assessment that was read can be sent back: a member that has the value that answers show is no change, so no rule
about values refuses it (a folder's name alone, a date that is over, a position that the account no longer has).
"""

from dataclasses import replace
from typing import Any, cast

from assessment_simulator.core.request import VendorRequest
from assessment_simulator.core.rules import Holds, Rule, misspelt_query
from assessment_simulator.core.sandbox_view import SandboxView, Stored
from assessment_simulator.core.sources import Source, Standing, ours
from assessment_simulator.core.text import PLUS, raw_value
from assessment_simulator.vendors.predictive_index import faces, people
from assessment_simulator.vendors.predictive_index.people import given
from assessment_simulator.vendors.predictive_index.rules import MEMBERS, blank_rules, body_stages
from assessment_simulator.vendors.predictive_index.sources import BODY, PATCH_PAGE, STATUS
from assessment_simulator.vendors.predictive_index.states import RECORD_KIND


def target(call: VendorRequest, world: SandboxView) -> Stored | None:
    """The assessment that the path's id or the query's `externalId` names."""
    id = call.params.get("assessmentId")
    return people.find(call.query.get("externalId"), world) if id is None else world.get(RECORD_KIND, id)


def differing(call: VendorRequest, world: SandboxView) -> dict[str, Any]:
    """The members of the body that differ from what answers show of the assessment."""
    # The stage before has found the assessment.
    stored = cast("Stored", target(call, world))
    shown = faces.reshaped(stored.public, stored.internal, world.config)
    return {member: value for member, value in call.body.items() if not _is_shown(member, value, shown, call, world)}


def _is_shown(member: str, value: Any, shown: faces.Face, call: VendorRequest, world: SandboxView) -> bool:
    known = shown.get(member)
    if isinstance(known, str):
        known = faces.filled(known, call, world)
    # `True == 1`, but no answer shows a truth value. A member that is not shown has no value to be alike.
    return member in shown and type(value) is type(known) and value == known


def _one_locator(call: VendorRequest, world: SandboxView) -> bool:
    return ("assessmentId" in call.params) != given(call.query.get("externalId"))


def _is_known(call: VendorRequest, world: SandboxView) -> bool:
    return target(call, world) is not None


def _plus_hint(call: VendorRequest, world: SandboxView) -> str | None:
    return PLUS if "+" in raw_value(call.raw_query, "externalId") else None


def _is_persons_own(owner: str | None, call: VendorRequest, world: SandboxView) -> bool:
    # The stage before has found the assessment.
    return owner is None or owner == cast("Stored", target(call, world)).public["assessmentUserId"]


def _external_id_is_free(call: VendorRequest, world: SandboxView) -> bool:
    return _is_persons_own(people.assessed_as(call.body.get("externalId"), world), call, world)


def _external_person_id_is_free(call: VendorRequest, world: SandboxView) -> bool:
    return _is_persons_own(people.known_as(call.body.get("externalPersonId"), world), call, world)


def _where_changed(holds: Holds) -> Holds:
    """The demand on those members that a request changes."""

    def where_changed(call: VendorRequest, world: SandboxView) -> bool:
        return holds(call, world) or holds(call._replace(body=differing(call, world)), world)

    return where_changed


def _again(rule: Rule) -> Rule:
    """A rule of POST as a rule of PATCH."""
    rule = replace(rule, check=_where_changed(rule.check))
    id = rule.id.replace("pi.create.", "pi.change.", 1)
    if rule.standing is Standing.ASSUMED:
        return replace(rule, id=id)
    if rule.name == "expirationDateTime":
        return replace(rule, id=id, source=Source("PATCH behavioralassessments", f"request table, row {rule.name}"))
    reason = "the page could be read in part; what POST asks of the member is taken"
    return replace(
        rule, id=id, standing=Standing.ASSUMED, source=ours(reason), status_basis=None, body_basis=None
    )  # fmt: skip


_FREE = (
    Rule("pi.change.external_id.free", "body.externalId",
         "externalId must not be that of another person's assessment", 400, Standing.ASSUMED,
         ours("externalId decides who is re-assessed, so it cannot lead to two persons"), _external_id_is_free),
    Rule("pi.change.external_person_id.free", "body.externalPersonId",
         "externalPersonId must not be that of another person", 400, Standing.ASSUMED,
         ours("an assessment stays with its person; two persons cannot have one id"), _external_person_id_is_free),
)  # fmt: skip

CHANGE: tuple[tuple[Rule, ...], ...] = (
    *body_stages("pi.change"),
    (Rule("pi.change.locator", "query.externalId",
          "give exactly one: the assessmentId in the path, or externalId in the query", 400,
          Standing.DOCUMENTED, PATCH_PAGE, _one_locator, misspelt_query("externalId"),
          status_basis=STATUS, body_basis=BODY),),
    (Rule("pi.change.known", "path.assessmentId",
          "assessmentId or externalId must be that of an assessment in this account", 404,
          Standing.ASSUMED, ours("as for GET"), _is_known, _plus_hint),),
    tuple(map(_again, MEMBERS + blank_rules("pi.change") + _FREE)),
)  # fmt: skip
"""The stages of PATCH behavioralassessments, by either locator."""
