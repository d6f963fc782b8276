"""What the two lists offer to queries: members with their types, and options."""

from collections.abc import Mapping
from functools import lru_cache

from assessment_simulator.core.config import Config
from assessment_simulator.vendors.predictive_index import behaviour_flags as flags
from assessment_simulator.vendors.predictive_index import representations, results
from assessment_simulator.vendors.predictive_index.odata.syntax import EntitySchema, Member, Type

_TYPES: Mapping[str, Type] = {
    **dict.fromkeys((member for member in representations.MEMBERS if member != "customFields"), Type.TEXT),
    **dict.fromkeys((
        "scoringMethod", "patternNumber", "gender", "isDeleted", "assessmentState",
        "notifyAssessmentAvailableUsingEmail",
    ), Type.INTEGER),
    **dict.fromkeys(("assessmentDateTime", "expirationDateTime"), Type.INSTANT),
    **dict.fromkeys((
        "descriptiveReportUrl", "associatedPositionImageUrl", "patternFullUrl", "patternSelfUrl", "assessmentUrl",
        "descriptiveReportPageUrl", "personPageUrl",
    ), Type.LINK),
    **dict.fromkeys(results.SCORE_MEMBERS, Type.OBJECT),
    **{f"{graph}/{factor}": Type.NUMBER for graph in results.SCORE_MEMBERS for factor in results.FACTORS},
}  # fmt: skip
_SEARCHABLE = (
    "firstName", "middleName", "lastName", "email", "administeredByEmail", "administeredByPhone",
    "administeredByFirstName", "administeredByLastName", "associatedPositionTitle", "folderPath", "externalId",
    "externalPersonId",
)  # fmt: skip
# A position has no secondary factor.
_NOT_SCORED = frozenset({f"positionSigmaScore/{factor}" for factor in results.FACTORS[4:]})

# The options that the page Common explains, and `$count`, which it does not name.
OPTIONS = ("$filter", "$orderby", "$top", "$skip", "$select", "$search", "searchfields", "$count")


def assessments(config: Config) -> EntitySchema:
    """The list of assessments: every member as the behaviour flags show it, scores by their factors too."""
    return _assessments(*(flag.value(config) for flag in _FLAGS))


_FLAGS = (flags.PERSON_TYPE, flags.STATE_MEMBER, flags.RESPONSE_MEMBERS)


@lru_cache(maxsize=16)
def _assessments(person_type: str, state_member: str, response: str) -> EntitySchema:
    hidden = representations.OUTSIDE_RESPONSE_TABLE if response == "table" else frozenset()
    types = {**_TYPES, "personType": Type.INTEGER if person_type == "numbers" else Type.TEXT}
    names = {member: state_member if member == "assessmentState" else member for member in (*types, "customFields")}
    members = (
        Member(names[member], tuple(names[member].split("/")), kind, member in ("assessmentId", "assessmentUserId"))
        for member, kind in types.items()
        if member not in hidden | _NOT_SCORED
    )
    return EntitySchema(
        {member.name: member for member in members},
        OPTIONS,
        tuple(names[member] for member in representations.MEMBERS if member not in hidden),
        tuple(member for member in _SEARCHABLE if member not in hidden),
    )


# The member of the answer that holds the people, and the first step of every path in a query for them.
PEOPLE_ROOT = "peopleAndJobsSearchResult"
_PEOPLE = {
    f"{PEOPLE_ROOT}/{path}": Member(f"{PEOPLE_ROOT}/{path}", tuple(path.split("/")), Type.TEXT)
    for path in (
        "assessmentUser/email", "assessmentUser/externalPersonId", "assessmentUser/firstName",
        "assessmentUser/lastName", "sortName",
    )
}  # fmt: skip
# The search for people, with the paths that the vendor's page and a real client use.
PEOPLE = EntitySchema(_PEOPLE, ("$filter", "$top", "$skip", "$search", "searchfields"), (), tuple(_PEOPLE))
