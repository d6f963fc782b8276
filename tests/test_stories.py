"""A server and the contracts' models of both vendors get the same calls, in any order; after each call they must agree.

The contracts' state machines try each vendor alone, refusals too. Here both share a sandbox whose clock and settings
change, and which is restored, forked and reset at any time.

`STORIES=500 pytest tests/test_stories.py` runs five hundred longer sequences of calls instead of the usual few. Only
then is a sequence that failed made shorter, which takes minutes; one that failed before is remembered and run first.
"""

import os
import re
import secrets
from collections.abc import Callable, Iterable, Mapping
from copy import deepcopy
from dataclasses import replace
from datetime import datetime
from typing import Any

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

from assessment_contracts import sandbox as contracts
from assessment_contracts.predictive_index import calls, model, moments, refusals
from assessment_contracts.predictive_index.strategies import POSITIONS, SETTINGS, visible
from assessment_contracts.pymetrics import api, oracle, shapes
from assessment_contracts.pymetrics.strategies import maybe_text, metadata
from assessment_contracts.target import Target
from assessment_contracts.wire import Answer, Exchange
from tests.servers import Listener, Sandbox, Server

# Later than the machine's clock, so that nothing is due in a fork, whose clock is the machine's.
BEGINNING = moments.ticks("2090-01-01T00:00:00Z")
LONG = int(os.environ.get("STORIES", "0"))
STORIES = settings(
    max_examples=LONG or 40, stateful_step_count=80 if LONG else 40, deadline=None, print_blob=True,
    phases=[phase for phase in Phase if LONG or phase is not Phase.shrink], suppress_health_check=[*HealthCheck],
)  # fmt: skip

# Few of each, so that they meet again and again.
LOCALS = st.sampled_from(["ada", "Ådä", "ADA", "straße", "STRASSE"])
TAGS = st.sampled_from([
    "", "", "", "", "+score-high", "+score-low", "+completes+score-low", "+completes", "+completes-in-10s",
    "+completes-in-2h", "+expires", "+abandons", "+rejected",
])  # fmt: skip
EMAILS = st.builds("{}{}{}@example.com{}".format, st.sampled_from(["", " "]), LOCALS, TAGS, st.sampled_from(["", " "]))
APPLICATIONS = st.sampled_from(["a-1", "", "a-2 é/?&"])
CANDIDATES = st.sampled_from([None, "", "c-1", "c-2"])
NAMES = st.none() | st.just("") | visible
ORDERS = st.fixed_dictionaries({
    "candidate": st.fixed_dictionaries({"email": EMAILS, "external_id": CANDIDATES, "first_name": NAMES}),
    "assessment_id": st.integers(0, 1).map(api.Which), "application_id": APPLICATIONS,
    "metadata": st.none() | metadata, "send_email": st.booleans(), "requisition_title": maybe_text,
})  # fmt: skip
IDS = {name: st.sampled_from([None, None, "", "x-1", "x-2"]) for name in ("externalId", "externalPersonId")}
MEMBERS = IDS | {
    "firstName": NAMES, "lastName": NAMES, "email": st.none() | EMAILS, "middleName": NAMES,
    "notifyAssessmentAvailableUsingEmail": st.sampled_from([None, 0, 1]),
    "associatedPositionTitle": st.sampled_from([None, POSITIONS[0]]),
    "expirationDateTime": st.sampled_from([None, None, 3_600, 86_400, "2099-12-31"]),  # numbers: seconds from now
    "assessmentStatusWebHook": st.sampled_from([None, "/own"]),
}  # fmt: skip
WHOLE = st.fixed_dictionaries({**MEMBERS, "firstName": visible, "lastName": visible, "email": EMAILS})
BODIES = WHOLE | st.fixed_dictionaries(MEMBERS) | st.fixed_dictionaries(IDS)
PICK = st.integers(0, 99)
TURNS = st.one_of(
    st.tuples(st.just("advance"), st.sampled_from([0, 1, 9, 10, 60, 3_599, 3_600, 3_600, 7_200, 86_400, 11 * 86_400])),
    st.tuples(st.just("freeze"), st.sampled_from([-86_400, -3_600, -1, 0, 60, 7_200])),
    st.sampled_from([("run", 60), ("until_idle", 0)]),
)
# What is tried with orders, and with assessments; the last is offered by neither vendor.
ACTIONS = {
    True: ("accept", "reject", "start", "complete", "expire", "fulfil", "open"),
    False: ("open", "start", "complete", "expire", "abort", "fail", "dance"),
}
URLS = st.sampled_from(["/own", "/default", None])
CHANGES = {
    "pymetrics.initial_status": st.sampled_from(["Pending", "Accepted", "Not Started"]),
    "pymetrics.email_match": st.sampled_from(["exact", "ignore case"]),
    "pi.unsent_state": st.sampled_from([10, 0]),
    "pi.created_state": st.sampled_from(["sent", "sample"]),
    "pi.webhook_on": st.sampled_from(["creation and completion", "completion"]),
    "pi.list_limit": st.sampled_from([50, None]),
    "pi.state_member": st.sampled_from(["assessmentStatus", "assessmentState"]),
    "invitation_days": st.sampled_from([4, 30]),
    "progress": st.sampled_from(["PT1H", "PT0S", "manual", "manual"]),
    "webhook_url": URLS,
    "default_webhook_url": URLS,
}

# When something happened, in ticks; the id of the invitation; the action, or the URL of the webhook.
Event = tuple[int, str, str]


class Calls(RuleBasedStateMachine):
    """Calls in one sandbox."""

    target: Target
    listener: Listener

    def __init__(self) -> None:
        super().__init__()
        self.sandbox = self.target.open(SETTINGS)
        self.start()

    def start(self) -> None:
        """The sandbox is new, or was reset."""
        self.sandbox.freeze(moments.written(BEGINNING))
        self.story = oracle.Story(rounded(BEGINNING), api.assessments(self.sandbox))
        self.model = model.Model(BEGINNING)
        self.invited: dict[str, oracle.Order | None] = {}  # both vendors' invitations by their ids; None: an assessment
        self.used_ids = set[str]()  # not restored by a snapshot: the ids of what a restore undoes stay used
        self.deliveries: list[tuple[str, str]] = []
        self.snapshots: dict[str, Any] = {}
        self.lapses = BEGINNING + moments.HOUR

    def teardown(self) -> None:
        self.target.forget(self.sandbox)

    @property
    def now(self) -> int:
        return self.model.now

    @property
    def signed_in(self) -> contracts.Sandbox:
        """The sandbox with a live token for pymetrics; one that has lapsed must be refused before it is renewed."""
        if self.now >= self.lapses:
            answer = self.sandbox.call("GET", api.V1.configuration, auth="pymetrics")
            # One that lapsed long ago may have been forgotten.
            assert answer.rules in (("pymetrics.access.token.live",), ("pymetrics.access.token.known",))
            refused(answer, 401, shapes.refusal, *answer.rules)
            self.sandbox.forget_token()
            self.sandbox.token()
            self.lapses = self.now + moments.HOUR
        return self.sandbox

    def picked(self, pick: int) -> tuple[str, oracle.Order | None]:
        return [*self.invited.items()][pick % len(self.invited)]

    def status(self, id: str) -> Any:
        order = self.invited[id]
        return order.status if order else self.model.faces[id]["assessmentState"]

    def elapse(self, end: int) -> list[Event]:
        """Let time pass in both models. Returns the events of both, and notes their webhooks, in order of time.

        What happens at the same time happens in the order of creation, because then each alarm was set.
        """
        order = [*self.invited]
        events = [(exact(at), id, what) for at, id, what in self.story.pass_until(rounded(end))]
        events += self.model.pass_until(end)
        webhooks = [(exact(at), id, url) for at, id, url in self.story.webhooks] + self.model.webhooks
        self.story.webhooks, self.model.webhooks = [], []
        self.deliveries += [(id, url) for _, id, url in sorted(webhooks, key=lambda one: (one[0], order.index(one[1])))]
        return sorted(events, key=lambda one: (one[0], order.index(one[1])))

    @initialize(
        changes=st.fixed_dictionaries(CHANGES), orders=st.lists(ORDERS, min_size=2, max_size=2),
        bodies=st.lists(WHOLE, min_size=2, max_size=2),
    )  # fmt: skip
    def begin(self, changes: dict[str, Any], orders: list[Any], bodies: list[Any]) -> None:
        self.configure(changes)
        for body in orders:
            self.order(body)
        for body in bodies:
            self.assess(body)

    # pymetrics.

    @rule(body=ORDERS)
    def order(self, body: dict[str, Any]) -> None:
        body = api.filled(self.sandbox, body)
        order = self.story.meant(body)
        answered = api.expected(api.ask(self.signed_in, body), 200 if order else 201)
        assert answered["created"] is (order is None)
        if order is None:
            order = self.story.made(body, answered["order"])
            self.created(order.id, order)
        self.check(order, answered["order"])
        self.elapse(self.now)

    def created(self, id: str, order: oracle.Order | None) -> None:
        assert id not in self.used_ids, "an id was given out twice"
        self.used_ids.add(id)
        self.invited[id] = order

    def check(self, order: oracle.Order, found: dict[str, Any]) -> None:
        self.story.check(order, found)
        calls.same({**found, "reports": None}, order.face)  # asks for the same order of members, too

    # The Predictive Index.

    @rule(body=BODIES)
    def assess(self, body: dict[str, Any]) -> None:
        expires, url = body.get("expirationDateTime"), body.get("assessmentStatusWebHook")
        if isinstance(expires, int):
            expires = moments.written(self.now + expires * moments.SECOND)
        url = f"{self.listener.url}{url}" if url else None
        body = {**body, "expirationDateTime": expires, "assessmentStatusWebHook": url}
        answer = calls.create(self.sandbox, body)
        if broken := self.model.broken_rules(body):
            refused(answer, 400, refusals.items, *broken)
            return
        found = calls.shown(answer, 201)
        self.created(found["assessmentId"], None)
        calls.same(found, self.model.created(body, found))
        self.elapse(self.now)

    # Both.

    @precondition(lambda self: self.invited)
    @rule(reads=st.lists(st.tuples(PICK, st.sampled_from(["", "", "False", "True"])), min_size=1, max_size=4))
    def read(self, reads: list[tuple[int, str]]) -> None:
        for pick, report in reads:
            id, order = self.picked(pick)
            if order:
                found = api.read(self.signed_in, id, api.V1, **({"report": report} if report else {}))
                self.story.read(order, report=report == "True")
                self.check(order, found)
                self.elapse(self.now)
            else:
                found = calls.read(self.sandbox, id)
                calls.same(found, self.model.expected(found))

    @precondition(lambda self: self.invited)
    @rule(acts=st.lists(st.tuples(PICK, st.integers(0, 6)), min_size=1, max_size=4))
    def act(self, acts: list[tuple[int, int]]) -> None:
        for pick, number in acts:
            id, order = self.picked(pick)
            action = ACTIONS[order is not None][number]
            answer = self.sandbox.control("POST", f"/invitations/{id}/{action}")
            if self.story.move(order, action) if order else self.model.move(id, action):
                assert calls.shown(answer, 200)["status"] == self.status(id)
            else:
                assert (answer.status, action in answer.json["detail"]) == (409, True)
            self.elapse(self.now)

    # The sandbox as a whole.

    @rule(turns=st.lists(TURNS, min_size=1, max_size=3))
    def set_the_clock(self, turns: list[tuple[str, int]]) -> None:
        for how, seconds in turns:
            self.turn(how, seconds)

    def turn(self, how: str, seconds: int) -> None:
        end = self.now + seconds * moments.SECOND
        if how == "run":
            assert self.sandbox.control_json("POST", "/clock", {"run": True})["mode"] == "running"
        span, at = moments.lasting(max(0, end - self.now)), moments.written(end)
        turns: dict[str, Any] = {
            "advance": {"advance": span}, "freeze": {"freeze": at}, "run": {"freeze": at},
            "until_idle": {"until_idle": True},
        }  # fmt: skip
        turned = self.sandbox.control_json("POST", "/clock", turns[how])
        events = self.elapse(end)
        while how == "until_idle" and (self.story.alarms or self.model.alarms):
            end = min([exact(alarm[0]) for alarm in self.story.alarms] + [alarm[0] for alarm in self.model.alarms])
            events += self.elapse(end)
        found = [(event["at"], event["id"], event["what"]) for event in turned["events"] if event["what"] != "attempt"]
        # Nobody is told what a running clock has done before it was frozen.
        assert how == "run" or found == [(moments.written(at), id, what) for at, id, what in events]
        assert (turned["now"], turned["mode"]) == (moments.written(end), "frozen")
        if how == "advance":
            assert {delivery["state"] for delivery in self.sandbox.control_json("GET", "/deliveries")} <= {"delivered"}

    @rule(changes=st.fixed_dictionaries({}, optional=CHANGES))
    def configure(self, changes: dict[str, Any]) -> None:
        for name, value in changes.items():
            new = f"{self.listener.url}{value}" if name.endswith("webhook_url") and value else value
            found = self.sandbox.config(**{"behaviour": {name: new}} if "." in name else {name: new})
            for known in (self.story.settings, self.model.settings):
                known.update({name: new} if name in known else {})
                assert configured(found, known) == known

    @rule()
    def snapshot(self) -> None:
        id = self.sandbox.control_json("POST", "/snapshots")["id"]
        self.snapshots[id] = deepcopy((self.story, self.model, self.invited, self.deliveries))

    @precondition(lambda self: self.snapshots)
    @rule(pick=PICK)
    def restore(self, pick: int) -> None:
        id = [*self.snapshots][pick % len(self.snapshots)]
        self.sandbox.control_json("POST", f"/snapshots/{id}/restore")
        self.story, self.model, self.invited, self.deliveries = deepcopy(self.snapshots[id])

    @precondition(lambda self: len(self.invited) > 5)
    @rule(how=st.sampled_from(["fork", "reset"]))
    def fork_or_reset(self, how: str) -> None:
        getattr(self, how)()

    def fork(self) -> None:
        name = f"fork-{secrets.token_hex(8)}"
        keys = self.sandbox.control_json("POST", "/fork", {"name": name})["credentials"]
        pymetrics, pi = contracts.PymetricsKeys(**keys["pymetrics"]), contracts.PiKeys(**keys["predictive_index"])
        fork = replace(self.sandbox, name=name, pymetrics=pymetrics, predictive_index=pi)  # with the token of the other
        answer = fork.call("GET", api.V1.configuration, auth="pymetrics")
        refused(answer, 401, shapes.refusal, "pymetrics.access.token.known")
        assert seen(fork) == seen(self.sandbox)
        assert (fork.control_json("GET", "/deliveries"), fork.control_json("GET", "/clock")["mode"]) == ([], "running")
        for id in self.invited:
            assert fork.control("POST", f"/invitations/{id}/complete").status in (200, 409)
        self.target.forget(fork)

    def reset(self) -> None:
        self.snapshot()  # so that there is one that the reset must forget
        before = {"Authorization": f"Bearer {self.sandbox.token()}"}
        self.sandbox.reset()
        for id in self.snapshots:
            assert self.sandbox.control("POST", f"/snapshots/{id}/restore").status == 404
        self.start()
        answer = self.sandbox.call("GET", api.V1.configuration, auth="pymetrics", headers=before)
        refused(answer, 401, shapes.refusal, "pymetrics.access.token.known")

    # What must be so after each call.

    @invariant()
    def invitations_are_as_expected(self) -> None:
        found = [(one["id"], one["vendor"], one["status"]) for one in self.sandbox.control_json("GET", "/invitations")]
        vendors = ("predictive_index", "pymetrics")
        assert found == [(id, vendors[order is not None], self.status(id)) for id, order in self.invited.items()]

    @invariant()
    def lists_are_as_expected(self) -> None:
        found = calls.listed(self.sandbox)
        limit = self.model.settings["pi.list_limit"]
        assert [face["assessmentId"] for face in found] == [*self.model.faces][:limit]
        for face in found:
            calls.same(face, self.model.expected(face))
        for application, candidate in (("a-1", None), ("a-2 é/?&", None), (None, "c-1")):
            orders = api.find(self.signed_in, job_application_id=application, candidate_id=candidate)
            wanted = self.story.listed(application, candidate)
            assert [face["id"] for face in orders] == [order.id for order in wanted]
            for order, face in zip(wanted, orders, strict=True):
                self.check(order, face)

    @invariant()
    def mails_and_webhooks_are_as_expected(self) -> None:
        mails, deliveries = (self.sandbox.control_json("GET", path) for path in ("/mail", "/deliveries"))
        emails = {id: face["email"] for id, face in self.model.faces.items()}
        emails |= {order.id: order.face["candidate"]["email"] for order in self.story.orders}
        mailed = [(emails[id], id) for id in self.invited if id in self.story.mailed + self.model.mailed]
        assert [(mail["to"], mail["invitation"]) for mail in mails] == mailed
        assert all(mail["link"] in mail["text"] for mail in mails)
        assert [(one["invitation"], one["url"]) for one in deliveries] == self.deliveries
        for things in (mails, deliveries):
            assert len({thing["id"] for thing in things}) == len(things)

    @invariant()
    def the_clock_is_as_it_was_left(self) -> None:
        clock = self.sandbox.control_json("GET", "/clock")
        assert (clock["now"], clock["mode"]) == (moments.written(self.now), "frozen")


def exact(at: datetime) -> int:
    """An instant of the pymetrics model in ticks. Instants are whole seconds here, or the last tick of one."""
    return moments.ticks(shapes.written(at)) + (9 if at.microsecond else 0)


def rounded(at: int) -> datetime:
    """An instant for the pymetrics model, which knows no more than microseconds."""
    return shapes.moment(moments.written(at))


def seen(sandbox: contracts.Sandbox) -> list[str]:
    """What a fork copies, without the name and the seals of the sandbox's links."""
    paths = ("/invitations", "/mail", "/config")
    answers = [calls.ask(sandbox, "GET", calls.PATH), *(sandbox.control("GET", path) for path in paths)]
    assert {answer.status for answer in answers} == {200}
    return [re.sub(rf"{sandbox.name}\.[0-9a-f]{{24}}", "sealed", answer.text) for answer in answers]


def configured(found: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """The settings of these names; those with a dot are switches."""
    return {name: (found["behaviour"] if "." in name else found)[name] for name in names}


def refused(answer: Answer, status: int, form: Callable[[Answer], Any], *rules: str) -> None:
    """A refusal by just these rules, in the form that the contracts ask for."""
    assert (answer.status, sorted(answer.rules)) == (status, sorted(rules))
    form(answer)


def check_exchange(exchange: Exchange) -> None:
    """Only refusals name rules, and no URL has the placeholder for the server's own address."""
    assert exchange.answer
    assert not exchange.answer.rules or exchange.answer.status >= 400
    assert "simulator.invalid" not in exchange.answer.text


@pytest.mark.timeout(3_600 if LONG else 600)  # three servers behind a balancer need several times as long as one
def test_the_server_agrees_with_the_models(server: Server, listener: Listener) -> None:
    target = Target(server.url, record=check_exchange, patience=30)
    try:
        run_state_machine_as_test(type("Bound", (Calls,), {"target": target, "listener": listener}), settings=STORIES)
    finally:
        target.close()


def test_the_settings_of_the_models_begin_as_those_of_a_sandbox(sandbox: Sandbox) -> None:
    defaults = {**oracle.DEFAULTS, **model.DEFAULTS}
    assert configured(sandbox.control_json("GET", "/config"), defaults) == defaults
