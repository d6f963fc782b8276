"""Settings of a sandbox: how they are shown, and how changes are merged in."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from assessment_simulator.core import webhook_secret
from assessment_simulator.core.config import Config
from assessment_simulator.core.vendor import Vendor
from assessment_simulator.http.problem_details import Problem

_MERGED = ("api_user", "journal", "behaviour")
"""Settings of several members: a change of one leaves the others."""


def shown(vendors: Mapping[str, Vendor], config: Config) -> dict[str, Any]:
    """The settings as JSON values, with every behaviour flag of every vendor at the value in force."""
    behaviour = {flag.id: flag.value(config) for vendor in vendors.values() for flag in vendor.behaviour_flags}
    return {**asdict(config), "behaviour": behaviour}


def changed(vendors: Mapping[str, Vendor], config: Config, changes: Mapping[str, Any]) -> Config:
    """The settings with changes merged in; raises `Problem` 422 with all that is wrong, and then nothing is changed."""
    # Imported late: the server and the command line load this module without loading pydantic.
    from assessment_simulator.control import bodies
    from assessment_simulator.control.models.config import Config as Model

    whole = asdict(config)
    for name, value in changes.items():
        merge = name in _MERGED and isinstance(value, dict)
        whole[name] = {**whole[name], **value} if merge else value
    # The whole settings are validated, not the change alone: lists are replaced, and members depend on each other.
    try:
        data = json.dumps(whole, allow_nan=False).encode()
    except (TypeError, ValueError) as error:
        raise Problem(422, f"settings must be JSON values: {error}") from None
    return Config.of(bodies.read(Model, data, vendors=vendors, before=config).model_dump())


def notes(config: Config, changes: Mapping[str, Any]) -> Sequence[str]:
    """Notes about the settings that were just changed."""
    return webhook_secret.notes(config.webhook_secret) if "webhook_secret" in changes else ()
