"""Stories that Hypothesis makes up, told to a real server and to an oracle; after each sentence both must agree.

`STORIES=500 pytest tests/test_stories.py` tells five hundred longer ones instead of the usual few. Only then is a story
that went wrong made shorter, which takes minutes; one that went wrong before is remembered and told first.
"""

import os
import re
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.oracle import DEFAULTS, LIFETIME, MOVES, Invited, Story, check_problem, check_refusal, same, seven
from tests.servers import Caller, Listener, Sandbox

BEGINNING = datetime(2090, 1, 1, tzinfo=UTC)
"""Later than the machine's clock, so that nothing is due in a fork, whose clock is the machine's."""
PATH = "/api/v1/behavioralassessments"
LONG = int(os.environ.get("STORIES", "0"))
STORIES = settings(
    max_examples=LONG or 40,
    stateful_step_count=80 if LONG else 40,
    deadline=None,
    phases=[phase for phase in Phase if LONG or phase is not Phase.shrink],
    suppress_health_check=[*HealthCheck],
    print_blob=True,
)

# Few of each, so that they meet again and again.
LOCALS = st.sampled_from(["ada", "grace", "Ådä", "ADA", "straße", "STRASSE"])
TAGS = st.sampled_from([
    "", "", "", "", "+score-high", "+score-low", "+completes+score-low", "+completes", "+completes-in-10s",
    "+completes-in-2h", "+expires", "+abandons", "+rejected",
])  # fmt: skip
EMAILS = st.builds("{}{}{}@example.com{}".format, st.sampled_from(["", " "]), LOCALS, TAGS, st.sampled_from(["", " "]))
APPLICATIONS = ["a-1", "", "a-2 é/?&"]
ASSESSMENTS = [
    "6ac4d6b5-9a3e-4d0c-8f55-0d5a3f6d2b10",
    "2f1d9e0a-5c7b-4b7e-9a61-7c0f4b8e1d22",
]
CANDIDATES = [None, "", "c-1", "c-2"]
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
METADATA = st.none() | st.dictionaries(TEXT, JSON, max_size=4)
IDS = st.sampled_from([None, None, "", "x-1", "x-2"])
PICK = st.integers(0, 99)
NAMES = st.none() | st.just("") | TEXT.filter(lambda text: any(c.isalnum() for c in text))
"""Names that show something: white space alone is refused, which the rules' own rows test."""
TURNS = st.one_of(
    st.tuples(st.just("advance"), st.sampled_from([0, 1, 9, 10, 60, 3_599, 3_600, 3_600, 7_200, 86_400, 11 * 86_400])),
    st.tuples(st.just("freeze"), st.sampled_from([-86_400, -3_600, -1, 0, 60, 7_200])),
    st.just(("run_until", 60)),
    st.just(("until_idle", 0)),
)
ACTIONS = {
    "pymetrics": ("accept", "reject", "start", "complete", "expire", "fulfil", "open"),
    "predictive_index": ("open", "start", "complete", "expire", "abort", "fail", "dance"),
}
"""What is tried with each vendor's invitations; the last two are offered by nobody."""
ACTION = st.integers(0, 6)
CHANGES: list[tuple[str, Any]] = [
    ("pymetrics.initial_status", "Pending"),
    ("pymetrics.initial_status", "Accepted"),
    ("pymetrics.initial_status", "Not Started"),
    ("pymetrics.email_match", "exact"),
    ("pymetrics.email_match", "ignore case"),
    ("pi.unsent_state", 10),
    ("pi.unsent_state", 0),
    ("pi.created_state", "sent"),
    ("pi.created_state", "sample"),
    ("pi.webhook_on", "creation and completion"),
    ("pi.webhook_on", "completion"),
    ("pi.list_limit", 50),
    ("pi.list_limit", None),
    ("pi.state_member", "assessmentStatus"),
    ("pi.state_member", "assessmentState"),
    ("invitation_days", 4),
    ("invitation_days", 30),
    ("progress", "PT1H"),
    ("progress", "PT0S"),
    ("progress", "manual"),
    ("webhook_url", "/orders"),
    ("webhook_url", None),
    ("default_webhook_url", "/assessments"),
    ("default_webhook_url", None),
]


class Stories(RuleBasedStateMachine):
    """One sandbox that a story happens in, and another that must never hear of it."""

    http: httpx2.Client
    listener: Listener

    def __init__(self) -> None:
        super().__init__()
        self.sandbox = Sandbox(self.http, f"story-{uuid.uuid4()}")
        self.other = Sandbox(self.http, f"other-{uuid.uuid4()}")
        self.story = Story(BEGINNING)
        self.freeze_at(BEGINNING)
        self.token()
        self.begin_other()

    def begin_other(self) -> None:
        self.other.told("POST", "/clock", {"freeze": "2026-01-01T00:00:00Z"})
        self.other.pymetrics.post("/mercury/order", json=order_body("ada@example.com", ASSESSMENTS[0], "a-1"))
        person = {"firstName": "A", "lastName": "B", "email": "ada@example.com", "externalId": "x-1"}
        self.other.pi.post(PATH, json={**person, "externalPersonId": "x-1"})
        self.untouched = self.all_of(self.other)

    def teardown(self) -> None:
        assert self.all_of(self.other) == self.untouched
        self.sandbox.control("DELETE")
        self.other.control("DELETE")

    # How it is told.

    @property
    def now(self) -> datetime:
        return self.story.is_.now

    def all_of(self, sandbox: Sandbox) -> list[bytes]:
        paths = ("/invitations", "/mail", "/deliveries", "/config", "/clock", "/faults", "")
        shown = [sandbox.control("GET", path).content for path in paths] + [sandbox.pi.get(PATH).content]
        return [re.sub(rb'"journal":\d+', b"", one) for one in shown]  # it counts the looks as well

    def freeze_at(self, moment: datetime) -> Any:
        return self.sandbox.told("POST", "/clock", {"freeze": seven(moment)})

    def token(self) -> None:
        self.desk = self.sandbox.renewed()
        self.token_lapses = self.now + LIFETIME

    def pymetrics(self) -> Caller:
        """A caller with a live token; a token that has lapsed must be refused before it is renewed."""
        if self.now >= self.token_lapses:
            self.check_lapsed()
            self.token()
        return self.desk

    def check_lapsed(self) -> None:
        answer = self.desk.get("/mercury/configuration")
        # One that lapsed long ago may have been forgotten.
        rule = answer.headers.get("simulator-rule", "")
        assert rule in ("pymetrics.access.token.live", "pymetrics.access.token.known")
        check_refusal(answer, 401, rule)

    def picked(self, pick: int, vendor: str | None = None) -> Invited:
        found = [invited for invited in self.story.is_.invited.values() if vendor in (None, invited.vendor)]
        return found[pick % len(found)]

    def has(self, vendor: str) -> bool:
        return bool(self.story.of(vendor))

    @initialize(
        emails=st.lists(EMAILS, min_size=4, max_size=4), externals=st.tuples(IDS, IDS),
        changes=st.lists(st.sampled_from(CHANGES), max_size=3), told=st.booleans(),
    )  # fmt: skip
    def begin(
        self, emails: list[str], externals: tuple[str | None, str | None], changes: list[tuple[str, Any]], told: bool
    ) -> None:
        for change in changes + [("webhook_url", "/orders"), ("default_webhook_url", "/assessments")] * told:
            self.change(*change)
        for email, candidate in zip(emails[:2], CANDIDATES[2:], strict=True):
            body = order_body(email, ASSESSMENTS[0], APPLICATIONS[0])
            body["candidate"]["external_id"] = candidate
            self.send(body)
        for email, external in zip(emails[2:], externals, strict=True):
            body = {"firstName": "F", "lastName": "L", "email": email, "externalId": external}
            self.invite(body | {"assessmentStatusWebHook": f"{self.listener.url}/own" if external else None})

    # pymetrics.

    @rule(
        email=EMAILS, assessment=st.sampled_from(ASSESSMENTS), application=st.sampled_from(APPLICATIONS),
        candidate=st.sampled_from(CANDIDATES), first=NAMES, metadata=METADATA, send=st.booleans(),
        title=st.none() | TEXT,
    )  # fmt: skip
    def order(
        self, email: str, assessment: str, application: str, candidate: str | None, first: str | None,
        metadata: dict[str, Any] | None, send: bool, title: str | None,
    ) -> None:  # fmt: skip
        body = order_body(email, assessment, application)
        body["candidate"] |= {"external_id": candidate, "first_name": first}
        self.send(body | {"metadata": metadata, "send_email": send, "requisition_title": title})

    def send(self, body: dict[str, Any]) -> None:
        known = self.story.order_of(body)
        answer = self.pymetrics().post("/mercury/order", json=body)
        shown = read(answer, 201 if known is None else 200)
        assert shown["created"] is (known is None)
        if known is None:
            self.story.order(body, shown["order"])
        else:
            self.story.check(self.story.is_.invited[known], shown["order"])

    @precondition(lambda self: self.has("pymetrics"))
    @rule(pick=PICK, twist=st.sampled_from([str.upper, str.lower, str.title, str.strip, "{}".format, " {}\t".format]))
    def order_again(self, pick: int, twist: Callable[[str], str]) -> None:
        face = self.picked(pick, "pymetrics").face
        email = twist(face["candidate"]["email"])
        self.send(order_body(email, face["assessment_id"], face["application_id"]))

    @precondition(lambda self: self.has("pymetrics"))
    @rule(pick=PICK, report=st.sampled_from(["", "", "?report=false", "?report=true", "?report=True"]))
    def get_order(self, pick: int, report: str) -> None:
        order = self.picked(pick, "pymetrics")
        answer = self.pymetrics().get(f"/mercury/getOrder/{order.id}{report}")
        self.story.read(order.id, report=report.lower().endswith("true"))
        self.story.check(order, read(answer, 200))

    @rule(application=st.sampled_from([None, *APPLICATIONS]), candidate=st.sampled_from(CANDIDATES))
    def list_orders(self, application: str | None, candidate: str | None) -> None:
        body = {"job_application_id": application, "candidate_id": candidate}
        answer = self.pymetrics().post("/mercury/orders", json=body)
        if not application and not candidate:
            check_refusal(answer, 400, "pymetrics.list.filter")
            return
        self.check_orders(read(answer, 200), application, candidate)

    def check_orders(self, shown: Any, application: str | None, candidate: str | None) -> None:
        expected = [
            order
            for order in self.story.of("pymetrics")
            if (not application or order.face["application_id"] == application)
            and (not candidate or order.face["candidate"]["external_id"] == candidate)
        ]
        assert [order["id"] for order in shown["orders"]] == [order.id for order in expected]
        for order, face in zip(expected, shown["orders"], strict=True):
            self.story.check(order, face)

    # The Predictive Index.

    @rule(
        first=NAMES, last=NAMES, email=st.none() | EMAILS, middle=NAMES, whole=st.booleans(), external=IDS, person=IDS,
        notify=st.sampled_from([None, 0, 1]), expires=st.sampled_from([None, None, 3_600, 86_400, "2099-12-31"]),
        webhook=st.booleans(), position=st.sampled_from([None, "Software Engineer"]),
    )  # fmt: skip
    def assess(
        self, first: str | None, last: str | None, email: str | None, middle: str | None, whole: bool,
        external: str | None, person: str | None, notify: int | None, expires: int | str | None, webhook: bool,
        position: str | None,
    ) -> None:  # fmt: skip
        body = {
            "firstName": first, "lastName": last, "email": email, "middleName": middle, "externalId": external,
            "externalPersonId": person, "notifyAssessmentAvailableUsingEmail": notify,
            "associatedPositionTitle": position, "expirationDateTime": self.expiry(expires),
            "assessmentStatusWebHook": f"{self.listener.url}/own" if webhook else None,
        }  # fmt: skip
        if whole:
            body |= {"firstName": first or "F", "lastName": last or "L", "email": email or "e@example.com"}
        self.invite(body)

    def invite(self, body: dict[str, Any]) -> None:
        flaws = self.story.flaws(body)
        answer = self.sandbox.pi.post(PATH, json=body)
        if flaws:
            check_refusal(answer, 400, *flaws)
        else:
            self.story.assessment(body, read(answer, 201))

    def expiry(self, expires: int | str | None) -> str | None:
        return seven(self.now + timedelta(seconds=expires)) if isinstance(expires, int) else expires

    @precondition(lambda self: self.has("predictive_index"))
    @rule(pick=PICK, external=IDS, person=IDS)
    def assess_again(self, pick: int, external: str | None, person: str | None) -> None:
        self.invite({"externalId": external, "externalPersonId": person})

    @precondition(lambda self: self.has("predictive_index"))
    @rule(pick=PICK)
    def get_assessment(self, pick: int) -> None:
        assessment = self.picked(pick, "predictive_index")
        self.story.check(assessment, read(self.sandbox.pi.get(f"{PATH}/{assessment.id}"), 200))

    # Both.

    @precondition(lambda self: self.story.is_.invited)
    @rule(pick=PICK, action=ACTION)
    def act(self, pick: int, action: int) -> None:
        self.do(pick, action)

    def do(self, pick: int, number: int) -> None:
        invited = self.picked(pick)
        action = ACTIONS[invited.vendor][number]
        answer = self.sandbox.control("POST", f"/invitations/{invited.id}/{action}")
        if self.story.possible(invited.id, action):
            self.story.act(invited.id, action)
            assert read(answer, 200)["status"] == invited.state
        else:
            check_problem(answer, 409)
            assert action in answer.json()["detail"]

    @precondition(lambda self: self.story.is_.invited)
    @rule(pick=PICK, action=ACTION, then=ACTION)
    def act_twice(self, pick: int, action: int, then: int) -> None:
        self.do(pick, action)
        self.do(pick, then)

    @rule(known=st.booleans(), pick=PICK)
    def nonsense(self, known: bool, pick: int) -> None:
        id = self.picked(pick).id[:-1] if known and self.story.is_.invited else "nobody"
        check_refusal(self.pymetrics().get(f"/mercury/getOrder/{id}"), 404, "pymetrics.get.known")
        check_refusal(self.sandbox.pi.get(f"{PATH}/{id}"), 404, "pi.get.known")
        check_refusal(self.sandbox.pi.post(PATH, content=b"{"), 415, "pi.create.media_type")
        check_problem(self.sandbox.control("POST", f"/invitations/{id}/complete"), 404)
        check_problem(self.sandbox.control("POST", "/snapshots/nothing/restore"), 404)
        check_problem(self.sandbox.control("PATCH", "/config", {"invitation_days": 31, "progress": "PT1H"}), 422)
        if self.story.is_.invited:
            path = f"/invitations/{self.picked(pick).id}/complete"
            check_problem(self.sandbox.control("POST", path, {"scores": 5, "results": 5}), 422)
        self.sandbox.told("PATCH", "/config", {"maintenance": True})
        check_refusal(self.sandbox.pi.get(PATH), 503, "pi.access.maintenance")
        self.sandbox.told("PATCH", "/config", {"maintenance": False})

    # Time.

    @rule(how=TURNS)
    def turn(self, how: tuple[str, int]) -> None:
        what, seconds = how
        getattr(self, what)(self.now + timedelta(seconds=seconds))

    def advance(self, end: datetime) -> None:
        seconds = (end - self.now) // timedelta(seconds=1)
        turned = self.sandbox.told("POST", "/clock", {"advance": f"PT{seconds}S"})
        self.passed(end, self.story.pass_until(end), turned)
        assert {delivery["state"] for delivery in self.sandbox.told("GET", "/deliveries")} <= {"delivered"}

    def freeze(self, end: datetime) -> None:
        self.passed(end, self.story.pass_until(end), self.freeze_at(end))

    def run_until(self, end: datetime) -> None:
        assert self.sandbox.told("POST", "/clock", {"run": True})["mode"] == "running"
        self.freeze_at(end)
        self.story.pass_until(end)
        self.story.is_.now = end

    def until_idle(self, end: datetime) -> None:
        turned = self.sandbox.told("POST", "/clock", {"until_idle": True})
        self.passed(*self.story.pass_until_idle(), turned)

    def passed(self, end: datetime, rung: list[tuple[str, str, str]], turned: Any) -> None:
        self.story.is_.now = end
        assert [(e["at"], e["what"], e["id"]) for e in turned["events"] if e["what"] != "attempt"] == rung
        assert (turned["now"], turned["mode"]) == (seven(end), "frozen")

    # The sandbox as a whole.

    @rule(change=st.sampled_from(CHANGES))
    def configure(self, change: tuple[str, Any]) -> None:
        self.change(*change)

    def change(self, name: str, value: Any) -> None:
        if name.endswith("webhook_url") and value:
            value = f"{self.listener.url}{value}"
        shown = self.sandbox.told("PATCH", "/config", {"behaviour": {name: value}} if "." in name else {name: value})
        self.story.is_.settings[name] = value
        for known, expected in self.story.is_.settings.items():
            assert (shown["behaviour"] if "." in known else shown)[known] == expected

    @rule()
    def snapshot(self) -> None:
        self.story.snapshot(self.sandbox.told("POST", "/snapshots")["id"])

    @precondition(lambda self: self.story.snapshots)
    @rule(pick=PICK)
    def restore(self, pick: int) -> None:
        id = [*self.story.snapshots][pick % len(self.story.snapshots)]
        self.sandbox.told("POST", f"/snapshots/{id}/restore")
        self.story.restore(id)

    @rule(how=st.sampled_from(["fork", "fork", "reset"]))
    def begin_anew(self, how: str) -> None:
        getattr(self, how)()

    def fork(self) -> None:
        name = f"fork-{uuid.uuid4()}"
        assert self.sandbox.control("POST", "/fork", {"name": name}).status_code == 201
        fork = Sandbox(self.http, name)
        for path in ("/invitations", "/mail"):
            assert sealed(fork.control("GET", path)) == sealed(self.sandbox.control("GET", path))
        assert sealed(fork.pi.get(PATH)) == sealed(self.sandbox.pi.get(PATH))
        assert fork.told("GET", "/config") == self.sandbox.told("GET", "/config")
        assert (fork.told("GET", "/deliveries"), fork.told("GET", "/clock")["mode"]) == ([], "running")
        ours = {**self.pymetrics().headers, "X-Api-Key": fork.credential}
        check_refusal(self.http.get("/mercury/configuration", headers=ours), 401, "pymetrics.access.token.known")
        for invited in self.story.is_.invited.values():
            assert fork.control("POST", f"/invitations/{invited.id}/complete").status_code in (200, 409)
        fork.told("DELETE")

    def reset(self) -> None:
        before = self.desk
        self.sandbox.told("POST", "/reset")
        for id in self.story.snapshots:
            check_problem(self.sandbox.control("POST", f"/snapshots/{id}/restore"), 404)
        self.story.reset()
        self.freeze_at(BEGINNING)
        self.token()
        check_refusal(before.get("/mercury/configuration"), 401, "pymetrics.access.token.known")

    # What must be so after every sentence.

    @invariant()
    def invitations_are_those_of_the_story(self) -> None:
        shown = read(self.sandbox.control("GET", "/invitations"), 200)
        expected = [(i.id, i.vendor, i.state) for i in self.story.is_.invited.values()]
        assert [(i["id"], i["vendor"], i["status"]) for i in shown] == expected
        assert all(i.state in MOVES[i.vendor] for i in self.story.is_.invited.values())

    @invariant()
    def assessments_are_those_of_the_story(self) -> None:
        shown = read(self.sandbox.pi.get(PATH), 200)
        expected = self.story.of("predictive_index")[: self.story.is_.settings["pi.list_limit"]]
        assert [assessment["assessmentId"] for assessment in shown] == [assessment.id for assessment in expected]
        for assessment, face in zip(expected, shown, strict=True):
            assert self.story.is_.settings["pi.state_member"] in face
            self.story.check(assessment, face)

    @invariant()
    def orders_are_those_of_the_story(self) -> None:
        for application in filter(None, APPLICATIONS):
            answer = self.pymetrics().post("/mercury/orders", json={"job_application_id": application})
            self.check_orders(read(answer, 200), application, None)

    @invariant()
    def mails_and_webhooks_are_those_of_the_story(self) -> None:
        mails = read(self.sandbox.control("GET", "/mail"), 200)
        assert [(mail["to"], mail["invitation"]) for mail in mails] == self.story.is_.mails
        assert all(mail["link"] in mail["text"] for mail in mails)
        deliveries = read(self.sandbox.control("GET", "/deliveries"), 200)
        assert [(d["invitation"], d["url"]) for d in deliveries] == self.story.is_.notices
        for things in (mails, deliveries):
            assert len({thing["id"] for thing in things}) == len(things)

    @invariant()
    def the_clock_stands_where_the_story_left_it(self) -> None:
        clock = read(self.sandbox.control("GET", "/clock"), 200)
        assert (clock["now"], clock["mode"]) == (seven(self.now), "frozen")

    @invariant()
    def the_other_sandbox_has_not_heard_of_it(self) -> None:
        assert self.other.pi.get(PATH).content == self.untouched[-1]


def order_body(email: str, assessment: str, application: str) -> dict[str, Any]:
    return {"candidate": {"email": email}, "assessment_id": assessment, "application_id": application}


def read(answer: httpx2.Response, status: int) -> Any:
    """The JSON of an answer that must not be a refusal."""
    assert answer.status_code == status, answer.text
    assert "simulator-rule" not in answer.headers
    assert "simulator.invalid" not in answer.text
    return answer.json()


def sealed(answer: httpx2.Response) -> str:
    """An answer without the names and seals that tell one sandbox's links from another's."""
    assert answer.status_code == 200, answer.text
    return re.sub(r"(story|fork)-[0-9a-f-]{36}\.[0-9a-f]{24}", "sealed", answer.text)


@pytest.mark.timeout(3_600 if LONG else 120)
def test_the_server_and_the_oracle_tell_the_same_story(http: httpx2.Client, listener: Listener) -> None:
    bound = type("BoundStories", (Stories,), {"http": http, "listener": listener})
    run_state_machine_as_test(bound, settings=STORIES)


def test_the_settings_of_a_story_begin_as_those_of_a_sandbox(sandbox: Sandbox) -> None:
    shown = sandbox.told("GET", "/config")
    assert {name: (shown["behaviour"] if "." in name else shown)[name] for name in DEFAULTS} == DEFAULTS


@pytest.mark.parametrize(("one", "other"), [(1, 1.0), (1, True), ({"a": 1, "b": 2}, {"b": 2, "a": 1}), (0, -0.0)])
def test_the_oracle_tells_apart_what_python_calls_equal(one: object, other: object) -> None:
    assert one == other
    with pytest.raises(AssertionError):
        same(one, other)
