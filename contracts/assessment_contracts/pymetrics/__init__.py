"""What pymetrics guarantees, as properties over HTTP.

Read `facts` (sources and tables), `api` (the requests) and `fixtures` (orders that invalid requests refer to), then the
properties by topic. `refusals` are made of the tables; `model` is what the state machine compares everything with.
"""

from assessment_contracts.property import Property
from assessment_contracts.pymetrics import (
    calls,
    identity,
    isolation,
    life,
    lists,
    orders,
    refusals,
    reports,
    results,
    tokens,
    webhooks,
)  # fmt: skip
from assessment_contracts.pymetrics.facts import FACTS

_MODULES = (tokens, orders, identity, lists, life, results, reports, webhooks, isolation, calls, refusals)
PROPERTIES: tuple[Property, ...] = tuple(property for module in _MODULES for property in module.PROPERTIES)

__all__ = ["FACTS", "PROPERTIES"]
