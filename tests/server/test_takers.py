"""Takers, pages of the list and returned assessments over HTTP, where addresses and seals are filled in."""

from typing import Any

import pytest

from tests.servers import Sandbox

PI = "/api/v1/behavioralassessments"
PEOPLE = "/api/v2/peopleandjobs"
PERSON = {
    "firstName": "Sam", "lastName": "Flynn", "email": "sam@example.com", "gender": 2, "personType": "Candidate",
    "externalPersonId": "p-1",
}  # fmt: skip


def made(sandbox: Sandbox, **body: Any) -> dict[str, Any]:
    answer = sandbox.pi.post(PI, json=body)
    assert answer.status_code == 201, answer.text
    shown: dict[str, Any] = answer.json()
    return shown


def test_a_changed_taker_is_the_same_in_every_answer_of_both_apis(sandbox: Sandbox) -> None:
    first, second = made(sandbox, **PERSON), made(sandbox, externalPersonId="p-1")
    assert (second["gender"], second["personType"]) == (2, "Candidate")
    sandbox.control_json("POST", f"/invitations/{first['assessmentId']}/complete")
    change = {"lastName": "New", "gender": 1, "personType": "Employee", "externalPersonId": "p-2"}
    assert sandbox.pi.request("PATCH", f"{PI}/{second['assessmentId']}", json=change).status_code == 200
    for query in ({}, {"$filter": "externalPersonId eq 'p-2'"}, {"$filter": "gender eq 1"}, {"$search": "new"}):
        listed = sandbox.pi.get(PI, params=query).json()
        assert [{member: face[member] for member in change} for face in listed] == [change, change]
    assert listed[0]["descriptiveReportUrl"].endswith("gender=1")
    found = sandbox.pi.get(PEOPLE, params={"$search": "p-2"}).json()
    assert [one["sortName"] for one in found["peopleAndJobsSearchResult"]] == ["New, Sam"]
    candidates = [one["candidate"] for one in sandbox.control_json("GET", "/invitations")]
    assert [(one["last_name"], one["external_id"]) for one in candidates] == [("New", "p-2"), ("New", "p-2")]


@pytest.mark.parametrize("action", [None, "complete", "expire", "abort"])
def test_an_assessment_that_was_read_is_sent_back_without_effect_and_without_a_note(
    sandbox: Sandbox, action: str | None
) -> None:
    position = {"associatedPositionTitle": "Software Engineer", "expirationDateTime": "2999-12-31"}
    path = f"{PI}/{made(sandbox, **PERSON, **position)['assessmentId']}"
    if action:
        sandbox.control_json("POST", f"/invitations/{path.rpartition('/')[2]}/{action}")
    before = sandbox.pi.get(path)
    answer = sandbox.pi.request("PATCH", path, json=before.json())
    assert (answer.status_code, answer.json()) == (200, before.json())
    assert "simulator-note" not in answer.headers
    assert sandbox.pi.get(path).content == before.content


def test_a_list_is_read_in_pages_of_fifty(sandbox: Sandbox) -> None:
    ids = [made(sandbox, **PERSON)["assessmentId"]]
    ids += [made(sandbox, externalPersonId="p-1")["assessmentId"] for _ in range(51)]
    first, second = (sandbox.pi.get(PI, params={"$skip": skip}) for skip in (0, 50))
    assert [face["assessmentId"] for face in first.json()] == ids[:50]
    assert first.headers["simulator-note"] == "a list holds 50 assessments at most; $skip leads to the next ones"
    assert [face["assessmentId"] for face in second.json()] == ids[50:]
    assert "simulator-note" not in second.headers
