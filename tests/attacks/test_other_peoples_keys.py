"""A key, token or link of one sandbox, shown at every endpoint for what belongs to another.

The calls are made of the vendors' own tables: an endpoint that is new is attacked as well.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest

from assessment_simulator.app import VENDORS
from assessment_simulator.core.vendor import Endpoint, Vendor
from tests.server import GAMES, ROOT
from tests.servers import CONTROL, Server, sandbox_at

# Stands in all that the victim has, and may stand in no answer that another gets.
MARK = "victims-own-words"
EMAIL = "victim@example.com"
ENDPOINTS = [(vendor, endpoint) for vendor in VENDORS.values() for endpoint in vendor.endpoints]
TABLE = pytest.mark.parametrize(
    ("vendor", "endpoint"), ENDPOINTS, ids=[f"{endpoint.method} {endpoint.path}" for _, endpoint in ENDPOINTS]
)


@dataclass(frozen=True)
class Party:
    """One sandbox with something in it: what opens it, its tokens, and what its invitations and links are called."""

    name: str
    credentials: Mapping[str, Mapping[str, str]]
    token: str
    ids: Mapping[str, str]
    ticket: str

    def headers(self, vendor: Vendor) -> dict[str, str]:
        """What a caller of that vendor shows."""
        if vendor.id == "predictive_index":
            return {"api-key": self.credentials[vendor.id]["api_key"]}
        return {"authorization": f"Bearer {self.token}", "x-api-key": self.credentials[vendor.id]["api_key"]}


@pytest.fixture(scope="module")
def http(closed: Server) -> Iterator[httpx2.Client]:
    with sandbox_at(closed.url) as sandbox:
        yield sandbox.http


def opened(http: httpx2.Client, email: str, word: str) -> Party:
    """A sandbox with a finished invitation of each vendor."""
    made = http.post(ROOT, json={}, headers=CONTROL).json()
    held, name = made["credentials"], made["name"]
    client = {key: held["pymetrics"][key] for key in ("client_id", "client_secret")}
    token = http.post("/mercury/oauth/token", json={**client, "grant_type": "client_credentials"}).json()[
        "access_token"
    ]
    keys = {"authorization": f"Bearer {token}", "x-api-key": held["pymetrics"]["api_key"]}
    body = {"candidate": {"email": email, "first_name": word}, "assessment_id": GAMES, "application_id": email}
    order = http.post("/mercury/order", json=body, headers=keys).json()["order"]["id"]
    person = {"firstName": word, "lastName": word, "email": email, "externalId": email}
    key = {"api-key": held["predictive_index"]["api_key"]}
    assessment = http.post("/api/v1/behavioralassessments", json=person, headers=key).json()["assessmentId"]
    for id in (order, assessment):
        assert http.post(f"{ROOT}/{name}/invitations/{id}/complete", headers=CONTROL).status_code == 200
    url = http.get(f"/mercury/getOrder/{order}?report=true", headers=keys).json()["reports"][0]["download_url"]
    return Party(name, held, token, {"pymetrics": order, "predictive_index": assessment}, url.rpartition("/")[2])


@pytest.fixture(scope="module")
def victim(http: httpx2.Client) -> Party:
    return opened(http, EMAIL, MARK)


@pytest.fixture(scope="module")
def thief(http: httpx2.Client) -> Party:
    return opened(http, "thief@example.com", "Thief")


def target(vendor: Vendor, endpoint: Endpoint, victim: Party, ticket: str) -> str:
    """The endpoint's path, for what belongs to the victim; a parameter that is new must be given a value here."""
    values = {
        "uuid": victim.ids[vendor.id], "assessmentId": victim.ids[vendor.id], "ticket": ticket, "type": "thriving",
        "patternType": "0?format=PNG", "reportType": "1?format=PDF&gender=0",
    }  # fmt: skip
    return re.sub(r"\{(\w+)\}", lambda found: values[found[1]], endpoint.path)


def bodies(victim: Party) -> list[dict[str, Any]]:
    """What may be sent along: the victim's names for things, so that who may change something changes theirs."""
    return [
        {"firstName": "Stolen", "lastName": "Stolen", "email": "stolen@example.com"},
        {"candidate": {"email": EMAIL}, "assessment_id": GAMES, "application_id": EMAIL, "page": 1},
        {"order_ids": [victim.ids["pymetrics"]], "email": EMAIL, "expirationDate": "2099-01-01"},
    ]


def kept(http: httpx2.Client, victim: Party) -> list[bytes]:
    """All that the victim has; the journal apart, in which calls with one of the victim's keys stand."""
    paths = ("invitations", "deliveries", "mail", "config", "states/pymetrics", "states/predictive-index")
    return [http.get(f"{ROOT}/{victim.name}/{path}", headers=CONTROL).content for path in paths]


def ways(vendor: Vendor, victim: Party, thief: Party) -> list[dict[str, str]]:
    """What a thief might show: keys of their own, and of the victim's the names, one key, or the token."""
    own, theirs = thief.headers(vendor), victim.headers(vendor)
    found = [own, {}, dict.fromkeys(("api-key", "x-api-key"), f"sim-{victim.name}")]
    if vendor.id == "pymetrics":
        found += [
            {**own, "authorization": theirs["authorization"]},
            {"authorization": theirs["authorization"]},
            {"x-api-key": theirs["x-api-key"]},
            {**theirs, "authorization": own["authorization"]},
            {**theirs, "authorization": f"Bearer sim-{victim.name}.0.{'0' * 40}"},
            {**theirs, "authorization": "Bearer the-control-token"},
            {"api-key": theirs["x-api-key"], "authorization": theirs["authorization"]},
        ]
    else:
        key = theirs["api-key"]
        found += [{"api-key": f"{key} x"}, {"api-key": key[:-1]}, {"api-key": key.swapcase()}, {"x-api-key": key},
                  {"authorization": f"Bearer {key}"}, {"api-key": "the-control-token"}]  # fmt: skip
    return [*found, {**own, "x-sandbox": victim.name, "host": f"{victim.name}.example"}, CONTROL]


@TABLE
def test_data_of_another_sandbox_is_neither_shown_nor_changed(
    http: httpx2.Client, victim: Party, thief: Party, vendor: Vendor, endpoint: Endpoint
) -> None:
    before = kept(http, victim)
    name, _, rest = thief.ticket.partition(".")
    seal = victim.ticket.split(".", 2)
    tickets = [
        f"{'.'.join(seal[:2])}x.{seal[2]}",
        f"{victim.name}.{rest}", f"{name}.{'.'.join(seal[1:])}", f"{seal[0]}.{rest}",
        victim.ids["pymetrics"],
    ]  # fmt: skip
    for headers in ways(vendor, victim, thief):
        for ticket in tickets:
            path = target(vendor, endpoint, victim, ticket)
            queries = ("", f"externalId={EMAIL}") if "?" not in path else ("",)
            for query in queries:
                for body in bodies(victim) if endpoint.method in ("POST", "PATCH") else [None]:
                    answer = http.request(
                        endpoint.method, f"{path}?{query}" if query else path, json=body, headers=headers
                    )
                    assert answer.status_code < 500
                    assert MARK not in answer.text
                    assert victim.ticket not in answer.text
            if "{ticket}" not in endpoint.path:
                break
    assert kept(http, victim) == before


def test_same_requests_with_the_right_keys_show_it(http: httpx2.Client, victim: Party) -> None:
    """Else the attacks above would fail for want of anything to steal."""
    shown = {}
    for vendor, endpoint in ENDPOINTS:
        if endpoint.method == "GET":
            path = target(vendor, endpoint, victim, victim.ticket)
            shown[endpoint.path] = http.get(path, headers=victim.headers(vendor))
    assert {answer.status_code for answer in shown.values()} <= {200, 400}  # 400: it would show what is asked better
    assert sum(MARK in answer.text for answer in shown.values()) >= 5


CONTROL_CALLS = [
    (verb, path)
    for path in ("", "/config", "/invitations", "/clock", "/deliveries", "/faults", "/journal", "/journal.har", "/mail",
                 "/events", "/coverage", "/snapshots", "/fork", "/reset", "/await", "/states/pymetrics")
    for verb in ("GET", "POST", "PUT", "PATCH", "DELETE")
]  # fmt: skip


@pytest.mark.parametrize(("verb", "path"), CONTROL_CALLS)
def test_vendor_keys_are_refused_by_the_control_api(
    http: httpx2.Client, victim: Party, thief: Party, verb: str, path: str
) -> None:
    keys = [thief.token, *thief.credentials["pymetrics"].values(), *thief.credentials["predictive_index"].values()]
    shown = [{"authorization": f"Bearer {key}"} for key in keys]
    shown += [thief.headers(vendor) for vendor in VENDORS.values()] + [{"x-api-key": "the-control-token"}]
    shown += [{"cookie": f"{name}=the-control-token"} for name in ("simulator", "session", "token")]
    for headers in shown:
        answer = http.request(verb, f"{ROOT}/{victim.name}{path}", headers=headers)
        assert answer.status_code == 401
        assert MARK not in answer.text
