"""Test vendors: a simulator with another seed, whose answers are changed, and what is recorded of it."""

import json
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import uvicorn

from assessment_simulator.app import VENDORS
from assessment_simulator.recording.files import Recording
from assessment_simulator.recording.recorder import Recorder
from tests.servers import Listener, Received, Reply, served

PI, MERCURY = "/api/v1/behavioralassessments", "/mercury"
VENDOR_IDS = ("predictive_index", "pymetrics")
OTHER = "11111111-2222-4333-8444-555555555555"
Change = Callable[[Reply], Reply]


@dataclass(frozen=True)
class Plant:
    """The number of a call of the flow, what the vendor does otherwise there, and what the report says of it."""

    call: int
    change: Change
    said: str


def status(code: int, **headers: str) -> Change:
    more = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda reply: Reply(code, {**reply.headers, **more}, reply.body)


def header(name: str, value: str) -> Change:
    return lambda reply: Reply(reply.status, {**reply.headers, name: value}, reply.body)


def body(change: Callable[[Any], Any]) -> Change:
    return lambda reply: Reply(reply.status, reply.headers, json.dumps(change(json.loads(reply.body))).encode())


def member(path: str, change: Callable[[Any, Any], object]) -> Change:
    """Change the object or list at a path of a body; the last part is the member's name or position."""

    def changed(value: Any) -> Any:
        place = value
        *steps, last = (int(step) if step.isdigit() else step for step in path.split("."))
        for step in steps:
            place = place[step]
        change(place, last)
        return value

    return body(changed)


def put(path: str, value: Any) -> Change:
    return member(path, lambda place, name: place.__setitem__(name, value))


def renamed(path: str, new: str) -> Change:
    def change(place: dict[str, Any], name: str) -> None:
        items = [(new if key == name else key, value) for key, value in place.items()]
        place.clear()
        place.update(items)

    return member(path, change)


def last(path: str) -> Change:
    return member(path, lambda place, name: place.__setitem__(name, place.pop(name)))


def flow(vendor: str, client: httpx2.Client, act: Callable[[str, str], None]) -> None:
    """The calls that are recorded; `Plant.call` counts them. `act` does what a candidate does at the vendor."""
    if vendor == "predictive_index":
        _flow_of_pi(client, act)
    else:
        _flow_of_pymetrics(client, act)


def _flow_of_pi(client: httpx2.Client, act: Callable[[str, str], None]) -> None:
    keys = {"api-key": "sim-vendor"}
    person = {"firstName": "Ada", "lastName": "Lovelace", "email": "ada@example.com", "externalId": "applicant-1"}
    second = {**person, "externalId": "applicant-2", "email": "bob@example.com"}
    id = client.post(PI, headers=keys, json=person).json()["assessmentId"]  # 0
    client.post(PI, headers=keys, json=second)  # 1
    client.get(PI, headers=keys)  # 2
    client.post(PI, headers=keys, json={**person, "email": ""})  # 3
    client.get(f"{PI}/{id.upper()}", headers=keys)  # 4
    client.get(f"{PI}/{OTHER}", headers=keys)  # 5
    client.put(PI, headers=keys, json={})  # 6
    client.patch(f"{PI}/{id}", headers=keys, json={"externalId": "applicant-3"})  # 7
    client.get(PI, headers=keys, params={"$filter": "externalId eq 'applicant-2'"})  # 8
    client.get(PI, headers=keys, params={"$top": "x"})  # 9
    act(id, "complete")
    client.get(f"{PI}/{id}", headers=keys)  # 10
    client.get(f"{PI}/{id}/patterns/0", headers=keys, params={"format": "PNG"})  # 11
    client.get(PI, headers={"api-key": "wrong-key-1"})  # 12
    client.get(PI, headers=keys, params={"$orderby": "externalId"})  # 13
    client.delete(f"{PI}/{id}", headers=keys)  # 14


def _flow_of_pymetrics(client: httpx2.Client, act: Callable[[str, str], None]) -> None:
    secrets = {"client_id": "sim-vendor", "client_secret": "s3cret-of-ours"}
    token = client.post(f"{MERCURY}/oauth/token", json={**secrets, "grant_type": "client_credentials"})  # 0
    keys = {"authorization": f"Bearer {token.json()['access_token']}", "x-api-key": "sim-vendor"}
    assessments = client.get(f"{MERCURY}/configuration", headers=keys).json()["assessments"]  # 1
    candidate = {"email": "ada@example.com", "first_name": "Ada", "last_name": "Lovelace"}
    order = {"candidate": candidate, "assessment_id": str(assessments[1]["id"]), "application_id": "a-1"}
    id = client.post(f"{MERCURY}/order", headers=keys, json=order).json()["order"]["id"]  # 2
    client.get(f"{MERCURY}/getOrder/{id}", headers=keys)  # 3
    client.get(f"{MERCURY}/getOrder/{OTHER}", headers=keys)  # 4
    client.post(f"{MERCURY}/order", headers=keys, json=order)  # 5
    client.post(f"{MERCURY}/order", headers=keys, json={**order, "assessment_id": str(assessments[2]["id"])})  # 6
    client.post(f"{MERCURY}/orders", headers=keys, json={"job_application_id": "a-1"})  # 7
    client.post(f"{MERCURY}/order", headers=keys, json={**order, "candidate": None})  # 8
    act(id, "complete")
    done = client.get(f"{MERCURY}/getOrder/{id}", headers=keys, params={"report": "true"})  # 9
    client.get(f"{MERCURY}/configuration", headers={**keys, "x-api-key": "wrong-key-1"})  # 10
    client.get(f"{MERCURY}/configuration", headers={**keys, "authorization": "Bearer wrong-token"})  # 11
    client.put(f"{MERCURY}/order", headers=keys, json={})  # 12
    client.get(f"{MERCURY}/v2/orders", headers=keys, params={"job_application_id": "a-1"})  # 13
    client.post(f"{MERCURY}/oauth/token", json={**secrets, "grant_type": "password"})  # 14
    link = done.json()["reports"][0]["download_url"]
    client.get("/" + link.split("/", 3)[3])  # 15


@dataclass
class _Vendor:
    url: str
    planted: tuple[Plant, ...]

    def __post_init__(self) -> None:
        self._client = httpx2.Client(base_url=self.url, trust_env=False, timeout=30)
        self._count = 0

    def close(self) -> None:
        self._client.close()

    def answer(self, received: Received) -> Reply:
        sent = {name: one for name, one in received.headers.items() if name.lower() not in ("host", "content-length")}
        answer = self._client.request(received.method, received.path, headers=sent, content=received.body)
        hidden = ("content-length", "date", "simulator")
        kept = {name: value for name, value in answer.headers.items() if not name.startswith(hidden)}
        reply = Reply(answer.status_code, kept, answer.content)
        for one in self.planted:
            if one.call == self._count:
                reply = one.change(reply)
        self._count += 1
        return reply


@contextmanager
def recorder(vendor: str, upstream: str, folder: Path, **more: bool) -> Iterator[str]:
    """The address of a recorder in a thread of this process."""
    app = Recorder(Recording.begin(folder, vendor, "127.0.0.1"), VENDORS[vendor], upstream, **more)
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False, server_header=False))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


def recorded(
    vendor: str, folder: Path, planted: tuple[Plant, ...] = (), *, twice: bool = False,
    calls: Callable[[str, httpx2.Client, Callable[[str, str], None]], None] = flow,
    before: Callable[[str], None] = lambda url: None, config: Mapping[str, Any] | None = None,
) -> None:  # fmt: skip
    """Record calls of a vendor with planted differences. `before` is given the vendor's own address."""
    with ExitStack() as stack:
        url = stack.enter_context(served())
        direct = stack.enter_context(httpx2.Client(base_url=url, trust_env=False, timeout=60))
        sandbox = {"name": "vendor", "seed": 77, "config": dict(config or {})}
        direct.post("/_simulator/sandboxes", json=sandbox).raise_for_status()

        def act(id: str, action: str) -> None:
            direct.post(f"/_simulator/sandboxes/vendor/invitations/{id}/{action}").raise_for_status()

        before(url)
        fake = stack.enter_context(closing(_Vendor(url, planted)))
        upstream = stack.enter_context(Listener(fake.answer))
        address = stack.enter_context(recorder(vendor, upstream.url, folder, allow_writes=True, twice=twice))
        client = stack.enter_context(httpx2.Client(base_url=address, trust_env=False, timeout=60))
        calls(vendor, client, act)
