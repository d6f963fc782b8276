"""`demo`: the workflows of both vendors, against a running server, with a webhook listener of its own."""

import webbrowser
from collections.abc import Callable
from typing import Any

import httpx2

from assessment_simulator.testing.webhook_listener import Inbox, Listener

SANDBOX = "demo"
_CONTROL = f"/_simulator/sandboxes/{SANDBOX}"


def _first(inbox: Inbox) -> str:
    """The body of the first webhook, which comes within ten seconds."""
    inbox.wait(lambda: bool(inbox.received), 10)
    return inbox.received[0].body.decode()


class Demo:
    """Sends requests to the server at `base`, and prints each with its status; raises if a status is unexpected."""

    def __init__(self, base: str, say: Callable[[str], None]) -> None:
        self._base = base
        self._print = say

    def run(self) -> None:
        """Show both vendors."""
        with httpx2.Client(base_url=self._base, trust_env=False, timeout=30) as self._http, Listener() as listener:
            say = self._print

            say("pymetrics")
            inbox = listener.inbox("pymetrics")
            client = {"client_id": f"sim-{SANDBOX}", "client_secret": "any", "grant_type": "client_credentials"}
            token = self._send("POST", "/mercury/oauth/token", 201, client)
            say(f"      a bearer token, valid for {token['expires_in']} s")
            keys = {"authorization": f"Bearer {token['access_token']}", "x-api-key": f"sim-{SANDBOX}"}
            assessment = self._send("GET", "/mercury/configuration", 200, headers=keys)["assessments"][0]
            say(f"      {assessment['description']!r} is the assessment to order")
            self._send("PATCH", f"{_CONTROL}/config", 200, {"webhook_url": inbox.url})
            say("      webhooks are an extension of ours: the vendor has none")
            candidate = {"email": "ada@example.com", "first_name": "Ada", "last_name": "Lovelace"}
            body: Any = {"candidate": candidate, "assessment_id": assessment["id"], "application_id": "application-1"}
            order = self._send("POST", "/mercury/order", 201, body, keys)["order"]
            say(f"      order {order['id']} is {order['status']}")
            again = self._send("POST", "/mercury/order", 200, body, keys)
            say(f"      same request again: created={again['created']} (idempotent)")
            self._send("POST", f"{_CONTROL}/invitations/{order['id']}/complete", 200)
            say(f"      webhook received: {_first(inbox)[:68]}…")
            done = self._send("GET", f"/mercury/getOrder/{order['id']}?report=true", 200, headers=keys)
            result = done["results"][0]
            say(f"      now {done['status']}: score {result['score']}, {result['band']}; the report is at")
            say(f"      {done['reports'][0]['download_url']}")

            say("\nThe Predictive Index")
            inbox = listener.inbox("pi")
            keys = {"api-key": f"sim-{SANDBOX}"}
            body = {
                "firstName": "Grace", "lastName": "Hopper", "email": "grace@example.com", "externalId": "assessment-1",
                "assessmentStatusWebHook": inbox.url, "notifyAssessmentAvailableUsingEmail": 1,
            }  # fmt: skip
            made = self._send("POST", "/api/v1/behavioralassessments", 201, body, keys)
            id = made["assessmentId"]
            say(f"      assessment {id} is in state {made['assessmentState']}; the candidate's link is")
            say(f"      {made['assessmentUrl']}")
            self._send("POST", f"{_CONTROL}/invitations/{id}/complete", 200)
            say(f"      webhook received: {_first(inbox)}")
            done = self._send("GET", f"/api/v1/behavioralassessments/{id}", 200, headers=keys)
            state, pattern = done["assessmentState"], done["patternNumber"]
            say(f"      now in state {state}, pattern {pattern}, {done['selfSigmaScore'][0]}")

    def stay(self) -> None:
        """Say where to look, as the server goes on."""
        self._print(f"\nLook around: {self._base}/            the sandbox is {SANDBOX!r}, its keys are 'sim-{SANDBOX}'")
        self._print(f"A tour: {self._base}/tour")
        self._print("Still serving; Ctrl-C ends it.")

    def open_tour(self) -> None:
        """Begin the guided tour, and open it in this machine's browser; if there is none, say its address."""
        begun = httpx2.post(f"{self._base}/tour", data={"do": "begin"}, trust_env=False)
        url = f"{self._base}{begun.headers['location']}"
        if not webbrowser.open(url):
            self._print(f"No browser could be opened; the tour is at {url}")

    def _send(self, method: str, path: str, status: int, body: Any = None, headers: Any = None) -> Any:
        answer = self._http.request(method, path, headers=headers, **({} if body is None else {"json": body}))
        self._print(f"  {answer.status_code} {method} {path}")
        if answer.status_code != status:
            raise RuntimeError(f"{method} {path} should answer {status}, not {answer.status_code}: {answer.text}")
        return answer.json()
