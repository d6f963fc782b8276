"""The list: which assessments, in which order, how many, with which members, and how many are looked at for it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assessment_simulator.core import instant
from assessment_simulator.core.decision import Decision, VendorResponse
from assessment_simulator.core.vendor import finish, handle
from assessment_simulator.vendors.predictive_index import VENDOR
from tests.fakes import BASE_URL, FakeSandbox, FakeStored
from tests.vendors.predictive_index.rows import VALID
from tests.vendors.predictive_index.test_assessments import SAMPLE_MEMBERS, again, created, post, saved


def ask(sandbox: FakeSandbox, **options: str) -> VendorResponse:
    """The list with options, written without their dollar signs."""
    names = {"searchfields": "searchfields", **{name: f"${name}" for name in options if name != "searchfields"}}
    return sandbox.handle(VENDOR, "list_assessments", query={names[name]: text for name, text in options.items()})


def faces(response: VendorResponse) -> list[Mapping[str, Any]]:
    assert response.status == 200, response
    return [getattr(item, "public", item) for item in response.body]


def found(sandbox: FakeSandbox, **options: str) -> list[str]:
    """The externalIds of what is listed."""
    return [str(face["externalId"]) for face in faces(ask(sandbox, **options))]


@pytest.fixture
def sandbox() -> FakeSandbox:
    """Five assessments, `a` to `e`; `b` is complete, and `c` and `e` are of one person."""
    sandbox = FakeSandbox()
    people = [("a", "Sam", 1), ("b", "Quorra", 2), ("c", "sam", 0), ("d", "Ädam", 1)]
    for id, name, gender in people:
        sandbox.now += instant.SECOND
        body = {"firstName": name, "email": f"{name}@example.com".lower(), "gender": gender}
        post(sandbox, **{**VALID, **body, "externalId": id, "externalPersonId": f"p-{id}"})
    again(sandbox, externalId="e", externalPersonId="p-c", associatedPositionTitle="Software Engineer")
    scores = {"scores": {"selfSigmaScore": {"aSigma": 1.5}}}
    sandbox.handle(VENDOR, "complete", scores, params={"id": sandbox.latest_id("pi.external_id", "b")})
    return sandbox


# Options.

ASKED: list[tuple[dict[str, str], str]] = [
    ({"skip": "1", "top": "3"}, "b c d"),
    ({"skip": "9"}, ""),
    ({"top": "0"}, ""),
    ({"top": "2147483647", "skip": "2147483647"}, ""),
    ({"filter": "gender eq 1"}, "a d"),
    ({"filter": "gender eq 1", "top": "1", "skip": "1"}, "d"),
    ({"filter": "assessmentState eq 40"}, "b"),
    ({"filter": "selfSigmaScore/aSigma ge 1.5"}, "b"),
    ({"filter": "externalPersonId eq 'p-c'"}, "c e"),
    ({"filter": "externalPersonId eq 'p-c' and externalId ne 'c'"}, "e"),
    ({"filter": "externalPersonId eq 'p-c' and externalId eq 'a'"}, ""),
    ({"filter": "externalPersonId eq 'p-c' or externalId eq 'a'"}, "a c e"),
    ({"filter": "'sam@example.com' eq email"}, "a c e"),
    ({"filter": "email eq ''"}, ""),
    ({"filter": "externalId eq null"}, ""),
    ({"filter": f"startswith(assessmentUrl, '{BASE_URL}/Account')", "top": "1"}, "a"),
    ({"filter": "contains(assessmentUrl, '=test.')"}, "a b c d e"),
    ({"filter": "descriptiveReportUrl ne ''"}, "b"),
    ({"orderby": "gender desc, externalId DESC"}, "b d a e c"),
    ({"orderby": "gender desc,gender asc"}, "b a d c e"),
    ({"orderby": "patternNumber desc"}, "b a c d e"),
    ({"orderby": "selfSigmaScore/aSigma desc", "top": "1"}, "b"),
    ({"search": "sam flynn"}, "a c e"),
    ({"search": '"sam flynn"'}, ""),
    ({"search": "quorra@example.com"}, "b"),
    ({"search": "engineer"}, "e"),
    ({"search": "p-c"}, "c e"),
    ({"search": "ädam"}, "d"),
    ({"search": "sam", "searchfields": "externalId,lastName"}, ""),
    ({"search": "sam", "filter": "gender eq 1"}, "a"),
    ({"search": "sam", "orderby": "externalId desc", "skip": "1", "top": "1"}, "c"),
    ({"searchfields": "email"}, "a b c d e"),
]  # fmt: skip


@pytest.mark.parametrize(("options", "ids"), ASKED)
def test_options_select_and_order_the_list(sandbox: FakeSandbox, options: dict[str, str], ids: str) -> None:
    assert found(sandbox, **options) == ids.split()


def test_select_returns_members_in_the_order_of_responses(sandbox: FakeSandbox) -> None:
    (face,) = faces(ask(sandbox, select="customFields, lastName,firstName", top="1"))
    assert list(face) == ["firstName", "lastName", "customFields"]
    (whole,) = faces(ask(sandbox, select="lastName,*", top="1"))
    assert list(whole) == SAMPLE_MEMBERS


def test_list_without_select_returns_stored_records(sandbox: FakeSandbox) -> None:
    for options in ({"top": "2"}, {"filter": "gender eq 1"}, {"orderby": "gender"}):
        assert all(isinstance(item, FakeStored) for item in ask(sandbox, **options).body)


def test_queries_name_members_as_the_flags_show_them(sandbox: FakeSandbox) -> None:
    sandbox.set_behaviour(pi_state_member="assessmentStatus", pi_person_type="numbers", pi_sigma_container="object")
    assert found(sandbox, filter="assessmentStatus eq 40 and personType eq 1") == ["b"]
    assert found(sandbox, filter="selfSigmaScore/aSigma eq 1.5") == ["b"]
    assert faces(ask(sandbox, select="assessmentStatus", top="1")) == [{"assessmentStatus": 0}]
    sandbox.set_behaviour(pi_response_members="table")
    assert ask(sandbox, select="assessmentStatus").rules == ("pi.list.select.member",)
    assert found(sandbox, search="finance") == []


PAGES: list[tuple[dict[str, str], slice, bool]] = [
    ({}, slice(50), True),
    ({"top": "50"}, slice(50), False),
    ({"top": "51"}, slice(50), True),
    ({"top": "2147483647"}, slice(50), True),
    ({"top": "7"}, slice(7), False),
    ({"skip": "4"}, slice(4, 54), True),
    ({"skip": "5"}, slice(5, None), False),
    ({"skip": "50"}, slice(50, None), False),
    ({"skip": "50", "top": "100"}, slice(50, None), False),
    ({"filter": "isDeleted eq 0"}, slice(50), True),
    ({"filter": "isDeleted eq 0", "top": "50"}, slice(50), False),
    ({"filter": "externalId ne 'a'"}, slice(1, 51), True),
    ({"orderby": "assessmentDateTime", "skip": "50", "top": "3"}, slice(50, 53), False),
    ({"search": "flynn", "select": "externalId", "skip": "49"}, slice(49, None), False),
]


@pytest.fixture(scope="module")
def pages() -> FakeSandbox:
    """Fifty-five assessments, `a` and the next letters."""
    sandbox = FakeSandbox()
    for number in range(55):
        sandbox.now += instant.SECOND
        created(sandbox, externalId=chr(ord("a") + number))
    return sandbox


@pytest.mark.parametrize(("options", "page", "more"), PAGES)
def test_list_is_limited_to_50_with_a_note_if_there_are_more(
    pages: FakeSandbox, options: dict[str, str], page: slice, *, more: bool
) -> None:
    response = ask(pages, **options)
    assert [str(face["externalId"]) for face in faces(response)] == [chr(ord("a") + number) for number in range(55)][
        page
    ]
    assert response.notes == (("a list holds 50 assessments at most; $skip leads to the next ones",) if more else ())


def test_unknown_parameters_are_ignored_and_noted(sandbox: FakeSandbox) -> None:
    response = sandbox.handle(VENDOR, "list_assessments", query={"top": "1", "é": "2"})
    assert len(response.body) == 5
    assert response.notes == (
        "query.top is not a documented parameter; it was ignored; did you mean $top?",
        "query.\\xe9 is not a documented parameter; it was ignored",
    )


def test_stale_index_keys_find_nothing(sandbox: FakeSandbox) -> None:
    stale, gone = (str(sandbox.latest_id("pi.external_id", id)) for id in "ab")
    old = saved(sandbox, stale)
    sandbox.records["assessment", stale] = FakeStored(
        stale, old.status, {**old.public, "externalId": "z"}, old.internal
    )
    sandbox.apply(Decision(VendorResponse(204), deleted=(("assessment", gone),)))
    assert found(sandbox, filter="externalId eq 'a'") == found(sandbox, filter="externalId eq 'b'") == []
    assert found(sandbox, filter=f"assessmentId eq '{gone}'") == []


def test_an_index_keeps_the_order_of_creation(sandbox: FakeSandbox) -> None:
    # A later save under a key that others already have comes last there, and may come twice.
    ids = sandbox.index["pi.assessment.email", "sam@example.com"]
    ids.append(ids.pop(0))
    ids.append(ids[0])
    assert found(sandbox, filter="email eq 'sam@example.com'") == ["a", "c", "e"]


# How many are looked at.


@dataclass
class Watched(FakeSandbox):
    """A sandbox that counts the records that it gives away."""

    looks: int = 0

    def get(self, kind: str, id: str) -> FakeStored | None:
        self.looks += 1
        return super().get(kind, id)

    def all(self, kind: str) -> Sequence[FakeStored]:
        given = super().all(kind)
        self.looks += len(given)
        return given

    def page(self, kind: str, skip: int, top: int) -> Sequence[FakeStored]:
        given = super().all(kind)[skip : skip + top]
        self.looks += len(given)
        return given


@pytest.fixture(scope="module")
def crowd() -> Watched:
    sandbox = Watched()
    for number in range(300):
        created(sandbox, externalId=f"a-{number}", externalPersonId=f"p-{number}")
    again(sandbox, externalId="twice", externalPersonId="p-7")
    return sandbox


FEW: list[tuple[dict[str, str], int]] = [
    ({"top": "50"}, 50),
    ({"top": "50", "skip": "200"}, 50),
    ({"top": "50", "skip": "290", "select": "email"}, 11),
    ({"filter": "externalId eq 'a-7'"}, 1),
    ({"filter": "'a-7' eq externalId"}, 1),
    ({"filter": "externalId eq 'nobody'"}, 0),
    ({"filter": "externalPersonId eq 'p-7'"}, 2),
    ({"filter": "externalPersonId eq 'p-7'", "orderby": "externalId", "search": "sam"}, 2),
    ({"filter": "gender eq 0 and (externalPersonId eq 'p-7' and email ne null)"}, 2),
    ({"filter": "email eq 'sam@example.com' and externalId eq 'a-9'"}, 1),
    ({"filter": "externalId eq 'a-9' and email eq 'sam@example.com'"}, 1),
    ({"filter": "email eq 'nobody@example.com'"}, 0),
]
MANY = [
    "gender eq 0", "externalId eq 'a-7' or externalId eq 'a-8'", "not (externalId eq 'a-7')", "externalId ne 'a-7'",
    "tolower(externalId) eq 'a-7'", "(externalId eq 'a-7') eq true", "externalId eq ''",
]  # fmt: skip


@pytest.mark.parametrize(("options", "looks"), FEW)
def test_page_and_indexed_filter_read_only_returned_records(
    crowd: Watched, options: dict[str, str], looks: int
) -> None:
    crowd.looks = 0
    assert len(ask(crowd, **options).body) == looks
    assert crowd.looks == looks


@pytest.mark.parametrize("member", ["assessmentId", "assessmentUserId"])
@pytest.mark.parametrize("form", ["'{0}'", "{0}", "{1}", "guid'{0}'", "guid'{1}'"])
def test_vendor_ids_are_indexed_in_every_notation(crowd: Watched, member: str, form: str) -> None:
    id = saved(crowd, str(crowd.latest_id("pi.external_id", "a-3"))).public[member]
    crowd.looks = 0
    assert found(crowd, filter=f"{member} eq {form.format(id, id.upper())}") == ["a-3"]
    assert crowd.looks == 1


@pytest.mark.parametrize("text", MANY)
def test_other_filters_read_all_records(crowd: Watched, text: str) -> None:
    crowd.looks = 0
    ask(crowd, filter=text)
    assert crowd.looks == 301


def test_guid_in_an_external_id_is_found_in_any_case() -> None:
    sandbox = FakeSandbox()
    id = "1A2BC3D4-e5f6-a7b8-c9d0-e1f2a3b4c5d6"
    created(sandbox, externalId=id)
    assert found(sandbox, filter=f"externalId eq {id.lower()}") == [id]


# Against the plainest list there is.

MEMBERS = st.sampled_from(["gender", "firstName", "middleName", "patternNumber", "assessmentDateTime"])
ORDERS = st.lists(st.tuples(MEMBERS, st.sampled_from(["", " asc", " DESC"])), min_size=1, max_size=3)


@given(
    st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 2), st.sampled_from([None, "x", "y"])), max_size=8),
    ORDERS, st.integers(0, 9), st.integers(0, 9),
)  # fmt: skip
def test_order_and_page_match_a_plain_sort(
    people: list[tuple[str, int, str | None]], order: list[tuple[str, str]], skip: int, top: int
) -> None:
    sandbox = FakeSandbox()
    for number, (name, gender, middle) in enumerate(people):
        sandbox.now += instant.SECOND * (number % 2)
        body = {**VALID, "firstName": name, "middleName": middle, "gender": gender}
        post(sandbox, **body, externalPersonId=f"p-{number}")
    expected = [stored.public for stored in sandbox.all("assessment")]
    for member, direction in reversed(order):
        down = direction == " DESC"
        filled = sorted((f for f in expected if f[member] is not None), key=lambda f: f[member], reverse=down)
        empty = [f for f in expected if f[member] is None]
        expected = filled + empty if down else empty + filled
    text = ",".join(member + direction for member, direction in order)
    shown = faces(ask(sandbox, orderby=text, skip=str(skip), top=str(top)))
    assert shown == expected[skip : skip + top]


EXPENSIVE: list[tuple[str, dict[str, str]]] = [
    ("list_assessments", {"$filter": "contains(email, 'a') or firstName ne null", "$count": "true"}),
    ("list_assessments", {"$orderby": "externalId desc,email"}),
    ("list_assessments", {"$search": "example.com", "$select": "externalId"}),
    ("search_people", {"$search": "example.com"}),
    ("search_people", {"$filter": "peopleAndJobsSearchResult/sortName ne 'x'"}),
]


@pytest.mark.parametrize(("operation", "query"), EXPENSIVE)
def test_long_list_is_worked_out_in_steps_from_the_records_of_its_request(
    crowd: Watched, operation: str, query: dict[str, str]
) -> None:
    sandbox = replace(crowd, records=dict(crowd.records))
    request = sandbox.call(operation, query=query)
    whole, response = (handle(VENDOR, VENDOR.operations[operation], request, one).response for one in (crowd, sandbox))
    *_, whole = finish(whole)
    steps = finish(response)
    next(steps)
    sandbox.records.clear()
    *others, response = steps
    assert len(others) > 300 / 100
    if operation == "list_assessments":
        assert response == whole
        assert len(response.body) == 50
    else:  # the latest assessments of a person are those at the end
        assert response.body == {
            "totalSearchResults": whole.body["totalSearchResults"],
            "peopleAndJobsSearchResult": [],
        }
