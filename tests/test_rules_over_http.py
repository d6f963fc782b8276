"""Every rule of both vendors over real HTTP: kept once, broken once, and a refusal leaves nothing behind.

The rows are those of the vendors' own tests; here each is played in a sandbox of its own, through the socket.
"""

import json
from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import Any
from urllib.parse import quote, urlencode

import httpx2
import pytest

from tests.oracle import check_refusal
from tests.servers import Caller, Sandbox
from tests.vendors.predictive_index import change_rows as pi_change_rows
from tests.vendors.predictive_index import list_rows as pi_list_rows
from tests.vendors.predictive_index import rows as pi_rows
from tests.vendors.pymetrics import rows as pymetrics_rows

Change = Mapping[str, Any]

# A path's parameter is one segment: an id with a slash in it never reaches the rule, but the door's.
PYMETRICS = [row for row in pymetrics_rows.ROWS if "/" not in row.broken.get("path.uuid", "")]
PYMETRICS_DOOR = [*pymetrics_rows.DOOR]
PI = [*pi_rows.ROWS, *pi_list_rows.LIST_ROWS, *pi_change_rows.CHANGE_ROWS]
PI_DOOR = [*pi_rows.DOOR_ROWS]
FROZEN = "2026-06-01T12:00:00Z"


# What a sandbox shows of itself, byte for byte.


def shown(sandbox: Sandbox) -> list[tuple[str, bytes]]:
    """Everything that can be read in a sandbox, by the control API and by both vendors'."""
    invitations = sandbox.told("GET", "/invitations")
    reads: list[tuple[Caller | None, str]] = [(None, path) for path in ("/invitations", "/mail", "/deliveries")]
    reads += [(sandbox.pi, pi_rows.PATH)]
    pymetrics = sandbox.renewed()
    for invitation in invitations:
        if invitation["vendor"] == "pymetrics":
            reads.append((pymetrics, f"/mercury/getOrder/{invitation['id']}"))
        else:
            reads.append((sandbox.pi, f"{pi_rows.PATH}/{invitation['id']}"))
    found = []
    for caller, path in reads:
        answer = sandbox.control("GET", path) if caller is None else caller.get(path)
        assert answer.status_code == 200, (path, answer.text)
        found.append((path, answer.content))
    listed = pymetrics.post("/mercury/orders", json={"job_application_id": "a-1"})
    return [*found, ("/mercury/orders", listed.content)]


@pytest.fixture
def still(sandbox: Sandbox) -> Sandbox:
    """A sandbox whose clock stands, so that equal states are shown by equal bytes."""
    sandbox.told("POST", "/clock", {"freeze": FROZEN})
    return sandbox


def refused(sandbox: Sandbox, config: Change, send: Callable[[], httpx2.Response]) -> httpx2.Response:
    """Send what is to be refused under these settings; nothing may have changed by it."""
    original = sandbox.told("GET", "/config")
    before = shown(sandbox)
    sandbox.told("PATCH", "/config", config)
    answer = send()
    sandbox.told("PATCH", "/config", original)
    assert shown(sandbox) == before
    return answer


# The Predictive Index.


def prepared_pi(sandbox: Sandbox, row: pi_rows.Row) -> list[str]:
    """Post what the row wants posted before, and do what it wants done to the first; the assessments' ids."""
    ids = []
    for body in row.before:
        answer = sandbox.pi.post(pi_rows.PATH, json=body)
        assert answer.status_code == 201, answer.text
        ids.append(answer.json()["assessmentId"])
    for action in row.actions:
        sandbox.told("POST", f"/invitations/{ids[0]}/{action}")
    return ids or [""]


def send_pi(sandbox: Sandbox, tried: pi_rows.Try, ids: list[str]) -> httpx2.Response:
    """One request of a row, after the calls of the minute before."""
    for _ in range(tried.recent):
        assert sandbox.pi.get(pi_rows.PATH).status_code == 200
    headers = {
        "content-type": tried.media_type,
        **tried.headers,
        **({"api-key": sandbox.credential} if tried.with_key else {}),
    }
    text = json.dumps(tried.body) if tried.raw is None else tried.raw
    content = None if tried.method == "GET" else text.encode()
    path = tried.path.replace(pi_rows.FIRST, ids[0]).replace(pi_rows.LAST, ids[-1])
    return sandbox.http.request(tried.method, path, headers=headers, content=content, params=tried.query or None)


@pytest.mark.parametrize("row", PI + PI_DOOR, ids=lambda row: row.rule)
def test_pi_accepts_a_request_that_keeps_the_rule(still: Sandbox, row: pi_rows.Row) -> None:
    ids = prepared_pi(still, row)
    still.told("PATCH", "/config", row.kept.config)
    answer = send_pi(still, row.kept, ids)
    assert answer.status_code == row.kept.accepted, answer.text
    assert "simulator-rule" not in answer.headers


@pytest.mark.parametrize("row", PI + PI_DOOR, ids=lambda row: row.rule)
def test_pi_refuses_a_request_that_breaks_the_rule_and_nothing_has_changed(
    still: Sandbox, row: pi_rows.Row, statuses: Mapping[str, int]
) -> None:
    ids = prepared_pi(still, row)
    answer = refused(still, row.broken.config, lambda: send_pi(still, row.broken, ids))
    named = answer.headers.get("simulator-rule", "").split(", ")
    assert row.rule in named, answer.text
    check_refusal(answer, statuses[row.rule], *named)


# pymetrics.


class Desk:
    """A sandbox with one order in it, and requests made from the rows."""

    def __init__(self, sandbox: Sandbox, actions: tuple[str, ...] = (), *, report: bool = False) -> None:
        self.sandbox = sandbox
        order = sandbox.pymetrics.post("/mercury/order", json=pymetrics_rows.ORDER).json()["order"]["id"]
        for action in actions:
            sandbox.told("POST", f"/invitations/{order}/{action}")
        stranger = Sandbox(sandbox.http, f"{sandbox.name}-stranger")
        self.words = {
            "{name}": sandbox.name,
            "{order}": order,
            "{token}": sandbox.pymetrics.headers["Authorization"].removeprefix("Bearer "),
            "{stranger}": stranger.pymetrics.headers["Authorization"].removeprefix("Bearer "),
        }
        stranger.control("DELETE")
        if report:
            link = sandbox.pymetrics.get(f"/mercury/getOrder/{order}?report=true").json()["reports"][0]["download_url"]
            self.words["{ticket}"] = link.rpartition("/")[2]

    def advance(self, change: Change) -> None:
        """Let as much time pass as the change wants before."""
        if "advance" in change:
            self.sandbox.told("POST", "/clock", {"advance": change["advance"]})

    def send(self, operation: str, change: Change) -> httpx2.Response:
        """One request, changed, after the calls of the minute before."""
        for _ in range(change.get("recent", 0)):
            assert self.sandbox.pymetrics.get("/mercury/configuration").status_code == 200
        good = pymetrics_rows.REQUESTS[operation]
        parts: dict[str, Any] = {
            "header": dict(good.headers), "params": dict(good.params), "query": dict(good.query),
            "body": deepcopy(good.body),
        }  # fmt: skip
        for place, value in change.items():
            root, *steps = place.split(".")
            _put(parts, ["params" if root == "path" and steps else root, *steps], value)
        parts = self._filled(parts)
        path = parts.get("path", good.path)
        for name, value in parts["params"].items():
            path = path.replace(f"{{{name}}}", quote(value, safe=""))
        headers = {name: value.strip().encode("latin-1") for name, value in parts["header"].items()}
        content, media_type = _content(parts)
        if content is not None:
            headers["content-type"] = media_type
        # A URL of its own keeps httpx2 from joining `//mercury` to the base address.
        url = f"{self.sandbox.url}{path}{'?' + urlencode(parts['query']) if parts['query'] else ''}"
        return self.sandbox.http.request(parts.get("method", good.method), url, headers=headers, content=content)

    def _filled(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {name: self._filled(inner) for name, inner in value.items()}
        if isinstance(value, str):
            for word, meaning in self.words.items():
                value = value.replace(word, meaning)
        return value


def _put(parts: dict[str, Any], path: list[str], value: Any) -> None:
    *around, name = path
    inner = parts
    for step in around:
        inner = inner[step]
    if value is pymetrics_rows.ABSENT and around:
        inner.pop(name, None)
    else:
        inner[name] = value


def _content(parts: Change) -> tuple[bytes | None, bytes]:
    if "raw" in parts:
        return parts["raw"].encode(), b"application/json"
    if parts["body"] is pymetrics_rows.ABSENT:
        return None, b""
    if "form" in parts:
        return urlencode(parts["body"]).encode(), b"application/x-www-form-urlencoded"
    return json.dumps(parts["body"]).encode(), b"application/json"


def prepared_pymetrics(sandbox: Sandbox, row: pymetrics_rows.Row) -> Desk:
    desk = Desk(sandbox, row.actions, report=row.request == "download_report")
    if pymetrics_rows.UNFINISHED in row.broken.values():
        another = sandbox.pymetrics.post("/mercury/order", json={**pymetrics_rows.ORDER, "application_id": "a-2"})
        desk.words[pymetrics_rows.UNFINISHED] = another.json()["order"]["id"]
    return desk


@pytest.mark.parametrize("row", PYMETRICS + PYMETRICS_DOOR, ids=str)
def test_pymetrics_answers_a_request_that_keeps_the_rule(still: Sandbox, row: pymetrics_rows.Row) -> None:
    desk = prepared_pymetrics(still, row)
    desk.advance(row.kept)
    still.told("PATCH", "/config", row.config)
    answer = desk.send(row.request, row.kept)
    assert answer.status_code in (200, 201), answer.text
    assert "simulator-rule" not in answer.headers


@pytest.mark.parametrize("row", PYMETRICS + PYMETRICS_DOOR, ids=str)
def test_pymetrics_refuses_a_request_that_breaks_the_rule_and_nothing_has_changed(
    still: Sandbox, row: pymetrics_rows.Row
) -> None:
    desk = prepared_pymetrics(still, row)
    desk.advance(row.broken)
    shown(still)  # reading an order that is completed fulfils it: let that have happened
    answer = refused(still, row.config, lambda: desk.send(row.request, row.broken))
    check_refusal(answer, row.status, row.rule)


# Several at once, and all of them.

SEVERAL: list[tuple[str, Change, list[str]]] = [
    (
        "pymetrics",
        {"candidate": {"first_name": 5}, "send_email": "yes", "candidate_redirect_url": ""},
        [
            "pymetrics.order.candidate.email.required", "pymetrics.order.assessment_id.required",
            "pymetrics.order.application_id.required", "pymetrics.order.candidate.first_name.type",
            "pymetrics.order.send_email.type", "pymetrics.order.candidate_redirect_url.length",
            "pymetrics.order.candidate_redirect_url.url",
        ],
    ),
    (
        "pi",
        {"firstName": 1, "gender": 9, "redirectUrl": "www", "administeredByPhone": "1"},
        [
            "pi.create.first_name.type", "pi.create.last_name.required", "pi.create.email.required",
            "pi.create.administered_by.first_name.required", "pi.create.administered_by.last_name.required",
            "pi.create.administered_by.email.required", "pi.create.gender.value", "pi.create.redirect.url",
        ],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("vendor", "body", "rules"), SEVERAL)
def test_a_request_that_breaks_several_rules_reports_them_all(
    still: Sandbox, vendor: str, body: Change, rules: list[str]
) -> None:
    callers = {"pymetrics": (still.pymetrics, "/mercury/order"), "pi": (still.pi, pi_rows.PATH)}
    caller, path = callers[vendor]
    answer = refused(still, {}, lambda: caller.post(path, json=body))
    check_refusal(answer, 400, *rules)


@pytest.fixture(scope="module")
def statuses(http: httpx2.Client) -> dict[str, int]:
    """Every rule of the catalogue with the status of its refusal."""
    return {rule["id"]: rule["status"] for rule in http.get("/_simulator/rules").json()}


def test_every_rule_of_the_catalogue_has_a_row_and_every_row_a_rule(statuses: Mapping[str, int]) -> None:
    played = {row.rule for row in PYMETRICS} | {row.rule for row in PI}
    door = {row.rule for row in PYMETRICS_DOOR} | {row.rule for row in PI_DOOR}
    assert door == {rule for rule in statuses if ".door." in rule}
    assert played | door == {*statuses}


def test_every_row_of_pymetrics_expects_the_status_of_the_catalogue(statuses: Mapping[str, int]) -> None:
    assert {row.rule: row.status for row in PYMETRICS + PYMETRICS_DOOR}.items() <= statuses.items()
