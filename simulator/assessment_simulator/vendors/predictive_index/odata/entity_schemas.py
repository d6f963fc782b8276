"""The entity schemas of the two lists: which members queries may name, with their types, and which options exist."""

from collections.abc import Mapping
from functools import lru_cache

from assessment_simulator.core.config import Config
from assessment_simulator.vendors.predictive_index import behaviour_flags as flags
from assessment_simulator.vendors.predictive_index import representations, results
from assessment_simulator.vendors.predictive_index.odata.ast import EntitySchema, Member, Type

_INTEGERS = (
    "scoringMethod", "patternNumber", "gender", "isDeleted", "assessmentState", "notifyAssessmentAvailableUsingEmail",
)  # fmt: skip
_LINKS = (
    "descriptiveReportUrl", "associatedPositionImageUrl", "patternFullUrl", "patternSelfUrl", "assessmentUrl",
    "descriptiveReportPageUrl", "personPageUrl",
)  # fmt: skip
_SEARCHABLE = (
    "firstName", "middleName", "lastName", "email", "administeredByEmail", "administeredByPhone",
    "administeredByFirstName", "administeredByLastName", "associatedPositionTitle", "folderPath", "externalId",
    "externalPersonId",
)  # fmt: skip
_TYPES: Mapping[str, Type] = (
    dict.fromkeys((member for member in representations.MEMBERS if member != "customFields"), Type.TEXT)
    | dict.fromkeys(_INTEGERS, Type.INTEGER)
    | dict.fromkeys(("assessmentDateTime", "expirationDateTime"), Type.INSTANT)
    | dict.fromkeys(_LINKS, Type.LINK)
    | dict.fromkeys(results.SCORE_MEMBERS, Type.OBJECT)
    | {f"{graph}/{factor}": Type.NUMBER for graph in results.SCORE_MEMBERS for factor in results.FACTORS}
)
# A position has no secondary factor.
_NOT_SCORED = frozenset({f"positionSigmaScore/{factor}" for factor in results.FACTORS[4:]})

OPTIONS = ("$filter", "$orderby", "$top", "$skip", "$select", "$search", "searchfields", "$count")
"""The options that the page Common explains, and `$count`, which it does not name."""


def assessments(config: Config) -> EntitySchema:
    """The list of assessments: every member as the behaviour flags show it, scores by their factors too."""
    return _assessments(*(flags.setting(config, flag) for flag in _FLAGS))


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


PEOPLE_ROOT = "peopleAndJobsSearchResult"
"""The member of the answer that holds the people, and the first step of every path in a query for them."""
_PEOPLE = tuple(
    Member(f"{PEOPLE_ROOT}/{path}", tuple(path.split("/")), Type.TEXT)
    for path in (
        "assessmentUser/email", "assessmentUser/externalPersonId", "assessmentUser/firstName",
        "assessmentUser/lastName", "sortName",
    )
)  # fmt: skip
PEOPLE = EntitySchema(
    {member.name: member for member in _PEOPLE},
    ("$filter", "$top", "$skip", "$search", "searchfields"),
    (),
    tuple(member.name for member in _PEOPLE),
)
"""The search for people, with the paths that the vendor's page and a real client use."""
