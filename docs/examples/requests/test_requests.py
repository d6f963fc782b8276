"""requests: a session with the vendor's key and base URL, and a retry of what may be sent again."""

import requests
from requests.adapters import HTTPAdapter
from urllib3 import Retry


def session(api_key):
    """Reads are repeated after 429 and 503, creations are not: see the tutorial for those."""
    opened = requests.Session()
    opened.headers["api-key"] = api_key
    retry = Retry(3, backoff_factor=0.1, status_forcelist=(429, 503), allowed_methods=("GET",))
    opened.mount("http://", HTTPAdapter(max_retries=retry))
    return opened


def test_a_read_survives_two_failures(simulator):
    pi = simulator.predictive_index
    with session(pi.api_key) as http:
        person = {"firstName": "Ada", "lastName": "Lovelace", "email": "ada@example.com"}
        made = http.post(f"{pi.url}/behavioralassessments", json=person, timeout=5).json()
        simulator.complete(made["assessmentId"])
        simulator.faults.add("status", status=503, times=2)
        found = http.get(f"{pi.url}/behavioralassessments/{made['assessmentId']}", timeout=5).json()
        assert found["assessmentState"] == 40
