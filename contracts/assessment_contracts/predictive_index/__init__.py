"""What The Predictive Index guarantees, as properties over HTTP.

Read `facts` (sources and tables), `calls` (the requests) and `strategies` (what is sent), then the properties by topic.
`oracle` works out from a request what an assessment must look like, `odata` what a filter means. `refusals` are made of
the tables; `model` is what the state machine compares everything with. What a simulator adds is in `switches` and
`isolation`.
"""

from assessment_contracts.predictive_index import (
    access,
    assessments,
    changes,
    files,
    isolation,
    listing,
    people,
    refusals,
    states,
    switches,
    webhooks,
)  # fmt: skip
from assessment_contracts.predictive_index.facts import FACTS
from assessment_contracts.property import Property

_MODULES = (access, assessments, people, states, changes, listing, webhooks, switches, isolation, files, refusals)
PROPERTIES: tuple[Property, ...] = tuple(property for module in _MODULES for property in module.PROPERTIES)

__all__ = ["FACTS", "PROPERTIES"]
