"""What The Predictive Index promises, as properties over HTTP.

`facts` lists every demand and promise with where it stands. What callers send is in `strategies`, what they see must
be as `oracle` says. Properties are by noun: creations in `assessments`, then `people`, `states`, `changes`, `listing`
(with a model of OData in `odata`), `webhooks` and `retries`, `files`; `machine` mixes them all. `breaches` and `types`
break every demand, `access` asks who is let in. What a simulator adds is in `switches` and `isolation`.
"""

from assessment_contracts.predictive_index import (
    access,
    assessments,
    breaches,
    changes,
    files,
    isolation,
    listing,
    machine,
    people,
    retries,
    states,
    switches,
    types,
    webhooks,
)
from assessment_contracts.predictive_index.facts import FACTS
from assessment_contracts.property import Property

PROPERTIES: tuple[Property, ...] = (
    *access.PROPERTIES,
    *assessments.PROPERTIES,
    *people.PROPERTIES,
    *states.PROPERTIES,
    *changes.PROPERTIES,
    *listing.PROPERTIES,
    *webhooks.PROPERTIES,
    *retries.PROPERTIES,
    *switches.PROPERTIES,
    *isolation.PROPERTIES,
    *machine.PROPERTIES,
    *files.PROPERTIES,
    *types.PROPERTIES,
    *breaches.PROPERTIES,
)

__all__ = ["FACTS", "PROPERTIES"]
