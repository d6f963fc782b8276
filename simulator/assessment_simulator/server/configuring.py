"""Reads settings of a sandbox from what somebody wrote, and refuses what could not work."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from starlette.responses import Response

from assessment_simulator.core import instant, webhook_secret
from assessment_simulator.core.config import Config
from assessment_simulator.core.text import lower_uuid
from assessment_simulator.core.urls import is_web_url
from assessment_simulator.core.vendor import Vendor, switched
from assessment_simulator.server import shapes, wire
from assessment_simulator.server.header_text import header_line
from assessment_simulator.server.problems import Problem, flawed

_MERGED = ("api_user", "journal", "behaviour")
"""Settings of several members: a change of one leaves the others."""


def _unique(values: tuple[str, ...]) -> bool:
    return len(set(values)) == len(values) and all(values)


def _webhook(url: str | None) -> bool:
    return url is None or is_web_url(url)


def _lasts(ticks: int | None) -> bool:
    return ticks is not None and ticks <= 3_650 * instant.DAY


_URL = "must be an absolute http or https URL with a host, or null"

DEMANDS: tuple[tuple[str, str, Callable[[Config], bool]], ...] = (
    ("assessments", "ids must be different and not empty",
     lambda c: _unique(tuple(lower_uuid(a.id) for a in c.assessments))),
    ("positions", "titles must be different and not empty", lambda c: _unique(c.positions)),
    ("folders", "must hold the default folder and no path twice", lambda c: bool(c.folders) and _unique(c.folders)),
    ("custom_fields", "names must be different and not empty",
     lambda c: _unique(tuple(f.name for f in c.custom_fields))),
    ("default_webhook_url", _URL, lambda c: _webhook(c.default_webhook_url)),
    ("webhook_url", _URL, lambda c: _webhook(c.webhook_url)),
    ("invitation_days", "must be from 4 to 30, as The Predictive Index allows", lambda c: 4 <= c.invitation_days <= 30),
    ("progress", "must be manual or an ISO 8601 duration such as PT10S, of at most ten years",
     lambda c: c.progress == "manual" or _lasts(c.completes_after)),
    ("rate_limit", "must be from 1 to 1000000 calls a minute, or null",
     lambda c: c.rate_limit is None or 1 <= c.rate_limit <= 1_000_000),
    ("invitation_limit", "must not be negative; null is no limit",
     lambda c: c.invitation_limit is None or c.invitation_limit >= 0),
    ("webhook_rate", "must be from 1 to 10000 attempts a second, or null",
     lambda c: c.webhook_rate is None or 1 <= c.webhook_rate <= 10_000),
    ("webhook_timeout", "must be more than 0 and at most 600 seconds", lambda c: 0 < c.webhook_timeout <= 600),
    ("journal", "entries and bytes must not be negative", lambda c: min(c.journal.entries, c.journal.bytes) >= 0),
)  # fmt: skip
"""What the type of a setting cannot say: the setting, the demand, and whether it is kept."""


def shown(vendors: Mapping[str, Vendor], config: Config) -> dict[str, Any]:
    """The settings as JSON, with every switch of every vendor at the value in force."""
    behaviour = {id: value for vendor in vendors.values() for id, value in switched(config, vendor.switches).items()}
    return {**shapes.dump(config), "behaviour": behaviour}


def changed(vendors: Mapping[str, Vendor], config: Config, changes: Mapping[str, Any]) -> Config:
    """The settings with changes merged in; raises `Problem` 422 with all that is wrong, and then nothing is changed."""
    whole = shapes.dump(config)
    for name, value in changes.items():
        merge = name in _MERGED and isinstance(value, dict)
        whole[name] = {**whole[name], **value} if merge else value
    try:
        merged = shapes.read(Config, json.dumps(whole, allow_nan=False).encode())
    except (TypeError, ValueError) as error:
        raise Problem(422, f"settings must be JSON values: {error}") from None
    found = [{"where": where, "what": what} for where, what, keeps in DEMANDS if not keeps(merged)]
    if merged.webhook_secret != config.webhook_secret:
        found += _wrong_secret(merged)
    found += _wrong_switches(vendors, merged)
    if found:
        raise flawed(found, " ")
    return merged


def noted(answer: Response, config: Config, changes: Mapping[str, Any]) -> Response:
    """The answer to a change of settings, with notes about those that were just set."""
    found = webhook_secret.notes(config.webhook_secret) if "webhook_secret" in changes else ()
    if found:
        answer.headers["simulator-note"] = header_line(found).decode()
    return answer


def _wrong_secret(config: Config) -> list[dict[str, str]]:
    what = webhook_secret.flaw(config.webhook_secret)
    return [] if what is None else [{"where": "webhook_secret", "what": what}]


def _wrong_switches(vendors: Mapping[str, Vendor], config: Config) -> list[dict[str, str]]:
    switches = {switch.id: switch for vendor in vendors.values() for switch in vendor.switches}
    found = []
    for id, value in config.behaviour.items():
        if id not in switches:
            found.append({"where": f"behaviour.{id}", "what": f"is no switch; there are {', '.join(sorted(switches))}"})
        elif not any(value == allowed and type(value) is type(allowed) for allowed in switches[id].values):
            allowed = ", ".join(wire.dumps(v).decode() for v in switches[id].values)
            found.append({"where": f"behaviour.{id}", "what": f"must be one of {allowed}"})
    return found
