"""The whole story of both vendors, told in the terminal against a real server, with a listener of its own."""

import webbrowser
from collections.abc import Callable
from typing import Any

import httpx2

from assessment_simulator.testing.webhook_listener import Listener, Webhooks

Say = Callable[[str], None]
SANDBOX = "demo"
_CONTROL = f"/_simulator/sandboxes/{SANDBOX}"


def tell(base: str, say: Say) -> None:
    """Play the story against the server at `base`; raises when anything does not answer as it should."""
    with httpx2.Client(base_url=base, trust_env=False, timeout=30) as http, Listener() as listener:
        _pymetrics(http, listener.webhooks("pymetrics"), say)
        _predictive_index(http, listener.webhooks("pi"), say)
        say("")
        say(f"Look around: {base}/            the sandbox is {SANDBOX!r}, its keys are 'sim-{SANDBOX}'")
        say(f"A tour in three steps: {base}/tour")


def show(base: str, say: Say) -> None:
    """Begin the guided tour, and open it in this machine's browser; where there is none, say where it is."""
    begun = httpx2.post(f"{base}/tour", data={"do": "begin"}, trust_env=False)
    if not webbrowser.open(f"{base}{begun.headers['location']}"):
        say(f"No browser could be opened; the tour is at {base}{begun.headers['location']}")


def _pymetrics(http: httpx2.Client, webhooks: Webhooks, say: Say) -> None:
    say("pymetrics")
    client = {"client_id": f"sim-{SANDBOX}", "client_secret": "any", "grant_type": "client_credentials"}
    token = _step(http, say, "POST", "/mercury/oauth/token", 201, client)
    say(f"      a bearer token, good for {token['expires_in']} s")
    keys = {"authorization": f"Bearer {token['access_token']}", "x-api-key": f"sim-{SANDBOX}"}
    assessment = _step(http, say, "GET", "/mercury/configuration", 200, headers=keys)["assessments"][0]
    say(f"      {assessment['description']!r} is the assessment to order")
    _step(http, say, "PATCH", f"{_CONTROL}/config", 200, {"webhook_url": webhooks.url})
    say("      webhooks are an extension of ours: the vendor has none")
    wish = {
        "candidate": {"email": "ada@example.com", "first_name": "Ada", "last_name": "Lovelace"},
        "assessment_id": assessment["id"],
        "application_id": "application-1",
    }
    order = _step(http, say, "POST", "/mercury/order", 201, wish, keys)["order"]
    say(f"      order {order['id']} is {order['status']}")
    again = _step(http, say, "POST", "/mercury/order", 200, wish, keys)
    say(f"      the same wish again: created is {again['created']}, and it is the same order")
    _step(http, say, "POST", f"{_CONTROL}/invitations/{order['id']}/complete", 200)
    say(f"      webhook caught: {_caught(webhooks)[:68]}…")
    done = _step(http, say, "GET", f"/mercury/getOrder/{order['id']}?report=true", 200, headers=keys)
    result = done["results"][0]
    say(f"      now {done['status']}: score {result['score']}, {result['band']}; the report is at")
    say(f"      {done['reports'][0]['download_url']}")


def _predictive_index(http: httpx2.Client, webhooks: Webhooks, say: Say) -> None:
    say("")
    say("The Predictive Index")
    keys = {"api-key": f"sim-{SANDBOX}"}
    wish = {
        "firstName": "Grace",
        "lastName": "Hopper",
        "email": "grace@example.com",
        "externalId": "assessment-1",
        "assessmentStatusWebHook": webhooks.url,
        "notifyAssessmentAvailableUsingEmail": 1,
    }
    made = _step(http, say, "POST", "/api/v1/behavioralassessments", 201, wish, keys)
    say(f"      assessment {made['assessmentId']} is in state {made['assessmentState']}; the taker's link is")
    say(f"      {made['assessmentUrl']}")
    _step(http, say, "POST", f"{_CONTROL}/invitations/{made['assessmentId']}/complete", 200)
    say(f"      webhook caught: {_caught(webhooks)}")
    done = _step(http, say, "GET", f"/api/v1/behavioralassessments/{made['assessmentId']}", 200, headers=keys)
    say(f"      now in state {done['assessmentState']}, pattern {done['patternNumber']}, {done['selfSigmaScore'][0]}")


def _caught(webhooks: Webhooks) -> str:
    """The body of the first webhook; waits for it, ten seconds at most."""
    return webhooks.wait_for(1, within=10)[0].body.decode()


def _step(
    http: httpx2.Client, say: Say, method: str, path: str, status: int, body: Any = None, headers: Any = None
) -> Any:
    """One call of the story, told in a line; its JSON."""
    content = {} if body is None else {"json": body}
    answer = http.request(method, path, headers=headers, **content)
    say(f"  {answer.status_code} {method} {path}")
    if answer.status_code != status:
        raise RuntimeError(
            f"{method} {path} should have answered {status}, but said {answer.status_code}: {answer.text}"
        )
    return answer.json()
