"""pymetrics Mercury's calls, in both versions, as a caller makes them."""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any

from assessment_contracts.sandbox import Sandbox
from assessment_contracts.wire import Answer


@dataclass(frozen=True)
class Version:
    """The paths of one version of the API."""

    number: int
    token: str
    configuration: str
    create: str
    read: str

    def __repr__(self) -> str:
        return f"V{self.number}"


V1 = Version(1, "/mercury/oauth/token", "/mercury/configuration", "/mercury/order", "/mercury/getOrder")
V2 = Version(2, "/mercury/v2/oauth/token", "/mercury/v2/assessments", "/mercury/v2/orders", "/mercury/v2/orders")
VERSIONS = (V1, V2)

READERS = ("talent", "recruiter", "manager")
"""Whom capability content is written for."""

_RUN = secrets.token_hex(3)
_NUMBERS = count(1)


def unused(sandbox: Sandbox) -> str:
    """A word that no other record of this sandbox, or account, has in it; after a reset the same ones come again."""
    if sandbox.control_headers is None:
        return f"{_RUN}-{next(_NUMBERS)}"
    sandbox.words += 1
    return f"{_RUN}-{sandbox.words}"


def own(sandbox: Sandbox, body: Mapping[str, Any]) -> dict[str, Any]:
    """The body with an identity, an application and a candidate that no other order of this sandbox has."""
    word, candidate = unused(sandbox), dict(body["candidate"])
    name, _, host = candidate["email"].rpartition("@")
    candidate["email"] = f"{name}.{word}@{host}"
    if candidate.get("external_id") is not None:
        candidate["external_id"] += word
    return {**body, "candidate": candidate, "application_id": body["application_id"] + word}


def client(sandbox: Sandbox) -> dict[str, Any]:
    """The body of a token call."""
    keys = sandbox.pymetrics
    return {"client_id": keys.client_id, "client_secret": keys.client_secret, "grant_type": "client_credentials"}


def assessments(sandbox: Sandbox) -> list[dict[str, Any]]:
    """The configured assessments, as the vendor shows them; read once."""
    if "assessments" not in sandbox.memo:
        answer = sandbox.call("GET", V1.configuration, auth="pymetrics")
        sandbox.memo["assessments"] = expected(answer, 200)["assessments"]
    known: list[dict[str, Any]] = sandbox.memo["assessments"]
    assert known, "no assessment is configured, so nothing can be ordered"
    return known


def filled(sandbox: Sandbox, body: Any) -> Any:
    """The body with the id of a configured assessment where a strategy could only say which one it means."""
    if isinstance(body, dict) and isinstance(body.get("assessment_id"), Which):
        known = assessments(sandbox)
        return {**body, "assessment_id": known[body["assessment_id"] % len(known)]["id"]}
    return body


class Which(int):
    """Stands in a body for the id of the first, second, … configured assessment."""

    def __repr__(self) -> str:
        return f"<assessment {int(self) + 1}>"


def expected(answer: Answer, *statuses: int) -> Any:
    """The JSON of an answer that has one of these statuses."""
    assert answer.status in statuses, f"{answer.status} instead of {statuses}: {answer.text[:300]}"
    assert answer.headers.get("content-type") == "application/json", answer.headers.get("content-type")
    return answer.json


def ask(sandbox: Sandbox, body: Any, version: Version = V1) -> Answer:
    """Create Assessment Order."""
    return sandbox.call("POST", version.create, json=filled(sandbox, body), auth="pymetrics")


def order(sandbox: Sandbox, body: Any, version: Version = V1) -> dict[str, Any]:
    """An order that must be new."""
    response = expected(ask(sandbox, body, version), 201)
    assert response["created"] is True, f"created is {response['created']!r} in a 201"
    made: dict[str, Any] = response["order"]
    return made


def read(sandbox: Sandbox, id: str, version: Version = V1, **query: str) -> dict[str, Any]:
    """Get Assessment Order. This is what fulfils a completed one."""
    answer = sandbox.call("GET", f"{version.read}/{id}", query=query or None, auth="pymetrics")
    shown: dict[str, Any] = expected(answer, 200)
    return shown


def find(sandbox: Sandbox, version: Version = V1, **filters: Any) -> list[dict[str, Any]]:
    """List Assessment Orders. This changes nothing."""
    if version is V1:
        answer = sandbox.call("POST", "/mercury/orders", json=filters, auth="pymetrics")
    else:
        answer = sandbox.call("GET", "/mercury/v2/orders", query=filters, auth="pymetrics")
    response = expected(answer, 200)
    assert list(response) == ["orders"], list(response)
    found: list[dict[str, Any]] = response["orders"]
    return found


def look(sandbox: Sandbox, shown: Mapping[str, Any], version: Version = V1) -> dict[str, Any]:
    """One order by way of the list, which leaves it as it is."""
    found = [
        one for one in find(sandbox, version, job_application_id=shown["application_id"]) if one["id"] == shown["id"]
    ]
    assert len(found) == 1, f"the list shows order {shown['id']} {len(found)} times"
    return found[0]


def factors(sandbox: Sandbox, id: str) -> Answer:
    """Get Factor Content."""
    return sandbox.call("GET", f"/mercury/v2/factorContent/{id}", auth="pymetrics")


def capabilities(sandbox: Sandbox, id: str, reader: str) -> Answer:
    """Get Capability Content."""
    return sandbox.call("GET", f"/mercury/v2/capabilityContent/{id}/{reader}", auth="pymetrics")


def same(shown: Any, expected: Any, what: str = "the order") -> None:
    """Equal as JSON values: 1, 1.0 and true are three."""
    if _canonical(shown) != _canonical(expected):
        raise AssertionError(f"{what} is {_short(shown)}, not {_short(expected)}")


def _canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def _short(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)[:1500]
