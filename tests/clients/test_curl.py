"""The Predictive Index's own curl example, run with curl."""

import json
import subprocess
from pathlib import Path

from tests.servers import Listener, Sandbox

# The example's request body to the letter: without the comma before `customFields`, and with a field misspelt.
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


def create(sandbox: Sandbox, folder: Path, body: str) -> tuple[int, str]:
    """The status and the body that the page's command gets, with this server's address and a key of this sandbox."""
    (folder / "body.json").write_text(body)
    done = subprocess.run(
        [
            "curl", "--silent", "--show-error", "--noproxy", "*", "--write-out", "\n%{http_code}",
            "-X", "POST", f"{sandbox.url}/api/v1/behavioralassessments", "-H", f"api-key: {sandbox.credential}",
            "-H", "Content-Type: application/json", "-d", "@body.json",
        ],
        cwd=folder, capture_output=True, text=True, timeout=30, check=True,
    )  # fmt: skip
    answer, _, status = done.stdout.rpartition("\n")
    return int(status), answer


def test_the_vendors_curl_example_creates_an_assessment_and_its_webhook_arrives(
    sandbox: Sandbox, listener: Listener, tmp_path: Path
) -> None:
    assert create(sandbox, tmp_path, EXAMPLE)[0] == 400, "as it is printed, it is not JSON"
    body = EXAMPLE.replace('"EightyNine4ever"', '"EightyNine4ever",')
    assert create(sandbox, tmp_path, body)[0] == 400, "its date is in the past"
    assert sandbox.control_json("GET", "/invitations") == []

    body = body.replace("2017-12-31", "2099-12-31").replace("https://my.predictiveindex.com", listener.url)
    status, answer = create(sandbox, tmp_path, body)
    assert status == 201, answer
    made = json.loads(answer)
    assert made["expirationDateTime"] == "2099-12-31T23:59:59.9999999Z"
    assert listener.received == []

    sandbox.control_json("POST", f"/invitations/{made['assessmentId']}/complete")
    [posted] = listener.wait_for(1)
    assert (posted.method, posted.path) == ("POST", "/behavioralcomplete")
    assert posted.headers["content-type"].startswith("application/x-www-form-urlencoded")
    expected = {"assessmentId": made["assessmentId"], "assessmentState": "40", "externalId": "894ever-behavioral"}
    assert {name: value for name, value in posted.form.items() if name != "assessmentSource"} == expected
