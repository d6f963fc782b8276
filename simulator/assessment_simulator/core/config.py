"""The settings of a sandbox. The control API reads and changes them; vendors only read them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Self


@dataclass(frozen=True, slots=True)
class Assessment:
    """A pymetrics assessment configuration, registered outside the API; responses show it member for member."""

    id: str
    type: Literal["games", "video_interview", "nlr"] = "games"
    description: str = ""


@dataclass(frozen=True, slots=True)
class CustomField:
    """A PI custom field; `values` lists what may be assigned, None allows any string."""

    name: str
    values: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class ApiUser:
    """The PI user who owns the key: the administrator when a request names none."""

    first_name: str = "Ada"
    last_name: str = "Administrator"
    email: str = "ada.administrator@example.com"
    phone: str = "+1 555-0100"


@dataclass(frozen=True, slots=True)
class JournalLimits:
    """How much of the request journal is kept: entries, and bytes of bodies."""

    entries: int = 1_000
    bytes: int = 10_000_000


@dataclass(frozen=True, slots=True)
class Config:
    """All settings; durations are written as `core.instant.parse_duration` reads them."""

    assessments: tuple[Assessment, ...] = (
        Assessment("6ac4d6b5-9a3e-4d0c-8f55-0d5a3f6d2b10", "games", "Core games"),
        Assessment("2f1d9e0a-5c7b-4b7e-9a61-7c0f4b8e1d22", "nlr", "Numerical and logical reasoning"),
        Assessment("b7c0a4de-13f8-4f0b-8d3c-5e9a7d6c4f33", "video_interview", "Video interview"),
    )
    positions: tuple[str, ...] = ("Account Executive", "Customer Success Manager", "Software Engineer")
    # The first one is the API user's default folder.
    folders: tuple[str, ...] = ("\\Example Company\\Finance", "\\Example Company", "\\Example Company\\Some Folder")
    custom_fields: tuple[CustomField, ...] = (CustomField("Favorite Color"), CustomField("Favorite Food"))
    api_user: ApiUser = field(default_factory=ApiUser)
    default_webhook_url: str | None = None
    webhook_url: str | None = None
    webhook_secret: str | None = None
    webhook_time: Literal["sandbox", "real"] = "sandbox"  # the clock that signed webhooks are stamped by
    invitation_days: int = 10
    journal: JournalLimits = field(default_factory=JournalLimits)
    behaviour: Mapping[str, str | int | bool | None] = field(default_factory=dict)
    progress: str = "manual"  # or the duration after which an invitation completes by itself
    rate_limit: int | None = None  # requests a minute, for each vendor
    maintenance: bool = False
    webhook_timeout: float = 30.0  # in real seconds
    invitation_limit: int | None = None
    snapshot_limit: int = 100
    webhook_rate: int | None = None  # attempts a real second

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Self:
        """The settings from JSON values."""
        custom_fields = tuple(
            CustomField(one["name"], None if one["values"] is None else tuple(one["values"]))
            for one in values["custom_fields"]
        )
        return cls(**{
            **values, "assessments": tuple(Assessment(**one) for one in values["assessments"]),
            "positions": tuple(values["positions"]), "folders": tuple(values["folders"]),
            "custom_fields": custom_fields, "api_user": ApiUser(**values["api_user"]),
            "journal": JournalLimits(**values["journal"]),
        })  # fmt: skip
