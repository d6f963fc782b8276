"""The requests that are sent: real pymetrics and Predictive Index calls, as bytes."""

import itertools
import json
from collections.abc import Iterator, Mapping, Sequence

from benchmarks.servers import Server

SANDBOX = "bench"
KEY = f"sim-{SANDBOX}"
CONTROL = f"/_simulator/sandboxes/{SANDBOX}"
_NUMBER = "NNNNNNNN"
_ORDER_ID = b'"order":{"id":"'


def request(server: Server, method: str, path: str, headers: Mapping[str, str], body: bytes = b"") -> bytes:
    """One HTTP request as it goes over the wire."""
    lines = [f"{method} {path} HTTP/1.1", f"host: {server.host}:{server.port}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    if body:
        lines += ["content-type: application/json", f"content-length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode() + body


def creations(server: Server, path: str, headers: Mapping[str, str], assessment: str) -> Iterator[bytes]:
    """No end of requests, each for an order that does not exist yet."""
    body = {
        "candidate": {
            "email": f"ada-{_NUMBER}@example.com",
            "first_name": "Ada",
            "last_name": "Lovelace",
            "external_id": f"candidate-{_NUMBER}",
        },
        "assessment_id": assessment,
        "application_id": f"application-{_NUMBER}",
        "requisition_id": "R-1815",
        "requisition_title": "Analyst of engines",
        "metadata": {"office": "London", "source": "careers page"},
        "candidate_redirect_url": "https://careers.example.com/thanks",
    }
    whole = request(server, "POST", path, headers, json.dumps(body).encode())
    one, two, three, four = whole.split(_NUMBER.encode())
    for number in itertools.count(1):
        n = b"%08d" % number
        yield b"".join((one, n, two, n, three, n, four))


class Orders:
    """Creates and reads pymetrics orders in one sandbox of a simulator; remembers the ids it was given."""

    def __init__(self, simulator: Server, key: str = KEY) -> None:
        client = {"client_id": key, "client_secret": "bench", "grant_type": "client_credentials"}
        token = simulator.ask("POST", "/mercury/oauth/token", body=client)["access_token"]
        self.ids: list[str] = []
        self._simulator = simulator
        self._headers = {"authorization": f"Bearer {token}", "x-api-key": key, "accept": "application/json"}
        configuration = simulator.ask("GET", "/mercury/configuration", self._headers)
        assessment = configuration["assessments"][0]["id"]
        self._creations = creations(simulator, "/mercury/order", self._headers, assessment)

    def creations(self, count: int | None = None) -> Iterator[bytes]:
        """So many requests, or no end of them, each for an order that does not exist yet."""
        return self._creations if count is None else itertools.islice(self._creations, count)

    def reads(self) -> Iterator[bytes]:
        """No end of reads, going round the stored orders in strides, so that no two neighbours follow each other."""
        chosen = _spread(self.ids, 10_000)
        paths = (f"/mercury/getOrder/{id}" for id in chosen)
        return itertools.cycle([request(self._simulator, "GET", path, self._headers) for path in paths])

    def note(self, answer: bytes) -> None:
        """Remember the id of a created order."""
        at = answer.index(_ORDER_ID) + len(_ORDER_ID)
        self.ids.append(answer[at : at + 36].decode())


def _spread(ids: Sequence[str], most: int) -> list[str]:
    count = len(ids)
    stride = next(s for s in itertools.count(max(1, count * 618 // 1000)) if _coprime(s, count))
    return [ids[i * stride % count] for i in range(min(count, most))]


def _coprime(one: int, other: int) -> bool:
    while other:
        one, other = other, one % other
    return one == 1


def assessment(hook: str, number: int) -> dict[str, str]:
    """The body that creates a Predictive Index assessment whose completion is told to `hook`."""
    return {
        "firstName": "Ada",
        "lastName": "Lovelace",
        "email": f"ada-{number}@example.com",
        "assessmentStatusWebHook": hook,
    }


def completion(simulator: Server, id: str) -> bytes:
    """The control call that completes an assessment."""
    return request(simulator, "POST", f"{CONTROL}/invitations/{id}/complete", {}, b"{}")
