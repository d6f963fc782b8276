"""What the lists offer: the members of an assessment and of a person that queries may name, with their types."""

from collections.abc import Mapping
from functools import lru_cache

from assessment_simulator.core.config import Config
from assessment_simulator.vendors.predictive_index import faces, results
from assessment_simulator.vendors.predictive_index.behaviour_flags import (
    PERSON_TYPE,
    RESPONSE_MEMBERS,
    STATE_MEMBER,
    setting,
)
from assessment_simulator.vendors.predictive_index.odata import Member, Surface, Type

_NUMBERS = (
    "scoringMethod", "patternNumber", "gender", "isDeleted", "assessmentState", "notifyAssessmentAvailableUsingEmail",
)  # fmt: skip
_INSTANTS = ("assessmentDateTime", "expirationDateTime")
_LINKS = (
    "descriptiveReportUrl", "associatedPositionImageUrl", "patternFullUrl", "patternSelfUrl", "assessmentUrl",
    "descriptiveReportPageUrl", "personPageUrl",
)  # fmt: skip
_SOUGHT = (
    "firstName", "middleName", "lastName", "email", "administeredByEmail", "administeredByPhone",
    "administeredByFirstName", "administeredByLastName", "associatedPositionTitle", "folderPath", "externalId",
    "externalPersonId",
)  # fmt: skip

_UUIDS = ("assessmentId", "assessmentUserId")

_TYPES: Mapping[str, Type] = (
    dict.fromkeys((member for member in faces.MEMBERS if member != "customFields"), Type.TEXT)
    | dict.fromkeys(_NUMBERS, Type.INTEGER)
    | dict.fromkeys(_INSTANTS, Type.INSTANT)
    | dict.fromkeys(_LINKS, Type.LINK)
    | dict.fromkeys(results.SHOWN, Type.OBJECT)
    | {f"{graph}/{factor}": Type.NUMBER for graph in results.SHOWN for factor in results.FACTORS}
)
# A position has no secondary factor.
_LACKING = frozenset({f"positionSigmaScore/{factor}" for factor in results.FACTORS[4:]})

OPTIONS = ("$filter", "$orderby", "$top", "$skip", "$select", "$search", "searchfields", "$count")
"""The options that the page Common explains, and `$count`, which it does not name."""


def of_assessments(config: Config) -> Surface:
    """The list of assessments: every member as the sandbox's switches show it, scores by their factors too."""
    return _of_assessments(
        setting(config, PERSON_TYPE), setting(config, STATE_MEMBER), setting(config, RESPONSE_MEMBERS)
    )


@lru_cache(maxsize=16)
def _of_assessments(person_type: str, state_member: str, response: str) -> Surface:
    hidden = faces.OUTSIDE_THE_TABLE if response == "table" else frozenset()
    types = {**_TYPES, "personType": Type.INTEGER if person_type == "numbers" else Type.TEXT}
    names = {member: state_member if member == "assessmentState" else member for member in (*types, "customFields")}
    members = (
        Member(names[member], tuple(names[member].split("/")), kind, member in _UUIDS)
        for member, kind in types.items()
        if member not in hidden | _LACKING
    )
    shown = tuple(names[member] for member in faces.MEMBERS if member not in hidden)
    sought = tuple(member for member in _SOUGHT if member not in hidden)
    return Surface({member.name: member for member in members}, OPTIONS, shown, sought)


ROOT = "peopleAndJobsSearchResult"
"""The member of the answer that holds the people, and the first step of every path in a query for them."""
_PATHS = ("assessmentUser/email", "assessmentUser/externalPersonId", "assessmentUser/firstName",
          "assessmentUser/lastName", "sortName")  # fmt: skip
_PEOPLE = tuple(Member(f"{ROOT}/{path}", tuple(path.split("/")), Type.TEXT) for path in _PATHS)
OF_PEOPLE = Surface(
    {member.name: member for member in _PEOPLE},
    ("$filter", "$top", "$skip", "$search", "searchfields"),
    (),
    tuple(member.name for member in _PEOPLE),
)
"""The search for people: the paths that the vendor's page and a real client use."""


def of_people(config: Config) -> Surface:
    """The search for people; no switch changes it."""
    return OF_PEOPLE
