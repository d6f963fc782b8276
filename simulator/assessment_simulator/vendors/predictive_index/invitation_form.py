"""How a form creates an assessment: neutral fields as the body of `create_assessment`."""

from collections.abc import Mapping
from typing import Any

from assessment_simulator.core.config import Config
from assessment_simulator.core.vendor import InvitationForm
from assessment_simulator.vendors.predictive_index import languages

_MEMBERS = {
    "firstName": "first_name", "lastName": "last_name", "email": "email", "associatedPositionTitle": "subject",
    "languageLocale": "language", "redirectUrl": "redirect", "externalId": "external_id",
}  # fmt: skip


def _body(fields: Mapping[str, str], config: Config) -> dict[str, Any]:
    body: dict[str, Any] = {member: fields[name] for member, name in _MEMBERS.items() if name in fields}
    return body | ({"notifyAssessmentAvailableUsingEmail": 1} if "send_email" in fields else {})


INVITATION_FORM = InvitationForm(
    "create_assessment", None, "Position", lambda config: ((title, title) for title in config.positions),
    languages.PUBLISHED, _body, lambda response: str(response["assessmentId"]),
)  # fmt: skip
