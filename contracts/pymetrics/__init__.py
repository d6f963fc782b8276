"""What pymetrics promises."""

from contracts.property import Property
from contracts.pymetrics import breaches, life, lists, orders, tokens
from contracts.pymetrics.facts import FACTS

PROPERTIES: tuple[Property, ...] = (
    *tokens.PROPERTIES,
    *orders.PROPERTIES,
    *lists.PROPERTIES,
    *life.PROPERTIES,
    *breaches.PROPERTIES,
)
"""Every promise that can be asked."""

__all__ = ["FACTS", "PROPERTIES"]
