"""What The Predictive Index promises, as properties over HTTP."""

from contracts.predictive_index import assessments, breaches
from contracts.predictive_index.facts import FACTS
from contracts.property import Property

PROPERTIES: tuple[Property, ...] = (*assessments.PROPERTIES, *breaches.PROPERTIES)

__all__ = ["FACTS", "PROPERTIES"]
