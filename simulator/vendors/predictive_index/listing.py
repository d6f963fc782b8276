"""The list of assessments."""

from simulator.core.call import Call, Reply
from simulator.core.decision import Decision
from simulator.core.world import World
from simulator.vendors.predictive_index import faces
from simulator.vendors.predictive_index.states import KIND
from simulator.vendors.predictive_index.switches import LIST_LIMIT, setting


def list_assessments(call: Call, world: World) -> Decision:
    """Show all assessments in the order of their creation."""
    config = world.config
    found = world.all(KIND)[: setting(config, LIST_LIMIT)]
    return Decision(Reply(200, [faces.shown(stored, config) for stored in found]))
