"""The Predictive Index's own curl example, run with curl."""

import json
import subprocess
from pathlib import Path

from tests.servers import Listener, Sandbox

EXAMPLE = """
{
   "firstName": "Sam",
   "lastName": "Flynn",
   "email": "test@predictiveindex.com",
   "expirationDateTime": "2017-12-31",
   "administeredByEmail": "recruiter@predictiveindex.com",
   "administeredByPhone": "+1 781-235-8872",
   "administeredByFirstName": "Recruiter First",
   "administeredByLastName": "Recruiter Last",
   "gender": 1,
   "personType": "Candidate",
   "assessmentStatusWebHook": "https://my.predictiveindex.com/behavioralcomplete",
   "notifyAssessmentAvailableUsingEmail": 1,
   "externalId": "894ever-behavioral",
   "externalPersonId": "EightyNine4ever"
   "customFields": [
     {
       "fieldName": "Favorite Color",
       "fieldValue": "Blue"
     },
     {
       "fieldName": "Favorite ood",
       "fieldValue": "Pizza"
     }
   ]
}
"""
"""The example's request body to the letter: without the comma before `customFields`, and with a field misspelt."""


def corrected(webhook: str) -> str:
    """The example with its comma, a date ahead, and a webhook address that can be reached from here."""
    text = EXAMPLE
    for wrong, right in [
        ('"EightyNine4ever"', '"EightyNine4ever",'),
        ("2017-12-31", "2099-12-31"),
        ("https://my.predictiveindex.com", webhook),
    ]:
        assert text.count(wrong) == 1
        text = text.replace(wrong, right)
    return text


def curl(*arguments: str, folder: Path) -> tuple[int, str]:
    """The status and the body that curl got."""
    command = ["curl", "--silent", "--show-error", "--noproxy", "*", "--write-out", "\n%{http_code}", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stderr
    body, _, status = done.stdout.rpartition("\n")
    return int(status), body


def create(sandbox: Sandbox, folder: Path, body: str) -> tuple[int, str]:
    """The page's command, with this server's address and a key of this sandbox."""
    (folder / "body.json").write_text(body)
    url = f"{sandbox.url}/api/v1/behavioralassessments"
    key = f"api-key: {sandbox.credential}"
    return curl("-X", "POST", url, "-H", key, "-H", "Content-Type: application/json", "-d", "@body.json", folder=folder)


def test_the_vendors_curl_example_creates_an_assessment_and_its_webhook_arrives(
    sandbox: Sandbox, listener: Listener, tmp_path: Path
) -> None:
    status, body = create(sandbox, tmp_path, corrected(listener.url))

    assert status == 201, body
    made = json.loads(body)
    assert made["externalId"] == "894ever-behavioral"
    assert made["expirationDateTime"] == "2099-12-31T23:59:59.9999999Z"
    assert listener.received == []

    sandbox.control_json("POST", f"/invitations/{made['assessmentId']}/complete")

    [posted] = listener.wait_for(1)
    assert (posted.method, posted.path) == ("POST", "/behavioralcomplete")
    assert posted.headers["content-type"].startswith("application/x-www-form-urlencoded")
    form = posted.form
    form.pop("assessmentSource", None)
    assert form == {
        "assessmentId": made["assessmentId"],
        "assessmentState": "40",
        "externalId": "894ever-behavioral",
    }


def test_the_example_as_printed_is_no_json_and_creates_nothing(sandbox: Sandbox, tmp_path: Path) -> None:
    status, _ = create(sandbox, tmp_path, EXAMPLE)

    assert status == 400
    assert sandbox.control_json("GET", "/invitations") == []


def test_the_example_with_its_comma_alone_is_refused_for_its_date_in_the_past(sandbox: Sandbox, tmp_path: Path) -> None:
    status, _ = create(sandbox, tmp_path, corrected("https://my.predictiveindex.com").replace("2099", "2017"))

    assert status == 400
    assert sandbox.control_json("GET", "/invitations") == []
