"""Calls about the server: its health, and the rules of its vendors."""

from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from assessment_simulator.control.operation import ControlCall
from assessment_simulator.core.vendor import Vendor
from assessment_simulator.http.routing import json


async def health(call: ControlCall) -> Response:
    """Whether the process answers; the storage is not checked."""
    # Not by its model, which loads pydantic: monitors call this before anything else is loaded.
    return json({"status": "ok", "version": call.api.version})


async def ready(call: ControlCall) -> Response:
    """Whether requests can be served: whether the storage, where there is one, can be written."""
    if call.api.sandboxes.log is not None:
        await call.api.sandboxes.log.ready()
    return await health(call)


async def rules(call: ControlCall) -> list[dict[str, Any]]:
    """The rule catalogue."""
    return catalogue(call.api.sandboxes.vendors)


def catalogue(vendors: Mapping[str, Vendor]) -> list[dict[str, Any]]:
    """Every rule as JSON values."""
    return [
        {
            "id": rule.id, "vendor": vendor.id, "place": rule.place, "statement": rule.statement,
            "standing": rule.standing.value, "source": str(rule.source), "status": rule.status,
            "status_standing": rule.of_status.standing.value, "status_source": str(rule.of_status.source),
            "body_standing": rule.of_body.standing.value, "body_source": str(rule.of_body.source),
        }
        for vendor in vendors.values()
        for rule in vendor.rules
    ]  # fmt: skip
