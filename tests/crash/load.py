"""Callers that record what was acknowledged."""

import random
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx2

PATH = "/api/v1/behavioralassessments"
GAMES = "6ac4d6b5-9a3e-4d0c-8f55-0d5a3f6d2b10"


@dataclass
class Promises:
    """What one caller's sandbox must hold; a request without a response may have had its effect or not."""

    name: str
    # The id by the external id: a 201 came.
    assessments: dict[str, str] = field(default_factory=dict)
    orders: dict[str, str] = field(default_factory=dict)
    # Ids whose completion was answered with 200: a webhook must be sent.
    completed: set[str] = field(default_factory=set)
    # The number of the last change of the settings that was answered.
    positions: int = 0
    asked: int = 0
    # Marks of creations of which the answer was: nothing was changed.
    unchanged: set[str] = field(default_factory=set)


class Caller(threading.Thread):
    """One customer: creates, completes and sets, one call after the other, until it is stopped."""

    def __init__(self, promises: Promises, url: Callable[[], str], hook: str, seed: str) -> None:
        super().__init__(daemon=True)
        self.promises = promises
        self.wrong: list[str] = []
        self._url = url
        self._hook = hook
        self._chance = random.Random(seed)
        self._stopped = threading.Event()
        self._unanswered = ""
        self._credential = f"sim-{promises.name}"

    def stop(self) -> None:
        self._stopped.set()
        self.join()

    def run(self) -> None:
        try:
            self._call()
        except Exception as problem:
            self.wrong.append(f"a caller of {self.promises.name} failed: {problem!r}")
            raise

    def _call(self) -> None:
        limits = httpx2.Limits(max_keepalive_connections=0)
        with httpx2.Client(trust_env=False, timeout=10, limits=limits) as http:
            token = ""
            while not self._stopped.is_set():
                try:
                    token = token or self._token(http)
                    self._one(http, token)
                except httpx2.TransportError:
                    self._stopped.wait(0.01)  # the server is dead; what was asked may have happened

    def _token(self, http: httpx2.Client) -> str:
        keys = {"client_id": self._credential, "client_secret": "x", "grant_type": "client_credentials"}
        token: str = self._told(http.post(f"{self._url()}/mercury/oauth/token", json=keys), 201)["access_token"]
        return token

    def _told(self, answer: httpx2.Response, *statuses: int) -> Any:
        if answer.status_code not in statuses:
            self.wrong.append(f"{answer.request.method} {answer.request.url}: {answer.status_code} {answer.text[:200]}")
            raise httpx2.ReadError("not as promised")
        return answer.json()

    def _one(self, http: httpx2.Client, token: str) -> None:
        promises, base = self.promises, self._url()
        promises.asked += 1
        mark = f"{promises.name}-{promises.asked}"
        drawn = self._chance.random()
        if drawn < 0.4:
            email = "ada+completes@example.com" if drawn < 0.05 else "ada@example.com"
            body = {
                "firstName": "Ada", "lastName": "Lovelace", "email": email, "externalId": mark,
                "assessmentStatusWebHook": self._hook,
            }  # fmt: skip
            answer = http.post(f"{base}{PATH}", json=body, headers={"api-key": self._credential})
            promises.assessments[mark] = id = self._told(answer, 201)["assessmentId"]
            if drawn < 0.05:
                promises.completed.add(id)
        elif drawn < 0.6:
            # What was asked and never answered is asked again: one order must come of both.
            mark = self._unanswered = self._unanswered or mark
            headers = {"Authorization": f"Bearer {token}", "X-Api-Key": self._credential}
            order = {"candidate": {"email": "ada@example.com"}, "assessment_id": GAMES, "application_id": mark}
            answer = http.post(f"{base}/mercury/order", json=order, headers=headers)
            promises.orders[mark] = self._told(answer, 201, 200)["order"]["id"]
            self._unanswered = ""
        elif drawn < 0.95 and promises.assessments:
            id = self._chance.choice([*promises.assessments.values()])
            path = f"{base}/_simulator/sandboxes/{promises.name}/invitations/{id}/complete"
            answer = http.post(path)
            if answer.status_code != 409:  # it was completed before, and the response was lost
                self._told(answer, 200)
            promises.completed.add(id)
        else:
            path = f"{base}/_simulator/sandboxes/{promises.name}/config"
            self._told(http.patch(path, json={"positions": [f"position {promises.asked}"]}), 200)
            promises.positions = promises.asked
