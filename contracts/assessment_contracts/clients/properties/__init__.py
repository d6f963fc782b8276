"""The contracts of a client, by what they are about."""

from assessment_contracts.clients.properties import predictive_index, pymetrics, trouble, webhooks
from assessment_contracts.property import Property

_ALL = (*pymetrics.PROPERTIES, *predictive_index.PROPERTIES, *trouble.PROPERTIES, *webhooks.PROPERTIES)
PROPERTIES: tuple[Property, ...] = tuple(sorted(_ALL, key=lambda property: property.vendor != "pymetrics"))
"""Every one, pymetrics' first."""
