"""Playwright for Python: a candidate follows the link, finishes, and comes back to the page that the client named."""

import requests


def test_a_candidate_finishes_in_the_browser(simulator, page):
    pi = simulator.predictive_index
    person = {"firstName": "Ada", "lastName": "Lovelace", "email": "ada@example.com"}
    made = requests.post(f"{pi.url}/behavioralassessments", headers=pi.headers(), json=person).json()
    page.goto(made["assessmentUrl"])
    page.get_by_role("button", name="Start").click()
    page.get_by_role("button", name="Finish").click()
    found = requests.get(f"{pi.url}/behavioralassessments/{made['assessmentId']}", headers=pi.headers()).json()
    assert found["assessmentState"] == 40
