"""What two vendors and a sandbox must look like from outside, in plain dictionaries: too simple to be wrong.

Nothing here is imported from the program. The tables are written anew from the vendors' pages; a `Story` is what a
sandbox should hold after the calls so far.
"""

import json
import uuid
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import httpx2

# How a refusal looks.


def check_refusal(answer: httpx2.Response, status: int, *rules: str) -> None:
    """The status, the ids in `Simulator-Rule`, and a body in the form of the vendor whose rules they are."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/json"
    assert sorted(answer.headers["simulator-rule"].split(", ")) == sorted(rules)
    (vendor,) = {rule.partition(".")[0] for rule in rules}
    _FORMS[vendor](answer.json(), status, rules[0])
    assert "simulator.invalid" not in answer.text


def _pymetrics_form(body: Any, status: int, rule: str) -> None:
    # The envelope of three members, but for the key, which a gateway asks for.
    if rule == "pymetrics.access.key":
        assert body == {"message": "Forbidden"}
        return
    assert [*body] == ["request_id", "recoverable", "message"]
    assert str(uuid.UUID(body["request_id"])) == body["request_id"]
    assert body["recoverable"] is (status == 429)
    assert isinstance(body["message"], str)
    assert body["message"]


_STOCK = ("pi.access.key", "pi.door.", *(f"pi.{n}.{r}" for n in ("create", "change") for r in ("media_type", "body.")))
"""What the vendor's framework refuses, before its own code sees the request."""
_NUMBERS = {400: 1, 404: 2, 429: 3, 503: 27}


def _pi_form(body: Any, status: int, rule: str) -> None:
    # ASP.NET's stock object at the door, the vendor's own object behind it.
    if rule.startswith(_STOCK):
        assert [*body] == ["Message"]
        assert isinstance(body["Message"], str)
        assert body["Message"]
        return
    assert [*body] == ["number", "context", "description", "parameterErrors"]
    assert (body["number"], body["context"]) == (_NUMBERS[status], None)
    assert isinstance(body["description"], str)
    assert all([*item] == ["parameter", "description"] for item in body["parameterErrors"])
    assert bool(body["parameterErrors"]) is (status == 400)


_FORMS: Mapping[str, Callable[[Any, int, str], None]] = {"pymetrics": _pymetrics_form, "pi": _pi_form}


def check_problem(answer: httpx2.Response, status: int) -> None:
    """A refusal of the control API: a problem document that says what is wrong."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert {"type", "title", "status", "detail"} <= body.keys()
    assert (body["status"], bool(body["detail"])) == (status, True)


# The life of an invitation: the states that each action leads through, from each state that allows it.

PYMETRICS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "Pending": {
        "accept": ("Accepted",),
        "reject": ("Rejected",),
        "start": ("Accepted", "Not Started", "In Progress"),
        "complete": ("Accepted", "Not Started", "In Progress", "Completed"),
        "expire": ("Expired",),
    },
    "Accepted": {
        "accept": (),
        "reject": ("Rejected",),
        "start": ("Not Started", "In Progress"),
        "complete": ("Not Started", "In Progress", "Completed"),
        "expire": ("Expired",),
    },
    "Not Started": {
        "accept": ("Accepted",),
        "reject": ("Rejected",),
        "start": ("In Progress",),
        "complete": ("In Progress", "Completed"),
        "expire": ("Expired",),
    },
    "In Progress": {"start": (), "complete": ("Completed",), "expire": ("Expired",)},
    "Completed": {},
    "Fulfilled": {},
    "Rejected": {},
    "Expired": {},
}
_UNFINISHED = {"expire": (50,), "abort": (65,)}
PI: Mapping[int, Mapping[str, tuple[int, ...]]] = {
    0: {"open": (20,), "start": (20, 30), "complete": (20, 30, 40), **_UNFINISHED},
    10: {"open": (20,), "start": (20, 30), "complete": (20, 30, 40), **_UNFINISHED},
    20: {"open": (), "start": (30,), "complete": (30, 40), **_UNFINISHED},
    30: {"open": (), "start": (), "complete": (40,), **_UNFINISHED},
    40: {},
    50: {},
    60: {},
    65: {},
}
MOVES: Mapping[str, Mapping[Any, Mapping[str, tuple[Any, ...]]]] = {"pymetrics": PYMETRICS, "predictive_index": PI}
OVER = ("Completed", "Fulfilled", "Rejected", "Expired", 40, 50, 60, 65)
"""States in which no alarm of an invitation is left."""

SCORES = ("selfSigmaScore", "selfConceptSigmaScore", "synthesisSigmaScore")
PENDING_PI = {
    "patternNumber": None,
    "descriptiveReportUrl": "",
    "patternFullUrl": "",
    "patternSelfUrl": "",
    "descriptiveReportPageUrl": "",
    "positionSigmaScore": None,
    **dict.fromkeys(SCORES),
}
"""What a PI assessment lacks until it is complete."""

LIFETIME = timedelta(hours=1)
"""How long a bearer token lives."""

DEFAULTS: Mapping[str, Any] = {
    "pymetrics.initial_status": "Not Started",
    "pymetrics.email_match": "ignore case",
    "pi.unsent_state": 0,
    "pi.created_state": "sample",
    "pi.webhook_on": "completion",
    "pi.list_limit": 50,
    "pi.state_member": "assessmentState",
    "invitation_days": 10,
    "progress": "manual",
    "webhook_url": None,
    "default_webhook_url": None,
}
"""The settings that a story turns, as they are at first; those with a dot are switches."""
_PROGRESS = {"PT1H": timedelta(hours=1), "PT0S": timedelta()}


# Stories know whole seconds, and the last moment of one: `microsecond` is 0 or 999,999.


def seven(at: datetime) -> str:
    """An instant as The Predictive Index writes it."""
    return f"{at:%Y-%m-%dT%H:%M:%S}.{'9999999' if at.microsecond else '0000000'}Z"


def six(at: datetime) -> str:
    """An instant as pymetrics writes it."""
    return at.isoformat(timespec="microseconds")


@dataclass
class Invited:
    """One invitation: its state, what its vendor shows of it, and what is still to be learned from the next answer."""

    id: str
    vendor: str
    state: Any
    face: dict[str, Any]
    unlearned: set[str] = field(default_factory=set)
    reported: bool = False


@dataclass
class Alarm:
    """An action that falls due."""

    at: datetime
    id: str
    action: str


@dataclass
class Memory:
    """What a snapshot brings back."""

    now: datetime
    settings: dict[str, Any] = field(default_factory=lambda: dict(DEFAULTS))
    invited: dict[str, Invited] = field(default_factory=dict)
    orders: dict[tuple[str, str, str], str] = field(default_factory=dict)
    people: dict[str, dict[str, Any]] = field(default_factory=dict)
    by_external_id: dict[str, str] = field(default_factory=dict)
    by_external_person_id: dict[str, str] = field(default_factory=dict)
    alarms: list[Alarm] = field(default_factory=list)
    mails: list[tuple[str, str]] = field(default_factory=list)
    notices: list[tuple[str, str]] = field(default_factory=list)


@dataclass
class Story:
    """What one sandbox should hold after the calls so far."""

    beginning: datetime
    is_: Memory = field(init=False)
    snapshots: dict[str, Memory] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.is_ = Memory(self.beginning)

    # Time and whole states.

    def pass_until(self, end: datetime) -> list[tuple[str, str, str]]:
        """Let time pass; gives what rings, in order, as (at, what, id)."""
        rung = []
        while due := [alarm for alarm in self.is_.alarms if alarm.at <= end]:
            first = min(due, key=lambda alarm: alarm.at)  # of equals the one that was set first
            self.is_.alarms.remove(first)
            if self.move(first.id, first.action):
                rung.append((seven(first.at), first.action, first.id))
                self._completed_at(first.id, first.at)
        return rung

    def pass_until_idle(self) -> tuple[datetime, list[tuple[str, str, str]]]:
        """Let time pass until nothing is left to ring; gives the last moment at which something did."""
        end, rung = self.is_.now, []
        while self.is_.alarms:
            end = max(end, min(alarm.at for alarm in self.is_.alarms))
            rung += self.pass_until(end)
        return end, rung

    def snapshot(self, id: str) -> None:
        self.snapshots[id] = deepcopy(self.is_)

    def restore(self, id: str) -> None:
        self.is_ = deepcopy(self.snapshots[id])

    def reset(self) -> None:
        self.is_ = Memory(self.beginning)
        self.snapshots.clear()

    # pymetrics.

    def order_of(self, body: Mapping[str, Any]) -> str | None:
        """The id of the order that this request means, if there is one."""
        return self.is_.orders.get(self._identity(body))

    def _identity(self, body: Mapping[str, Any]) -> tuple[str, str, str]:
        email: str = body["candidate"]["email"]
        if self.is_.settings["pymetrics.email_match"] == "ignore case":
            email = email.strip().casefold()
        return email, body["assessment_id"], body["application_id"]

    def order(self, body: Mapping[str, Any], shown: dict[str, Any]) -> None:
        """A new order was made and shown."""
        status = self.is_.settings["pymetrics.initial_status"]
        candidate = {m: body["candidate"].get(m) for m in ("email", "first_name", "last_name", "external_id")}
        expected = {
            "status": status,
            "create_date": six(self.is_.now),
            "candidate": candidate,
            "assessment_id": body["assessment_id"],
            "application_id": body["application_id"],
            "ats_type": "mercury_api",
            **{m: body.get(m) for m in ("requisition_id", "requisition_title", "metadata", "candidate_redirect_url")},
            **dict.fromkeys(("recruiter_report", "results", "reports")),
        }
        same(expected, {member: shown[member] for member in expected})
        assert shown["assessment"]["id"] == body["assessment_id"]
        self.is_.orders[self._identity(body)] = shown["id"]
        self._invite(Invited(shown["id"], "pymetrics", status, shown))
        if body.get("send_email"):
            self.is_.mails.append((candidate["email"], shown["id"]))
        self._plan(shown["id"], candidate["email"], ("complete", "expire", "start", "reject"))

    def read(self, id: str, *, report: bool) -> None:
        """Somebody read an order; that fulfils it when it is completed, and makes a report if one was asked for."""
        order = self.is_.invited[id]
        order.reported |= report and order.state in ("Completed", "Fulfilled")
        if order.state == "Completed":
            self._reach(order, "Fulfilled")

    # The Predictive Index.

    def flaws(self, body: Mapping[str, Any]) -> set[str]:
        """The rules about names, ids and days that this request breaks."""
        assessed = self.is_.by_external_id.get(body.get("externalId") or "")
        named = body.get("externalPersonId") or ""
        of_name = self.is_.by_external_person_id.get(named)
        if assessed or of_name:
            sent = {m: "excluded" for m in ("firstName", "middleName", "lastName", "email") if body.get(m)}
        else:
            sent = {m: "required" for m in ("firstName", "lastName", "email") if not body.get(m)}
        broken = {f"pi.create.{_SLUGS[member]}.{what}" for member, what in sent.items()}
        if assessed and named:
            known = self.is_.people[assessed]["externalPersonId"]
            if known != named if known else of_name is not None:
                broken.add("pi.create.external_person_id.match")
        if body.get("expirationDateTime") and self._expires(body) <= self.is_.now:
            broken.add("pi.create.expiration.future")
        return broken

    def assessment(self, body: Mapping[str, Any], shown: dict[str, Any]) -> None:
        """A new assessment was made and shown."""
        settings, notified = self.is_.settings, body.get("notifyAssessmentAvailableUsingEmail") or 0
        person = self._person(body, shown["assessmentUserId"])
        state = 10 if notified else settings["pi.unsent_state"]
        expires = self._expires(body)
        expected = {
            **PENDING_PI,
            **person,
            "assessmentDateTime": seven(self.is_.now),
            "expirationDateTime": seven(expires),
            settings["pi.state_member"]: state if settings["pi.created_state"] == "sent" else 0,
            "externalId": body.get("externalId"),
            "notifyAssessmentAvailableUsingEmail": notified,
            "assessmentStatusWebHook": body.get("assessmentStatusWebHook"),
            "associatedPositionTitle": body.get("associatedPositionTitle"),
            "gender": body.get("gender") or 0,
            "personType": body.get("personType") or "Unknown",
            "isDeleted": 0,
            "scoringMethod": 1,
        }
        same(expected, {member: shown[member] for member in expected})
        renamed = {_stored_name(member): value for member, value in shown.items()} | {"assessmentState": state}
        id = shown["assessmentId"]
        self._invite(Invited(id, "predictive_index", state, renamed))
        if external := body.get("externalId"):
            self.is_.by_external_id[external] = person["assessmentUserId"]
        if notified:
            self.is_.mails.append((person["email"], id))
        if settings["pi.webhook_on"] != "completion":
            self._notify(self.is_.invited[id])
        if "+expires" not in person["email"].lower():
            self.is_.alarms.append(Alarm(expires, id, "expire"))
        self._plan(id, person["email"], ("complete", "expire", "start"))

    def _person(self, body: Mapping[str, Any], id: str) -> dict[str, Any]:
        known = self.is_.by_external_id.get(body.get("externalId") or "")
        known = known or self.is_.by_external_person_id.get(body.get("externalPersonId") or "")
        if known:
            person = self.is_.people[known]
            if not person["externalPersonId"] and body.get("externalPersonId"):
                person["externalPersonId"] = body["externalPersonId"]
        else:
            assert id not in self.is_.people
            members = ("firstName", "middleName", "lastName", "email", "externalPersonId")
            person = {"assessmentUserId": id} | {member: body.get(member) for member in members}
        self.is_.people[person["assessmentUserId"]] = person
        for invited in self.of("predictive_index"):
            if invited.face["assessmentUserId"] == person["assessmentUserId"]:
                invited.face |= person
        if person["externalPersonId"]:
            self.is_.by_external_person_id[person["externalPersonId"]] = person["assessmentUserId"]
        return dict(person)

    def _expires(self, body: Mapping[str, Any]) -> datetime:
        asked: str | None = body.get("expirationDateTime")
        if asked is None:
            return self.is_.now + timedelta(days=self.is_.settings["invitation_days"])
        return datetime.fromisoformat(asked if "T" in asked else f"{asked}T23:59:59.999999Z")

    # Both.

    def possible(self, id: str, action: str) -> bool:
        invited = self.is_.invited[id]
        return action in MOVES[invited.vendor][invited.state]

    def act(self, id: str, action: str) -> None:
        """Somebody did that to an invitation, now."""
        if self.move(id, action):
            self._completed_at(id, self.is_.now)

    def move(self, id: str, action: str) -> bool:
        """Whether the action was possible; then it is done."""
        invited = self.is_.invited[id]
        if not self.possible(id, action):
            return False
        for state in MOVES[invited.vendor][invited.state][action]:
            self._reach(invited, state)
        return True

    def _reach(self, invited: Invited, state: Any) -> None:
        invited.state = state
        pymetrics = invited.vendor == "pymetrics"
        invited.face["status" if pymetrics else "assessmentState"] = state
        if state == "Completed":
            invited.unlearned = {"results"}
        if state == 40:
            invited.unlearned = {*PENDING_PI}
        if pymetrics or state == 40:
            self._notify(invited)
        if state in OVER:
            self.is_.alarms = [alarm for alarm in self.is_.alarms if alarm.id != invited.id]

    def _completed_at(self, id: str, at: datetime) -> None:
        invited = self.is_.invited[id]
        if invited.state == 40:
            invited.face["assessmentDateTime"] = seven(at)

    def _notify(self, invited: Invited) -> None:
        settings = self.is_.settings
        if invited.vendor == "pymetrics":
            url = settings["webhook_url"]
        else:
            url = invited.face["assessmentStatusWebHook"] or settings["default_webhook_url"]
        if url:
            self.is_.notices.append((invited.id, url))

    def _invite(self, invited: Invited) -> None:
        assert invited.id not in self.is_.invited, "an id was given out twice"
        self.is_.invited[invited.id] = invited

    def _plan(self, id: str, email: str, actions: tuple[str, ...]) -> None:
        """What the tags of an address, or else the sandbox's progress, let happen; what is due now happens."""
        wish = next((w for tag, w in TAGS.items() if tag in email.lower().rpartition("@")[0]), None)
        if wish is None and (delay := _PROGRESS.get(self.is_.settings["progress"])) is not None:
            wish = ("complete", delay)
        if wish is not None and wish[0] in actions:
            self.is_.alarms.append(Alarm(self.is_.now + wish[1], id, wish[0]))
        self.pass_until(self.is_.now)

    # What is seen.

    def of(self, vendor: str) -> list[Invited]:
        """One vendor's invitations, oldest first."""
        return [invited for invited in self.is_.invited.values() if invited.vendor == vendor]

    def check(self, invited: Invited, shown: dict[str, Any]) -> None:
        """What is shown must be what was shown before, with what has happened since."""
        if invited.vendor == "predictive_index":
            shown = {_stored_name(member): value for member, value in shown.items()}
        for member in invited.unlearned:
            invited.face[member] = shown[member]
        if invited.unlearned:
            _CHECKS[invited.vendor](shown)
            invited.unlearned = set()
        if invited.reported:
            invited.face["reports"] = shown["reports"]  # its link is another at each look
            _check_reports(shown)
        same(invited.face, shown)


TAGS = {
    "+completes-in-10s": ("complete", timedelta(seconds=10)),
    "+completes-in-2h": ("complete", timedelta(hours=2)),
    "+completes": ("complete", timedelta()),
    "+expires": ("expire", timedelta()),
    "+abandons": ("start", timedelta()),
    "+rejected": ("reject", timedelta()),
}
_LEANS = {"+score-high": (75.0, 100.0, 0.0, 4.0), "+score-low": (0.0, 35.0, -4.0, 0.0), "": (0.0, 100.0, -4.0, 4.0)}
"""Between what a tag puts the score of an order, and the sigma scores of an assessment."""
"""What a tag lets happen, and when. The longer ones stand before those that they begin with."""

_SLUGS = {"firstName": "first_name", "middleName": "middle_name", "lastName": "last_name", "email": "email"}


def _stored_name(member: str) -> str:
    return "assessmentState" if member == "assessmentStatus" else member


def same(expected: Any, shown: Any) -> None:
    """Equal as JSON: the order of members and the difference between 1, 1.0 and true count."""
    assert json.dumps(expected) == json.dumps(shown)


def _lean(email: str) -> tuple[float, float, float, float]:
    return next(bounds for tag, bounds in _LEANS.items() if tag in email.lower())


def _check_results(order: Mapping[str, Any]) -> None:
    (result,) = order["results"]
    assert [*result] == ["assessment", "create_date", "description", "score", "band"]
    low, high, *_ = _lean(order["candidate"]["email"])
    assert low <= result["score"] <= high
    assert result["assessment"] == order["assessment"]


def _check_reports(order: Mapping[str, Any]) -> None:
    (report,) = order["reports"]
    assert [*report] == ["download_url", "create_date", "modify_date"]
    assert order["id"] in report["download_url"]


def _check_scores(assessment: Mapping[str, Any]) -> None:
    factors = ["aSigma", "bSigma", "cSigma", "dSigma", "eSigma"]
    *_, low, high = _lean(assessment["email"])
    for score in SCORES:
        assert [*assessment[score][0]] == factors
        assert all(low <= value <= high for value in assessment[score][0].values())
    position = assessment["positionSigmaScore"]
    assert (position is None) is (assessment["associatedPositionTitle"] is None)
    assert position is None or [*position[0]] == factors[:4]
    assert 1 <= assessment["patternNumber"] <= 17
    urls = [member for member, pending in PENDING_PI.items() if pending == ""]
    assert all(assessment["assessmentId"] in assessment[member] for member in urls)


_CHECKS: Mapping[str, Callable[[Mapping[str, Any]], None]] = {
    "pymetrics": _check_results,
    "predictive_index": _check_scores,
}
