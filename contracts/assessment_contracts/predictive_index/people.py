"""The people who are assessed: who is assessed again, who is a new person, and how people are found."""

from typing import Any

from hypothesis import strategies as st

from assessment_contracts.context import Context
from assessment_contracts.predictive_index import calls, errors, odata, oracle, strategies
from assessment_contracts.predictive_index.calls import unique
from assessment_contracts.predictive_index.facts import FACTS
from assessment_contracts.predictive_index.fixtures import apart
from assessment_contracts.predictive_index.oracle import PERSON, Face
from assessment_contracts.predictive_index.strategies import TAKER
from assessment_contracts.property import given
from assessment_contracts.registry import ASSUMED, CONTROL, Registry

contract = Registry("pi.people", FACTS)

_EXCLUDED = tuple(f"pi.create.{member}.excluded" for member in ("first_name", "middle_name", "last_name", "email"))
_REQUIRED = tuple(f"pi.create.{member}.required" for member in ("first_name", "last_name", "email"))
_EMPTY = st.sampled_from(
    (
        {},
        {"firstName": ""},
        dict.fromkeys(PERSON[:4]),
        dict.fromkeys(PERSON[:4], ""),
        {"email": None},
        dict.fromkeys(PERSON[:4], "  "),
        {"firstName": "\u00a0", "email": "\t"},
    )
)
EMAIL = "peopleAndJobsSearchResult/assessmentUser/email"
PERSON_ID = "peopleAndJobsSearchResult/assessmentUser/externalPersonId"


@contract(
    "create.again create.again.external_id create.created create.again.blank",
    accepts="create.*.excluded create.external_person_id.match",
    refuses="create.first_name.excluded create.middle_name.excluded create.last_name.excluded create.email.excluded",
)
@given(names=strategies.names, by=st.sampled_from(("externalId", "externalPersonId", "both")), empty=_EMPTY)
def again(context: Context, names: Face, by: str, empty: Face) -> None:
    """A known externalId or externalPersonId without names assesses the same person again.

    The assessment is new, the person is not. Names must not be sent: omitted, null, empty or blank they are accepted,
    and with a value refused.
    """
    ids = {"externalId": unique("a"), "externalPersonId": unique("p")}
    first = calls.made(context.sandbox, {**names, **ids})
    used = {name: id for name, id in ids.items() if by in (name, "both")}
    second = calls.made(context.sandbox, {**empty, **used})
    assert second["assessmentId"] != first["assessmentId"], "no new assessment was made"
    for member in ("assessmentUserId", *PERSON):
        assert second[member] == first[member], f"{member} is {second[member]!r}, and was {first[member]!r}"
    assert second["externalId"] == used.get("externalId"), f"externalId is {second['externalId']!r}"
    assert second["assessmentState"] == 0
    for member, rule in zip(("firstName", "middleName", "lastName", "email"), _EXCLUDED, strict=True):
        refused = calls.create(context.sandbox, {**empty, **used, member: names.get(member, "Kevin")})
        errors.refused(refused, 400, rule)


@contract("create.again", refuses="create.first_name.required create.last_name.required create.email.required")
@given(names=strategies.names, empty=st.sampled_from((None, "", "new")))
def others(context: Context, names: Face, empty: str | None) -> None:
    """An unknown or empty id makes a new person, whose names are required.

    Equal names and addresses do not make two people one.
    """
    calls.made(context.sandbox, {**names, "externalId": unique("a")})
    ids = {name: unique("n") if empty == "new" else empty for name in ("externalId", "externalPersonId")}
    first, second = (calls.made(context.sandbox, {**names, **calls.own(ids)}) for _ in range(2))
    assert first["assessmentUserId"] != second["assessmentUserId"], "two people were taken for one"
    answer = calls.create(context.sandbox, calls.own(ids))
    errors.refused(answer, 400, *_REQUIRED)


@contract("create.again", refuses="create.external_person_id.match")
@given(names=strategies.names)
def remembered(context: Context, names: Face) -> None:
    """An externalPersonId that is sent with a later assessment becomes the person's.

    A person without such an id may be given one; a second one is refused, and so is that of another person.
    """
    own, other = unique("a"), unique("p")
    first = calls.made(context.sandbox, {**names, "externalId": own})
    calls.made(context.sandbox, {**TAKER, "externalPersonId": other})
    refused = calls.create(context.sandbox, {"externalId": own, "externalPersonId": other})
    errors.refused(refused, 400, "pi.create.external_person_id.match")
    id = unique("p")
    second = calls.made(context.sandbox, {"externalId": own, "externalPersonId": id})
    assert (second["assessmentUserId"], second["externalPersonId"]) == (first["assessmentUserId"], id)
    shown = calls.read(context.sandbox, first["assessmentId"])["externalPersonId"]
    assert shown == id, f"the earlier assessment shows the id {shown!r}"
    third = calls.made(context.sandbox, {"externalPersonId": id})
    assert third["assessmentUserId"] == first["assessmentUserId"], "the id was not remembered"
    assert third["firstName"] == names["firstName"]
    refused = calls.create(context.sandbox, {"externalId": own, "externalPersonId": unique("p")})
    errors.refused(refused, 400, "pi.create.external_person_id.match")


_kinds = st.fixed_dictionaries(
    {},
    optional={"gender": st.sampled_from((0, 1, 2, None)), "personType": st.sampled_from(strategies.PERSON_TYPES)},
)


@contract("taker taker.again create.again people")
@given(
    names=strategies.names, kinds=_kinds, again=_kinds, change=_kinds, renamed=strategies.names,
    way=st.integers(0, 2), finish=st.booleans(),
)  # fmt: skip
def one(
    context: Context, names: Face, kinds: Face, again: Face, change: Face, renamed: Face, way: int, finish: bool
) -> None:
    """Names, address, gender, type and id of a person are the same in all of the person's assessments.

    This holds whichever assessment is changed, and in every state. A repeated assessment with gender or type changes
    them for all. Another person of the same name is not affected.
    """
    id, sandbox = unique("p"), context.sandbox
    twin = calls.made(sandbox, {**names, **kinds})
    person = {**names, "middleName": None, "externalPersonId": id, "gender": 0, "personType": "Unknown", **_told(kinds)}
    faces = [calls.made(sandbox, {**names, **kinds, "externalPersonId": id})]
    if finish and context.is_simulator:
        sandbox.act(faces[0]["assessmentId"], "complete")
    person |= _told(again)
    faces.append(calls.made(sandbox, {**again, "externalPersonId": id}))
    faces.append(calls.made(sandbox, {"externalPersonId": id}))
    _is_one(context, faces, person)
    person |= {**renamed, **_told(change), "externalPersonId": unique("p")}
    calls.changed(
        sandbox, faces[way]["assessmentId"], {**renamed, **change, "externalPersonId": person["externalPersonId"]}
    )
    _is_one(context, faces, person)
    calls.same(calls.read(sandbox, twin["assessmentId"]), twin)


def _told(kinds: Face) -> Face:
    return {name: value for name, value in kinds.items() if value is not None}


def _is_one(context: Context, faces: list[Face], person: Face) -> None:
    """That each assessment, the list and the search show this of the taker."""
    ids = [face["assessmentId"] for face in faces]
    read = [calls.read(context.sandbox, id) for id in ids]
    for face in read:
        calls.same(
            {member: face[member] for member in oracle.TAKER}, {member: person[member] for member in oracle.TAKER}
        )
        assert face["descriptiveReportUrl"][-1:] in ("", str(person["gender"])), face["descriptiveReportUrl"]
    text = odata.quoted(person["externalPersonId"]).text
    calls.same(
        calls.listed(context.sandbox, filter=f"externalPersonId eq {text} and gender eq {person['gender']}"), read
    )
    calls.same(
        calls.listed(context.sandbox, search=f'"{person["externalPersonId"]}"', searchfields="externalPersonId"), read
    )
    [found] = calls.people(context.sandbox, filter=f"{PERSON_ID} eq {text}")["peopleAndJobsSearchResult"]
    calls.same(found, _found(read[-1], ids[-1]))


@contract(
    refuses=(
        "create.first_name.excluded create.last_name.excluded create.email.excluded create.first_name.required "
        "create.last_name.required create.email.required"
    ),
    needs=CONTROL,
)
@given(members=st.sets(st.sampled_from(("firstName", "lastName", "email")), min_size=1))
def several_flaws(context: Context, members: set[str]) -> None:
    """A refusal lists each name that is missing, or must not be sent.

    All of them at once, for new and for known people.
    """
    slugs = {"firstName": "first_name", "lastName": "last_name", "email": "email"}
    id = unique("a")
    calls.made(context.sandbox, {**TAKER, "externalId": id})
    sent = {member: TAKER[member] for member in members}
    missing = calls.create(context.sandbox, {name: value for name, value in TAKER.items() if name not in members})
    named = calls.create(context.sandbox, {**sent, "externalId": id})
    for answer, what in ((missing, "required"), (named, "excluded")):
        errors.refused(answer, 400, *(f"pi.create.{slugs[member]}.{what}" for member in members))
        assert sorted(errors.parameters(answer)) == sorted(members), answer.text


def _found(face: Face, latest: str) -> Face:
    members = ("firstName", "lastName", "email", "externalPersonId")
    return {
        "sortName": f"{face['lastName']}, {face['firstName']}",
        "assessmentUser": {member: face[member] for member in members},
        "assessmentInformation": {"behavioralAssessmentInformation": {"originalId": latest}},
    }


@contract("people", accepts="search.*", standing=ASSUMED)
@given(names=strategies.names, times=st.integers(0, 2))
def found(context: Context, names: Face, times: int) -> None:
    """A person is found by e-mail or by externalPersonId, with the latest assessment.

    The vendor recommends this search before a creation: otherwise a second person of the same name appears.
    """
    sandbox = apart(context)
    id, address = unique("p"), f"{unique('x')}@example.com"
    face = calls.made(sandbox, {**names, "email": address, "externalPersonId": id})
    latest = face["assessmentId"]
    for _ in range(times):
        latest = calls.made(sandbox, {"externalPersonId": id})["assessmentId"]
    wanted = {"totalSearchResults": 1, "peopleAndJobsSearchResult": [_found(face, latest)]}
    for options in (
        {"search": address}, {"filter": f"{PERSON_ID} eq '{id}'"}, {"filter": f"{EMAIL} eq '{address}'"},
        {"search": address.upper(), "searchfields": EMAIL, "skip": 0, "top": 50},
        {"filter": f"startswith({EMAIL}, '{address}')", "top": 1},
    ):  # fmt: skip
        calls.same(calls.people(sandbox, **options), wanted)
    for options in ({"search": f"{address}x"}, {"filter": f"{PERSON_ID} eq '{id}x'"},
                    {"search": address, "searchfields": PERSON_ID}):  # fmt: skip
        none = {"totalSearchResults": 0, "peopleAndJobsSearchResult": []}
        calls.same(calls.people(sandbox, **options), none)


@contract("people", needs=CONTROL, standing=ASSUMED)
@given(
    skip=st.sampled_from((None, 0, 1, 2, 49, 50, 52, 53, 60)), top=st.sampled_from((None, 0, 1, 2, 49, 50, 51, 1000))
)
def pages(context: Context, skip: int | None, top: int | None) -> None:
    """A search counts all matches, and returns at most 50 of them, in the order of their first invitation.

    The total is that of all pages, so a caller knows when to stop.
    """
    if "crowd" not in context.sandbox.memo:
        context.sandbox.memo["crowd"] = [
            calls.made(context.sandbox, {**TAKER, "firstName": f"Sam {number:02d}"})["firstName"]
            for number in range(53)
        ]
    crowd = context.sandbox.memo["crowd"]
    options: dict[str, Any] = {name: value for name, value in (("skip", skip), ("top", top)) if value is not None}
    found = calls.people(context.sandbox, search="flynn", **options)
    assert found["totalSearchResults"] == 53, f"{found['totalSearchResults']} are counted, there are 53"
    shown = [person["assessmentUser"]["firstName"] for person in found["peopleAndJobsSearchResult"]]
    first, most = skip or 0, 50 if top is None else min(top, 50)
    assert shown == crowd[first : first + most], f"skip {skip}, top {top} shows {shown}"


PROPERTIES = contract.properties
