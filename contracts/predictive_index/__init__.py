"""What The Predictive Index promises, as properties over HTTP."""

from contracts.predictive_index import access, assessments, breaches, changes, files, people, states, types
from contracts.predictive_index.facts import FACTS
from contracts.property import Property

PROPERTIES: tuple[Property, ...] = (*assessments.PROPERTIES, *breaches.PROPERTIES, *types.PROPERTIES, *access.PROPERTIES, *states.PROPERTIES, *people.PROPERTIES, *changes.PROPERTIES, *files.PROPERTIES)

__all__ = ["FACTS", "PROPERTIES"]
