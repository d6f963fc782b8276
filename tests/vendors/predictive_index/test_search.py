"""The search for people: who is found, what is shown of them, and that the recommended way round works."""

from typing import Any
from urllib.parse import unquote

import pytest

from assessment_simulator.core.decision import Decision, VendorResponse
from assessment_simulator.vendors.predictive_index import VENDOR
from tests.fakes import FakeSandbox
from tests.vendors.predictive_index.rows import VALID
from tests.vendors.predictive_index.test_assessments import again, post
from tests.vendors.predictive_index.test_lists import Watched

ROOT = "peopleAndJobsSearchResult"
PEOPLE = [("Ada", "Lovelace", "p-1"), ("Grace", "Hopper", "p-2"), ("Ada", "Yonath", None)]


def search(sandbox: FakeSandbox, **options: str) -> VendorResponse:
    query = {name if name == "searchfields" else f"${name}": text for name, text in options.items()}
    return sandbox.handle(VENDOR, "search_people", query=query)


def found(sandbox: FakeSandbox, **options: str) -> list[str]:
    response = search(sandbox, **options)
    assert response.status == 200, response
    return [person["sortName"] for person in response.body[ROOT]]


def invite(sandbox: FakeSandbox, first: str, last: str, id: str | None) -> str:
    email = f"{first}.{last}@example.com".lower()
    body = {**VALID, "firstName": first, "lastName": last, "email": email, "externalPersonId": id}
    response = post(sandbox, **body)
    assert response.status == 201
    return str(response.body["assessmentId"])


@pytest.fixture
def sandbox() -> Watched:
    sandbox = Watched()
    for person in PEOPLE:
        invite(sandbox, *person)
    return sandbox


def test_a_person_is_shown_with_the_latest_assessment(sandbox: Watched) -> None:
    id = again(sandbox, externalPersonId="p-2")["assessmentId"]
    assert search(sandbox, search="grace.hopper@example.com").body == {
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
def test_search_finds_matching_people(sandbox: Watched, options: dict[str, str], names: list[str]) -> None:
    assert found(sandbox, **options) == names


def test_total_counts_all_pages_of_at_most_50(sandbox: Watched) -> None:
    for number in range(50):
        invite(sandbox, "Eva", f"No {number}", None)
    bodies: list[Any] = [
        search(sandbox, **options).body for options in ({}, {"top": "99"}, {"top": "2"}, {"skip": "50"})
    ]
    assert [(body["totalSearchResults"], len(body[ROOT])) for body in bodies] == [(53, 50), (53, 50), (53, 2), (53, 3)]


@pytest.mark.parametrize("text", [f"{USER}/externalPersonId eq 'p-1'", f"{USER}/email eq 'ada.lovelace@example.com'"])
def test_an_id_or_address_is_found_by_an_index(sandbox: Watched, text: str) -> None:
    sandbox.looks = 0
    assert found(sandbox, filter=text) == [ADA]
    assert sandbox.looks <= 3  # the person, the latest assessment, and the one that led there
    assert found(sandbox, filter=text.replace("1'", "9'").replace("ada", "eva")) == []


def test_what_is_archived_is_not_found(sandbox: Watched) -> None:
    first = sandbox.all("assessment")[0].id
    face = again(sandbox, externalPersonId="p-1")
    person, second = face["assessmentUserId"], face["assessmentId"]
    sandbox.apply(Decision(VendorResponse(204), deleted=(("assessment", second),)))
    (shown,) = search(sandbox, search="lovelace").body[ROOT]
    assert shown["assessmentInformation"]["behavioralAssessmentInformation"]["originalId"] == first
    sandbox.apply(Decision(VendorResponse(204), deleted=(("assessment", first), ("person", person))))
    by_email = f"{USER}/email eq 'ada.lovelace@example.com'"
    by_id = f"{USER}/externalPersonId eq 'p-1'"
    assert found(sandbox, search="lovelace") == found(sandbox, filter=by_email) == found(sandbox, filter=by_id) == []


def test_unknown_parameters_are_ignored_and_noted(sandbox: Watched) -> None:
    response = sandbox.handle(VENDOR, "search_people", query={"search": "ada"})
    assert response.body["totalSearchResults"] == 3
    assert response.notes == ("query.search is not a documented parameter; it was ignored; did you mean $search?",)
