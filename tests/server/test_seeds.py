"""Repeatable runs: equal name, seed, address and calls give equal bytes; another seed or name gives other secrets."""

import re
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import httpx2
import pytest

from tests.server import GAMES
from tests.server.clock import ADA, PI, START, assess, freeze, order, turn
from tests.server.test_webhooks import free_port, settle
from tests.servers import Listener, Received, Sandbox, Server

REAL = re.compile(rb'"duration":[0-9.e-]+|\["[Dd]ate","[^"]*"\]')
"""What a listener did, in real time: how long it took, and its own date. No clock of one's own can repeat that."""
TOKEN = re.compile(rb'"sim-[^"]*"')
SEAL = re.compile(rb"\.[0-9a-f]{24}\.")
SIGNATURE = re.compile(rb'"v1,[^"]*"')
"""It is made over a body with a link in it."""


@dataclass(frozen=True)
class Said:
    """An answer to the letter."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes


class Script:
    """The same long story each time: every kind of call, kept and broken, with webhooks that fail and succeed."""

    def __init__(self, http: httpx2.Client, name: str, listener: Listener, seed: int | str | None) -> None:
        self.said: list[Said] = []
        self.sandbox = Sandbox(http, name)
        self.listener = listener
        self.seed = seed

    def _note(self, answer: httpx2.Response) -> Any:
        body = REAL.sub(b"0", answer.content)
        headers = [header for header in answer.headers.raw if header[0].lower() != b"content-length"]
        self.said.append(Said(answer.status_code, headers, body))
        return answer.json() if body.startswith((b"{", b"[")) else None

    def play(self, *, opened: bool = False) -> tuple[list[Said], list[tuple[str, str, Any, bytes]]]:
        """Everything said, and every webhook received."""
        came = len(self.listener.received)
        if self.seed is not None and not opened:
            body = {"name": self.sandbox.name, "seed": self.seed}
            self._note(self.sandbox.http.post("/_simulator/sandboxes", json=body))
        self.said.clear()
        self._control("POST", "/clock", {"freeze": START})
        self._control("PATCH", "/config", {"webhook_url": f"{self.listener.url}/py"})
        self._pymetrics()
        self._predictive_index()
        self._control("POST", "/clock", {"advance": "PT20M"})
        for path in ("", "/config", "/invitations", "/deliveries", "/mail", "/clock"):
            self._control("GET", path)
        for delivery in self.sandbox.control_json("GET", "/deliveries"):
            self._control("GET", f"/deliveries/{delivery['id']}")
            self._control("POST", f"/deliveries/{delivery['id']}/replay")
        self._control("GET", "/deliveries")
        # Those of one moment may come in any order: they travel on connections of their own.
        webhooks = [(w.method, w.path, sorted(w.headers.items()), w.body) for w in self.listener.received[came:]]
        return list(self.said), sorted(webhooks)

    def _control(self, method: str, path: str, body: Any = None) -> Any:
        # Whether a webhook that was sent at once is answered before the next call is the listener's business.
        self.sandbox.control_json("POST", "/clock", {"advance": "PT0S"})
        return self._note(self.sandbox.control(method, path, body))

    def _pymetrics(self) -> None:
        keys = {"client_id": self.sandbox.credential, "client_secret": "x", "grant_type": "client_credentials"}
        token = self._note(self.sandbox.http.post("/mercury/oauth/token", json=keys))["access_token"]
        headers = {"authorization": f"Bearer {token}", "x-api-key": self.sandbox.credential}

        def call(method: str, path: str, **more: Any) -> Any:
            return self._note(self.sandbox.http.request(method, path, headers=headers, **more))

        call("GET", "/mercury/configuration")
        for n, email in enumerate(
            ["a@example.com", "b+completes@example.com", "c+completes-in-9m+score-high@example.com"]
        ):
            body = {"candidate": {"email": email}, "assessment_id": GAMES, "application_id": str(n), "send_email": True}
            made = call("POST", "/mercury/order", json=body)["order"]
            call("POST", "/mercury/order", json=body)
            self._control("POST", "/clock", {"advance": "PT1S"})
            read = call("GET", f"/mercury/getOrder/{made['id']}?report=true")
            for report in read["reports"] or ():
                self._note(self.sandbox.http.get(report["download_url"]))
        call("POST", "/mercury/order", json={})
        call("GET", "/mercury/getOrder/nobody")
        call("GET", "/mercury/nothing")
        call("POST", "/mercury/orders", json={"job_application_id": "1"})

    def _predictive_index(self) -> None:
        headers = {"api-key": self.sandbox.credential}
        more = {"assessmentStatusWebHook": f"{self.listener.url}/pi", "notifyAssessmentAvailableUsingEmail": 1}
        for email in ("a@example.com", "b+completes@example.com", "c+completes-in-8m@example.com"):
            body = {**ADA, "email": email, "externalId": email, "associatedPositionTitle": "Software Engineer", **more}
            made = self._note(self.sandbox.http.post(PI, headers=headers, json=body))
            self._control("POST", "/clock", {"advance": "PT1S"})
            self._note(self.sandbox.http.get(f"{PI}/{made['assessmentId']}", headers=headers))
        self._control("POST", f"/invitations/{made['assessmentId']}/abort")
        self._note(self.sandbox.http.post(PI, headers=headers, json={"externalId": "a@example.com"}))
        for method, path in (("GET", PI), ("GET", f"{PI}/x"), ("DELETE", PI), ("GET", "/api/v1/x"), ("HEAD", PI)):
            self._note(self.sandbox.http.request(method, path, headers=headers))
        self._note(self.sandbox.http.post(PI, headers=headers, json={}))
        self._note(self.sandbox.http.post(PI, headers=headers, content=b"{"))


def failing_first(received: Received, seen: set[bytes]) -> int:
    """A listener that answers 503 to whatever it sees for the first time."""
    known = received.body in seen
    seen.add(received.body)
    return 200 if known else 503


def unsealed(webhooks: list[Any]) -> list[Any]:
    """What was sent, without the seals of links, and so without the signatures over them."""
    return sorted((method, path, SEAL.sub(b"", body)) for method, path, _, body in webhooks)


def same(one: list[Any], other: list[Any]) -> None:
    """Both lists are equal; the first difference is shown alone."""
    for number, (mine, theirs) in enumerate(zip(one, other, strict=True)):
        assert mine == theirs, f"number {number} differs"
    assert one


@pytest.fixture(scope="module")
def port() -> int:
    """A port that two servers take one after the other."""
    return free_port()


@pytest.fixture
def forgetful(listener: Listener) -> Callable[[], None]:
    """Makes the listener fail each webhook once; called again, it has forgotten what it saw."""

    def forget() -> None:
        seen: set[bytes] = set()
        listener.answers = lambda received: failing_first(received, seen)

    forget()
    return forget


def client(server: Server) -> httpx2.Client:
    """A client of that server."""
    return httpx2.Client(base_url=server.url, timeout=30, trust_env=False, verify=False)


@pytest.mark.parametrize("seed", [None, 7, "a word, é"])
def test_two_processes_say_and_send_the_same_to_the_letter(
    port: int, listener: Listener, forgetful: Callable[[], None], seed: int | str | None
) -> None:
    runs = []
    for hashes in ("1", "2"):
        forgetful()
        with (
            Server("--port", str(port), environ={"PYTHONHASHSEED": hashes}) as server,
            client(server) as http,
        ):
            runs.append(Script(http, "same", listener, seed).play())
    same(runs[0][0], runs[1][0])
    same(runs[0][1], runs[1][1])
    assert len(runs[0][1]) == 17


@pytest.mark.parametrize("how", ["delete and open", "reset"])
def test_a_new_beginning_says_and_sends_the_same_to_the_letter(
    http: httpx2.Client, listener: Listener, forgetful: Callable[[], None], how: str
) -> None:
    script = Script(http, f"again-{how[:5]}-{listener.url[-5:].strip(':')}", listener, 5)
    said, sent = script.play()
    forgetful()
    if how == "reset":
        script.sandbox.control_json("POST", "/reset")
    else:
        script.sandbox.control_json("DELETE")
    again = script.play(opened=how == "reset")
    script.sandbox.control("DELETE")
    if how == "reset":  # but for tokens and links: those of before are void, so none of them may be made again
        for secret in (TOKEN, SEAL, SIGNATURE):
            told = [[one for answer in run for one in secret.findall(answer.body)] for run in (said, again[0])]
            assert told[0]
            assert not {*told[0]} & {*told[1]}
            said, again_said = ([replace(a, body=secret.sub(b"", a.body)) for a in run] for run in (said, again[0]))
            again = (again_said, again[1])
        sent, again = unsealed(sent), (again[0], unsealed(again[1]))
    same(said, again[0])
    same(sent, again[1])


def test_a_restored_snapshot_goes_on_with_other_ids_than_before(sandbox: Sandbox) -> None:
    freeze(sandbox)
    kept = sandbox.control_json("POST", "/snapshots")["id"]
    first = assess(sandbox)
    sandbox.control_json("POST", f"/snapshots/{kept}/restore")
    assert assess(sandbox) != first


# What must differ.


@dataclass(frozen=True)
class Secrets:
    """What identifies or opens something, and scores."""

    ids: set[str]
    tokens: set[str]
    passwords: tuple[str, ...]
    links: set[str]
    scores: str


def secrets(sandbox: Sandbox) -> Secrets:
    """The same calls, and what was drawn for them."""
    freeze(sandbox)
    keys = {"client_id": sandbox.credential, "client_secret": "x", "grant_type": "client_credentials"}
    token = sandbox.http.post("/mercury/oauth/token", json=keys).json()["access_token"]
    made = [assess(sandbox, f"n{n}+completes@example.com", externalPersonId=f"p{n}") for n in range(4)]
    shown = sandbox.pi.get(PI).json()
    ids = {order(sandbox, f"n{n}+completes@example.com", str(n), send_email=True) for n in range(4)}
    orders = [sandbox.pymetrics.get(f"/mercury/getOrder/{id}?report=true").json() for id in sorted(ids)]
    mail = sandbox.control_json("GET", "/mail")
    links = {link for a in shown for link in (a["assessmentUrl"], a["personPageUrl"], a["patternFullUrl"])}
    links |= {o["invite_link"] for o in orders} | {o["reports"][0]["download_url"] for o in orders}
    return Secrets(
        ids | {*made} | {a["assessmentUserId"] for a in shown} | {m["id"] for m in mail},
        {token, sandbox.pymetrics.headers["Authorization"]},
        tuple(a["assessmentPassword"] for a in shown),
        links | {m["link"] for m in mail},
        str([[a["selfSigmaScore"], a["patternNumber"]] for a in shown] + [o["results"] for o in orders]),
    )


PAIRS = [(("one", 1), ("one", 2)), (("one", 1), ("two", 1)), (("one", "a"), ("one", "b")), (("one", 0), ("two", 0))]


@pytest.mark.parametrize("pair", PAIRS, ids=repr)
def test_another_seed_or_name_gives_other_ids_tokens_passwords_links_and_scores(
    http: httpx2.Client, sandbox: Sandbox, pair: tuple[tuple[str, int | str], ...]
) -> None:
    found = []
    for name, seed in pair:
        body = {"name": f"{sandbox.name[:20]}-{name}", "seed": seed}
        assert http.post("/_simulator/sandboxes", json=body).status_code == 201
        other = Sandbox(http, str(body["name"]))
        found.append(secrets(other))
        assert other.control("DELETE").status_code == 204
    one, other_one = found
    assert len(one.ids) == 4 * 4
    assert not one.ids & other_one.ids
    assert not one.tokens & other_one.tokens
    assert not one.links & other_one.links
    assert one.passwords != other_one.passwords
    assert one.scores != other_one.scores


def test_one_sandbox_never_draws_the_same_twice(sandbox: Sandbox) -> None:
    ids = [assess(sandbox) for _ in range(50)] + [order(sandbox, application=str(n)) for n in range(50)]
    tokens = {sandbox.renewed().headers["Authorization"] for _ in range(50)}
    assert len(set(ids)) == 100
    assert len(tokens) == 50


@pytest.fixture
def twins(http: httpx2.Client, sandbox: Sandbox) -> Iterator[tuple[Sandbox, Sandbox]]:
    """Two sandboxes with one seed, each with a completed order that has a report."""
    pair = (Sandbox(http, f"{sandbox.name}-1"), Sandbox(http, f"{sandbox.name}-2"))
    for twin in pair:
        assert http.post("/_simulator/sandboxes", json={"name": twin.name, "seed": 3}).status_code == 201
        freeze(twin)
    yield pair
    for twin in pair:
        twin.control("DELETE")


def test_what_opens_one_sandbox_opens_no_other_with_the_same_seed(twins: tuple[Sandbox, Sandbox]) -> None:
    one, other = twins
    links = []
    for twin in twins:
        id = order(twin, "ada+completes@example.com")
        read = twin.pymetrics.get(f"/mercury/getOrder/{id}?report=true").json()
        links.append(read["reports"][0]["download_url"])
    assert [one.http.get(link).status_code for link in links] == [200, 200]
    for mine, theirs in ((links[0], links[1]), (links[1], links[0])):
        head, mine_seal, *rest = mine.rpartition("/reports/")[2].split(".")
        their_head, their_seal, *their_rest = theirs.rpartition("/reports/")[2].split(".")
        base = mine.rpartition("/")[0]
        for forged in ([head, mine_seal, *their_rest], [their_head, mine_seal, *their_rest], [head, their_seal, *rest]):
            assert one.http.get(f"{base}/{'.'.join(forged)}").status_code == 403
    token = one.pymetrics.headers["Authorization"]
    assert other.pymetrics.get("/mercury/configuration", headers={"Authorization": token}).status_code == 401


def test_concurrent_creations_draw_different_ids(sandbox: Sandbox) -> None:
    found: list[str] = []
    threads = [threading.Thread(target=lambda: found.append(assess(sandbox))) for _ in range(32)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 32


def test_events_of_equal_moments_are_told_in_one_order_whoever_answers_first(
    sandbox: Sandbox, listener: Listener
) -> None:
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
