"""A plain model of pymetrics, in dictionaries: what responses must show after the requests so far."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from assessment_contracts import timestamps
from assessment_contracts.pymetrics import api
from assessment_contracts.pymetrics.facts import TABLES

CANDIDATE = ("email", "first_name", "last_name", "external_id")

MOVES: Mapping[str, Mapping[str, tuple[str, ...]]] = {
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
"""For each status the statuses that an action leads through, in order; what is not there is a conflict."""


def shown_as(
    asked: Mapping[str, Any], shown: Mapping[str, Any], known: Sequence[Mapping[str, Any]], status: str = "Not Started"
) -> dict[str, Any]:
    """A new order, as it must look after this request; what only the vendor can know is taken from `shown`."""
    (assessment,) = [one for one in known if one["id"] == asked["assessment_id"]]
    return {
        "id": shown["id"],
        "invite_link": shown["invite_link"],
        "status": status,
        "create_date": shown["create_date"],
        "candidate": {name: asked["candidate"].get(name) for name in CANDIDATE},
        "assessment_id": asked["assessment_id"],
        "assessment": dict(assessment),
        "application_id": asked["application_id"],
        "ats_type": "mercury_api",
        **{name: asked.get(name) for name in ("requisition_id", "requisition_title", "metadata")},
        **dict.fromkeys(("recruiter_report", "results", "reports")),
        "candidate_redirect_url": asked.get("candidate_redirect_url"),
    }


TAGS: Mapping[str, tuple[str, timedelta]] = {
    "+completes": ("Completed", timedelta()), "+completes-in-10s": ("Completed", timedelta(seconds=10)),
    "+completes-in-3m": ("Completed", timedelta(minutes=3)), "+completes-in-2h": ("Completed", timedelta(hours=2)),
    "+completes-in-5d": ("Completed", timedelta(days=5)), "+expires": ("Expired", timedelta()),
    "+abandons": ("In Progress", timedelta()), "+rejected": ("Rejected", timedelta()),
    "+news+expires": ("Expired", timedelta()),
}  # fmt: skip
"""The status that a tag in a candidate's e-mail leads to, and after which time."""

LEANS: Mapping[str, tuple[float, float]] = {
    "+score-high": (75, 100), "+SCORE-LOW": (0, 35), "+score-low": (0, 35), "+news+score-high": (75, 100),
}  # fmt: skip
"""The range of scores that a tag leads to."""


def band(score: float) -> str:
    """The tier of a score."""
    if score >= 70:
        return "Highly Recommended"
    return "Recommended" if score >= 40 else "Not Recommended"


OVER = ("Completed", "Fulfilled", "Rejected", "Expired")
"""Statuses in which nothing happens by itself any more."""
_ACTIONS = {"Completed": "complete", "Expired": "expire", "In Progress": "start", "Rejected": "reject"}
"""The action that leads to the status of a tag."""

DEFAULTS: Mapping[str, Any] = {
    "pymetrics.initial_status": "Not Started", "pymetrics.email_match": "ignore case", "progress": "manual",
    "webhook_url": None,
}  # fmt: skip
"""The settings that the model follows, with the values of a new sandbox; those with a dot are behaviour flags."""
DELAYS: Mapping[str, timedelta] = {"PT0S": timedelta(), "PT1H": timedelta(hours=1)}
"""The values of `progress` that complete an order whose address has no tag, and after which time."""


@dataclass
class Order:
    """One order: how it must be shown, and since when it has results and a report."""

    public: dict[str, Any]
    completed: datetime | None = None
    reported: datetime | None = None
    learned: bool = False
    """Whether its results were shown, so that they must stay the same."""

    @property
    def id(self) -> str:
        return str(self.public["id"])

    @property
    def status(self) -> str:
        return str(self.public["status"])


@dataclass
class Model:
    """What a sandbox must hold after the calls so far."""

    now: datetime
    known: Sequence[Mapping[str, Any]]
    settings: dict[str, Any] = field(default_factory=lambda: {**DEFAULTS})
    orders: list[Order] = field(default_factory=list)
    identities: dict[tuple[str, str, str], Order] = field(default_factory=dict)
    timers: list[tuple[datetime, str, Order]] = field(default_factory=list)
    mailed: list[str] = field(default_factory=list)
    """The ids of the orders that are mailed to their candidates."""
    webhooks: list[tuple[datetime, str, str]] = field(default_factory=list)
    """When an order changed, its id, and the URL that is called."""

    def meant(self, body: Mapping[str, Any]) -> Order | None:
        """The existing order that this request resolves to."""
        return self.identities.get(self._identity(body))

    def _identity(self, body: Mapping[str, Any]) -> tuple[str, str, str]:
        email = body["candidate"]["email"]
        if self.settings["pymetrics.email_match"] == "ignore case":
            email = email.strip().casefold()
        return email, body["assessment_id"], body["application_id"]

    def made(self, body: Mapping[str, Any], shown: Mapping[str, Any]) -> Order:
        """A new order was created; timers that are due at once fire in the next `pass_until`."""
        public = shown_as(body, shown, self.known, self.settings["pymetrics.initial_status"])
        order = Order(public | {"create_date": timestamps.six_decimals(self.now)})
        self.orders.append(order)
        self.identities[self._identity(body)] = order
        if body.get("send_email"):
            self.mailed.append(order.id)
        tags = [f"+{tag}" for tag in body["candidate"]["email"].rpartition("@")[0].lower().split("+")[1:]]
        wish = next((TAGS[tag] for tag in tags if tag in TAGS), None)
        if wish is not None:
            self.timers.append((self.now + wish[1], _ACTIONS[wish[0]], order))
        elif self.settings["progress"] in DELAYS:
            self.timers.append((self.now + DELAYS[self.settings["progress"]], "complete", order))
        return order

    def pass_until(self, end: datetime) -> list[tuple[datetime, str, str]]:
        """Time passes: timers fire at their own times, equal ones in their order. Returns times, ids and actions."""
        events = []
        while due := [timer for timer in self.timers if timer[0] <= end]:
            timer = min(due, key=lambda one: one[0])
            self.timers.remove(timer)
            self.now = max(self.now, timer[0])
            events += [(timer[0], timer[2].id, timer[1])] if self.move(timer[2], timer[1]) else []
        self.now = end
        return events

    def move(self, order: Order, action: str) -> bool:
        """Whether the action is possible; then it is done."""
        way = MOVES[order.status].get(action)
        if way is None:
            return False
        for status in way:
            self._reach(order, status)
        if order.status in OVER:
            self.timers = [timer for timer in self.timers if timer[2] is not order]
        return True

    def _reach(self, order: Order, status: str) -> None:
        order.public["status"] = status
        if status == "Completed":
            order.completed = self.now
        if self.settings["webhook_url"]:
            self.webhooks.append((self.now, order.id, self.settings["webhook_url"]))

    def read(self, order: Order, report: bool) -> None:
        """The order itself was read."""
        if order.status == "Completed":
            self._reach(order, "Fulfilled")
        if report and order.status == "Fulfilled" and order.reported is None:
            order.reported = self.now

    def listed(self, application: str | None, external: str | None) -> list[Order]:
        """The orders that a list shows with these filters; null and empty ones do not filter."""
        return [
            order
            for order in self.orders
            if (not application or order.public["application_id"] == application)
            and (not external or order.public["candidate"]["external_id"] == external)
        ]

    def check(self, order: Order, shown: dict[str, Any]) -> None:
        """Assert that the order is shown as it must be; results are taken from the first time, and checked."""
        TABLES.check(shown, "order")
        if order.completed is not None and not order.learned:
            (result,) = shown["results"] or [None]
            assert result is not None, "a completed order has no results"
            assert result["create_date"] == timestamps.six_decimals(order.completed), "the result has another time"
            assert result["band"] == band(result["score"]), f"{result['score']} is in band {result['band']}"
            api.same(result["assessment"], order.public["assessment"], "the assessment of the result")
            email = order.public["candidate"]["email"].lower()
            low, high = next((LEANS[tag] for tag in LEANS if tag in email), (0, 100))
            assert low <= result["score"] <= high, f"the score of {email} is {result['score']}"
            order.public["results"], order.learned = shown["results"], True
        assert bool(shown["reports"]) is (order.reported is not None), f"the reports are {shown['reports']}"
        if order.reported is not None:
            (report,) = shown["reports"]
            assert report["create_date"] == timestamps.six_decimals(order.reported), "the report has another time"
        api.same({**shown, "reports": None}, order.public)
