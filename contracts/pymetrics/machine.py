"""Nothing yet."""

from contracts.property import Property

PROPERTIES: tuple[Property, ...] = ()
