"""Requests in any order, compared with plain models of both vendors: what only a sequence of requests can show.

`Orders` and `Assessments` have the requests of one vendor each. What they share is here: candidates act, the clock is
turned, settings change, requests and webhooks meet faults, a listener fails, and sandboxes are saved, restored, forked
and reset. After each step the invariants compare everything that can be read: invitations, lists, mails, webhooks with
all their attempts, and the clock.
"""

import re
import secrets
from collections.abc import Callable, Mapping
from contextlib import suppress
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from assessment_contracts import timestamps
from assessment_contracts.context import Context
from assessment_contracts.invalid_requests import check_refusal
from assessment_contracts.kit import Received
from assessment_contracts.predictive_index import calls
from assessment_contracts.predictive_index import errors as pi_errors
from assessment_contracts.predictive_index import facts as pi_facts
from assessment_contracts.predictive_index import model as pi
from assessment_contracts.predictive_index.strategies import POSITIONS, SETTINGS, visible
from assessment_contracts.pymetrics import api, errors
from assessment_contracts.pymetrics import facts as pymetrics_facts
from assessment_contracts.pymetrics import model as pymetrics
from assessment_contracts.pymetrics.reports import check_pdf, fetched
from assessment_contracts.pymetrics.strategies import maybe_text, metadata
from assessment_contracts.registry import WEBHOOKS, Registry
from assessment_contracts.sandbox import PiKeys, PymetricsKeys, Sandbox
from assessment_contracts.webhooks import FIRST_GAP, RETRIED, TRIES
from assessment_contracts.wire import Answer, Unreachable

# Later than the machine's clock, so that nothing is due in a fork, whose clock is the machine's.
BEGINNING = timestamps.ticks("2090-01-01T00:00:00Z")

# Few values of each, so that they meet again and again.
_LOCALS = st.sampled_from(["ada", "Ådä", "ADA", "straße", "STRASSE"])
_TAGS = st.sampled_from([
    "", "", "", "", "+score-high", "+score-low", "+completes+score-low", "+completes", "+completes-in-10s",
    "+completes-in-2h", "+expires", "+abandons", "+rejected",
])  # fmt: skip
_EMAILS = st.builds(
    "{}{}{}@example.com{}".format, st.sampled_from(["", " "]), _LOCALS, _TAGS, st.sampled_from(["", " "])
)
_APPLICATIONS = ("a-1", "", "a-2 é/?&")
_NAMES = st.none() | st.just("") | visible
ORDERS = st.fixed_dictionaries({
    "candidate": st.fixed_dictionaries({
        "email": _EMAILS, "external_id": st.sampled_from([None, "", "c-1", "c-2"]), "first_name": _NAMES,
    }),
    "assessment_id": st.integers(0, 1).map(api.Which), "application_id": st.sampled_from(_APPLICATIONS),
    "metadata": st.none() | metadata, "send_email": st.booleans(), "requisition_title": maybe_text,
})  # fmt: skip
_IDS = {name: st.sampled_from([None, None, "", "x-1", "x-2"]) for name in ("externalId", "externalPersonId")}
_MEMBERS = _IDS | {
    "firstName": _NAMES, "lastName": _NAMES, "email": st.none() | _EMAILS, "middleName": _NAMES,
    "notifyAssessmentAvailableUsingEmail": st.sampled_from([None, 0, 1]),
    "associatedPositionTitle": st.sampled_from([None, POSITIONS[0]]),
    "expirationDateTime": st.sampled_from([None, None, 3_600, 86_400, "2099-12-31"]),  # numbers: seconds from now
    "assessmentStatusWebHook": st.sampled_from([None, "/own"]),
}  # fmt: skip
NEW_PEOPLE = st.fixed_dictionaries({**_MEMBERS, "firstName": visible, "lastName": visible, "email": _EMAILS})
BODIES = NEW_PEOPLE | st.fixed_dictionaries(_MEMBERS) | st.fixed_dictionaries(_IDS)
CHANGES = st.fixed_dictionaries({}, optional={
    "firstName": _NAMES, "middleName": _NAMES, "gender": st.sampled_from([None, 0, 1, 2]),
    "expirationDateTime": st.sampled_from([None, 60, 3_600, 86_400]),
    "assessmentStatusWebHook": st.sampled_from([None, "/other"]), "redirectUrl": st.sampled_from([None, "https://example.com"]),
})  # fmt: skip
_PLACES = st.integers(0, 99)
_TURNS = st.one_of(
    st.tuples(st.just("advance"), st.sampled_from([0, 1, 10, 60, 338, 3_599, 3_600, 7_200, 86_400, 11 * 86_400])),
    st.tuples(st.just("freeze"), st.sampled_from([-86_400, -3_600, -1, 0, 60, 7_200])),
    st.sampled_from([("run", 60), ("until_idle", 0)]),
)
_ACTIONS = {
    True: ("accept", "reject", "start", "complete", "expire", "fulfil", "open"),
    False: ("open", "start", "complete", "expire", "abort", "fail", "dance"),
}
"""What is tried with orders, and with assessments; the last is offered by neither vendor."""
_URLS = st.sampled_from(["/own", "/default", None])
_SETTINGS = {
    "pymetrics.initial_status": st.sampled_from(["Pending", "Accepted", "Not Started"]),
    "pymetrics.email_match": st.sampled_from(["exact", "ignore case"]),
    "pi.unsent_state": st.sampled_from([10, 0]),
    "pi.created_state": st.sampled_from(["sent", "sample"]),
    "pi.webhook_on": st.sampled_from(["creation and completion", "completion"]),
    "pi.list_limit": st.sampled_from([50, None]),
    "pi.state_member": st.sampled_from(["assessmentStatus", "assessmentState"]),
    "invitation_days": st.sampled_from([4, 30]),
    "progress": st.sampled_from(["PT1H", "PT0S", "manual", "manual"]),
    "webhook_url": _URLS,
    "default_webhook_url": _URLS,
}

Event = tuple[int, str, str]
"""When something happened, in ticks; the id of the invitation; the action, or the URL of the webhook."""


@dataclass
class Delivery:
    """A webhook: to which URL it goes, of which invitation, and its attempts with their times and statuses."""

    invitation: str
    url: str
    due: int
    state: str = "pending"
    attempts: list[tuple[int, int | None]] = field(default_factory=list)

    def attempt(self, at: int, status: int | None) -> None:
        """One attempt is made, and the listener answers so."""
        self.attempts.append((at, status))
        if status is not None and status < 300:
            self.state = "delivered"
        elif (status is not None and status not in RETRIED) or len(self.attempts) == TRIES:
            self.state = "failed"
        self.due = at + FIRST_GAP * 2 ** (len(self.attempts) - 1)


class _Sandbox(RuleBasedStateMachine):
    """One sandbox, with the models of what it holds."""

    context: Context
    sandbox: Sandbox

    def __init__(self) -> None:
        super().__init__()
        self.sandbox = self.context.fresh(SETTINGS)
        self.listener_status = 200
        self.posts: list[str] = []  # the invitations of the webhooks that the listener received
        self.context.listener.answers = lambda received: self.listener_status
        self.start()

    def start(self) -> None:
        """The sandbox is new, or was reset."""
        self.sandbox.freeze(timestamps.seven_decimals(BEGINNING))
        self.orders = pymetrics.Model(_datetime(BEGINNING), api.assessments(self.sandbox))
        self.assessments = pi.Model(BEGINNING)
        self.invited: dict[str, pymetrics.Order | None] = {}  # both vendors' invitations by id; None: an assessment
        self.used_ids = set[str]()  # a restore does not bring back ids: those of what it undoes stay used
        self.deliveries: list[Delivery] = []
        self.snapshots: dict[str, Any] = {}
        self.links: list[tuple[int, str]] = []
        self.lost: set[str] = set()  # ids of invitations whose next webhook attempt is dropped
        self.expires = BEGINNING + timestamps.HOUR

    @property
    def now(self) -> int:
        """The time of the sandbox in ticks."""
        return self.assessments.now

    @property
    def signed_in(self) -> Sandbox:
        """The sandbox with a live token for pymetrics; one that has expired must be refused before it is renewed."""
        if self.now >= self.expires:
            answer = self.sandbox.call("GET", api.V1.configuration, auth="pymetrics")
            # One that expired long ago may have been forgotten.
            assert answer.rules in (("pymetrics.access.token.live",), ("pymetrics.access.token.known",))
            check_refused(answer, 401, *answer.rules)
            self.sandbox.forget_token()
            self.sandbox.token()
            self.expires = self.now + timestamps.HOUR
        return self.sandbox

    def picked(self, place: int) -> tuple[str, pymetrics.Order | None]:
        """One of the invitations."""
        return [*self.invited.items()][place % len(self.invited)]

    def created(self, id: str, order: pymetrics.Order | None) -> None:
        """An invitation was created."""
        assert id not in self.used_ids, "an id was given out twice"
        self.used_ids.add(id)
        self.invited[id] = order

    def status(self, id: str) -> Any:
        """The status that an invitation must have."""
        order = self.invited[id]
        return order.status if order else self.assessments.faces[id]["assessmentState"]

    def elapse(self, end: int, late: bool = False) -> list[Event]:
        """Let time pass in all models, and return the events in order of time.

        What happens at the same time happens in the order of creation, because then each timer was set. If the clock is
        set and not advanced, webhooks that became due are sent `late`, at the end.
        """
        order = [*self.invited]
        events = [(_ticks(at), id, what) for at, id, what in self.orders.pass_until(_datetime(end))]
        events += self.assessments.pass_until(end)
        webhooks = [(_ticks(at), id, url) for at, id, url in self.orders.webhooks] + self.assessments.webhooks
        self.orders.webhooks, self.assessments.webhooks = [], []
        for at, id, url in sorted(webhooks, key=lambda one: (one[0], order.index(one[1]))):
            self.deliveries.append(Delivery(id, url, at))
        self.deliver(end, late)
        return sorted(events, key=lambda one: (one[0], order.index(one[1])))

    def deliver(self, end: int, late: bool) -> None:
        """Make the attempts that are due; a later webhook of an invitation waits for the earlier ones."""
        free: dict[str, int] = {}  # by invitation: when the webhook before this one ended, if it did so just now
        for one in self.deliveries:
            made = len(one.attempts)
            while one.state == "pending" and (at := max(one.due, free.get(one.invitation, 0))) <= end:
                status: int | None = self.listener_status or None
                if one.invitation in self.lost:
                    self.lost.remove(one.invitation)
                    status = None
                else:
                    self.posts.append(one.invitation)
                one.attempt(end if late else at, status)
            if one.state == "pending":
                free[one.invitation] = end + 1
            elif len(one.attempts) > made:
                free[one.invitation] = one.attempts[-1][0]

    @initialize(changes=st.fixed_dictionaries(_SETTINGS))
    def begin(self, changes: dict[str, Any]) -> None:
        """Begin with some settings."""
        self.configure(changes)

    @precondition(lambda self: self.invited)
    @rule(acts=st.lists(st.tuples(_PLACES, st.integers(0, 6)), min_size=1, max_size=4))
    def act(self, acts: list[tuple[int, int]]) -> None:
        """Candidates act, as far as that is possible."""
        for place, number in acts:
            id, order = self.picked(place)
            action = _ACTIONS[order is not None][number]
            answer = self.sandbox.control("POST", f"/invitations/{id}/{action}")
            if self.orders.move(order, action) if order else self.assessments.move(id, action):
                assert calls.shown(answer, 200)["status"] == self.status(id)
            else:
                assert (answer.status, action in answer.json["detail"]) == (409, True), f"{action}: {answer.text[:200]}"
            self.elapse(self.now)

    @rule(turns=st.lists(_TURNS, min_size=1, max_size=3))
    def turn_the_clock(self, turns: list[tuple[str, int]]) -> None:
        """Time passes, or the clock is set."""
        for how, seconds in turns:
            self.settle()
            # With a listener that fails, attempts of a running clock have no exact times, and idle is a day away.
            is_failing = self.listener_status != 200 or bool(self.lost)
            waiting = is_failing or any(one.state == "pending" for one in self.deliveries)
            self.turn("advance" if waiting and how in ("run", "until_idle") else how, seconds)

    def turn(self, how: str, seconds: int) -> None:
        """Turn the clock in one way."""
        end = self.now + seconds * timestamps.SECOND
        if how == "run":
            assert self.sandbox.control_json("POST", "/clock", {"run": True})["mode"] == "running"
        span, at = timestamps.duration(max(0, end - self.now)), timestamps.seven_decimals(end)
        turns: dict[str, Any] = {
            "advance": {"advance": span}, "freeze": {"freeze": at}, "run": {"freeze": at},
            "until_idle": {"until_idle": True},
        }  # fmt: skip
        turned = self.sandbox.control_json("POST", "/clock", turns[how])
        events = self.elapse(end, late=how != "advance")
        while how == "until_idle" and (self.orders.timers or self.assessments.timers):
            end = min(
                [_ticks(timer[0]) for timer in self.orders.timers] + [timer[0] for timer in self.assessments.timers]
            )
            events += self.elapse(end)
        found = [(event["at"], event["id"], event["what"]) for event in turned["events"] if event["what"] != "attempt"]
        # No response lists what a running clock has done before it was frozen.
        assert how == "run" or found == [(timestamps.seven_decimals(at), id, what) for at, id, what in events]
        assert (turned["now"], turned["mode"]) == (timestamps.seven_decimals(end), "frozen")

    def settle(self) -> None:
        """Wait until everything that is due was sent and answered."""
        self.sandbox.advance("PT0S")

    @rule(changes=st.fixed_dictionaries({}, optional=_SETTINGS))
    def configure(self, changes: dict[str, Any]) -> None:
        """Settings change."""
        for name, value in changes.items():
            new = f"{self.context.listener.url}{value}" if name.endswith("webhook_url") and value else value
            found = self.sandbox.config(**{"behaviour": {name: new}} if "." in name else {name: new})
            for known in (self.orders.settings, self.assessments.settings):
                known.update({name: new} if name in known else {})
                assert configured(found, known) == known

    @rule(status=st.sampled_from([200, 204, 503, 429, 400, 0]))
    def listen(self, status: int) -> None:
        """The listener answers otherwise from now on; with 0 it closes the connection."""
        self.settle()
        self.listener_status = status

    @precondition(lambda self: self.invited)
    @rule(place=_PLACES)
    def lose_a_webhook(self, place: int) -> None:
        """The next attempt of one invitation is dropped on its way."""
        self.settle()
        self.lost = {self.picked(place)[0]}
        self.inject()

    def inject(self, *faults: Mapping[str, Any]) -> None:
        """Inject these faults, once each, beside the loss of webhooks."""
        lost = [{"on": "deliveries", "do": "drop", "invitation": id, "times": 1} for id in self.lost]
        self.sandbox.control_json("PUT", "/faults", [*lost, *({**fault, "times": 1} for fault in faults)])

    def broken(self, request: Callable[[], Any], operation: str, when: str) -> None:
        """Make a request whose response is lost, after or before it has had its effect."""
        self.settle()
        self.inject({"operation": operation, "do": "drop", "when": when})
        with suppress(Unreachable):
            answer = request()
            raise AssertionError(f"the fault had no effect: {answer}")
        self.inject()

    @rule()
    def snapshot(self) -> None:
        """Save the sandbox."""
        self.settle()
        id = self.sandbox.control_json("POST", "/snapshots")["id"]
        self.snapshots[id] = deepcopy((self.orders, self.assessments, self.invited, self.deliveries))

    @precondition(lambda self: self.snapshots)
    @rule(place=_PLACES)
    def restore(self, place: int) -> None:
        """Restore a saved state."""
        self.settle()
        id = [*self.snapshots][place % len(self.snapshots)]
        self.sandbox.control_json("POST", f"/snapshots/{id}/restore")
        self.orders, self.assessments, self.invited, self.deliveries = deepcopy(self.snapshots[id])
        self.links.clear()
        self.elapse(self.now)

    @precondition(lambda self: len(self.invited) > 5)
    @rule(how=st.sampled_from(["fork", "reset"]))
    def fork_or_reset(self, how: str) -> None:
        """Fork the sandbox, or empty it."""
        self.settle()
        getattr(self, f"_{how}")()

    def _fork(self) -> None:
        name = f"fork-{secrets.token_hex(8)}"
        keys = self.sandbox.control_json("POST", "/fork", {"name": name})["credentials"]
        fork = replace(  # with the token of the other
            self.sandbox, name=name, pymetrics=PymetricsKeys(**keys["pymetrics"]),
            predictive_index=PiKeys(**keys["predictive_index"]), memo=type(self.sandbox.memo)(),
        )  # fmt: skip
        check_refused(fork.call("GET", api.V1.configuration, auth="pymetrics"), 401, "pymetrics.access.token.known")
        assert _copied(fork) == _copied(self.sandbox)
        assert (fork.control_json("GET", "/deliveries"), fork.control_json("GET", "/clock")["mode"]) == ([], "running")
        # What happens there must not be seen here; the own URL of an assessment cannot be taken away.
        fork.config(webhook_url=None, default_webhook_url=None)
        for id, order in self.invited.items():
            if order or not self.assessments.faces[id]["assessmentStatusWebHook"]:
                assert fork.control("POST", f"/invitations/{id}/complete").status in (200, 409)
        self.context.target.forget(fork)

    def _reset(self) -> None:
        self.snapshot()  # so that there is one that the reset must forget
        before = {"Authorization": f"Bearer {self.sandbox.token()}"}
        self.sandbox.reset()
        for id in self.snapshots:
            assert self.sandbox.control("POST", f"/snapshots/{id}/restore").status == 404
        self.start()
        answer = self.sandbox.call("GET", api.V1.configuration, auth="pymetrics", headers=before)
        check_refused(answer, 401, "pymetrics.access.token.known")

    @invariant()
    def invitations_are_as_expected(self) -> None:
        """The control API lists every invitation with its status, in the order of creation."""
        self.settle()
        found = [(one["id"], one["vendor"], one["status"]) for one in self.sandbox.control_json("GET", "/invitations")]
        vendors = ("predictive_index", "pymetrics")
        assert found == [(id, vendors[order is not None], self.status(id)) for id, order in self.invited.items()]

    @invariant()
    def mails_and_webhooks_are_as_expected(self) -> None:
        """Each mail was sent once, and each webhook was attempted when the schedule says so."""
        mails, deliveries = (self.sandbox.control_json("GET", path) for path in ("/mail", "/deliveries"))
        emails = {id: face["email"] for id, face in self.assessments.faces.items()}
        emails |= {order.id: order.public["candidate"]["email"] for order in self.orders.orders}
        mailed = [(emails[id], id) for id in self.invited if id in self.orders.mailed + self.assessments.mailed]
        found_mails = [(mail["to"], mail["invitation"]) for mail in mails if mail["invitation"] in self.invited]
        assert found_mails == mailed, f"the mails are {found_mails}, not {mailed}"
        assert all(mail["link"] in mail["text"] for mail in mails)
        found = [
            Delivery(
                one["invitation"], one["url"], timestamps.ticks(one["next"]) if one["next"] else 0, one["state"],
                [(timestamps.ticks(attempt["at"]), attempt["status"]) for attempt in one["attempts"]],
            )
            for one in deliveries
        ]  # fmt: skip
        for shown, wanted in zip(found, self.deliveries, strict=True):
            assert replace(shown, due=0) == replace(wanted, due=0), f"a webhook is {shown}, not {wanted}"
        received = sorted(_invitation(one) for one in self.context.listener.received)
        assert received == sorted(self.posts), f"received were webhooks of {received}, not of {sorted(self.posts)}"
        for things in (mails, deliveries):
            assert len({thing["id"] for thing in things}) == len(things), "an id occurs twice"

    @invariant()
    def clock_is_as_it_was_left(self) -> None:
        """Nothing but the calls above turns the clock."""
        clock = self.sandbox.control_json("GET", "/clock")
        assert (clock["now"], clock["mode"]) == (timestamps.seven_decimals(self.now), "frozen")


class Orders(_Sandbox):
    """Every response about orders is the one that a plain model gives, whatever was called before.

    Orders are created, requested again, read, listed and moved, while time passes, tokens expire, webhooks fail and
    sandboxes are saved and restored.
    """

    @rule(body=ORDERS, fault=st.sampled_from(["", "", "", "before_commit", "after_commit"]))
    def order(self, body: dict[str, Any], fault: str) -> None:
        """Request an order; a response that is lost is requested again."""
        body = api.filled(self.sandbox, body)
        order = self.orders.meant(body)
        known = order is not None or fault == "after_commit"
        sandbox = self.signed_in
        if fault:
            self.broken(lambda: api.ask(sandbox, body), "create_order", fault)
        answered = api.expected(api.ask(sandbox, body), 200 if known else 201)
        assert answered["created"] is not known, f"created is {answered['created']}"
        if order is None:
            order = self.orders.made(body, answered["order"])
            self.created(order.id, order)
            if known:  # what the lost response had made has met its timers by now
                self.elapse(self.now)
        self.check(order, answered["order"])
        self.elapse(self.now)

    @precondition(lambda self: self.orders.orders)
    @rule(reads=st.lists(st.tuples(_PLACES, st.sampled_from(["", "", "False", "True"])), min_size=1, max_size=4),
          fault=st.sampled_from(["", "", "", "before_commit", "after_commit"]))  # fmt: skip
    def read_orders(self, reads: list[tuple[int, str]], fault: str) -> None:
        """Read orders; a response that is lost has its effect all the same, if the request had come that far."""
        for place, report in reads:
            order = self.orders.orders[place % len(self.orders.orders)]
            query = {"report": report} if report else {}
            sandbox = self.signed_in
            if fault:
                self.broken(partial(api.read, sandbox, order.id, api.V1, **query), "get_order", fault)
                if fault == "after_commit":
                    self.orders.read(order, report=report == "True")
                    self.elapse(self.now)
            found = api.read(sandbox, order.id, api.V1, **query)
            self.orders.read(order, report=report == "True")
            self.check(order, found)
            self.elapse(self.now)

    def check(self, order: pymetrics.Order, found: dict[str, Any]) -> None:
        """Assert that an order is shown as the model says, and keep the link of its report."""
        self.orders.check(order, found)
        calls.same({**found, "reports": None}, order.public)  # asserts the same order of members, too
        if found["reports"]:
            self.links.append((self.now + timestamps.HOUR, found["reports"][0]["download_url"]))

    @precondition(lambda self: self.links)
    @rule(place=_PLACES)
    def fetch(self, place: int) -> None:
        """Follow the link of a report that was shown at some time."""
        until, url = self.links[place % len(self.links)]
        answer = fetched(self.sandbox, url)
        if self.now < until:
            check_pdf(answer)
        else:
            assert answer.status == 403, f"an expired link returns {answer.status}"

    @invariant()
    def orders_are_listed_as_expected(self) -> None:
        """Lists show the orders that they should, each as it is."""
        for application, candidate in (("a-1", None), ("a-2 é/?&", None), (None, "c-1"), ("a-1", "c-2")):
            filters = {"job_application_id": application, "candidate_id": candidate}
            orders = api.find(self.signed_in, api.V1, **filters)
            wanted = self.orders.listed(application, candidate)
            assert [face["id"] for face in orders] == [order.id for order in wanted], f"another list by {filters}"
            for order, face in zip(wanted, orders, strict=True):
                self.check(order, face)


class Assessments(_Sandbox):
    """Every response about assessments is the one that a plain model gives, whatever was called before.

    Assessments are created, read, changed and archived, people are assessed again, takers act, time passes, webhooks
    fail and sandboxes are saved and restored.
    """

    def sent(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """A body with its times and URLs."""
        body, expires = {**body}, body.get("expirationDateTime")
        if isinstance(expires, int):
            body["expirationDateTime"] = timestamps.seven_decimals(self.now + expires * timestamps.SECOND)
        if body.get("assessmentStatusWebHook"):
            body["assessmentStatusWebHook"] = f"{self.context.listener.url}{body['assessmentStatusWebHook']}"
        return body

    @rule(body=BODIES, fault=st.sampled_from(["", "", "", "before_commit", "after_commit"]))
    def assess(self, body: dict[str, Any], fault: str) -> None:
        """Request an assessment of someone new, or of someone known; each request makes another one."""
        body = self.sent(body)
        if violated := self.assessments.broken_rules(body):
            answer = calls.create(self.sandbox, body)
            check_refused(answer, 400, *violated)
            return
        if fault:
            self.broken(lambda: calls.create(self.sandbox, body), "create_assessment", fault)
        if fault == "after_commit":
            found = calls.read(self.sandbox, self.sandbox.control_json("GET", "/invitations")[-1]["id"])
            self.created(found["assessmentId"], None)
            self.assessments.created(body, found)
        else:
            found = calls.made(self.sandbox, body)
            self.created(found["assessmentId"], None)
            calls.same(found, self.assessments.created(body, found))
        self.elapse(self.now)

    @precondition(lambda self: self.assessments.faces)
    @rule(places=st.lists(_PLACES, min_size=1, max_size=4))
    def read_assessments(self, places: list[int]) -> None:
        """Read assessments."""
        ids = [*self.assessments.faces]
        for place in places:
            found = calls.read(self.sandbox, ids[place % len(ids)])
            calls.same(found, self.assessments.expected(found))

    @precondition(lambda self: self.assessments.faces)
    @rule(place=_PLACES, change=CHANGES, fault=st.sampled_from(["", "", "", "before_commit", "after_commit"]))
    def change(self, place: int, change: dict[str, Any], fault: str) -> None:
        """Change an assessment; the same change again changes nothing."""
        ids, change = [*self.assessments.faces], self.sent(change)
        id = ids[place % len(ids)]
        if fault:
            self.broken(lambda: calls.change(self.sandbox, id, change), "change_assessment", fault)
        shown = calls.changed(self.sandbox, id, change)
        self.assessments.expected(shown | {"assessmentId": id}) if id in self.assessments.unlearned else None
        calls.same(shown, self.assessments.changed(id, change))

    @precondition(lambda self: self.assessments.faces)
    @rule(place=_PLACES, fault=st.sampled_from(["", "", "after_commit"]))
    def archive(self, place: int, fault: str) -> None:
        """Archive an assessment: it is gone for good, and so are its timers."""
        ids = [*self.assessments.faces]
        id = ids[place % len(ids)]
        if fault:
            self.broken(lambda: calls.archive(self.sandbox, id), "archive_assessment", fault)
        else:
            calls.archive(self.sandbox, id)
        self.assessments.archived(id)
        del self.invited[id]
        for method, rule_id in (("GET", "get"), ("PATCH", "change"), ("DELETE", "archive")):
            body = {"json": {"firstName": "X"}} if method == "PATCH" else {}
            check_refused(calls.ask(self.sandbox, method, f"{calls.PATH}/{id}", **body), 404, f"pi.{rule_id}.known")

    @invariant()
    def assessments_are_listed_as_expected(self) -> None:
        """The list, page by page, and the search show everything that is there."""
        limit = self.assessments.settings["pi.list_limit"]
        found = calls.listed(self.sandbox)
        assert [face["assessmentId"] for face in found] == [*self.assessments.faces][:limit], "another list"
        for face in found:
            calls.same(face, self.assessments.expected(face))
        people = calls.people(self.sandbox)["totalSearchResults"]
        assert people == len(self.assessments.people), f"{people} people are found, not {len(self.assessments.people)}"


def _ticks(at: datetime) -> int:
    """A time of the pymetrics model in ticks. Times are whole seconds here, or the last tick of one."""
    return timestamps.ticks(timestamps.six_decimals(at)) + (9 if at.microsecond else 0)


def _datetime(at: int) -> datetime:
    """A time for the pymetrics model, which knows no more than microseconds."""
    return timestamps.parsed(timestamps.seven_decimals(at))


def check_refused(answer: Answer, status: int, *rules: str) -> None:
    """Assert a refusal for these rules, in the format of their vendor."""
    check_refusal(answer, status, {*rules}, is_simulator=True)
    (pi_errors.vendor if rules[0].startswith("pi.") else errors.envelope)(answer)


def _invitation(received: Received) -> str:
    """The id of the invitation that a webhook is about."""
    is_json = received.headers["content-type"] == "application/json"
    return str(received.json["data"]["id"] if is_json else received.form["assessmentId"])


def _copied(sandbox: Sandbox) -> list[str]:
    """What a fork copies, without the name and the seals of the sandbox's links."""
    paths = ("/invitations", "/mail", "/config")
    answers = [calls.ask(sandbox, "GET", calls.PATH), *(sandbox.control("GET", path) for path in paths)]
    assert {answer.status for answer in answers} == {200}
    return [re.sub(rf"{sandbox.name}\.[0-9a-f]{{24}}", "sealed", answer.text) for answer in answers]


def configured(found: Mapping[str, Any], names: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of these names; those with a dot are behaviour flags."""
    return {name: (found["behaviour"] if "." in name else found)[name] for name in names}


_ORDERS = Registry("pymetrics.machine", pymetrics_facts.FACTS, WEBHOOKS)
_ORDERS.machine(
    "orders", Orders, "order.resolved order.moves order.stays order.fulfilled order.report.early list.both list.still "
    "webhook", steps=30,
)  # fmt: skip
_ASSESSMENTS = Registry("pi.machine", pi_facts.FACTS, WEBHOOKS)
_ASSESSMENTS.machine(
    "callers", Assessments, "list get archive create.again states change.partial change.revives webhook.once "
    "webhook.states create.mail",
    steps=30,
)  # fmt: skip
PROPERTIES = (*_ORDERS.properties, *_ASSESSMENTS.properties)
