"""The contracts of a client, by what they are about."""

from assessment_contracts.clients.properties import accounts, fault_scenarios, predictive_index, pymetrics, webhooks
from assessment_contracts.property import Property

_ALL = (
    *accounts.ACCOUNTS, *pymetrics.PROPERTIES, *predictive_index.PROPERTIES, *fault_scenarios.PROPERTIES,
    *webhooks.PROPERTIES,
)  # fmt: skip
PROPERTIES: tuple[Property, ...] = tuple(sorted(_ALL, key=lambda property: property.vendor != "pymetrics"))
"""Every one, pymetrics' first."""
