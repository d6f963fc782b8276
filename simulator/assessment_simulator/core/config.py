"""One sandbox's settings. The control API reads and changes them; the vendors only read."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Self

from assessment_simulator.core import instant


@dataclass(frozen=True, slots=True)
class Assessment:
    """A pymetrics assessment configuration: one candidate experience, registered outside the API."""

    id: str
    type: Literal["games", "video_interview", "nlr"] = "games"
    description: str = ""


@dataclass(frozen=True, slots=True)
class CustomField:
    """A PI custom field; `values` closes the list of what may be assigned, None leaves it open to any string."""

    name: str
    values: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class ApiUser:
    """The PI user whom the key belongs to: who administers when the request names nobody."""

    first_name: str = "Ada"
    last_name: str = "Administrator"
    email: str = "ada.administrator@example.com"
    phone: str = "+1 555-0100"


@dataclass(frozen=True, slots=True)
class JournalLimits:
    """How much of what came in is kept: entries, and bytes of bodies."""

    entries: int = 1_000
    bytes: int = 10_000_000


@dataclass(frozen=True, slots=True)
class Config:
    """Everything about a sandbox that can be set; durations are ISO 8601, `webhook_timeout` is in real seconds.

    The first of `folders` is the API user's default folder. `rate_limit` is in calls a minute for each vendor.
    `invitation_limit` is how many invitations there may be, `snapshot_limit` how many snapshots, and `webhook_rate` how
    many attempts a real second.
    `progress` is `manual`, or the duration after which an invitation completes by itself. `webhook_time` is the clock
    that signed webhooks are stamped by: the sandbox's, or the machine's (`real`).
    """

    assessments: tuple[Assessment, ...] = (
        Assessment("6ac4d6b5-9a3e-4d0c-8f55-0d5a3f6d2b10", "games", "Core games"),
        Assessment("2f1d9e0a-5c7b-4b7e-9a61-7c0f4b8e1d22", "nlr", "Numerical and logical reasoning"),
        Assessment("b7c0a4de-13f8-4f0b-8d3c-5e9a7d6c4f33", "video_interview", "Video interview"),
    )
    positions: tuple[str, ...] = ("Account Executive", "Customer Success Manager", "Software Engineer")
    folders: tuple[str, ...] = (
        "\\Example Company\\Finance",
        "\\Example Company",
        "\\Example Company\\Some Folder",
    )
    custom_fields: tuple[CustomField, ...] = (CustomField("Favorite Color"), CustomField("Favorite Food"))
    api_user: ApiUser = field(default_factory=ApiUser)
    default_webhook_url: str | None = None
    webhook_url: str | None = None
    webhook_secret: str | None = None
    webhook_time: Literal["sandbox", "real"] = "sandbox"
    invitation_days: int = 10
    journal: JournalLimits = field(default_factory=JournalLimits)
    behaviour: Mapping[str, str | int | bool | None] = field(default_factory=dict)
    progress: str = "manual"
    rate_limit: int | None = None
    maintenance: bool = False
    webhook_timeout: float = 30.0
    invitation_limit: int | None = None
    snapshot_limit: int = 100
    webhook_rate: int | None = None

    @classmethod
    def of(cls, said: Mapping[str, Any]) -> Self:
        """The settings that JSON values say."""
        closed = [None if one["values"] is None else tuple(one["values"]) for one in said["custom_fields"]]
        names = [one["name"] for one in said["custom_fields"]]
        return cls(**{
            **said, "assessments": tuple(Assessment(**one) for one in said["assessments"]),
            "positions": tuple(said["positions"]), "folders": tuple(said["folders"]),
            "custom_fields": tuple(map(CustomField, names, closed)),
            "api_user": ApiUser(**said["api_user"]), "journal": JournalLimits(**said["journal"]),
        })  # fmt: skip

    @property
    def completes_after(self) -> int | None:
        """`progress` in ticks; None when it is manual."""
        return None if self.progress == "manual" else instant.parse_duration(self.progress)
