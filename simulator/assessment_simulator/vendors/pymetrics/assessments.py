"""The assessment configurations: registered outside the API, one for each candidate experience."""

from typing import Any

from assessment_simulator.core.config import Assessment, Config
from assessment_simulator.core.decision import Decision
from assessment_simulator.core.request import VendorRequest, VendorResponse
from assessment_simulator.core.sandbox_view import SandboxView
from assessment_simulator.core.text import is_uuid


def face(assessment: Assessment) -> dict[str, str]:
    """An assessment as the vendor shows it."""
    return {"id": assessment.id, "type": assessment.type, "description": assessment.description}


def find(config: Config, id: Any) -> Assessment | None:
    """The configured assessment with that id; a UUID may be in letters of either case."""
    for one in config.assessments:
        if one.id == id:
            return one
    if not isinstance(id, str) or not is_uuid(id):
        return None
    return next((one for one in config.assessments if one.id.lower() == id.lower()), None)


def show(call: VendorRequest, world: SandboxView) -> Decision:
    """Get Assessment Configurations."""
    return Decision(VendorResponse(200, {"assessments": [face(assessment) for assessment in world.config.assessments]}))
