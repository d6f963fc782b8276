"""What pymetrics must show, worked out anew in plain dictionaries: too simple to be wrong."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

CANDIDATE = ("email", "first_name", "last_name", "external_id")
ECHOED = ("requisition_id", "requisition_title", "metadata", "candidate_redirect_url")
LEARNED = ("id", "invite_link", "create_date")
"""What only the vendor can know of a new order."""

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
        **{name: shown[name] for name in LEARNED},
        "status": status,
        "candidate": {name: asked["candidate"].get(name) for name in CANDIDATE},
        "assessment_id": asked["assessment_id"],
        "assessment": dict(assessment),
        "application_id": asked["application_id"],
        "ats_type": "mercury_api",
        **{name: asked.get(name) for name in ECHOED},
        **dict.fromkeys(("recruiter_report", "results", "reports")),
    }


TAGS: Mapping[str, tuple[str, timedelta]] = {
    "+completes": ("Completed", timedelta()),
    "+completes-in-10s": ("Completed", timedelta(seconds=10)),
    "+completes-in-3m": ("Completed", timedelta(minutes=3)),
    "+completes-in-2h": ("Completed", timedelta(hours=2)),
    "+completes-in-5d": ("Completed", timedelta(days=5)),
    "+expires": ("Expired", timedelta()),
    "+abandons": ("In Progress", timedelta()),
    "+rejected": ("Rejected", timedelta()),
    "+news+expires": ("Expired", timedelta()),
}
"""What a tag in a candidate's address leads to, and after which time."""

LEANS: Mapping[str, tuple[float, float]] = {
    "+score-high": (75, 100), "+SCORE-LOW": (0, 35), "+score-low": (0, 35), "+news+score-high": (75, 100),
}  # fmt: skip
"""Between which scores a tag keeps an order's."""


def band(score: float) -> str:
    """The tier of a score."""
    if score >= 70:
        return "Highly Recommended"
    return "Recommended" if score >= 40 else "Not Recommended"


OVER = ("Completed", "Fulfilled", "Rejected", "Expired")
"""Statuses in which nothing happens by itself any more."""
_ACTIONS = {"Completed": "complete", "Expired": "expire", "In Progress": "start", "Rejected": "reject"}
"""The action that a tag lets happen, by what it leads to."""


@dataclass
class Order:
    """One order: how it must look, and since when it has what can only be learned by looking."""

    face: dict[str, Any]
    completed: datetime | None = None
    reported: datetime | None = None
    learned: bool = False
    """Whether its results were seen, so that they must be the same from now on."""

    @property
    def id(self) -> str:
        return str(self.face["id"])

    @property
    def status(self) -> str:
        return str(self.face["status"])


@dataclass
class Story:
    """What a sandbox must hold after the calls so far."""

    now: datetime
    known: Sequence[Mapping[str, Any]]
    orders: list[Order] = field(default_factory=list)
    identities: dict[tuple[str, str, str], Order] = field(default_factory=dict)
    alarms: list[tuple[datetime, str, Order]] = field(default_factory=list)

    def meant(self, body: Mapping[str, Any]) -> Order | None:
        """The order that this request means, if it was made already."""
        return self.identities.get(self._identity(body))

    def _identity(self, body: Mapping[str, Any]) -> tuple[str, str, str]:
        return body["candidate"]["email"].strip().casefold(), body["assessment_id"], body["application_id"]

    def made(self, body: Mapping[str, Any], shown: Mapping[str, Any]) -> Order:
        """A new order was made; what its address lets happen at once happens."""
        face = shown_as(body, shown, self.known) | {"create_date": self.now.isoformat(timespec="microseconds")}
        order = Order(face)
        self.orders.append(order)
        self.identities[self._identity(body)] = order
        tag = body["candidate"]["email"].partition("@")[0].lower()
        wish = next((TAGS[name] for name in sorted(TAGS, key=len, reverse=True) if tag.endswith(name)), None)
        if wish is not None:
            self.alarms.append((self.now + wish[1], _ACTIONS[wish[0]], order))
        return order

    def pass_until(self, end: datetime) -> None:
        """Time passes; what falls due meanwhile happens at its own moment, of equals the first first."""
        while due := [alarm for alarm in self.alarms if alarm[0] <= end]:
            alarm = min(due, key=lambda one: one[0])
            self.alarms.remove(alarm)
            self.now = max(self.now, alarm[0])
            self.move(alarm[2], alarm[1])
        self.now = end

    def move(self, order: Order, action: str) -> bool:
        """Whether the action is possible; then it is done."""
        way = MOVES[order.status].get(action)
        if way is None:
            return False
        for status in way:
            order.face["status"] = status
            if status == "Completed":
                order.completed = self.now
        if order.status in OVER:
            self.alarms = [alarm for alarm in self.alarms if alarm[2] is not order]
        return True

    def read(self, order: Order, report: bool) -> None:
        """The order itself was asked for."""
        if order.status == "Completed":
            order.face["status"] = "Fulfilled"
        if report and order.status == "Fulfilled" and order.reported is None:
            order.reported = self.now
