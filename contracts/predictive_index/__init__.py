"""What the vendor promises."""

from contracts.property import Property
from contracts.sources import Fact

PROPERTIES: tuple[Property, ...] = ()
FACTS: tuple[Fact, ...] = ()
