"""Every demand on a request to change an assessment: one locator, and what POST asks of each member that is sent.

The page's table could be read as far as `administeredByFirstName`; from there on POST's rows are taken. Its note
that names are left out when re-assessing is copied from POST and is not a rule here, for nobody is re-assessed.
"""

from dataclasses import replace
from typing import cast

from simulator.core.call import Call
from simulator.core.rules import Rule
from simulator.core.sources import Source, Standing, ours
from simulator.core.world import Stored, World
from simulator.vendors.predictive_index import people
from simulator.vendors.predictive_index.people import given
from simulator.vendors.predictive_index.rules import MEMBERS, body_stages
from simulator.vendors.predictive_index.sources import BODY, PATCH_PAGE, STATUS
from simulator.vendors.predictive_index.states import KIND


def target(call: Call, world: World) -> Stored | None:
    """The assessment that the path's id or the query's `externalId` names."""
    id = call.params.get("assessmentId")
    return people.find(call.query.get("externalId"), world) if id is None else world.get(KIND, id)


def _one_locator(call: Call, world: World) -> bool:
    return ("assessmentId" in call.params) != given(call.query.get("externalId"))


def _is_known(call: Call, world: World) -> bool:
    return target(call, world) is not None


def _is_persons_own(owner: str | None, call: Call, world: World) -> bool:
    # The stage before has found the assessment.
    return owner is None or owner == cast("Stored", target(call, world)).face["assessmentUserId"]


def _external_id_is_free(call: Call, world: World) -> bool:
    return _is_persons_own(people.assessed_as(call.body.get("externalId"), world), call, world)


def _external_person_id_is_free(call: Call, world: World) -> bool:
    return _is_persons_own(people.known_as(call.body.get("externalPersonId"), world), call, world)


def _again(rule: Rule) -> Rule:
    """A rule of POST as a rule of PATCH."""
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
          Standing.DOCUMENTED, PATCH_PAGE, _one_locator, status_basis=STATUS, body_basis=BODY),),
    (Rule("pi.change.known", "path.assessmentId",
          "assessmentId or externalId must be that of an assessment in this account", 404,
          Standing.ASSUMED, ours("as for GET"), _is_known),),
    tuple(map(_again, MEMBERS)) + _FREE,
)  # fmt: skip
"""The stages of PATCH behavioralassessments, by either locator."""
