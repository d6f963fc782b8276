"""Tests with the fixture `simulator`, as the example files for continuous integration run them.

`invite` stands for your own code: give it the base URL and the key of the sandbox, as here, or set its variables with
`assessment-simulator env`.
"""

import requests


def invite(base_url, api_key, email):
    person = {"firstName": "Ada", "lastName": "Lovelace", "email": email}
    answer = requests.post(f"{base_url}/behavioralassessments", headers={"api-key": api_key}, json=person, timeout=10)
    answer.raise_for_status()
    return answer.json()["assessmentId"]


def test_a_completed_assessment_sends_a_webhook(simulator):
    pi = simulator.predictive_index
    id = invite(pi.url, pi.api_key, "ada@example.com")
    simulator.complete(id)
    assert simulator.webhooks.wait_for({"assessmentId": id}).form["assessmentState"] == "40"


def test_an_order_is_created_once(simulator):
    url, headers = f"{simulator.pymetrics.url}/mercury/order", simulator.pymetrics.headers()
    order = {
        "candidate": {"email": "ada@example.com"},
        "assessment_id": simulator.config()["assessments"][0]["id"],
        "application_id": "application-1",
    }
    made = [requests.post(url, headers=headers, json=order, timeout=10).json()["created"] for _ in range(2)]
    assert made == [True, False]
