"""What pymetrics must show, worked out anew in plain dictionaries: too simple to be wrong."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
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
