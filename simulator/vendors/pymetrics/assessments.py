"""The assessment configurations: registered outside the API, one for each candidate experience."""

from typing import Any

from simulator.core.call import Call, Reply
from simulator.core.config import Assessment, Config
from simulator.core.decision import Decision
from simulator.core.world import World


def face(assessment: Assessment) -> dict[str, str]:
    """An assessment as the vendor shows it."""
    return {"id": assessment.id, "type": assessment.type, "description": assessment.description}


def find(config: Config, id: Any) -> Assessment | None:
    """The configured assessment with that id."""
    for assessment in config.assessments:
        if assessment.id == id:
            return assessment
    return None


def show(call: Call, world: World) -> Decision:
    """Get Assessment Configurations."""
    return Decision(Reply(200, {"assessments": [face(assessment) for assessment in world.config.assessments]}))
