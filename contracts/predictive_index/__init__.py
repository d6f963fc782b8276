"""What The Predictive Index promises, as properties over HTTP.

`facts` lists every demand and promise with where it stands. What callers send is in `strategies`, what they must see
in `oracle`. The properties are by noun: creations in `assessments`, then `people`, `changes`, `states`, `listing` (with
the small model of OData in `odata`), `files`, `webhooks`. `breaches` and `types` break every demand, `access` asks who
is let in.
"""

from contracts.predictive_index import (
    access,
    assessments,
    breaches,
    changes,
    files,
    isolation,
    listing,
    machine,
    people,
    states,
    switches,
    types,
    webhooks,
)
from contracts.predictive_index.facts import FACTS
from contracts.property import Property

PROPERTIES: tuple[Property, ...] = (
    *access.PROPERTIES,
    *assessments.PROPERTIES,
    *people.PROPERTIES,
    *states.PROPERTIES,
    *changes.PROPERTIES,
    *listing.PROPERTIES,
    *webhooks.PROPERTIES,
    *switches.PROPERTIES,
    *isolation.PROPERTIES,
    *machine.PROPERTIES,
    *files.PROPERTIES,
    *types.PROPERTIES,
    *breaches.PROPERTIES,
)

__all__ = ["FACTS", "PROPERTIES"]
