"""Rules over real HTTP: a refusal names all rules that are broken, and changes nothing.

Each rule is passed and violated over HTTP by the contracts (`tests/test_sources.py`), and in pure form by the rows of
`tests/vendors`. Here the rows are compared with the rules that the server lists.
"""

from collections.abc import Mapping
from typing import Any

import httpx2
import pytest

from assessment_contracts.predictive_index import refusals
from assessment_contracts.pymetrics import shapes
from assessment_contracts.wire import Answer
from tests.servers import Caller, Sandbox
from tests.vendors.predictive_index import change_rows as pi_change_rows
from tests.vendors.predictive_index import list_rows as pi_list_rows
from tests.vendors.predictive_index import rows as pi_rows
from tests.vendors.pymetrics import rows as pymetrics_rows

Change = Mapping[str, Any]

# A path's parameter is one segment: an id with a slash in it never reaches that rule, only those of the HTTP layer.
PYMETRICS = [row for row in pymetrics_rows.ROWS if "/" not in row.broken.get("path.uuid", "")]
PYMETRICS_HTTP = [*pymetrics_rows.HTTP]
PI = [*pi_rows.ROWS, *pi_list_rows.LIST_ROWS, *pi_change_rows.CHANGE_ROWS]
PI_HTTP = [*pi_rows.HTTP_ROWS]
FROZEN = "2026-06-01T12:00:00Z"


# What a sandbox shows of itself, byte for byte.


def shown(sandbox: Sandbox) -> list[tuple[str, bytes]]:
    """Everything that can be read in a sandbox, by the control API and by both vendors'."""
    invitations = sandbox.control_json("GET", "/invitations")
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
    sandbox.control_json("POST", "/clock", {"freeze": FROZEN})
    return sandbox


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
    callers = {
        "pymetrics": (still.pymetrics, "/mercury/order", shapes.refusal),
        "pi": (still.pi, pi_rows.PATH, refusals.items),
    }
    caller, path, check_form = callers[vendor]
    before = shown(still)
    found = caller.post(path, json=body)
    answer = Answer(found.status_code, found.headers, found.content)
    assert (answer.status, sorted(answer.rules)) == (400, sorted(rules))
    check_form(answer)
    assert shown(still) == before


@pytest.fixture(scope="module")
def statuses(http: httpx2.Client) -> dict[str, int]:
    """Every rule of the catalogue with the status of its refusal."""
    return {rule["id"]: rule["status"] for rule in http.get("/_simulator/rules").json()}


def test_every_rule_of_the_catalogue_has_a_row_and_every_row_a_rule(statuses: Mapping[str, int]) -> None:
    played = {row.rule for row in PYMETRICS} | {row.rule for row in PI}
    http = {row.rule for row in PYMETRICS_HTTP} | {row.rule for row in PI_HTTP}
    assert http == {rule for rule in statuses if ".http." in rule}
    assert played | http == {*statuses}


def test_every_row_of_pymetrics_expects_the_status_of_the_catalogue(statuses: Mapping[str, int]) -> None:
    assert {row.rule: row.status for row in PYMETRICS + PYMETRICS_HTTP}.items() <= statuses.items()
