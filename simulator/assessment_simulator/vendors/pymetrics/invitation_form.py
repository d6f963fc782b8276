"""How a form creates an order: neutral fields as the body of `create_order`."""

from collections.abc import Mapping
from typing import Any

from assessment_simulator.core.config import Config
from assessment_simulator.core.vendor import InvitationForm


def _body(fields: Mapping[str, str], config: Config) -> dict[str, Any]:
    candidate = {name: fields[name] for name in ("email", "first_name", "last_name", "external_id") if name in fields}
    assessment = fields.get("subject") or next((one.id for one in config.assessments), "")
    body: dict[str, Any] = {"candidate": candidate, "assessment_id": assessment}
    # The application is part of an order's identity: with another one, the same person gets another order.
    body["application_id"] = fields.get("external_id") or "application-1"
    if "redirect" in fields:
        body["candidate_redirect_url"] = fields["redirect"]
    return body | ({"send_email": True} if "send_email" in fields else {})


INVITATION_FORM = InvitationForm(
    "create_order", "create_token", "Assessment",
    lambda config: ((one.id, one.description or one.id) for one in config.assessments), {}, _body,
    lambda response: str(response["order"]["id"]),
)  # fmt: skip
