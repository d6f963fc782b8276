"""Repeatable runs: equal name, seed, address and calls give equal bytes, whichever process answers."""

import re
import time
from typing import Any

import httpx2
import pytest

from tests.server import order_body
from tests.server.clock import ADA, PI, START, assess, freeze, turn
from tests.server.test_webhooks import settle
from tests.servers import Listener, Received, Sandbox, Server
from tests.waiting import free_port

# The duration of a listener's response and its own date are in real time: no clock of a sandbox can repeat them.
REAL = re.compile(rb'"duration":[0-9.e-]+|\["[Dd]ate","[^"]*"\]')
Answer = tuple[int, list[tuple[bytes, bytes]], bytes]


class Script:
    """The same long story each time: calls of every kind, valid and invalid, with webhooks that fail and succeed."""

    def __init__(self, sandbox: Sandbox, hook: str) -> None:
        self.answers: list[Answer] = []
        self.sandbox = sandbox
        self._control("POST", "/clock", {"freeze": START})
        self._control("PATCH", "/config", {"webhook_url": f"{hook}/py"})
        self._pymetrics()
        self._predictive_index(f"{hook}/pi")
        self._control("POST", "/clock", {"advance": "PT20M"})
        for path in ("", "/config", "/invitations", "/deliveries", "/mail", "/clock"):
            self._control("GET", path)
        for delivery in sandbox.control_json("GET", "/deliveries"):
            self._control("GET", f"/deliveries/{delivery['id']}")
            self._control("POST", f"/deliveries/{delivery['id']}/replay")
        self._control("GET", "/deliveries")

    def _note(self, answer: httpx2.Response) -> Any:
        body = REAL.sub(b"0", answer.content)
        headers = [header for header in answer.headers.raw if header[0].lower() != b"content-length"]
        self.answers.append((answer.status_code, headers, body))
        return answer.json() if body.startswith((b"{", b"[")) else None

    def _call(self, headers: dict[str, str], method: str, path: str, **more: Any) -> Any:
        return self._note(self.sandbox.http.request(method, path, headers=headers, **more))

    def _control(self, method: str, path: str, body: Any = None) -> Any:
        # Wait for the webhooks of the last call: whether they are answered before this one is up to the listener.
        self.sandbox.control_json("POST", "/clock", {"advance": "PT0S"})
        return self._note(self.sandbox.control(method, path, body))

    def _pymetrics(self) -> None:
        keys = {"client_id": self.sandbox.credential, "client_secret": "x", "grant_type": "client_credentials"}
        token = self._call({}, "POST", "/mercury/oauth/token", json=keys)["access_token"]
        headers = {"authorization": f"Bearer {token}", "x-api-key": self.sandbox.credential}
        self._call(headers, "GET", "/mercury/configuration")
        for tags in ("", "+completes", "+completes-in-9m+score-high"):
            body = order_body(tags, f"ada{tags}@example.com", send_email=True)
            made = self._call(headers, "POST", "/mercury/order", json=body)["order"]
            self._call(headers, "POST", "/mercury/order", json=body)
            self._control("POST", "/clock", {"advance": "PT1S"})
            read = self._call(headers, "GET", f"/mercury/getOrder/{made['id']}?report=true")
            for report in read["reports"] or ():
                self._call({}, "GET", report["download_url"])
        self._call(headers, "POST", "/mercury/order", json={})
        self._call(headers, "GET", "/mercury/getOrder/nobody")
        self._call(headers, "GET", "/mercury/nothing")
        self._call(headers, "POST", "/mercury/orders", json={"job_application_id": "+completes"})

    def _predictive_index(self, hook: str) -> None:
        headers = {"api-key": self.sandbox.credential}
        more = {"assessmentStatusWebHook": hook, "notifyAssessmentAvailableUsingEmail": 1}
        for email in ("a@example.com", "b+completes@example.com", "c+completes-in-8m@example.com"):
            body = {**ADA, "email": email, "externalId": email, "associatedPositionTitle": "Software Engineer", **more}
            made = self._call(headers, "POST", PI, json=body)
            self._control("POST", "/clock", {"advance": "PT1S"})
            self._call(headers, "GET", f"{PI}/{made['assessmentId']}")
        self._control("POST", f"/invitations/{made['assessmentId']}/abort")
        self._call(headers, "POST", PI, json={"externalId": "a@example.com"})
        for method, path in (("GET", PI), ("GET", f"{PI}/x"), ("DELETE", PI), ("GET", "/api/v1/x"), ("HEAD", PI)):
            self._call(headers, method, path)
        self._call(headers, "POST", PI, json={})
        self._call(headers, "POST", PI, content=b"{")


@pytest.mark.parametrize("seed", [None, 7, "a word, é"])
def test_two_processes_return_and_send_equal_bytes(listener: Listener, seed: int | str | None) -> None:
    port, runs = free_port(), []
    for hashes in ("1", "2"):
        came, seen = len(listener.received), set[bytes]()

        def fail_once(received: Received, seen: set[bytes] = seen) -> int:
            is_known = received.body in seen
            seen.add(received.body)
            return 200 if is_known else 503

        listener.answers = fail_once
        with (
            Server("--port", str(port), environ={"PYTHONHASHSEED": hashes}) as server,
            httpx2.Client(base_url=server.url, timeout=30, trust_env=False) as http,
        ):
            if seed is not None:
                http.post("/_simulator/sandboxes", json={"name": "same", "seed": seed})
            answers = Script(Sandbox(http, "same"), listener.url).answers
        # Webhooks of one moment may come in any order: they travel on connections of their own.
        webhooks = sorted((w.method, w.path, sorted(w.headers.items()), w.body) for w in listener.received[came:])
        runs.append((answers, webhooks))
    for mine, theirs in zip(*(answers for answers, _ in runs), strict=True):
        assert mine == theirs
    assert runs[0][1] == runs[1][1]
    assert len(runs[0][1]) == 17


def test_recreated_sandbox_repeats_its_ids_and_a_restored_one_does_not(sandbox: Sandbox) -> None:
    def ids(seed: int) -> list[str]:
        sandbox.control_json("DELETE")
        sandbox.http.post("/_simulator/sandboxes", json={"name": sandbox.name, "seed": seed})
        sandbox.control_json("POST", "/snapshots")
        first = assess(sandbox)
        sandbox.control_json("POST", "/snapshots/snapshot-1/restore")
        return [first, assess(sandbox)]

    assert ids(7) == ids(7)
    assert len({*ids(7), *ids(8)}) == 4


def test_events_of_one_moment_have_a_fixed_order(sandbox: Sandbox, listener: Listener) -> None:
    told = []
    for slow in (0, 2):
        sandbox.control_json("POST", "/reset")
        freeze(sandbox)

        def answer(received: Received, slow: int = slow) -> int:
            time.sleep(0.25 if received.path == f"/{slow}" else 0)  # a slow listener among quick ones
            return 200

        listener.answers = answer
        for n in range(3):
            assess(sandbox, f"n{n}+completes-in-1m@example.com", assessmentStatusWebHook=f"{listener.url}/{n}")
        told.append(turn(sandbox, advance="PT1M")["events"])
        settle(sandbox)
    assert told[0] == told[1]
