"""`compare`: a vendor with planted differences is recorded, and each difference is named, no other one."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import httpx2
import pytest

from tests.commands import call as command
from tests.recording.vendors import (
    MERCURY,
    OTHER,
    PI,
    VENDOR_IDS,
    Plant,
    body,
    flow,
    header,
    last,
    put,
    recorded,
    renamed,
    status,
)

PLANTED = {
    "predictive_index": (
        Plant(0, renamed("folderPath", "folder"), "body.folderPath: member: the vendor has no such member"),
        Plant(0, put("descriptiveReportUrl", None), "body.descriptiveReportUrl: type: the vendor has null"),
        Plant(0, put("assessmentDateTime", "2026-01-01T00:00:00.123456Z"), "Time: type: the vendor has time with 6 d"),
        Plant(0, last("gender"), "body: order: the vendor has"),
        Plant(1, put("externalId", "another-1"), "body.externalId: echo: the vendor has 'another-1'"),
        Plant(1, put("isDeleted", True), "body.isDeleted: type: the vendor has boolean, the simulator integer"),
        Plant(2, body(lambda found: found[:1]), "body: length: the vendor has 1 items"),
        Plant(3, status(422), "status: status: the vendor has 422, the simulator 400"),
        Plant(4, put("assessmentId", OTHER), "body.assessmentId: reference: the vendor has another value"),
        Plant(4, put("assessmentUserId", OTHER), "body.assessmentUserId: reference: the vendor has another value"),
        Plant(5, status(410), "status: status: the vendor has 410, the simulator 404"),
        Plant(6, header("allow", "GET"), "allow: header: the vendor has GET, the simulator GET, PATCH, POST"),
        Plant(7, header("content-type", "text/html"), "content-type: header: the vendor has text/html"),
        Plant(8, put("0.externalId", "another-2"), "body[0].externalId: echo: the vendor has 'another-2'"),
        Plant(9, renamed("parameterErrors", "errors"), "body.parameterErrors: member: the vendor has no such member"),
        Plant(10, put("selfSigmaScore.0.aSigma", 1.123456), "aSigma: type: the vendor has number with 6 decimals"),
        Plant(10, put("patternNumber", "7"), "body.patternNumber: type: the vendor has string, the simulator integer"),
        Plant(11, status(429, retry_after="7"), "status: status: the vendor has 429, the simulator 200"),
        Plant(12, status(403), "status: status: the vendor has 403, the simulator 401"),
        Plant(13, body(lambda found: found[::-1]), "s: body: order: the vendor has <assessmentId:"),
        Plant(14, status(200), "status: status: the vendor has 200, the simulator 204"),
    ),
    "pymetrics": (
        Plant(0, put("expires_in", 7200), "body.expires_in: value: the vendor has 7200, the simulator 3600"),
        Plant(0, put("token_type", "bearer"), "body.token_type: value: the vendor has 'bearer'"),
        Plant(1, put("assessments.0.id", 1), "body.assessments[0].id: type: the vendor has integer"),
        Plant(2, put("created", "true"), "body.created: type: the vendor has string, the simulator boolean"),
        Plant(2, put("order.candidate.email", "zoe@example.com"), "body.order.candidate.email: echo"),
        Plant(2, renamed("order.requisition_title", "title"), "body.order.requisition_title: member: the vendor"),
        Plant(3, put("id", OTHER), "body.id: reference: the vendor has another value, the simulator <id:"),
        Plant(3, put("status", "Sent"), "body.status: value: the vendor has 'Sent', the simulator 'Not Started'"),
        Plant(3, put("create_date", "2026-01-01T00:00:00Z"), "body.create_date: type: the vendor has time with no"),
        Plant(4, status(429, retry_after="7"), "status: status: the vendor has 429, the simulator 404"),
        Plant(5, status(201), "status: status: the vendor has 201, the simulator 200"),
        Plant(7, put("orders.1.application_id", "a-2"), "orders[0].application_id: echo: the vendor has 'a-2'"),
        Plant(7, body(lambda found: {"orders": found["orders"][::-1]}), "body.orders: order: the vendor has <id:"),
        Plant(8, status(422), "status: status: the vendor has 422, the simulator 400"),
        Plant(9, put("results.0.score", 71.123456), "body.results[0].score: type: the vendor has number"),
        Plant(9, put("results.0.band", None), "body.results[0].band: type: the vendor has null, the simulator string"),
        Plant(10, status(401), "status: status: the vendor has 401, the simulator 403"),
        Plant(11, header("content-type", "text/plain"), "content-type: header: the vendor has text/plain"),
        Plant(12, header("allow", "GET"), "allow: header: the vendor has GET, the simulator POST"),
        Plant(13, body(lambda found: {"orders": found["orders"][:1]}), "body.orders: length: the vendor has 1 items"),
        Plant(14, renamed("request_id", "trace"), "body.request_id: member: the vendor has no such member"),
        Plant(15, header("content-type", "text/plain"), "the vendor has text/plain, the simulator application/pdf"),
    ),
}  # fmt: skip


@pytest.fixture(params=VENDOR_IDS)
def vendor(request: pytest.FixtureRequest) -> str:
    """Each vendor in turn."""
    found: str = request.param
    return found


def differences(output: str) -> list[str]:
    """The differences that a report lists."""
    return [line.strip() for line in output.splitlines() if ": the vendor has " in line]


def test_each_planted_difference_is_named_and_no_other(vendor: str, tmp_path: Path) -> None:
    planted = PLANTED[vendor]
    assert len(planted) > 20
    recorded(vendor, tmp_path / "calls", planted)
    files = ("--junit", str(tmp_path / "r.xml"), "--html", str(tmp_path / "r.html"))
    done = command("compare", str(tmp_path / "calls"), *files)
    found = differences(done.stdout)
    assert [one.said for one in planted if not any(one.said in line for line in found)] == [], done.stdout
    # A member that is renamed is one that is missing and one that is new.
    named = (*(one.said for one in planted), "body.folder:", "body.errors:", "body.order.title:", "body.trace:")
    assert [line for line in found if not any(text in line for text in named)] == []
    assert done.returncode == 1
    failures = ET.parse(tmp_path / "r.xml").getroot().iter("failure")  # noqa: S314  ours
    assert sum(1 for _ in failures) == len(re.findall(r"^differs ", done.stdout, re.MULTILINE))
    page = (tmp_path / "r.html").read_text()
    assert "<script" not in page
    assert all(line.split(": ", 1)[1].split(": the vendor")[0] in page for line in found)


def test_the_simulator_agrees_with_itself_under_another_seed(vendor: str, tmp_path: Path) -> None:
    recorded(vendor, tmp_path, twice=True)
    done = command("compare", str(tmp_path))
    assert differences(done.stdout) == []
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"^0 differs, 0 could not check, \d\d agrees, ", done.stdout, re.MULTILINE), done.stdout
    about = json.loads((tmp_path / "recording.json").read_text())
    assert set(about) == {"vendor", "host", "recorded", "expires", "version"}


FLAGS = [
    ("predictive_index", {"pi.archive_status": 200, "pi.person_type": "numbers"}),
    ("pymetrics", {"pymetrics.initial_status": "Accepted"}),
]


@pytest.mark.parametrize(("vendor", "behaviour"), FLAGS, ids=str)
def test_the_flags_that_the_vendor_behaves_by_are_named(vendor: str, behaviour: dict[str, Any], tmp_path: Path) -> None:
    recorded(vendor, tmp_path, config={"behaviour": behaviour})
    done = command("compare", str(tmp_path))
    assert done.returncode == 1, done.stdout
    named = dict(re.findall(r"behaviour flag (\S+) = (.*)$", done.stdout, re.MULTILINE))
    assert {flag: repr(value) for flag, value in behaviour.items()} == named


def test_a_recording_of_an_account_that_was_used_before_agrees(vendor: str, tmp_path: Path) -> None:
    """Invitations, statuses, tokens and settings from before the recording are prepared."""
    headers: dict[str, str] = {}

    def before(url: str) -> None:
        with httpx2.Client(base_url=url, trust_env=False, timeout=30) as client:
            ids = []

            def act(id: str, action: str) -> None:
                ids.append(id)
                client.post(f"/_simulator/sandboxes/vendor/invitations/{id}/{action}").raise_for_status()

            flow(vendor, client, act)
            keys = {"client_id": "sim-vendor", "client_secret": "x", "grant_type": "client_credentials"}
            token = client.post(f"{MERCURY}/oauth/token", json=keys).json()["access_token"]
            headers.update({"authorization": f"Bearer {token}", "x-api-key": "sim-vendor", "api-key": "sim-vendor"})
            headers["id"] = ids[0]

    def reads(vendor: str, client: httpx2.Client, act: Callable[[str, str], None]) -> None:
        id = headers.pop("id")
        if vendor == "predictive_index":
            client.get(PI, headers=headers)
            person = {"firstName": "A", "lastName": "B", "email": "c@example.com", "folderPath": "Deep"}
            client.post(PI, headers=headers, json=person)
        else:
            client.get(f"{MERCURY}/getOrder/{id}", headers=headers)
            client.post(f"{MERCURY}/orders", headers=headers, json={"job_application_id": "a-1"})

    own = {"folders": ["\\One", "\\One\\Deep"]} if vendor == "predictive_index" else {
        "assessments": [{"id": f"ours-{number}", "description": "of this account"} for number in range(3)]
    }  # fmt: skip
    recorded(vendor, tmp_path, calls=reads, before=before, config=own)
    done = command("compare", str(tmp_path))
    assert (done.returncode, differences(done.stdout)) == (0, []), done.stdout


def test_older_invitations_in_every_status_agree(vendor: str, tmp_path: Path) -> None:
    """The sandbox `demo` has them, with all members that an invitation may have."""
    keys, ids = {"api-key": "sim-demo", "x-api-key": "sim-demo"}, list[str]()

    def before(url: str) -> None:
        listed = httpx2.get(f"{url}/_simulator/sandboxes/demo/invitations", trust_env=False).json()
        ids.extend(one["id"] for one in listed if one["vendor"] == vendor)

    def reads(vendor: str, client: httpx2.Client, act: Callable[[str, str], None]) -> None:
        if vendor == "pymetrics":
            secrets = {"client_id": "sim-demo", "client_secret": "x", "grant_type": "client_credentials"}
            token = client.post(f"{MERCURY}/oauth/token", json=secrets).json()["access_token"]
            keys["authorization"] = f"Bearer {token}"
        path = PI if vendor == "predictive_index" else f"{MERCURY}/getOrder"
        for id in ids:
            client.get(f"{path}/{id}", headers=keys).raise_for_status()
        if vendor == "predictive_index":
            client.get(PI, headers=keys)

    recorded(vendor, tmp_path, calls=reads, before=before)
    assert len(ids) == 12
    done = command("compare", str(tmp_path))
    assert (done.returncode, differences(done.stdout)) == (0, []), done.stdout


def test_a_vendor_that_fails_is_never_a_difference(tmp_path: Path) -> None:
    fails = tuple(Plant(number, status(503), "") for number in range(15))
    recorded("predictive_index", tmp_path, fails)
    done = command("compare", str(tmp_path))
    assert (done.returncode, differences(done.stdout)) == (3, [])
    assert "could not check predictive_index.create_assessment" in done.stdout


def test_declared_exclusions_are_not_compared_and_are_listed_with_their_reason(tmp_path: Path) -> None:
    recorded("predictive_index", tmp_path / "calls", PLANTED["predictive_index"][:2])
    file = tmp_path / "exclusions.toml"
    places = ("body.folderPath", "create_assessment body.folder", "body.descriptiveReportUrl", "body.nothing")
    one = '[[exclude]]\nplace = "{}"\nreason = "agreed with support"\ndate = 2026-11-30\n'
    file.write_text("".join(map(one.format, places)))
    done = command("compare", str(tmp_path / "calls"), "--exclusions", str(file))
    assert (done.returncode, differences(done.stdout)) == (0, []), done.stdout
    assert "excluded: body.folderPath: agreed with support (2026-11-30)" in done.stdout
    assert "excluded (nothing was there): body.nothing" in done.stdout
    file.write_text('[[exclude]]\nplace = "body"\nreason = "x"\n')
    done = command("compare", str(tmp_path / "calls"), "--exclusions", str(file))
    assert (done.returncode, done.stdout) == (2, "")
    assert "needs a place, a reason and a date" in done.stderr


def test_an_expired_recording_says_so_and_an_empty_one_has_a_status_of_its_own(tmp_path: Path) -> None:
    about = {"vendor": "pymetrics", "host": "api.pymetrics.com", "recorded": "2020-01-01", "expires": "2020-06-29"}
    (tmp_path / "recording.json").write_text(json.dumps(about))
    done = command("compare", str(tmp_path))
    assert done.returncode == 4
    assert "the recording is old: it expired 2020-06-29" in done.stdout


BROKEN = ["", "[]", "{}", '{"vendor": "none"}', "\x00"]


@pytest.mark.parametrize("about", BROKEN)
def test_a_folder_that_is_no_recording_is_refused_in_a_line(about: str, tmp_path: Path) -> None:
    (tmp_path / "recording.json").write_text(about)
    done = command("compare", str(tmp_path))
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
