"""What pymetrics promises."""

from contracts.property import Property
from contracts.pymetrics import breaches
from contracts.pymetrics.facts import FACTS

PROPERTIES: tuple[Property, ...] = (*breaches.PROPERTIES,)
"""Every promise that can be asked."""

__all__ = ["FACTS", "PROPERTIES"]
