"""What the two lists offer to queries: members with their types, and options; and the error for an invalid option."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

from assessment_simulator.core.config import Config
from assessment_simulator.vendors.predictive_index import behaviour_flags as flags
from assessment_simulator.vendors.predictive_index import representations, results


class Type(StrEnum):
    """The types of members, literals and expressions, with the words that error messages use for them."""

    TEXT = "a text"
    LINK = "a link"  # a text with the address of this server, which is known only when a request arrives
    INTEGER = "an integer"
    NUMBER = "a number"  # a decimal number of at most 38 digits
    INSTANT = "an instant"
    BOOLEAN = "a truth value"
    GUID = "a GUID"
    NULL = "null"
    OBJECT = "an object"


class ODataError(Exception):
    """An option that is not valid: the last words of the id of the violated rule, and what is wrong."""

    def __init__(self, slug: str, message: str) -> None:
        super().__init__(message)
        self.slug = slug
        self.message = message


def quoted(text: str) -> str:
    """Quote at most 40 characters of what a caller sent."""
    return f"`{text}`" if len(text) <= 40 else f"`{text[:40]}`…"


class Member(NamedTuple):
    """A member: its name in queries, the path to it within a record, and its type."""

    name: str
    path: tuple[str, ...]
    type: Type
    # Its values are UUIDs in lower case, and a UUID in any case is compared with them as one.
    is_uuid: bool = False


@dataclass(frozen=True, eq=False)
class EntitySchema:
    """One list: its members by name, its options, the members that `$select` may name, and those that are searched."""

    members: Mapping[str, Member]
    options: tuple[str, ...]
    selectable: tuple[str, ...]
    searchable: tuple[str, ...]

    def member(self, name: str, slug: str) -> Member:
        """Return the member of that name; raises `ODataError` where there is none."""
        member = self.members.get(name)
        if member is None:
            meant = next((known for known in self.members if known.lower() == name.lower()), None)
            hint = f"; {quoted(meant)} is, and case matters" if meant else ""
            raise ODataError(slug, f"{quoted(name)} is no member that can be asked for{hint}")
        return member


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
