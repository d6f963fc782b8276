"""What several control calls share: the rule catalogue, how an invitation is found, and how links are set out."""

from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from assessment_simulator.core.rules import Rule
from assessment_simulator.core.vendor import Invitation, Vendor
from assessment_simulator.http.problem_details import Problem
from assessment_simulator.sandbox.sandbox import Sandbox


def catalogue(vendors: Mapping[str, Vendor]) -> list[dict[str, Any]]:
    """Every rule as JSON values."""
    return [_rule(vendor, rule) for vendor in vendors.values() for rule in vendor.rules]


def _rule(vendor: Vendor, rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.id,
        "vendor": vendor.id,
        "place": rule.place,
        "statement": rule.statement,
        "standing": rule.standing.value,
        "source": str(rule.source),
        "status": rule.status,
        "status_standing": rule.of_status.standing.value,
        "status_source": str(rule.of_status.source),
        "body_standing": rule.of_body.standing.value,
        "body_source": str(rule.of_body.source),
    }


def known_invitation(sandbox: Sandbox, id: str) -> tuple[Vendor, Invitation] | None:
    """The invitation of that id, and whose it is."""
    for vendor in sandbox.vendors.values():
        stored = sandbox.get(vendor.kind, id)
        if stored is not None:
            return vendor, vendor.view(stored)
    return None


def find_invitation(sandbox: Sandbox, id: str) -> tuple[Vendor, Invitation]:
    """The same; raises `Problem` 404 where there is none."""
    found = known_invitation(sandbox, id)
    if found is None:
        raise Problem(404, f"sandbox {sandbox.name!r} has no invitation {id!r}")
    return found


def linked(base: str, sandbox: Sandbox, text: bytes) -> Response:
    """JSON text with the caller's base address and the seals in its links."""
    return Response(sandbox.links.set_out(text, base), media_type="application/json")
