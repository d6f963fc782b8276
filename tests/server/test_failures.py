"""The Date of delayed responses, and responses and journal entries when the simulator itself fails."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace

import httpx2
import pytest

from assessment_simulator import app, runner
from assessment_simulator.core.decision import Decision, VendorResponse
from assessment_simulator.core.request import VendorRequest
from assessment_simulator.core.sandbox_view import SandboxView
from assessment_simulator.core.vendor import Vendor
from assessment_simulator.http.problem_details import unlogged
from assessment_simulator.sandbox import request_changes
from assessment_simulator.settings import Settings
from assessment_simulator.storage import Unwritten
from tests.server import PERSON, PI, Aside, advance, assessment
from tests.server.test_faults import held, met, put
from tests.servers import Sandbox
from tests.waiting import until

BEGIN, NEXT_DAY = "2026-03-01T09:00:00", "2026-03-02T09:00:00"
DATES = {BEGIN: "Sun, 01 Mar 2026 09:00:00 GMT", NEXT_DAY: "Mon, 02 Mar 2026 09:00:00 GMT"}


@pytest.mark.parametrize(("when", "answered"), [("after_commit", BEGIN), ("before_commit", NEXT_DAY)])
def test_delayed_response_has_the_time_of_its_commit(sandbox: Sandbox, aside: Aside, when: str, answered: str) -> None:
    sandbox.control_json("POST", "/clock", {"freeze": f"{BEGIN}Z"})
    put(sandbox, {"do": "delay", "duration": "PT2S", "when": when, "times": 1})
    late = aside(sandbox.pi.post, PI, json=PERSON)
    until(lambda: met(sandbox) == [1] and (when == "before_commit" or held(sandbox) == 1))
    advance(sandbox, "P1D")
    quick = sandbox.pi.get(PI)
    assert not late.done()
    assert quick.headers["date"] == DATES[NEXT_DAY]
    assert late.result().headers["date"] == DATES[answered]
    journal = {call["method"]: call["at"][:19] for call in sandbox.control_json("GET", "/journal")}
    assert journal == {"GET": NEXT_DAY, "POST": answered}


def test_two_delayed_responses_have_different_times(sandbox: Sandbox, aside: Aside) -> None:
    sandbox.control_json("POST", "/clock", {"freeze": f"{BEGIN}Z"})
    put(sandbox, {"do": "delay", "duration": "PT2S", "when": "after_commit", "times": 2})
    first = aside(sandbox.pi.post, PI, json=PERSON)
    until(lambda: held(sandbox) == 1)
    advance(sandbox, "P1D")
    second = aside(sandbox.pi.post, PI, json=PERSON)
    until(lambda: held(sandbox) == 2)
    assert not first.done()
    assert [one.result().headers["date"] for one in (first, second)] == [DATES[BEGIN], DATES[NEXT_DAY]]


# When the simulator fails.

Wrong = Callable[[VendorRequest, SandboxView, Decision], Decision]


@contextmanager
def failing(monkeypatch: pytest.MonkeyPatch, operation: str, wrong: Wrong) -> Iterator[Sandbox]:
    """A sandbox of a server in which one of PI's functions is wrong."""

    def vendor(right: Vendor) -> Vendor:
        endpoints = [
            replace(one, operation=replace(one.operation, decide=_wrong(one.operation.decide, wrong)))
            if one.operation.name == operation
            else one
            for one in right.endpoints
        ]
        return replace(right, endpoints=tuple(endpoints))

    vendors: Mapping[str, Vendor] = {id: vendor(right) for id, right in app.VENDORS.items()}
    monkeypatch.setattr(app, "VENDORS", vendors)
    with runner.running(Settings(port=0)) as url, httpx2.Client(base_url=url, trust_env=False) as http:
        sandbox = Sandbox(http, "ada")
        sandbox.control_json("POST", "/clock", {"freeze": f"{BEGIN}Z"})
        yield sandbox


def _wrong(
    decide: Callable[[VendorRequest, SandboxView], Decision], wrong: Wrong
) -> Callable[[VendorRequest, SandboxView], Decision]:
    return lambda call, world: wrong(call, world, decide(call, world))


def crash(call: VendorRequest, world: SandboxView, decision: Decision) -> Decision:
    raise ZeroDivisionError("a vendor's function is wrong")


def unrenderable(call: VendorRequest, world: SandboxView, decision: Decision) -> Decision:
    return decision._replace(response=VendorResponse(201, {"created": object()}))


@pytest.mark.parametrize(
    ("wrong", "outcome", "made"),
    [(crash, "Nothing was changed.", 0), (unrenderable, "What the request had changed by then is kept.", 1)],
)
def test_crash_is_in_the_journal_and_says_whether_a_change_was_kept(
    monkeypatch: pytest.MonkeyPatch, wrong: Wrong, outcome: str, made: int
) -> None:
    with failing(monkeypatch, "create_assessment", wrong) as sandbox:
        answer = sandbox.pi.post(PI, json=PERSON)
        assert answer.status_code == 500
        assert answer.json()["detail"] == f"The simulator failed; its log says where. {outcome}"
        assert answer.headers["date"] == DATES[BEGIN]
        assert held(sandbox) == made
        (shown,) = sandbox.control_json("GET", "/journal")
        assert (shown["status"], shown["at"][:19], shown["operation"]) == (500, BEGIN, "create_assessment")
        whole = sandbox.control_json("GET", f"/journal/{shown['id']}")
        assert whole["request"]["body"] == PERSON
        assert whole["answer"]["body"] == answer.json()


def test_failed_report_is_in_the_journal(monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(wanted: object, media_type: str) -> bytes:
        raise MemoryError("no room for a page")

    monkeypatch.setattr(app, "draw", broken)
    with runner.running(Settings(port=0)) as url, httpx2.Client(base_url=url, trust_env=False) as http:
        sandbox = Sandbox(http, "ada")
        id = assessment(sandbox)["assessmentId"]
        sandbox.control_json("POST", f"/invitations/{id}/complete")
        answer = sandbox.pi.get(f"{PI}/{id}/reports/PersonDetailReport?format=PDF&gender=2")
        assert answer.status_code == 500
        assert answer.json()["detail"].endswith("Nothing was changed.")
        assert [call["status"] for call in sandbox.control_json("GET", "/journal")] == [201, 500]


def test_lost_second_change_does_not_deny_the_first() -> None:
    request_changes.begin()
    full = Unwritten("the log /data/log.db is full", "the log is full")
    assert unlogged(full) == "the log is full; nothing was changed"
    request_changes.note()
    assert unlogged(full) == "the log is full; what the request had changed before is kept"
    lost = Unwritten("the log at db.internal is away", "the log is away", is_uncertain=True)
    assert unlogged(lost) == "the log is away; whether the change was kept is not known"
