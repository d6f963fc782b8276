"""What pymetrics promises, as properties over HTTP.

Read `facts` (where each promise stands), then `api` (the calls) and `shapes` (what answers look like), then the
properties by noun. `flaws` and `rows` are what the tables of `breaches` and `strangers` are made of; `oracle` is the
plain model that `machine` compares everything with.
"""

from assessment_contracts.property import Property
from assessment_contracts.pymetrics import (
    breaches,
    calls,
    identity,
    isolation,
    life,
    lists,
    machine,
    orders,
    reports,
    results,
    retries,
    tokens,
    webhooks,
)
from assessment_contracts.pymetrics.facts import FACTS

PROPERTIES: tuple[Property, ...] = (
    *tokens.PROPERTIES,
    *orders.PROPERTIES,
    *identity.PROPERTIES,
    *lists.PROPERTIES,
    *life.PROPERTIES,
    *results.PROPERTIES,
    *reports.PROPERTIES,
    *webhooks.PROPERTIES,
    *retries.PROPERTIES,
    *isolation.PROPERTIES,
    *calls.PROPERTIES,
    *machine.PROPERTIES,
    *breaches.PROPERTIES,
)
"""Every promise that can be asked."""

__all__ = ["FACTS", "PROPERTIES"]
