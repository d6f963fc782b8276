"""Settings of a sandbox: how they are shown, and how changes are merged in."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from starlette.responses import Response

from assessment_simulator.control import bodies
from assessment_simulator.core import webhook_secret
from assessment_simulator.core.config import Config
from assessment_simulator.core.vendor import Vendor, behaviour_in_force
from assessment_simulator.http.header_text import header_line
from assessment_simulator.http.problem_details import Problem

_MERGED = ("api_user", "journal", "behaviour")
"""Settings of several members: a change of one leaves the others."""


def shown(vendors: Mapping[str, Vendor], config: Config) -> dict[str, Any]:
    """The settings as JSON values, with every switch of every vendor at the value in force."""
    behaviour = {
        id: value for vendor in vendors.values() for id, value in behaviour_in_force(config, vendor.switches).items()
    }
    return {**asdict(config), "behaviour": behaviour}


def changed(vendors: Mapping[str, Vendor], config: Config, changes: Mapping[str, Any]) -> Config:
    """The settings with changes merged in; raises `Problem` 422 with all that is wrong, and then nothing is changed."""
    from assessment_simulator.control.models import config as models

    whole = asdict(config)
    for name, value in changes.items():
        merge = name in _MERGED and isinstance(value, dict)
        whole[name] = {**whole[name], **value} if merge else value
    try:
        data = json.dumps(whole, allow_nan=False).encode()
    except (TypeError, ValueError) as error:
        raise Problem(422, f"settings must be JSON values: {error}") from None
    return Config.of(bodies.read(models.Config, data, vendors=vendors, before=config).model_dump())


def noted(answer: Response, config: Config, changes: Mapping[str, Any]) -> Response:
    """The answer to a change of settings, with notes about those that were just set."""
    found = webhook_secret.notes(config.webhook_secret) if "webhook_secret" in changes else ()
    if found:
        answer.headers["simulator-note"] = header_line(found).decode()
    return answer
