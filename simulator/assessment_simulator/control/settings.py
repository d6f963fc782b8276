"""Settings of a sandbox: their model, how they are shown, and how changes are merged in."""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, field_validator

from assessment_simulator.control.bodies import DURATION, Body, Filled, WebUrl, must, read, whole, wrong
from assessment_simulator.core import config, instant, webhook_secret
from assessment_simulator.core.schema import Schema, choice
from assessment_simulator.core.text import lower_uuid
from assessment_simulator.core.vendor import Vendor
from assessment_simulator.http.problem_details import Problem
from assessment_simulator.storage import json_codec

_DEFAULT: Any = config.Config()
_MERGED = ("api_user", "journal", "behaviour")  # settings of several members: a change of one leaves the others
_UNIQUE: Any = {"uniqueItems": True}


class Assessment(Body):
    """A pymetrics assessment configuration, which pymetrics registers outside its API."""

    id: Filled
    type: Literal["games", "video_interview", "nlr"] = "games"
    description: str = ""


class CustomField(Body):
    """A PI custom field."""

    name: Filled
    values: list[str] | None = Field(None, description="the valid values; null: any text")


class ApiUser(Body):
    """The PI user of the API key, and the default administrator."""

    first_name: str = _DEFAULT.api_user.first_name
    last_name: str = _DEFAULT.api_user.last_name
    email: str = _DEFAULT.api_user.email
    phone: str = _DEFAULT.api_user.phone


class Journal(Body):
    """The limits of the request journal."""

    entries: int = Field(default=_DEFAULT.journal.entries, ge=0)
    bytes: int = Field(default=_DEFAULT.journal.bytes, ge=0, description="of bodies")


def _differ(what: str, key: Callable[[Any], str] = str) -> AfterValidator:
    """A check that no two items of a list have the same key."""
    return must(what, lambda values: len({key(value) for value in values}) == len(values))


def _lasts(progress: str) -> bool:
    ticks = instant.parse_duration(progress)
    return progress == "manual" or (ticks is not None and ticks <= 3_650 * instant.DAY)


class Config(Body):
    """The settings of a sandbox; a change needs only the members that it changes."""

    assessments: Annotated[list[Assessment], _differ("have different ids", lambda one: lower_uuid(one.id))] = Field(
        _DEFAULT.assessments, json_schema_extra=_UNIQUE
    )
    positions: Annotated[list[Filled], _differ("be different titles")] = Field(
        _DEFAULT.positions, json_schema_extra=_UNIQUE
    )
    folders: Annotated[list[Filled], _differ("not hold a path twice")] = Field(
        _DEFAULT.folders, min_length=1, description="the first is the API user's default folder",
        json_schema_extra=_UNIQUE,
    )  # fmt: skip
    custom_fields: Annotated[list[CustomField], _differ("have different names", lambda one: one.name)] = Field(
        _DEFAULT.custom_fields, json_schema_extra=_UNIQUE
    )
    api_user: ApiUser = Field(default_factory=ApiUser)
    default_webhook_url: WebUrl | None = None
    webhook_url: WebUrl | None = None
    webhook_secret: Annotated[str, Field(json_schema_extra={"minLength": 1})] | None = None
    webhook_time: Literal["sandbox", "real"] = Field(
        "sandbox", description="the clock of the timestamps of signed webhooks: the sandbox's or the machine's"
    )
    invitation_days: int = Field(_DEFAULT.invitation_days, ge=4, le=30, description="as The Predictive Index allows")
    journal: Journal = Field(default_factory=Journal)
    behaviour: dict[str, Annotated[str | int | bool | None, BeforeValidator(whole)]] = Field({})
    progress: Annotated[str, must(f"be manual or a {instant.DURATION_FORM}, of at most ten years", _lasts)] = (
        Field(
            "manual", description="or the duration after which an invitation completes automatically",
            json_schema_extra={"pattern": f"^(?:manual|{DURATION})$"},
        )
    )  # fmt: skip
    rate_limit: int | None = Field(None, ge=1, le=1_000_000, description="requests a minute for each vendor")
    maintenance: bool = _DEFAULT.maintenance
    webhook_timeout: float = Field(_DEFAULT.webhook_timeout, gt=0, le=600, description="in real seconds")
    invitation_limit: int | None = Field(None, ge=0, description="most invitations")
    snapshot_limit: int = Field(_DEFAULT.snapshot_limit, ge=0, description="most snapshots")
    webhook_rate: int | None = Field(None, ge=1, le=10_000, description="most attempts in a real second")

    @field_validator("webhook_secret")
    @classmethod
    def _signs(cls, secret: str | None, info: ValidationInfo) -> str | None:
        # A secret that the change does not touch is not checked.
        context: Any = info.context
        what = None if secret == context["before"].webhook_secret else webhook_secret.flaw(secret)
        if what is not None:
            raise ValueError(what)
        return secret

    @field_validator("behaviour")
    @classmethod
    def _known(cls, behaviour: dict[str, Any], info: ValidationInfo) -> dict[str, Any]:
        context: Any = info.context
        flags = {one.id: one.values for vendor in context["vendors"].values() for one in vendor.behaviour_flags}
        found = []
        for id, value in behaviour.items():
            if id not in flags:
                found.append((id, f"is no behaviour flag; there are {', '.join(sorted(flags))}"))
            elif not any(value == allowed and type(value) is type(allowed) for allowed in flags[id]):
                found.append((id, f"must be one of {', '.join(json_codec.dumps(v).decode() for v in flags[id])}"))
        if found:
            raise wrong(found)
        return behaviour


def behaviour_schema(vendors: Mapping[str, Vendor]) -> Schema:
    """The schema of the member `behaviour`: every behaviour flag with its values."""
    found = {
        flag.id: choice(flag.values, flag.statement, default=flag.values[0])
        for vendor in vendors.values()
        for flag in vendor.behaviour_flags
    }
    return {"type": "object", "properties": found, "additionalProperties": False}


def shown(vendors: Mapping[str, Vendor], config: config.Config) -> dict[str, Any]:
    """The settings as JSON values, with every behaviour flag of every vendor at the value in force."""
    behaviour = {flag.id: flag.value(config) for vendor in vendors.values() for flag in vendor.behaviour_flags}
    return {**asdict(config), "behaviour": behaviour}


def changed(vendors: Mapping[str, Vendor], before: config.Config, changes: Mapping[str, Any]) -> config.Config:
    """The settings with changes merged in; raises `Problem` 422 with all that is wrong, and then nothing is changed."""
    merged = asdict(before)
    for name, value in changes.items():
        is_partial = name in _MERGED and isinstance(value, dict)
        merged[name] = {**merged[name], **value} if is_partial else value
    # The whole settings are validated, not the change alone: lists are replaced, and members depend on each other.
    try:
        data = json.dumps(merged, allow_nan=False).encode()
    except (TypeError, ValueError) as error:
        raise Problem(422, f"settings must be JSON values: {error}") from None
    return config.Config.of(read(Config, data, vendors=vendors, before=before).model_dump())
