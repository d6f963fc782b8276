"""The search for people: who is found, what is shown of them, and that the recommended way round works."""

from typing import Any
from urllib.parse import unquote

import pytest

from assessment_simulator.core.decision import Decision
from assessment_simulator.core.request import VendorResponse
from assessment_simulator.vendors.predictive_index import VENDOR
from tests.fakes import FakeSandbox
from tests.vendors.predictive_index.rows import VALID
from tests.vendors.predictive_index.test_assessments import again, post
from tests.vendors.predictive_index.test_listing import Watched

ROOT = "peopleAndJobsSearchResult"
PEOPLE = [("Ada", "Lovelace", "p-1"), ("Grace", "Hopper", "p-2"), ("Ada", "Yonath", None)]


def search(world: FakeSandbox, **options: str) -> VendorResponse:
    query = {name if name == "searchfields" else f"${name}": text for name, text in options.items()}
    return world.ask(VENDOR, "search_people", query=query)


def found(world: FakeSandbox, **options: str) -> list[str]:
    reply = search(world, **options)
    assert reply.status == 200, reply
    return [person["sortName"] for person in reply.body[ROOT]]


def invite(world: FakeSandbox, first: str, last: str, id: str | None) -> str:
    email = f"{first}.{last}@example.com".lower()
    body = {**VALID, "firstName": first, "lastName": last, "email": email, "externalPersonId": id}
    reply = post(world, **body)
    assert reply.status == 201
    return str(reply.body["assessmentId"])


@pytest.fixture
def world() -> Watched:
    world = Watched()
    for person in PEOPLE:
        invite(world, *person)
    return world


def test_a_person_is_shown_with_the_latest_assessment(world: Watched) -> None:
    id = again(world, externalPersonId="p-2")["assessmentId"]
    assert search(world, search="grace.hopper@example.com").body == {
        "totalSearchResults": 1,
        ROOT: [{
            "sortName": "Hopper, Grace",
            "assessmentUser": {
                "firstName": "Grace", "lastName": "Hopper", "email": "grace.hopper@example.com",
                "externalPersonId": "p-2",
            },
            "assessmentInformation": {"behavioralAssessmentInformation": {"originalId": id}},
        }],
    }  # fmt: skip


USER = f"{ROOT}/assessmentUser"
ADA, GRACE, YONATH = "Lovelace, Ada", "Hopper, Grace", "Yonath, Ada"
ASKED: list[tuple[dict[str, str], list[str]]] = [
    ({}, [ADA, GRACE, YONATH]),
    ({"search": "ada"}, [ADA, YONATH]),
    ({"search": "ADA love"}, [ADA]),
    ({"search": "p-2"}, [GRACE]),
    ({"search": "ada", "searchfields": f"{USER}/email,{ROOT}/sortName"}, [ADA, YONATH]),
    ({"search": "ada", "searchfields": f"{USER}/externalPersonId"}, []),
    ({"search": "nobody"}, []),
    ({"filter": unquote("peopleAndJobsSearchResult%2FassessmentUser%2FexternalPersonId%20eq%20'p-2'")}, [GRACE]),
    ({"filter": f"{USER}/externalPersonId eq null"}, [YONATH]),
    ({"filter": f"{USER}/externalPersonId eq ''"}, []),
    ({"filter": f"{USER}/email eq 'ada.yonath@example.com'"}, [YONATH]),
    ({"filter": f"{USER}/email eq 'ada.yonath@example.com' and {USER}/firstName eq 'Grace'"}, []),
    ({"filter": f"{USER}/firstName eq 'Ada' and startswith({ROOT}/sortName, 'Y')"}, [YONATH]),
    ({"filter": f"{USER}/lastName gt 'I'", "search": "lovelace"}, [ADA]),
    ({"skip": "1"}, [GRACE, YONATH]),
    ({"top": "1", "skip": "1"}, [GRACE]),
]


@pytest.mark.parametrize(("options", "names"), ASKED)
def test_a_search_finds_whom_it_asks_for(world: Watched, options: dict[str, str], names: list[str]) -> None:
    assert found(world, **options) == names


def test_the_total_counts_those_on_other_pages_and_a_page_has_at_most_fifty(world: Watched) -> None:
    for number in range(50):
        invite(world, "Eva", f"No {number}", None)
    bodies: list[Any] = [search(world, **options).body for options in ({}, {"top": "99"}, {"top": "2"}, {"skip": "50"})]
    assert [(body["totalSearchResults"], len(body[ROOT])) for body in bodies] == [(53, 50), (53, 50), (53, 2), (53, 3)]


@pytest.mark.parametrize("text", [f"{USER}/externalPersonId eq 'p-1'", f"{USER}/email eq 'ada.lovelace@example.com'"])
def test_an_id_or_address_is_found_by_an_index(world: Watched, text: str) -> None:
    world.looks = 0
    assert found(world, filter=text) == [ADA]
    assert world.looks <= 3  # the person, the latest assessment, and the one that led there
    assert found(world, filter=text.replace("1'", "9'").replace("ada", "eva")) == []


def test_what_is_archived_is_not_found(world: Watched) -> None:
    first = world.all("assessment")[0].id
    face = again(world, externalPersonId="p-1")
    person, second = face["assessmentUserId"], face["assessmentId"]
    world.apply(Decision(VendorResponse(204), deleted=(("assessment", second),)))
    (shown,) = search(world, search="lovelace").body[ROOT]
    assert shown["assessmentInformation"]["behavioralAssessmentInformation"]["originalId"] == first
    world.apply(Decision(VendorResponse(204), deleted=(("assessment", first), ("person", person))))
    by_email = f"{USER}/email eq 'ada.lovelace@example.com'"
    by_id = f"{USER}/externalPersonId eq 'p-1'"
    assert found(world, search="lovelace") == found(world, filter=by_email) == found(world, filter=by_id) == []


def test_what_no_document_knows_is_ignored_and_noted(world: Watched) -> None:
    reply = world.ask(VENDOR, "search_people", query={"search": "ada"})
    assert reply.body["totalSearchResults"] == 3
    assert reply.notes == ("query.search is not a documented parameter; it was ignored; did you mean $search?",)
