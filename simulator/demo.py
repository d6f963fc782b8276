"""The whole story of both vendors, told in the terminal against a real server, with a listener of its own."""

import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx2

Say = Callable[[str], None]
SANDBOX = "demo"
_CONTROL = f"/_simulator/sandboxes/{SANDBOX}"


class Listener:
    """Catches webhooks on a free port of this machine."""

    def __init__(self) -> None:
        self._caught: queue.Queue[tuple[str, str]] = queue.Queue()
        caught = self._caught

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:  # the name that http.server looks for
                body = self.rfile.read(int(self.headers.get("content-length", 0))).decode()
                self.send_response(200)
                self.send_header("content-length", "0")
                self.end_headers()
                caught.put((self.path, body))

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base class names it
                """Say nothing; the story does."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    @contextmanager
    def listening(self) -> Iterator["Listener"]:
        """Listen for as long as the block lasts."""
        thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()
            thread.join()

    def catch(self, path: str) -> str:
        """The body of the next webhook to `path`; waits for it, ten seconds at most."""
        while True:
            came, body = self._caught.get(timeout=10)
            if came == path:
                return body


def tell(base: str, say: Say) -> None:
    """Play the story against the server at `base`; raises when anything does not answer as it should."""
    with httpx2.Client(base_url=base, trust_env=False, timeout=30) as http, Listener().listening() as listener:
        _pymetrics(http, listener, say)
        _predictive_index(http, listener, say)
        say("")
        say(f"Look around: {base}/            the sandbox is {SANDBOX!r}, its keys are 'sim-{SANDBOX}'")


def _pymetrics(http: httpx2.Client, listener: Listener, say: Say) -> None:
    say("pymetrics")
    client = {"client_id": f"sim-{SANDBOX}", "client_secret": "any", "grant_type": "client_credentials"}
    token = _step(http, say, "POST", "/mercury/oauth/token", 201, client)
    say(f"      a bearer token, good for {token['expires_in']} s")
    keys = {"authorization": f"Bearer {token['access_token']}", "x-api-key": f"sim-{SANDBOX}"}
    assessment = _step(http, say, "GET", "/mercury/configuration", 200, headers=keys)["assessments"][0]
    say(f"      {assessment['description']!r} is the assessment to order")
    _step(http, say, "PATCH", f"{_CONTROL}/config", 200, {"webhook_url": f"{listener.url}/pymetrics"})
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
    say(f"      webhook caught: {listener.catch('/pymetrics')[:68]}…")
    done = _step(http, say, "GET", f"/mercury/getOrder/{order['id']}?report=true", 200, headers=keys)
    result = done["results"][0]
    say(f"      now {done['status']}: score {result['score']}, {result['band']}; the report is at")
    say(f"      {done['reports'][0]['download_url']}")


def _predictive_index(http: httpx2.Client, listener: Listener, say: Say) -> None:
    say("")
    say("The Predictive Index")
    keys = {"api-key": f"sim-{SANDBOX}"}
    wish = {
        "firstName": "Grace",
        "lastName": "Hopper",
        "email": "grace@example.com",
        "externalId": "assessment-1",
        "assessmentStatusWebHook": f"{listener.url}/pi",
        "notifyAssessmentAvailableUsingEmail": 1,
    }
    made = _step(http, say, "POST", "/api/v1/behavioralassessments", 201, wish, keys)
    say(f"      assessment {made['assessmentId']} is in state {made['assessmentState']}; the taker's link is")
    say(f"      {made['assessmentUrl']}")
    _step(http, say, "POST", f"{_CONTROL}/invitations/{made['assessmentId']}/complete", 200)
    say(f"      webhook caught: {listener.catch('/pi')}")
    done = _step(http, say, "GET", f"/api/v1/behavioralassessments/{made['assessmentId']}", 200, headers=keys)
    say(f"      now in state {done['assessmentState']}, pattern {done['patternNumber']}, {done['selfSigmaScore'][0]}")


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
